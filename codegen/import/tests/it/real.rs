//! The real wheel, when `DATABRICKS_SDK_WHEEL` names one. With `DATABRICKS_SDK_OUT` the documents are written there,
//! and with `DATABRICKS_SDK_OLD` the drift from that folder is printed. `DATABRICKS_SDK_VERSION` downloads one.

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

#[test]
fn a_version_is_downloaded() {
    let Ok(version) = std::env::var("DATABRICKS_SDK_VERSION") else { return };
    let path = import::fetch(&version, None).unwrap_or_else(|error| panic!("{error}"));
    let wheel = import::Wheel::open(&path, None).unwrap();
    assert_eq!(wheel.version(), version);
    let again = import::fetch(&version, Some(wheel.sha256())).unwrap();
    assert_ne!(path, again);
    for path in [path, again] {
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
    let other = import::fetch(&version, Some(&"0".repeat(64))).unwrap_err();
    assert!(matches!(other, import::Error::Digest { .. }), "{other}");
    let none = import::fetch("0.0.0.1", None).unwrap_err();
    // releases are in the order of their numbers
    let numbers = |version: &str| version.split('.').map(|n| n.parse().unwrap()).collect::<Vec<u32>>();
    assert!(numbers(&import::latest().unwrap()) >= numbers(&version));
    assert!(none.to_string().contains("cannot download databricks-sdk 0.0.0.1"), "{none}");
}
