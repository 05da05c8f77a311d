//! What went over already, in a file beside the local one, so that a transfer can go on later.
//!
//! The first line says which transfer it is; every other one a part and its tag. Lines are only
//! appended, so that a file that was cut off in the middle of one is as good as one without it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

/// The journal of one transfer.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<Mutex<File>>,
    /// The parts that went over before, with their tags.
    pub(super) done: BTreeMap<u64, String>,
    /// The service's name for an upload.
    pub(super) session: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    of: String,
    session: Option<String>,
}

/// Where the journal of a local file is, and its content in the making.
pub(super) fn paths(local: &Path) -> (PathBuf, PathBuf) {
    let name = local.file_name().unwrap_or_default().to_string_lossy();
    (local.with_file_name(format!(".{name}.part.json")), local.with_file_name(format!(".{name}.part")))
}

impl Journal {
    /// What an earlier attempt at the same transfer left; `of` says which one it is.
    pub(super) fn find(path: &Path, of: &str) -> io::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let head = lines.next().and_then(|line| serde_json::from_str::<Head>(line).ok());
        let Some(head) = head.filter(|head| head.of == of) else { return Ok(None) };
        let done = lines.filter_map(|line| serde_json::from_str::<(u64, String)>(line).ok()).collect();
        let mut file = OpenOptions::new().append(true).open(path)?;
        if !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        let file = Arc::new(Mutex::new(file));
        Ok(Some(Self { path: path.to_owned(), file, done, session: head.session }))
    }

    /// Begins one anew.
    pub(super) fn create(path: &Path, of: &str, session: Option<String>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // The name of an upload is a right to it, for who may call the service.
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        let head = Head { of: of.to_owned(), session: session.clone() };
        writeln!(file, "{}", serde_json::to_string(&head)?)?;
        let file = Arc::new(Mutex::new(file));
        Ok(Self { path: path.to_owned(), file, done: BTreeMap::new(), session })
    }

    /// Notes a part that went over.
    pub(super) fn note(&self, part: u64, tag: &str) -> io::Result<()> {
        let line = format!("{}\n", serde_json::to_string(&(part, tag))?);
        let mut file = self.file.lock().map_err(|_| io::Error::other("the journal is in use"))?;
        file.write_all(line.as_bytes())
    }

    /// Ends it: there is nothing to go on with any more.
    pub(super) fn end(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = paths(&folder.path().join("x"));
        assert!(Journal::find(&path, "a").unwrap().is_none());
        let journal = Journal::create(&path, "a", Some("s".to_owned())).unwrap();
        journal.note(1, "one").unwrap();
        journal.note(3, "three").unwrap();
        assert!(Journal::find(&path, "another").unwrap().is_none());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 4);
        std::fs::write(&path, &bytes).unwrap();
        let found = Journal::find(&path, "a").unwrap().unwrap();
        assert_eq!((found.done.get(&1).map(String::as_str), found.done.len()), (Some("one"), 1));
        found.note(2, "two").unwrap();
        let again = Journal::find(&path, "a").unwrap().unwrap();
        assert_eq!(again.done.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(again.session.as_deref(), Some("s"));
        again.end();
        assert!(Journal::find(&path, "a").unwrap().is_none());
    }
}
