//! A part of the folder that holds files under the service's paths.
//!
//! Paths come from requests, and Python that the sandbox runs can make links, so every access goes through a directory
//! handle of `cap-std`: whatever a path or a link says, it cannot leave the area.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata};

use crate::ids;

/// A folder that no path leads out of. Paths are the service's: `/` between names, a leading one or not.
pub(crate) struct Area {
    root: PathBuf,
    dir: Dir,
}

/// A file or folder of an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_dir: bool,
    pub(crate) size: u64,
    /// Milliseconds since the Unix epoch, by the machine's clock.
    pub(crate) modified_ms: i64,
}

impl Area {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        Ok(Self { root: root.to_owned(), dir: Dir::open_ambient_dir(root, ambient_authority())? })
    }

    /// Where a path lies on the machine's disk, for an interpreter to be pointed at.
    pub(crate) fn on_disk(&self, path: &str) -> io::Result<PathBuf> {
        Ok(self.root.join(relative(path)?))
    }

    /// What is at a path.
    pub(crate) fn stat(&self, path: &str) -> io::Result<Entry> {
        let relative = relative(path)?;
        let name = relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(entry(name, &self.dir.metadata(relative)?))
    }

    /// Whether a path is a folder.
    pub(crate) fn is_dir(&self, path: &str) -> bool {
        self.stat(path).is_ok_and(|entry| entry.is_dir)
    }

    /// The entries of a folder in the order of their names. Dangling links and names that are not UTF-8 are passed over.
    pub(crate) fn list(&self, path: &str) -> io::Result<Vec<Entry>> {
        let folder = self.dir.open_dir(relative(path)?)?;
        let mut entries = Vec::new();
        for found in folder.entries()? {
            let Ok(name) = found?.file_name().into_string() else { continue };
            // drafts of writes under way are nobody's files
            if name.starts_with(DRAFT) {
                continue;
            }
            if let Ok(metadata) = folder.metadata(&name) {
                entries.push(entry(name, &metadata));
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.dir.read(relative(path)?)
    }

    /// Up to `length` bytes from `offset` on.
    pub(crate) fn read_part(&self, path: &str, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut file = self.dir.open(relative(path)?)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut part = Vec::new();
        file.take(length).read_to_end(&mut part)?;
        Ok(part)
    }

    /// Opens a file for reading.
    pub(crate) fn reader(&self, path: &str) -> io::Result<File> {
        Ok(self.dir.open(relative(path)?)?.into_std())
    }

    /// Replaces a file at one stroke, making the folders above it.
    pub(crate) fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let mut draft = self.draft(path)?;
        draft.file.write_all(content)?;
        draft.publish()
    }

    /// Starts a file whose content comes in parts. Nobody sees it before [`Draft::publish`].
    pub(crate) fn draft(&self, path: &str) -> io::Result<Draft> {
        let target = relative(path)?;
        let folder =
            target.parent().filter(|_| target.file_name().is_some()).ok_or_else(|| bad_path(path))?;
        self.make_dirs_at(folder)?;
        let place = folder.join(format!("{DRAFT}{}", ids::hex16()));
        let file = self.dir.create(&place)?.into_std();
        Ok(Draft { dir: self.dir.try_clone()?, file, place, target, published: false })
    }

    /// Makes a folder and those above it.
    pub(crate) fn make_dirs(&self, path: &str) -> io::Result<()> {
        self.make_dirs_at(&relative(path)?)
    }

    fn make_dirs_at(&self, folder: &Path) -> io::Result<()> {
        if folder.as_os_str().is_empty() { Ok(()) } else { self.dir.create_dir_all(folder) }
    }

    pub(crate) fn remove_file(&self, path: &str) -> io::Result<()> {
        self.dir.remove_file(relative(path)?)
    }

    /// Removes an empty folder.
    pub(crate) fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.dir.remove_dir(relative(path)?)
    }

    /// Removes a folder with all that is in it.
    pub(crate) fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.dir.remove_dir_all(relative(path)?)
    }

    /// Moves a file or folder.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.dir.rename(relative(from)?, &self.dir, relative(to)?)
    }
}

const DRAFT: &str = ".sandbox-draft-";

/// A file that is being written; dropped without [`publish`](Self::publish), it is gone.
pub(crate) struct Draft {
    dir: Dir,
    pub(crate) file: File,
    place: PathBuf,
    target: PathBuf,
    published: bool,
}

impl Draft {
    /// Puts the file in its place.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        self.dir.rename(&self.place, &self.dir, &self.target)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // nothing to do about a leftover here; it is hidden from listings
            let _ = self.dir.remove_file(&self.place);
        }
    }
}

/// The path below the area's root. `.` and `..` are refused rather than resolved: the service knows neither.
fn relative(path: &str) -> io::Result<PathBuf> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let plain = |name: &&str| !matches!(*name, "." | "..") && !name.contains(['\\', '\0']);
    if names.iter().all(plain) {
        Ok(if names.is_empty() { ".".into() } else { names.iter().collect() })
    } else {
        Err(bad_path(path))
    }
}

fn bad_path(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("'{path}' is not a path"))
}

fn entry(name: String, metadata: &Metadata) -> Entry {
    let modified = metadata.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
    let modified_ms = modified.and_then(|age| i64::try_from(age.as_millis()).ok()).unwrap_or(0);
    let is_dir = metadata.is_dir();
    Entry { name, is_dir, size: if is_dir { 0 } else { metadata.len() }, modified_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area() -> (tempfile::TempDir, Area) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "s").unwrap();
        let area = Area::open(&dir.path().join("area")).unwrap();
        (dir, area)
    }

    #[test]
    fn no_path_leads_out() {
        let (dir, area) = area();
        for path in ["../secret", "/a/../../secret", "a/./b", "..", "a\\b", "a\0b"] {
            assert!(area.read(path).is_err(), "{path}");
            assert!(area.write(path, b"x").is_err(), "{path}");
        }
        // an absolute path is one below the root
        area.write("/etc/passwd", b"mine").unwrap();
        assert_eq!(std::fs::read(dir.path().join("area/etc/passwd")).unwrap(), b"mine");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out() {
        let (dir, area) = area();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("area/out")).unwrap();
        assert!(area.read("out/secret").is_err());
        assert!(area.write("out/new", b"x").is_err());
        assert!(area.remove_file("out/secret").is_err());
        assert_eq!(area.list("/").unwrap(), []);
    }

    #[test]
    fn a_draft_is_seen_when_published_only() {
        let (_dir, area) = area();
        let mut draft = area.draft("/a/b.txt").unwrap();
        draft.file.write_all(b"half").unwrap();
        assert_eq!(area.list("a").unwrap(), []);
        drop(draft);
        area.write("/a/b.txt", b"whole").unwrap();
        assert_eq!(area.read_part("a/b.txt", 1, 3).unwrap(), b"hol");
        assert_eq!(area.list("a").unwrap().len(), 1);
    }
}
