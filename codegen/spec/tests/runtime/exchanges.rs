//! Reads bodies into generated types and writes them again: built by `tests/golden/exchanges.rs`.
//!
//! Each line of `samples.txt` is a type of the table, a tab, and JSON; for each goes out what `serde_json` makes of a
//! `Result`: the JSON as it is written again, or why it cannot be read.

#[allow(unused_imports)]
mod table;

use serde::Serialize;
use serde::de::DeserializeOwned;

type Again = fn(&str) -> Result<String, String>;

fn again<T: DeserializeOwned + Serialize>(text: &str) -> Result<String, String> {
    let read: T = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .map_err(|error| format!("at {}: {}", error.path(), error.inner()))?;
    serde_json::to_string(&read).map_err(|error| error.to_string())
}

fn main() {
    let samples = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/samples.txt")).unwrap();
    for line in samples.lines() {
        let (ty, text) = line.split_once('\t').unwrap();
        let (_, again) = table::TABLE.iter().find(|(name, _)| *name == ty).unwrap();
        println!("{}", serde_json::to_string(&again(text)).unwrap());
    }
}
