//! The real wheel, when `DATABRICKS_SDK_WHEEL` names one. With `DATABRICKS_SDK_OUT` the documents are written there,
//! and with `DATABRICKS_SDK_OLD` the drift from that folder is printed.

use std::path::PathBuf;
use std::time::Instant;

use databricks_toolkit_import as import;

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

#[test]
fn the_whole_sdk_is_understood() {
    let Some(path) = variable("DATABRICKS_SDK_WHEEL") else { return };
    let start = Instant::now();
    let wheel = import::Wheel::open(&path, None).unwrap();
    let imported = import::import(&wheel).unwrap_or_else(|error| panic!("{error}"));
    println!("{}in {:?}", imported.report, start.elapsed());

    assert!(imported.documents.len() >= 40);
    assert!(imported.report.total().operations >= 1300);
    // twice the same, to the byte
    let again = import::import(&wheel).unwrap();
    assert_eq!(import::Lock::of(&imported), import::Lock::of(&again));

    let folder = tempfile::tempdir().unwrap();
    let out = variable("DATABRICKS_SDK_OUT").unwrap_or_else(|| folder.path().join("openapi"));
    import::write(&imported, &out).unwrap();
    import::check(&out).unwrap();
    assert_eq!(import::read(&out).unwrap(), imported.documents);
    if let Some(old) = variable("DATABRICKS_SDK_OLD") {
        let start = Instant::now();
        let drift = import::drift(&import::read(&old).unwrap(), &imported.documents, &[]);
        println!("{drift}drift in {:?}", start.elapsed());
    }
}
