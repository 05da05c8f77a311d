//! Keeps a sandbox's folder as one file, and makes a folder of one:
//! `cargo run -p databricks-sandbox --example archive -- export|import FOLDER FILE`.

use std::error::Error;
use std::fs::File;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["export", folder, file] => databricks_sandbox::export(folder, File::create(file)?)?,
        ["import", folder, file] => databricks_sandbox::import(File::open(file)?, folder)?,
        _ => return Err("say: export FOLDER FILE, or import FOLDER FILE".into()),
    }
    Ok(())
}
