//! Features: the root package has one for each document, and `full` is all of them.

use std::collections::BTreeSet;

use databricks_toolkit_spec::names::feature_name;
use toml::{Table, Value};

use crate::Failure;

/// The manifest that has the features.
pub(crate) const MANIFEST: &str = "Cargo.toml";

/// The feature that turns on all documents.
const FULL: &str = "full";

/// What has to change in the manifest's features so that they fit the documents.
pub(crate) fn faults<'a>(
    manifest: &str,
    documents: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, Failure> {
    let manifest: Table = manifest.parse().map_err(|error| format!("{MANIFEST}: {error}"))?;
    let none = Table::new();
    let features = manifest.get("features").and_then(Value::as_table).unwrap_or(&none);
    let full = features.get(FULL).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut extra: BTreeSet<&str> = full.iter().filter_map(Value::as_str).collect();
    let mut faults = Vec::new();
    for document in documents {
        let feature = feature_name(document);
        if !features.contains_key(feature) {
            faults.push(format!(
                "{MANIFEST}: no feature for openapi/{document}.json: add `{feature} = []` to [features]"
            ));
        }
        if !extra.remove(feature) {
            faults.push(format!("{MANIFEST}: the feature `{FULL}` does not list \"{feature}\""));
        }
    }
    faults.extend(extra.iter().map(|extra| {
        format!("{MANIFEST}: the feature `{FULL}` lists \"{extra}\", which is the feature of no document")
    }));
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::faults;

    fn found(features: &str) -> Vec<String> {
        faults(&format!("[features]\n{features}"), ["jobs", "sandbox"].into_iter()).unwrap()
    }

    #[test]
    fn features_that_fit() {
        let features = "jobs = []\nsandbox_api = []\nfull = [\"jobs\", \"sandbox_api\"]\nmcp = [\"jobs\"]";
        assert!(found(features).is_empty());
    }

    #[test]
    fn each_fault_names_the_feature() {
        let features = "jobs = []\nsandbox = []\nfull = [\"jobs\", \"mcp\"]";
        assert_eq!(
            found(features),
            [
                "Cargo.toml: no feature for openapi/sandbox.json: add `sandbox_api = []` to [features]",
                "Cargo.toml: the feature `full` does not list \"sandbox_api\"",
                "Cargo.toml: the feature `full` lists \"mcp\", which is the feature of no document",
            ]
        );
        assert_eq!(found("").len(), 4);
    }

    #[test]
    fn a_manifest_that_is_none() {
        let error = faults("[features", ["jobs"].into_iter()).unwrap_err().to_string();
        assert!(error.starts_with("Cargo.toml: "), "{error}");
    }
}
