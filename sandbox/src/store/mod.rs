//! The sandbox's memory: a folder that holds everything, so that it survives a restart.
//!
//! ```text
//! lock          held by the one process that has the folder open
//! state/…       objects: one JSON file each, in a folder per kind
//! records.log   objects that are plain JSON, all kinds in one log
//! workspace/…   what notebooks and workspace files contain
//! dbfs/…        files of DBFS
//! volumes/…     files of volumes: catalog, schema, volume, then their paths
//! ```

mod area;
mod collection;
mod records;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

pub(crate) use area::{Area, Draft, Entry};
pub(crate) use collection::Collection;
pub(crate) use records::{Change, Records};

use crate::error::Error;

/// An open folder.
pub(crate) struct Store {
    root: PathBuf,
    durable: bool,
    new: bool,
    pub(crate) workspace: Area,
    pub(crate) dbfs: Area,
    pub(crate) volumes: Area,
    /// The plain objects.
    pub(crate) records: Records,
    /// Held as long as the folder is open; the lock ends with the file.
    _lock: File,
}

impl Store {
    /// Opens a folder, making what is missing. A folder that is not `durable` (a temporary one) skips the waits for the
    /// disk.
    pub(crate) fn open(root: &Path, durable: bool) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(Error::io(root))?;
        let root = root.canonicalize().map_err(Error::io(root))?;
        let lock = lock(&root)?;
        let new = !root.join("state").exists();
        let area = |name: &str| Area::open(&root.join(name)).map_err(Error::io(root.join(name)));
        Ok(Self {
            durable,
            new,
            workspace: area("workspace")?,
            dbfs: area("dbfs")?,
            volumes: area("volumes")?,
            records: Records::open(root.join("records.log"), durable)?,
            _lock: lock,
            root,
        })
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder held no state before: it is to be filled with what a new workspace has.
    pub(crate) fn is_new(&self) -> bool {
        self.new
    }

    /// Loads the objects of a kind. `name` is a folder below `state/`.
    pub(crate) fn collection<T>(&self, name: &str) -> Result<Collection<T>, Error>
    where
        T: Clone + serde::Serialize + serde::de::DeserializeOwned,
    {
        Collection::open(self.root.join("state").join(name), self.durable)
    }
}

fn lock(root: &Path) -> Result<File, Error> {
    let path = root.join("lock");
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { dir: root.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path(), false).unwrap();
        assert!(matches!(Store::open(dir.path(), false), Err(Error::Locked { .. })));
        drop(first);
        Store::open(dir.path(), false).unwrap();
    }
}
