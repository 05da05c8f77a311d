//! Objects of one kind, kept in memory and in one JSON file each.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::server::ApiError;

/// A map from ids to objects that is written through to the disk. Ids are file names: see [`file_of`].
pub(crate) struct Collection<T> {
    dir: PathBuf,
    durable: bool,
    items: Mutex<BTreeMap<String, T>>,
}

impl<T: Clone + Serialize + DeserializeOwned> Collection<T> {
    pub(super) fn open(dir: PathBuf, durable: bool) -> Result<Self, Error> {
        fs::create_dir_all(&dir).map_err(Error::io(&dir))?;
        let mut items = BTreeMap::new();
        for entry in fs::read_dir(&dir).map_err(Error::io(&dir))? {
            let path = entry.map_err(Error::io(&dir))?.path();
            // what is not `<id>.json` is the rest of a write that a crash cut short
            let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else {
                continue;
            };
            let file = fs::File::open(&path).map_err(Error::io(&path))?;
            let item = serde_json::from_reader(BufReader::new(file))
                .map_err(|source| Error::Corrupt { path: path.clone(), source })?;
            items.insert(id.to_owned(), item);
        }
        Ok(Self { dir, durable, items: Mutex::new(items) })
    }

    pub(crate) fn get(&self, id: &str) -> Option<T> {
        self.items.lock().get(id).cloned()
    }

    /// All objects in the order of their ids.
    pub(crate) fn all(&self) -> Vec<T> {
        self.items.lock().values().cloned().collect()
    }

    /// The first answer that `look` finds, in the order of the ids; without copying what it passes over.
    pub(crate) fn find<R>(&self, look: impl FnMut(&T) -> Option<R>) -> Option<R> {
        self.items.lock().values().find_map(look)
    }

    /// Adds or replaces an object.
    pub(crate) fn put(&self, id: &str, item: T) -> Result<(), ApiError> {
        let mut items = self.items.lock();
        self.write(id, &item)?;
        items.insert(id.to_owned(), item);
        Ok(())
    }

    /// Changes an object, if it is there, under the lock; an `Err` of `change` leaves it as it was.
    pub(crate) fn update<R>(
        &self,
        id: &str,
        change: impl FnOnce(&mut T) -> Result<R, ApiError>,
    ) -> Result<Option<R>, ApiError> {
        let mut items = self.items.lock();
        let Some(item) = items.get_mut(id) else { return Ok(None) };
        let mut changed = item.clone();
        let result = change(&mut changed)?;
        self.write(id, &changed)?;
        *item = changed;
        Ok(Some(result))
    }

    /// Takes an object out.
    pub(crate) fn remove(&self, id: &str) -> Result<Option<T>, ApiError> {
        let mut items = self.items.lock();
        if items.contains_key(id) {
            fs::remove_file(file_of(&self.dir, id)?).map_err(ApiError::internal)?;
        }
        Ok(items.remove(id))
    }

    fn write(&self, id: &str, item: &T) -> Result<(), ApiError> {
        let path = file_of(&self.dir, id)?;
        let text = serde_json::to_vec_pretty(item).map_err(ApiError::internal)?;
        replace(&path, &text, self.durable)
            .map_err(|cause| ApiError::internal(format!("cannot write {}: {cause}", path.display())))
    }
}

/// The file of an object. Ids are the sandbox's own, but some come back in requests: none may leave the folder.
fn file_of(dir: &Path, id: &str) -> Result<PathBuf, ApiError> {
    let plain = !id.is_empty()
        && id.len() < 200
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain {
        return Err(ApiError::invalid(format!("'{id}' is not an id")));
    }
    Ok(dir.join(format!("{id}.json")))
}

/// Writes a file so that a crash leaves either the old text or the new one.
fn replace(path: &Path, text: &[u8], durable: bool) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    let mut file = fs::File::create(&draft)?;
    file.write_all(text)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_outlive_the_collection_and_failed_changes_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Collection::<Vec<i32>>::open(dir.path().join("things"), true).unwrap();
        let things = open();
        things.put("a", vec![1]).unwrap();
        things.put("b", vec![2]).unwrap();
        things.remove("b").unwrap();
        let pushed = things.update("a", |item| {
            item.push(7);
            Ok(item.len())
        });
        assert_eq!(pushed.unwrap(), Some(2));
        let refused = things.update("a", |item| {
            item.clear();
            Err::<(), _>(ApiError::invalid("no"))
        });
        assert!(refused.is_err());
        fs::write(dir.path().join("things/c.tmp"), "half a wri").unwrap();
        let again = open();
        assert_eq!((again.all(), again.get("a")), (vec![vec![1, 7]], Some(vec![1, 7])));
        assert!(again.put("../a", vec![]).is_err());
    }

    #[test]
    fn a_file_that_is_no_json_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.json"), "{").unwrap();
        let error = Collection::<Vec<i32>>::open(dir.path().to_owned(), true).err().unwrap();
        assert!(matches!(error, Error::Corrupt { path, .. } if path.ends_with("x.json")));
    }
}
