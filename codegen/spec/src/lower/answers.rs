//! What a tool answers: the fields it shows, and their schema.

use serde_json::{Map, Value, json};

use super::selection::Selection;
use crate::{Document, Error, Operation, Result};

/// Checks that every dotted path leads to a field of the operation's answer.
pub fn answer(operation: &Operation<'_>, path: &str) -> Result<()> {
    let document = operation.document();
    let Some(schema) = operation.json_answer() else {
        return Err(document.unsupported(operation.id(), "no JSON answer to choose fields of"));
    };
    let mut schema = document.resolve(schema)?;
    for part in path.split('.') {
        schema = document.resolve(through_lists(document, schema)?)?;
        let properties = schema.get("properties").and_then(Value::as_object);
        schema = match properties {
            Some(properties) => properties.get(part).ok_or_else(|| {
                Error::unknown(operation.id(), "answer field", part, properties.keys().map(String::as_str))
            })?,
            // A map or free object: any key may be there.
            None if schema.get("type") == Some(&json!("object")) => return Ok(()),
            None => return Err(Error::unknown(operation.id(), "answer field", path, [])),
        };
    }
    Ok(())
}

/// The schema of an operation's answer, as far as a tool shows it: names and types alone, inlined and open, with nothing
/// required, since a caller may choose other fields. What a path ends at is not written out further.
pub fn output(operation: &Operation<'_>, paths: &[String]) -> Result<Map<String, Value>> {
    let document = operation.document();
    let Some(schema) = operation.json_answer() else {
        return Err(document.unsupported(operation.id(), "no JSON answer to describe"));
    };
    let schema = document.resolve(schema)?;
    if schema.get("properties").is_none() {
        // A list, or an object of which the document says nothing.
        return Ok(Map::from_iter([("type".to_owned(), json!("object"))]));
    }
    shape(document, schema, &Selection::of(paths))
}

fn shape(document: &Document, schema: &Value, wanted: &Selection) -> Result<Map<String, Value>> {
    let schema = document.resolve(schema)?;
    let mut shape = Map::new();
    let kind = schema.get("type").cloned();
    let properties = schema.get("properties").and_then(Value::as_object);
    let kind = kind.or_else(|| properties.map(|_| json!("object")));
    if let Some(kind) = kind {
        shape.insert("type".to_owned(), kind);
    }
    if let Some(properties) = properties {
        let mut shapes = Map::new();
        for (name, field) in properties {
            let Some(inner) = wanted.fields.get(name) else {
                // Everything is shown: the first level tells what that is.
                if wanted.all {
                    shapes.insert(name.clone(), Value::Object(outline(document, field)?));
                }
                continue;
            };
            let inner = match inner.fields.is_empty() {
                true => outline(document, field)?,
                false => shape_of_items(document, field, inner)?,
            };
            shapes.insert(name.clone(), Value::Object(inner));
        }
        if !shapes.is_empty() {
            shape.insert("properties".to_owned(), Value::Object(shapes));
        }
    }
    Ok(shape)
}

/// What a path leads through: an object, a list of such, or a map, whose names are not known.
fn shape_of_items(document: &Document, schema: &Value, wanted: &Selection) -> Result<Map<String, Value>> {
    let resolved = document.resolve(schema)?;
    match resolved.get("items") {
        Some(items) => {
            let items = shape_of_items(document, items, wanted)?;
            Ok(Map::from_iter([
                ("type".to_owned(), json!("array")),
                ("items".to_owned(), Value::Object(items)),
            ]))
        }
        None => shape(document, resolved, wanted),
    }
}

/// The type alone.
fn outline(document: &Document, schema: &Value) -> Result<Map<String, Value>> {
    let schema = document.resolve(schema)?;
    let mut outline = Map::new();
    match schema.get("type") {
        Some(kind) => drop(outline.insert("type".to_owned(), kind.clone())),
        None if schema.get("properties").is_some() => {
            drop(outline.insert("type".to_owned(), json!("object")))
        }
        None => {}
    }
    Ok(outline)
}

fn through_lists<'a>(document: &'a Document, schema: &'a Value) -> Result<&'a Value> {
    let mut schema = document.resolve(schema)?;
    while let Some(inner) =
        schema.get("items").or_else(|| schema.get("additionalProperties").filter(|inner| inner.is_object()))
    {
        schema = document.resolve(inner)?;
    }
    Ok(schema)
}
