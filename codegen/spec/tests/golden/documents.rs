//! Whole services through normalise and generate: those of `openapi/`, and any folder of documents
//! that `DATABRICKS_DOCUMENTS` names.

use std::path::{Path, PathBuf};

use databricks_toolkit_spec::{Document, generate};

#[test]
#[ignore = "minutes in a debug build; cargo test -- --ignored"]
fn every_document_becomes_rust() {
    let folder = std::env::var_os("DATABRICKS_DOCUMENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi"), PathBuf::from);
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no documents in {}", folder.display());
    let failures: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let code = Document::load(&folder, name).and_then(|document| generate(&document));
            code.err().map(|error| format!("{name}: {error}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), names.len(), failures.join("\n"));
}
