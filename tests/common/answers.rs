//! What holds of every answer: both forms have the same content, and it fits the tool's output schema.

use databricks_toolkit::mcp::{Registry, Selection};
use serde_json::Value;

#[path = "reader.rs"]
mod reader;

/// Checks the answer of a tool in both of its forms.
pub(crate) fn check(tool: &str, text: &str, structured: &Value) {
    assert_eq!(&reader::read(text), structured, "{tool} says other things in its text: {text}");
    let schema = Registry::select(&Selection::all()).unwrap().output_schema(tool).unwrap();
    let validator = jsonschema::draft202012::new(&Value::Object((*schema).clone())).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(structured)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{tool} does not fit its schema: {wrong:?}");
}
