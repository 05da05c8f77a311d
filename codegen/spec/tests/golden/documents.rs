//! Whole services: those of `openapi/`, or of the folder that `DATABRICKS_DOCUMENTS` names.

use std::path::{Path, PathBuf};

use databricks_toolkit_spec::{Document, generate};

use crate::runtime;

/// The importer's record of where the documents beside it are from.
const LOCK: &str = "lock";

#[test]
#[ignore = "minutes and gigabytes for a folder of many documents"]
fn every_document_becomes_rust_that_compiles() {
    let folder = std::env::var_os("DATABRICKS_DOCUMENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi"), PathBuf::from);
    let mut modules = Vec::new();
    let mut failures = Vec::new();
    for name in names(&folder).into_iter().filter(|name| name != LOCK) {
        match Document::load(&folder, &name).and_then(|document| generate(&document)) {
            Ok(code) => modules.push((name, code)),
            Err(error) => failures.push(error.to_string()),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(!modules.is_empty(), "no documents in {}", folder.display());
    runtime::run(&runtime::put_together("documents", modules.into_iter()), &["check"]);
}

/// The documents in a folder, by name.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
