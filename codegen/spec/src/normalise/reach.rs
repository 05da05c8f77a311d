//! Which components are used, and which of them a request can hold.

use std::collections::BTreeSet;

use serde_json::Value;

use super::each_schema;
use crate::document::reference_name;
use crate::{Document, Operation};

/// The names of all components that the request of some operation can hold.
#[cfg(feature = "generate")]
pub(crate) fn from_requests(document: &Document) -> BTreeSet<String> {
    let bodies = document.operations().filter_map(|operation| operation.json_body());
    let parameters = document.operations().flat_map(|operation| operation.parameters());
    let schemas = bodies.chain(parameters.map(|parameter| parameter.schema()));
    closure(document, schemas.flat_map(references).collect())
}

/// What a long-running operation gives in the end, which its answers only hold as any object.
fn results(document: &Document, operation: &Operation<'_>) -> Vec<String> {
    let lro = operation.extension("x-databricks-lro");
    let origins: Vec<&Value> = ["result", "metadata"].iter().filter_map(|key| lro?.get(key)).collect();
    let of_these =
        |schema: &Value| schema.get("x-databricks-origin").is_some_and(|origin| origins.contains(&origin));
    document.schemas().iter().filter(|(_, schema)| of_these(schema)).map(|(name, _)| name.clone()).collect()
}

/// The names of all components that any operation uses.
pub(super) fn from_operations(document: &Document) -> BTreeSet<String> {
    let schemas = document.operations().flat_map(|operation| {
        let parameters: Vec<&Value> = operation.parameters().map(|parameter| parameter.schema()).collect();
        parameters.into_iter().chain(operation.json_body()).chain(operation.json_answer())
    });
    let results = document.operations().flat_map(|operation| results(document, &operation));
    closure(document, schemas.flat_map(references).chain(results).collect())
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
