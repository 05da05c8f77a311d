//! The folder of documents: written as a whole or not at all, and edited by nobody.

use std::fs;
use std::path::Path;

use databricks_toolkit_import::{Error, Import, Lock, check, read, write};
use tempfile::TempDir;

use crate::sdk::{DESKS, Sdk, desks};

fn imported() -> Import {
    desks(DESKS).import().unwrap()
}

fn two_services() -> Import {
    Sdk::new()
        .service("desks", DESKS)
        .service("chairs", &DESKS.replace("Desk", "Chair").replace("desks", "chairs"))
        .workspace("self._desks = pkg_desks.DesksAPI(self._api_client)")
        .workspace("self._chairs = pkg_chairs.ChairsAPI(self._api_client)")
        .import()
        .unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_folder() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("openapi");
    let import = imported();
    write(&import, &folder).unwrap();
    assert_eq!(names(&folder), ["desks.json", "lock.json"]);
    assert_eq!(names(parent.path()), ["openapi"]);
    check(&folder).unwrap();
    assert_eq!(read(&folder).unwrap(), import.documents);
    let lock = fs::read_to_string(folder.join("lock.json")).unwrap();
    let digests = Lock::read(&folder).unwrap();
    let lock = lock
        .replace(&digests.source.sha256, "<wheel>")
        .replace(&digests.documents["desks.json"].sha256, "<file>");
    insta::assert_snapshot!(lock);
}

#[test]
fn twice_the_same() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("openapi");
    write(&imported(), &folder).unwrap();
    let first = fs::read(folder.join("lock.json")).unwrap();
    write(&imported(), &folder).unwrap();
    assert_eq!(fs::read(folder.join("lock.json")).unwrap(), first);
}

#[test]
fn what_is_no_document_stays() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("openapi");
    write(&two_services(), &folder).unwrap();
    fs::create_dir_all(folder.join("overlays/old")).unwrap();
    fs::write(folder.join("overlays/old/desks.yaml"), "overlay: 1.0.0").unwrap();
    fs::write(folder.join("README.md"), "ours").unwrap();

    write(&imported(), &folder).unwrap();
    assert_eq!(names(&folder), ["README.md", "desks.json", "lock.json", "overlays"]);
    assert_eq!(fs::read_to_string(folder.join("overlays/old/desks.yaml")).unwrap(), "overlay: 1.0.0");
    assert_eq!(names(parent.path()), ["openapi"]);
    check(&folder).unwrap();
}

#[test]
fn nothing_is_changed_on_an_error() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("openapi");
    write(&imported(), &folder).unwrap();
    let before = fs::read(folder.join("desks.json")).unwrap();

    // the second document's name cannot be a file's
    let mut broken = two_services();
    let chairs = broken.documents.remove("chairs").unwrap();
    broken.documents.insert("no/such/chairs".to_owned(), chairs);
    assert!(matches!(write(&broken, &folder), Err(Error::Io { .. })));

    // documents that are from another wheel than they say
    let mut foreign = two_services();
    foreign.sha256 = "0".repeat(64);
    assert!(matches!(write(&foreign, &folder), Err(Error::Lock { .. })));

    assert_eq!(fs::read(folder.join("desks.json")).unwrap(), before);
    assert_eq!(names(&folder), ["desks.json", "lock.json"]);
    assert_eq!(names(parent.path()), ["openapi"]);
    check(&folder).unwrap();
}

#[test]
fn an_edited_document_is_found() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("openapi");
    let document = folder.join("desks.json");
    let error = || check(&folder).unwrap_err().to_string();

    write(&imported(), &folder).unwrap();
    let text = fs::read_to_string(&document).unwrap();
    fs::write(&document, text.replace("height", "heigth")).unwrap();
    assert!(error().contains("desks.json: edited since it was imported"), "{}", error());

    write(&imported(), &folder).unwrap();
    check(&folder).unwrap();
    fs::write(folder.join("chairs.json"), &text).unwrap();
    assert!(error().contains("chairs.json: not in lock.json"), "{}", error());

    write(&imported(), &folder).unwrap();
    fs::remove_file(&document).unwrap();
    assert!(error().contains("cannot read"), "{}", error());

    write(&imported(), &folder).unwrap();
    let lock = fs::read_to_string(folder.join("lock.json")).unwrap();
    fs::write(folder.join("lock.json"), lock.replace("\"operations\": 1", "\"operations\": 2")).unwrap();
    assert!(error().contains("desks.json: has 1 operation and 2 schemas"), "{}", error());

    fs::write(folder.join("lock.json"), lock.replace("9.9.9", "9.9.8")).unwrap();
    assert!(error().contains("desks.json: from another wheel"), "{}", error());

    fs::write(folder.join("lock.json"), "{}").unwrap();
    assert!(error().contains("lock.json: not the expected JSON"), "{}", error());
    fs::remove_file(folder.join("lock.json")).unwrap();
    assert!(error().contains("cannot read"), "{}", error());
}
