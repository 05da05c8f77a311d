//! Which components are used, and which of them an answer can hold.

use std::collections::BTreeSet;

use serde_json::Value;

use super::each_schema;
use crate::Document;
use crate::document::reference_name;

/// The names of all components that are reached from the answer of some operation.
pub(super) fn from_answers(document: &Document) -> BTreeSet<String> {
    let answers = document.operations().filter_map(|operation| operation.json_answer());
    closure(document, answers.flat_map(references).collect())
}

/// The names of all components that any operation uses.
pub(super) fn from_operations(document: &Document) -> BTreeSet<String> {
    let schemas = document.operations().flat_map(|operation| {
        let parameters: Vec<&Value> = operation.parameters().map(|parameter| parameter.schema()).collect();
        parameters.into_iter().chain(operation.json_body()).chain(operation.json_answer())
    });
    closure(document, schemas.flat_map(references).collect())
}

fn closure(document: &Document, mut open: Vec<String>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(schema) = document.schemas().get(&name) else { continue };
        if reached.insert(name) {
            open.extend(references(schema));
        }
    }
    reached
}

fn references(schema: &Value) -> Vec<String> {
    let mut names = Vec::new();
    each_schema(schema, &mut |schema| {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            names.push(reference_name(reference).to_owned());
        }
    });
    names
}
