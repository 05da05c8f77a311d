//! Documents are written by the importer alone: the lock tells whether somebody edited one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::Failure;

#[derive(Deserialize)]
struct Lock {
    documents: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    sha256: String,
}

pub(crate) fn check(folder: &Path) -> Result<(), Failure> {
    let lock: Lock = serde_json::from_str(&fs::read_to_string(folder.join("lock.json"))?)?;
    let mut problems = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.extension().is_some_and(|extension| extension == "json")
            && name != "lock.json"
            && !lock.documents.contains_key(name)
        {
            problems.push(format!("{name} is not in the lock"));
        }
    }
    for (name, locked) in &lock.documents {
        let digest = Sha256::digest(fs::read(folder.join(name))?);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if digest != locked.sha256 {
            problems.push(format!("{name} was changed by hand; what we say about it belongs in overlays/"));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}
