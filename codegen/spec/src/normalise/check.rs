//! What no later step would notice: keys beside methods, parts that are elsewhere, references that lead nowhere, and
//! parameters that no call can send.

use serde_json::{Map, Value, json};

use super::each_schema;
use crate::document::METHODS;
use crate::{Document, Operation, Parameter, ParameterPlace, Result};

pub(super) fn whole(document: &Document) -> Result<()> {
    for (name, schema) in document.schemas() {
        references(document, &format!("components/schemas/{name}"), schema)?;
    }
    let paths = document.root().get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        if let Some(key) = item.as_object().into_iter().flat_map(Map::keys).find(|key| !is_method(key)) {
            return Err(document.unsupported(path, format!("{key}, which is no HTTP method of OpenAPI 3.0")));
        }
    }
    for operation in document.operations() {
        let place = format!("{} {}", operation.method(), operation.path());
        if operation.id().is_empty() {
            return Err(document.unsupported(&place, "no operationId"));
        }
        let responses = operation.extension("responses").and_then(Value::as_object);
        for holder in operation.extension("requestBody").into_iter().chain(values(responses)) {
            written_out(document, &place, holder)?;
            for media in values(holder.get("content").and_then(Value::as_object)) {
                references(document, &place, media.get("schema").unwrap_or(&Value::Null))?;
            }
        }
        for value in operation.extension("parameters").and_then(Value::as_array).into_iter().flatten() {
            written_out(document, &place, value)?;
            understood(document, &place, value)?;
        }
        for parameter in operation.parameters() {
            let place = format!("parameter {} of {}", parameter.name(), operation.id());
            references(document, &place, parameter.schema())?;
            sendable(document, &place, &operation, &parameter)?;
        }
        path_is_filled(document, &place, &operation)?;
    }
    Ok(())
}

fn is_method(key: &str) -> bool {
    METHODS.contains(&key)
}

fn values<'a>(map: Option<&'a Map<String, Value>>) -> impl Iterator<Item = &'a Value> + use<'a> {
    map.into_iter().flat_map(Map::values)
}

/// Every reference leads to a schema that says something.
fn references(document: &Document, place: &str, schema: &Value) -> Result<()> {
    let mut result = Ok(());
    each_schema(schema, &mut |schema| {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return };
        let found = match reference.starts_with("#/components/schemas/") {
            true => document.resolve(schema).map(drop),
            false => Err(document.unsupported(place, format!("{reference}, which is no component's schema"))),
        };
        if result.is_ok() {
            result = found;
        }
    });
    result
}

/// Only schemas may be references: a response that is one would pass for an empty one.
fn written_out(document: &Document, place: &str, part: &Value) -> Result<()> {
    match part.get("$ref") {
        Some(reference) => {
            Err(document.unsupported(place, format!("{reference} in the place of a part; write it out")))
        }
        None => Ok(()),
    }
}

/// What a parameter may say. A list in the query is repeated, whatever `explode` says of it.
const OF_A_PARAMETER: [&str; 6] = ["name", "in", "required", "schema", "description", "deprecated"];

fn understood(document: &Document, place: &str, parameter: &Value) -> Result<()> {
    let mut keys = parameter.as_object().into_iter().flat_map(Map::keys);
    if let Some(key) = keys.find(|key| !OF_A_PARAMETER.contains(&key.as_str()) && !key.starts_with("x-")) {
        let known = OF_A_PARAMETER.join(", ");
        return Err(document.unsupported(place, format!("a parameter's `{key}`; known are {known}")));
    }
    match parameter.get("in").and_then(Value::as_str) {
        Some("path" | "query" | "header") => Ok(()),
        other => {
            let found = other.unwrap_or("no place");
            Err(document.unsupported(place, format!("a parameter in {found}; known are path, query, header")))
        }
    }
}

/// A parameter is one value, or in the query a list of them; in a path an object stands for its text.
fn sendable(
    document: &Document,
    place: &str,
    operation: &Operation<'_>,
    parameter: &Parameter<'_>,
) -> Result<()> {
    let schema = document.resolve(parameter.schema())?;
    let single = match (is_list(schema), parameter.place()) {
        (true, ParameterPlace::Query) => document.resolve(schema.get("items").unwrap_or(&Value::Null))?,
        (true, _) => return Err(document.unsupported(place, "a list outside the query")),
        (false, _) => schema,
    };
    if parameter.place() != ParameterPlace::Path {
        let is_object = single.get("properties").is_some() || single.get("type") == Some(&json!("object"));
        return match is_object || is_list(single) {
            true => {
                Err(document
                    .unsupported(place, "an object outside the body; flatten it to dotted parameters"))
            }
            false => Ok(()),
        };
    }
    if !parameter.required() {
        return Err(document.unsupported(place, "a part of the path that is not required"));
    }
    match operation.path().contains(&format!("{{{}}}", parameter.name())) {
        true => Ok(()),
        false => Err(document.unsupported(place, format!("no part of the path {}", operation.path()))),
    }
}

fn is_list(schema: &Value) -> bool {
    schema.get("type") == Some(&json!("array"))
}

fn path_is_filled(document: &Document, place: &str, operation: &Operation<'_>) -> Result<()> {
    let parts = operation.path().split('{').skip(1).filter_map(|rest| rest.split('}').next());
    for part in parts {
        let filled = operation
            .parameters()
            .any(|parameter| parameter.place() == ParameterPlace::Path && parameter.name() == part);
        if !filled {
            return Err(document.unsupported(place, format!("no parameter for {{{part}}}")));
        }
    }
    Ok(())
}
