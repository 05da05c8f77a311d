//! The tasks on a copy of the tree: what is wrong with it is named, and nothing is half written.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which the lints' own exception for tests does not see"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What the tasks read.
const TREE: [&str; 4] = ["Cargo.toml", "openapi", "docs/parity.md", "src/mcp/toolsets"];

struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Tree(TempDir::new().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        TREE.iter().for_each(|path| copy(&root.join(path), &tree.path(path)));
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from}");
        fs::write(self.path(path), text.replacen(from, to, 1)).unwrap();
    }

    /// Runs a task, and says what is wrong if it fails.
    fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let mut task = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output = task.args(arguments).current_dir(self.0.path()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        if output.status.success() { Ok(()) } else { Err(error) }
    }

    /// All files that can be written, with what is in them.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut todo = vec![self.0.path().to_owned()];
        while let Some(path) = todo.pop() {
            match path.is_dir() {
                true => todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path())),
                false => files.push((path.clone(), fs::read(&path).unwrap())),
            }
        }
        files.sort();
        files
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        copy(&entry, &to.join(entry.file_name().unwrap()));
    }
}

#[test]
fn a_tree_that_does_not_fit_is_named() {
    let tree = Tree::new();
    tree.run(&["documents"]).unwrap();

    tree.edit("Cargo.toml", "\nlakewatch = []", "");
    tree.edit("docs/parity.md", "`ws.clusters()`", "`ws.cluster()`");
    let error = tree.run(&["documents"]).unwrap_err();
    assert!(error.contains("no feature for openapi/lakewatch.json: add `lakewatch = []`"), "{error}");
    assert!(error.contains("docs/parity.md: not what the documents give; `cargo xtask docs`"), "{error}");
    tree.run(&["docs"]).unwrap();
    let error = tree.run(&["documents"]).unwrap_err();
    assert!(!error.contains("parity"), "{error}");

    tree.edit("openapi/jobs.json", "run_now", "run_later");
    let error = tree.run(&["documents"]).unwrap_err();
    assert!(error.starts_with("error: openapi/jobs.json: edited since it was imported"), "{error}");
}

#[test]
fn a_wheel_that_is_none_changes_nothing() {
    let tree = Tree::new();
    // a zip archive that was cut short
    fs::write(tree.path("sdk.whl"), b"PK\x03\x04\x14\0\0\0").unwrap();
    let before = tree.files();

    let error = tree.run(&["update", "--wheel", "sdk.whl"]).unwrap_err();
    assert!(
        error.starts_with("error: sdk.whl is not a readable wheel; was it cut short?\n  because: "),
        "{error}"
    );
    let error = tree.run(&["update", "9.9.9", "--wheel", "sdk.whl", "--sha256", "00"]).unwrap_err();
    assert!(error.contains("sdk.whl has the sha256 ") && error.contains(" but 00 was asked for"), "{error}");
    let error = tree.run(&["update", "--wheel", "no.whl"]).unwrap_err();
    assert!(error.contains("cannot read no.whl"), "{error}");
    assert!(tree.files() == before);
}
