//! Files that belong to others: read whole, replaced whole, and kept as they were beside it.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::super::Failure;

/// The text of a file; none where there is no file.
pub(in super::super) fn read(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", file.display()).into()),
    }
}

/// Puts this text in the place of a file: a reader sees the old text or the new one, never a part. A new file is its
/// owner's alone.
pub(in super::super) fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    // A link, as programs that manage dotfiles make, stays one.
    let file = &std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let failed = |error: std::io::Error| format!("{} cannot be written: {error}", file.display());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut written = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    written.write_all(text.as_bytes()).map_err(failed)?;
    written.as_file().sync_all().map_err(failed)?;
    if let Ok(before) = std::fs::metadata(file) {
        std::fs::set_permissions(written.path(), before.permissions()).map_err(failed)?;
    }
    written.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Keeps a file as it is in another beside it, whose path is returned; none where there is no file.
pub(super) fn keep(file: &Path) -> Result<Option<PathBuf>, Failure> {
    if !file.exists() {
        return Ok(None);
    }
    let backup = backup_of(file);
    match std::fs::copy(file, &backup) {
        Ok(_) => Ok(Some(backup)),
        Err(error) => {
            Err(format!("{} cannot be kept as {}: {error}", file.display(), backup.display()).into())
        }
    }
}

/// A name beside the file that nobody has yet.
fn backup_of(file: &Path) -> PathBuf {
    let day = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).format("%Y%m%dT%H%M%SZ");
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut backup = file.with_file_name(format!("{name}.{day}.bak"));
    let mut more = 1;
    while backup.exists() {
        backup = file.with_file_name(format!("{name}.{day}-{more}.bak"));
        more += 1;
    }
    backup
}
