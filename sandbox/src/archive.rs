//! A whole workspace as one file: to keep, to copy, to start a test from.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use crate::error::Error;
use crate::store::Store;

/// Writes what a sandbox keeps in a folder as one archive, a tar file.
///
/// # Errors
/// When the folder holds no sandbox or one that is running, or cannot be read, or the archive cannot be written.
pub fn export(dir: impl AsRef<Path>, archive: impl Write) -> Result<(), Error> {
    let dir = dir.as_ref();
    if !dir.join(MARK).exists() {
        return Err(Error::NoSandbox { dir: dir.to_owned() });
    }
    let held = Store::open(dir, true)?;
    let mut builder = tar::Builder::new(archive);
    builder.follow_symlinks(false);
    let mut entries: Vec<_> =
        fs::read_dir(held.root()).and_then(Iterator::collect::<Result<_, _>>).map_err(Error::io(dir))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        // who holds the folder is nothing to keep
        if name == LOCK {
            continue;
        }
        let is_dir = entry.file_type().map_err(Error::io(&path))?.is_dir();
        let added = if is_dir {
            builder.append_dir_all(&name, &path)
        } else {
            builder.append_path_with_name(&path, &name)
        };
        added.map_err(Error::io(&path))?;
    }
    builder.into_inner().and_then(|mut archive| archive.flush()).map_err(Error::Archive)
}

/// Fills a new folder from an archive that [`export`] wrote. The folder appears when all of it is there.
///
/// # Errors
/// When the folder is there already and not empty, cannot be written, or the archive is none of a sandbox.
pub fn import(archive: impl Read, dir: impl AsRef<Path>) -> Result<(), Error> {
    let dir = dir.as_ref();
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::NotEmpty { dir: dir.to_owned() });
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let draft = tempfile::tempdir_in(parent).map_err(Error::io(parent))?;
    // paths that lead out of the folder are passed over by the crate
    tar::Archive::new(archive).unpack(draft.path()).map_err(Error::Archive)?;
    if !draft.path().join(MARK).exists() {
        return Err(Error::Archive(std::io::Error::other("it holds no sandbox")));
    }
    if dir.exists() {
        fs::remove_dir(dir).map_err(Error::io(dir))?;
    }
    fs::rename(draft.path(), dir).map_err(Error::io(dir))
}

/// What every sandbox's folder has, and what only a running one needs.
const MARK: &str = "records.log";
const LOCK: &str = "lock";
