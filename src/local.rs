//! Files of this machine: written beside their place, and put there whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
#[cfg(all(feature = "files", feature = "workspace"))]
use tempfile::TempPath;

use crate::Error;

/// A file of this machine could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", path.display(), say(source))]
#[non_exhaustive]
pub struct LocalError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

fn say(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AlreadyExists => "is there already; say `overwrite` to replace it".to_owned(),
        _ => source.to_string(),
    }
}

/// An error of a file.
pub(crate) fn error(path: &Path, source: io::Error) -> Error {
    Error::Local(Box::new(LocalError { path: path.to_owned(), source }))
}

/// A file in the making. What is not committed leaves nothing behind, and a file that is replaced
/// is there until then.
#[derive(Debug)]
pub(crate) struct Draft {
    file: NamedTempFile,
    target: PathBuf,
    overwrite: bool,
}

impl Draft {
    /// Begins a file in a folder that is there.
    pub(crate) fn create(target: &Path, overwrite: bool) -> io::Result<Self> {
        if target.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        // Checked again at the end, when somebody else may have been faster.
        if !overwrite && target.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // What any new file has, within the umask: the result is not a secret file.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder)?;
        Ok(Self { file, target: target.to_owned(), overwrite })
    }

    /// Takes up a file that an earlier attempt left, or begins it anew where `fresh` says so. It stays
    /// where it is until it is committed.
    #[cfg(all(feature = "files", feature = "workspace"))]
    pub(crate) fn resumable(target: &Path, overwrite: bool, content: &Path, fresh: bool) -> io::Result<Self> {
        if target.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        if !overwrite && target.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = File::options().read(true).write(true).create(true).truncate(fresh).open(content)?;
        let mut file = NamedTempFile::from_parts(file, TempPath::try_from_path(content)?);
        file.disable_cleanup(true);
        Ok(Self { file, target: target.to_owned(), overwrite })
    }

    /// The file, for who writes at places of his own.
    #[allow(dead_code, reason = "used by transfers")]
    pub(crate) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Puts it in its place.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.file.flush()?;
        let put = match self.overwrite {
            true => self.file.persist(&self.target),
            false => self.file.persist_noclobber(&self.target),
        };
        put.map(drop).map_err(|error| error.error)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a b ü.txt");
        let mut draft = Draft::create(&target, false).unwrap();
        draft.write_all(b"half").unwrap();
        drop(draft);
        assert!(names(folder.path()).is_empty());
        let mut draft = Draft::create(&target, false).unwrap();
        draft.write_all(b"whole").unwrap();
        draft.commit().unwrap();
        assert_eq!(names(folder.path()), ["a b ü.txt"]);
        assert_eq!(std::fs::read(&target).unwrap(), b"whole");
    }

    #[test]
    fn what_is_there_is_replaced_only_when_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let late = Draft::create(&target, false).unwrap();
        std::fs::write(&target, "old").unwrap();
        assert_eq!(Draft::create(&target, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(late.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let mut draft = Draft::create(&target, true).unwrap();
        draft.write_all(b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        draft.commit().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert!(error(&target, io::ErrorKind::AlreadyExists.into()).to_string().contains("`overwrite`"));
    }
}
