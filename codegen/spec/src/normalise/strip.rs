//! What progenitor is given: the source without what it would refuse or be too strict about.
//!
//! | taken away or changed | because otherwise |
//! |---|---|
//! | validation (`pattern`, `minimum`, …) | a type that rejects what the service sends |
//! | `default` | it is sent with every request, which breaks updates |
//! | `format` of strings | a date that is not to the letter fails, and is written back otherwise |
//! | `required` | a field that the service omits fails the whole answer; what a request needs is checked when it is sent |
//! | closed `additionalProperties` | unknown fields are lost or refused |
//! | `enum` values | a closed enum; the refine pass puts an open one in its place |
//! | cells of lists of lists made nullable | a NULL in a result fails the whole answer |
//! | a property called `extra` | it would be the field that keeps unknown ones |
//! | `description` | it is lost beside a `$ref`; the refine pass writes all docs |

use serde_json::{Map, Value, json};

use super::{each_operation_schema_mut, each_schema_mut};
use crate::names::property_name;
use crate::{Document, Result};

/// Schema keywords that are understood. Anything else is an error and not a surprise.
const KNOWN: [&str; 7] =
    ["type", "format", "properties", "required", "items", "additionalProperties", "enum"];
/// Keywords that restrict values or tell about them, of no use to a type.
const DROPPED: [&str; 21] = [
    "default",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "description",
    "summary",
    "title",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
];

const NOT_OF_STRINGS: &str = "an enum that is not `type: string`, so that no open one can be made of it";

pub(super) fn for_progenitor(source: &Document) -> Result<Value> {
    let mut root = source.root().clone();
    let mut problem = None;
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in schemas.iter_mut() {
            component(name, schema, &mut |place, message| {
                problem.get_or_insert_with(|| source.unsupported(place, message));
            });
        }
    }
    each_operation_schema_mut(&mut root, &mut |id, schema| {
        plain(schema, &mut |message| {
            problem.get_or_insert_with(|| source.unsupported(&format!("a schema of {id}"), message));
        });
    });
    if let Some(problem) = problem {
        return Err(problem);
    }
    parameters(&mut root);
    Ok(root)
}

fn component(name: &str, schema: &mut Value, problem: &mut impl FnMut(&str, String)) {
    let place = format!("components/schemas/{name}");
    if let Some(values) = schema.get("enum") {
        if schema.get("type") != Some(&json!("string")) {
            problem(&place, NOT_OF_STRINGS.to_owned());
        }
        let values: Vec<&Value> = values.as_array().into_iter().flatten().collect();
        if let Some(twice) = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
            problem(&place, format!("{} twice in an enum", twice.1));
        }
        // One value, so that progenitor makes an enum at all; the refine pass replaces it.
        *schema = json!({ "type": "string", "enum": ["placeholder"] });
        return;
    }
    each_schema_mut(schema, &mut |inner| plain(inner, &mut |message| problem(&place, message)));
    let Some(map) = schema.as_object_mut() else { return };
    if map.contains_key("properties") {
        // An empty schema, where `true` does nothing: it makes the map that keeps unknown fields.
        map.insert("additionalProperties".to_owned(), json!({}));
        map.remove("required");
        optional_lists(map);
        beside_extra(map);
    }
}

/// A property that would take the name of the field for unknown ones gets another; the refine pass
/// gives it its name in JSON back.
fn beside_extra(schema: &mut Map<String, Value>) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let named = std::mem::take(properties).into_iter();
        properties.extend(named.map(|(name, property)| (property_name(&name).to_owned(), property)));
    }
}

/// A list or map that may be absent can also be empty, and the two mean different things in an
/// update: `nullable` makes it an `Option`.
fn optional_lists(schema: &mut Map<String, Value>) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for property in properties.values_mut() {
        let kind = property.get("type").and_then(Value::as_str);
        if kind == Some("array") || kind == Some("object") {
            property["nullable"] = json!(true);
        }
        // A list of lists is a table of results, whose cells may be NULL.
        if let Some(cell) = property.pointer_mut("/items/items").and_then(Value::as_object_mut) {
            cell.insert("nullable".to_owned(), json!(true));
        }
    }
}

/// One schema without what is dropped, and a complaint about what is not known.
fn plain(schema: &mut Value, problem: &mut impl FnMut(String)) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(reference) = map.get("$ref").cloned() {
        *map = Map::from_iter([("$ref".to_owned(), reference)]);
        return;
    }
    if map.contains_key("enum") {
        // Those of strings were hoisted and are no part of this schema.
        problem(NOT_OF_STRINGS.to_owned());
    }
    map.retain(|key, _| !DROPPED.contains(&key.as_str()) && !key.starts_with("x-"));
    if map.get("type") == Some(&json!("string")) && map.get("format") != Some(&json!("binary")) {
        map.remove("format");
    }
    if map.get("additionalProperties") == Some(&Value::Bool(false)) {
        map.remove("additionalProperties");
    }
    if let Some(unknown) = map.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        problem(format!("keyword `{unknown}`, known are {}", KNOWN.join(", ")));
    }
}

/// Only the facts of parameters and operations; what a path is made of is a number or text.
fn parameters(root: &mut Value) {
    let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut());
    for operation in operations.filter_map(Value::as_object_mut) {
        operation.retain(|key, _| !["summary", "description"].contains(&key.as_str()));
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter_map(Value::as_object_mut) {
            parameter.retain(|key, _| ["name", "in", "required", "schema"].contains(&key.as_str()));
            let kind = parameter.get("schema").and_then(|schema| schema.get("type")?.as_str());
            let has_text = matches!(kind, Some("string" | "integer" | "number" | "boolean"));
            if parameter.get("in") == Some(&json!("path")) && !has_text {
                parameter.insert("schema".to_owned(), json!({ "type": "string" }));
            }
        }
    }
}
