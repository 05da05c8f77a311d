//! Documents: whether they, and what is made of them, are what the lock says.

use std::fs;
use std::path::Path;

use databricks_toolkit_import as import;

use crate::{Failure, features, parity};

/// Where the documents are.
pub(crate) const FOLDER: &str = "openapi";

/// Documents are written by the importer alone: the lock tells whether somebody edited one. Each has a feature, and
/// its operations are in the parity table.
pub(crate) fn check() -> Result<(), Failure> {
    let folder = Path::new(FOLDER);
    import::check(folder)?;
    let documents = import::read(folder)?;
    let manifest = fs::read_to_string(features::MANIFEST)?;
    let mut faults = features::faults(&manifest, documents.keys().map(String::as_str))?;
    faults.extend(parity::fault(&documents));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n       ").into()) }
}

/// Writes what the documents give for readers.
pub(crate) fn docs() -> Result<(), Failure> {
    parity::write(&parity::text(&import::read(Path::new(FOLDER))?))
}
