//! Documents: whether they are what the lock says, and how they are brought up to date.

use std::fs;
use std::path::{Path, PathBuf};

use databricks_toolkit_import as import;
use import::{Curated, Lock, Wheel};
use regex::Regex;

use crate::Failure;

const FOLDER: &str = "openapi";
const TOOLSETS: &str = "src/mcp/toolsets";

/// Documents are written by the importer alone: the lock tells whether somebody edited one.
pub(crate) fn check() -> Result<(), Failure> {
    import::check(Path::new(FOLDER)).map_err(Failure::from)
}

/// Imports a release of the SDK in the place of the vendored one and prints what changes. The
/// services stay those that are vendored.
pub(crate) fn update(version: Option<&str>, wheel: Option<&Path>) -> Result<(), Failure> {
    let folder = Path::new(FOLDER);
    let lock = Lock::read(folder)?;
    let version = version.unwrap_or(&lock.source.version);
    // The digest is known for the release that is vendored already.
    let digest = (version == lock.source.version).then_some(lock.source.sha256.as_str());
    let path = match wheel {
        Some(path) => path.to_owned(),
        None => import::fetch(version, digest)?,
    };
    let imported = import::import(&Wheel::open(&path, digest)?);
    if wheel.is_none() {
        // A temporary folder of its own, which nobody needs any more.
        path.parent().map_or(Ok(()), fs::remove_dir_all)?;
    }
    let mut imported = imported?;
    let old = import::read(folder)?;
    imported.documents.retain(|name, _| old.contains_key(name));
    let drift = import::drift(&old, &imported.documents, &curated()?);
    import::write(&imported, folder)?;
    println!("{drift}");
    Ok(())
}

/// The operations that tools name, by the files of the toolsets.
fn curated() -> Result<Vec<Curated>, Failure> {
    let document = Regex::new(r#"#\[toolset\([^\]]*document = "([a-z0-9]+)""#)?;
    let operation = Regex::new(r#"operation = "([a-z0-9_]+)""#)?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(TOOLSETS)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut curated = Vec::new();
    for file in files {
        let text = fs::read_to_string(file)?;
        let Some(document) = document.captures(&text) else { continue };
        curated.extend(operation.captures_iter(&text).map(|found| Curated::new(&document[1], &found[1])));
    }
    Ok(curated)
}
