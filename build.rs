//! Wires `openapi/` to the code: every document whose feature is on becomes a module in `OUT_DIR`.

use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

use databricks_toolkit_spec::{Document, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("openapi");
    println!("cargo::rerun-if-changed=openapi");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let feature = format!("CARGO_FEATURE_{}", name.to_uppercase());
        if path.extension().is_some_and(|extension| extension == "json") && env::var_os(feature).is_some() {
            names.push(name.to_owned());
        }
    }
    names.sort();
    for name in &names {
        fs::write(out.join(format!("{name}.rs")), generate(&Document::load(folder, name)?)?)?;
    }
    let services = format!("crate::services::services! {{ {} }}\n", names.join(", "));
    fs::write(out.join("services.rs"), services)?;
    Ok(())
}
