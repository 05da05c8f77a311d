//! A document rewritten into the subset that progenitor gets right, with nothing lost.
//!
//! Two forms come out. The *source* has every inline type hoisted to a named component and every
//! name as Rust will have it, and keeps all facts and words. The *spec* is what progenitor sees:
//! the source without what it would refuse, misread or turn into too strict a type. The refine
//! pass reads the facts back from the source.

mod check;
mod hoist;
mod prune;
pub(crate) mod reach;
mod rename;
mod responses;
mod strip;

use serde_json::Value;

use crate::{Document, Result};

/// The two forms of a normalised document.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// The document with Rust's names, all types named, all facts kept.
    pub source: Document,
    /// What progenitor is given.
    pub spec: Value,
}

/// Normalises a document. Fails, naming the place, on anything it does not know.
pub fn normalise(document: &Document) -> Result<Normalised> {
    check::whole(document)?;
    let mut root = document.root().clone();
    responses::one_success(document, &mut root)?;
    hoist::inline_types(document, &mut root)?;
    rename::to_rust(document, &mut root)?;
    prune::unused(document, &mut root);
    let source = Document::from_value(document.name(), root);
    let spec = strip::for_progenitor(&source)?;
    Ok(Normalised { source, spec })
}

/// Calls `visit` with every schema below (and including) this one, but not behind a `$ref`.
pub(crate) fn each_schema(schema: &Value, visit: &mut impl FnMut(&Value)) {
    visit(schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        properties.values().for_each(|property| each_schema(property, visit));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key).filter(|inner| inner.is_object()) {
            each_schema(inner, visit);
        }
    }
}

/// The same, to change them; a schema is visited before what is below it.
pub(crate) fn each_schema_mut(schema: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(schema);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|property| each_schema_mut(property, visit));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key).filter(|inner| inner.is_object()) {
            each_schema_mut(inner, visit);
        }
    }
}

/// Calls `visit` with every schema of every operation, of parameters, bodies and answers, and with
/// the operation's id.
pub(crate) fn each_operation_schema_mut(root: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let visit = &mut |schema: &mut Value| visit(&id, schema);
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            for schema in parameters.iter_mut().filter_map(|p| p.get_mut("schema")) {
                each_schema_mut(schema, visit);
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            each_media_mut(body, visit);
        }
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            responses.values_mut().for_each(|response| each_media_mut(response, visit));
        }
    }
}

fn each_media_mut(holder: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else { return };
    for schema in content.values_mut().filter_map(|media| media.get_mut("schema")) {
        each_schema_mut(schema, visit);
    }
}
