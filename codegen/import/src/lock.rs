//! The folder of documents, and `lock.json`, which says where they come from and that nobody has edited them.
//!
//! Only the importer writes documents; what we say about them is in overlays. So a document whose digest is not the
//! recorded one is an error. Writing is all or nothing: everything is written into a new folder beside the old one,
//! which then takes its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result, count};
use crate::validate::operations;
use crate::wheel::{DISTRIBUTION, digest};
use crate::{Documents, Import};

/// The name of the lock in a folder of documents.
pub const LOCK: &str = "lock.json";

/// What `lock.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Lock {
    /// Where the documents come from.
    pub source: Source,
    /// Per file.
    pub documents: BTreeMap<String, Locked>,
}

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Source {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its wheel.
    pub sha256: String,
}

/// What is recorded of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Locked {
    /// The SHA-256 of the file.
    pub sha256: String,
    /// How many operations it has.
    pub operations: usize,
    /// How many schemas it has.
    pub schemas: usize,
}

impl Locked {
    fn of(document: &Value, text: &str) -> Self {
        Locked {
            sha256: digest(text.as_bytes()),
            operations: operations(document).count(),
            schemas: document["components"]["schemas"].as_object().map_or(0, |schemas| schemas.len()),
        }
    }
}

impl Lock {
    /// The lock of what was imported.
    #[must_use]
    pub fn of(import: &Import) -> Self {
        let locked =
            |(name, document): (&String, &Value)| (file(name), Locked::of(document, &text(document)));
        Lock {
            source: Source {
                package: DISTRIBUTION.to_owned(),
                version: import.version.clone(),
                sha256: import.sha256.clone(),
            },
            documents: import.documents.iter().map(locked).collect(),
        }
    }

    /// Reads the lock of a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        json(&folder.join(LOCK))
    }
}

/// A document, or the lock, as it is in its file.
pub(crate) fn text<T: Serialize>(value: &T) -> String {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // neither a JSON value nor the lock has a key that is no string, and a vector takes all that is written
    let _ = value.serialize(&mut serializer);
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

fn file(document: &str) -> String {
    format!("{document}.json")
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).map_err(|source| Error::io("read", path, source))?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.to_owned(), source })
}

/// The files of a folder that are documents.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| is_document(path)).collect();
    files.sort();
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| Error::io("read", folder, source);
    fs::read_dir(folder).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

fn is_document(path: &Path) -> bool {
    let json = path.extension().is_some_and(|extension| extension == "json");
    json && path.is_file() && path.file_name().is_some_and(|name| name != LOCK)
}

/// Reads the documents of a folder. Whether they are the recorded ones is for [`check`] to say.
pub fn read(folder: &Path) -> Result<Documents> {
    let document = |path: PathBuf| {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok((name, json(&path)?))
    };
    files(folder)?.into_iter().map(document).collect()
}

/// Checks that a folder holds exactly the documents of its lock, as they were written.
pub fn check(folder: &Path) -> Result<()> {
    let lock = Lock::read(folder)?;
    let wrong = |path: PathBuf, message: String| Err(Error::Lock { path, message });
    for path in files(folder)? {
        if !path.file_name().is_some_and(|name| lock.documents.contains_key(&*name.to_string_lossy())) {
            return wrong(path, format!("not in {LOCK}; was it written by hand?"));
        }
    }
    for (name, locked) in &lock.documents {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
        let actual = digest(&bytes);
        if actual != locked.sha256 {
            let message =
                format!("edited since it was imported: its sha256 is {actual}, {LOCK} has {}", locked.sha256);
            return wrong(path, message);
        }
        let document: Value =
            serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.clone(), source })?;
        let info = &document["info"];
        if info["x-databricks-sdk-sha256"] != *lock.source.sha256 || info["version"] != *lock.source.version {
            return wrong(path, format!("from another wheel than {LOCK} says, {}", lock.source.version));
        }
        let found = Locked::of(&document, &String::from_utf8_lossy(&bytes));
        if found != *locked {
            let operations = count(found.operations, "operation");
            let message = format!("has {operations} and {} schemas, which {LOCK} denies", found.schemas);
            return wrong(path, message);
        }
    }
    Ok(())
}

/// Writes documents and lock into a folder, in place of those that are there. What else is in the folder (overlays)
/// stays. On any error the folder is as it was.
pub fn write(import: &Import, folder: &Path) -> Result<()> {
    let there = folder.exists();
    let folder = if there { folder.canonicalize() } else { std::path::absolute(folder) }
        .map_err(|source| Error::io("find", folder, source))?;
    let parent = folder.parent().unwrap_or(&folder);
    let beside = || {
        let made = tempfile::Builder::new().prefix(".openapi-").tempdir_in(parent);
        made.map_err(|source| Error::io("make a folder in", parent, source))
    };
    let new = beside()?;
    let staged = new.path().join("new");
    fs::create_dir(&staged).map_err(|source| Error::io("make", &staged, source))?;
    if there {
        let kept = |path: &PathBuf| !is_document(path) && path.file_name().is_some_and(|name| name != LOCK);
        for path in entries(&folder)?.iter().filter(|path| kept(path)) {
            copy(path, &staged)?;
        }
        let permissions =
            fs::metadata(&folder).map_err(|source| Error::io("read", &folder, source))?.permissions();
        fs::set_permissions(&staged, permissions).map_err(|source| Error::io("make", &staged, source))?;
    }
    for (name, document) in &import.documents {
        save(&staged.join(file(name)), &text(document))?;
    }
    save(&staged.join(LOCK), &text(&Lock::of(import)))?;
    check(&staged)?;
    if !there {
        return fs::rename(&staged, &folder).map_err(|source| Error::io("make", &folder, source));
    }
    let old = new.path().join("old");
    fs::rename(&folder, &old).map_err(|source| Error::io("replace", &folder, source))?;
    fs::rename(&staged, &folder).map_err(|source| {
        if fs::rename(&old, &folder).is_err() {
            // nobody loses documents: they stay beside the folder, for a hand to put back
            let _ = new.keep();
        }
        Error::io("replace", &folder, source)
    })
}

fn save(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|source| Error::io("write", path, source))
}

/// Copies a file or a folder into a folder.
fn copy(from: &Path, into: &Path) -> Result<()> {
    let to = into.join(from.file_name().unwrap_or_default());
    if !from.is_dir() {
        return fs::copy(from, &to).map(drop).map_err(|source| Error::io("copy", from, source));
    }
    fs::create_dir(&to).map_err(|source| Error::io("make", &to, source))?;
    entries(from)?.iter().try_for_each(|entry| copy(entry, &to))
}
