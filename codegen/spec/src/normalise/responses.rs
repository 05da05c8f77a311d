//! One success and no error per operation, and only content types that are understood.
//!
//! Progenitor panics on a `default` error beside an exact status and loses the status of an error
//! whose body is not JSON. Without declared errors every failure arrives whole, and one decoder of
//! the runtime reads it.

use serde_json::{Map, Value, json};

use crate::{Document, Result};

/// What a body may be, and what progenitor takes it for. JSON's dialects are JSON.
const CONTENT: [(&str, &str); 4] = [
    ("application/json", "application/json"),
    ("application/scim+json", "application/json"),
    ("application/octet-stream", "application/octet-stream"),
    ("text/plain", "application/octet-stream"),
];

pub(super) fn one_success(document: &Document, root: &mut Value) -> Result<()> {
    let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) else { return Ok(()) };
    for (path, item) in paths.iter_mut() {
        let Some(item) = item.as_object_mut() else { continue };
        for (method, operation) in item.iter_mut() {
            let place = format!("{} {path}", method.to_uppercase());
            let success = success(document, &place, operation)?;
            operation["responses"] = json!({ "2XX": success });
            if let Some(body) = operation.get_mut("requestBody") {
                one_content(document, &place, body)?;
            }
        }
    }
    Ok(())
}

/// The successes of an operation made one. Several must agree on their content.
fn success(document: &Document, place: &str, operation: &Value) -> Result<Value> {
    let responses = operation.get("responses").and_then(Value::as_object);
    let mut chosen: Option<Value> = None;
    for (_, response) in responses.into_iter().flatten().filter(|(status, _)| status.starts_with('2')) {
        let mut response = response.clone();
        one_content(document, place, &mut response)?;
        chosen = Some(match chosen {
            None => response,
            // 200 with a body beside 204 without one: the body may be absent, which the runtime reads as `{}`.
            Some(other) if response.get("content").is_none() => other,
            Some(other) if other.get("content").is_none() => response,
            Some(other) if other.get("content") == response.get("content") => other,
            Some(_) => {
                return Err(document.unsupported(place, "two successes with different bodies"));
            }
        });
    }
    let mut chosen = chosen.ok_or_else(|| document.unsupported(place, "no 2XX response"))?;
    only_headers(&mut chosen);
    Ok(chosen)
}

/// An answer that is in its headers is an object of them; the transport makes it one.
fn only_headers(response: &mut Value) {
    if response.get("content").is_some() {
        return;
    }
    let Some(headers) = response.get("headers").and_then(Value::as_object) else { return };
    let properties: Map<String, Value> = headers
        .iter()
        .map(|(name, header)| {
            let schema = match name.eq_ignore_ascii_case("content-length") {
                true => json!({ "type": "integer", "format": "int64" }),
                false => header.get("schema").cloned().unwrap_or_else(|| json!({ "type": "string" })),
            };
            (name.clone(), schema)
        })
        .collect();
    let schema = json!({ "type": "object", "properties": properties });
    response["content"] = json!({ "application/json": { "schema": schema } });
}

fn one_content(document: &Document, place: &str, holder: &mut Value) -> Result<()> {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else { return Ok(()) };
    let mut known = Map::new();
    for (kind, media) in std::mem::take(content) {
        let essence = kind.split(';').next().unwrap_or(&kind).trim();
        let Some((_, taken_for)) = CONTENT.iter().find(|(name, _)| *name == essence) else {
            let names: Vec<_> = CONTENT.iter().map(|(name, _)| *name).collect();
            return Err(
                document.unsupported(place, format!("content type {kind}; known are {}", names.join(", ")))
            );
        };
        let schema = match *taken_for {
            "application/octet-stream" => json!({ "type": "string", "format": "binary" }),
            _ => match media.get("schema") {
                Some(schema) => schema.clone(),
                None => return Err(document.unsupported(place, format!("{kind} without a schema"))),
            },
        };
        let media = json!({ "schema": schema });
        let other = known.insert((*taken_for).to_owned(), media.clone());
        if other.is_some_and(|other| other != media) {
            return Err(document.unsupported(place, "two schemas for one body"));
        }
    }
    if known.len() > 1 {
        return Err(document.unsupported(place, "two content types for one body"));
    }
    *content = known;
    Ok(())
}
