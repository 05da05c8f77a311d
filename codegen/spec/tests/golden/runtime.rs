//! The code of every trap that has code, compiled and run.
//!
//! A crate is put together from `tests/runtime`, the project's own decoding, and the generated
//! modules; its tests say what the code does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use databricks_toolkit_spec::{Document, generate};

#[test]
fn the_code_compiles_and_does_what_it_should() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = here.join("../..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("traps");
    let source = folder.join("src");
    if source.exists() {
        fs::remove_dir_all(&source).unwrap();
    }
    copy(&here.join("tests/runtime/manifest.toml"), &folder.join("Cargo.toml"));
    // The versions that the project is built with, which are at hand without a network.
    copy(&project.join("Cargo.lock"), &folder.join("Cargo.lock"));
    for file in ["lib.rs", "transport.rs", "behaviour.rs"] {
        copy(&here.join("tests/runtime").join(file), &source.join(file));
    }
    for file in [
        "decode/mod.rs",
        "decode/number.rs",
        "decode/open_enum.rs",
        "transport/operation.rs",
        "transport/path.rs",
    ] {
        copy(&project.join("src").join(file), &source.join(file));
    }
    let mut modules = String::new();
    for path in traps(&here.join("tests/traps")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let root = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        if let Ok(code) = generate(&Document::from_value(name, root)) {
            let file = source.join("traps").join(format!("{name}.rs"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, code).unwrap();
            modules.push_str(&format!("pub mod {name};\n"));
        }
    }
    fs::write(source.join("traps.rs"), modules).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--lib", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(".."))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

fn traps(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut traps: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    traps.sort();
    traps
}
