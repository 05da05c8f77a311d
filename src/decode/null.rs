//! Where null is a value like any other, and where it is nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// For an optional field that may hold any JSON: null is one, and is written again.
///
/// # Errors
/// Those of the deserializer.
pub fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// For a map of text: a key whose value is null is a key that is not there, as a field is.
///
/// # Errors
/// What is no map of text.
pub fn map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let read = BTreeMap::<String, Option<String>>::deserialize(deserializer)?;
    Ok(read.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

/// The same, where the map may be absent or null itself.
///
/// # Errors
/// What is no map of text.
pub fn optional_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    let read = Option::<BTreeMap<String, Option<String>>>::deserialize(deserializer)?;
    Ok(read.map(|read| read.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
}
