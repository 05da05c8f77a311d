//! The code of every trap that has code, compiled and run.
//!
//! A crate is put together from `tests/runtime`, the project's own decoding, and the generated
//! modules; its tests say what the code does. Files that did not change are not written, so that a
//! second run compiles nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use databricks_toolkit_spec::{Document, generate};

/// What of the project the generated code stands on.
const OF_THE_PROJECT: [&str; 15] = [
    "decode/extra.rs",
    "decode/record.rs",
    "decode/mod.rs",
    "decode/null.rs",
    "decode/number.rs",
    "decode/open_enum.rs",
    "decode/place.rs",
    "fields.rs",
    "paging/mod.rs",
    "transport/operation.rs",
    "transport/path.rs",
    "transport/request.rs",
    "wait/error.rs",
    "wait/look.rs",
    "wait/mod.rs",
];

#[test]
fn the_code_compiles_and_does_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps");
    let modules = crate::documents::names(&folder).into_iter().filter_map(|name| {
        let code = generate(&Document::load(&folder, &name).unwrap()).ok()?;
        Some((name, code))
    });
    let traps = put_together("traps", modules);
    // With the tests of docs: a description that became one does not compile.
    run(&traps, &["test"]);
}

/// Writes a crate of these modules, and says where it is.
pub(crate) fn put_together(name: &str, modules: impl Iterator<Item = (String, String)>) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = here.join("../..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let source = folder.join("src");
    let read =
        |path: PathBuf| fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));

    write(&folder.join("Cargo.toml"), &read(here.join("tests/runtime/manifest.toml")));
    // The versions that the project is built with.
    write(&folder.join("Cargo.lock"), &read(project.join("Cargo.lock")));
    for file in ["lib.rs", "transport.rs", "behaviour.rs", "behaviour/face.rs"] {
        write(&source.join(file), &read(here.join("tests/runtime").join(file)));
    }
    // These need the project's own errors.
    write(&source.join("wait/tests.rs"), "");
    for file in OF_THE_PROJECT {
        write(&source.join(file), &read(project.join("src").join(file)));
    }
    let mut declarations = String::new();
    for (name, code) in modules {
        write(&source.join("generated").join(format!("{name}.rs")), &code);
        declarations.push_str(&format!("pub mod {name};\n"));
    }
    write(&source.join("generated.rs"), &declarations);
    folder
}

/// Runs cargo on a crate, which must succeed, and gives what it prints.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--quiet", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

pub(crate) fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
