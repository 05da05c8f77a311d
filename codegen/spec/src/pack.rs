//! All operations, small: what the tools that reach any of them read at run time.
//!
//! One line an operation, which is all that a search needs, and one JSON text a document with the
//! parameters, the body, the answer and the named types. They are apart so that a search opens no
//! document and a call opens one.

use serde_json::{Map, Value, json};

use crate::document::reference_name;
use crate::names::{field_name, type_name};
use crate::{Document, Operation, Parameter, ParameterPlace, Result, secret};

/// The columns of a line of the index, separated by tabs.
pub const COLUMNS: [&str; 12] = [
    "id",
    "tag",
    "document",
    "method",
    "path",
    "level",
    "repeatable",
    "deprecated",
    "summary",
    "description",
    "arguments",
    "answer",
];

/// One line for each operation of a document.
pub fn index(document: &Document) -> Result<String> {
    let mut lines = String::new();
    for operation in document.operations() {
        let mut arguments: Vec<&str> = operation.parameters().map(|parameter| parameter.name()).collect();
        if let Some(body) = operation.json_body() {
            arguments.extend(fields(document, body)?);
        }
        let answer = operation.json_answer().map(|answer| fields(document, answer)).transpose()?;
        let method = operation.method();
        let (arguments, answer) = (arguments.join(" "), answer.unwrap_or_default().join(" "));
        let columns: [&str; COLUMNS.len()] = [
            operation.id(),
            operation.tag(),
            document.name(),
            &method,
            operation.path(),
            operation.level().as_str(),
            if operation.is_repeatable() { "repeatable" } else { "" },
            if operation.extension("deprecated") == Some(&Value::Bool(true)) { "deprecated" } else { "" },
            operation.summary().unwrap_or_default(),
            operation.description().unwrap_or_default(),
            &arguments,
            &answer,
        ];
        let columns: Vec<String> =
            columns.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        lines.push_str(&columns.join("\t"));
        lines.push('\n');
    }
    Ok(lines)
}

/// The names of the fields of an object, or of the items of a list.
fn fields<'a>(document: &'a Document, schema: &'a Value) -> Result<Vec<&'a str>> {
    let mut schema = document.resolve(schema)?;
    while let Some(items) = schema.get("items") {
        schema = document.resolve(items)?;
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    Ok(properties.into_iter().flat_map(Map::keys).map(String::as_str).collect())
}

/// A document's operations by id and its types by name.
pub fn document(document: &Document) -> Value {
    let operations: Map<String, Value> = document
        .operations()
        .map(|operation| (operation.id().to_owned(), Value::Object(facts(&operation))))
        .collect();
    let types: Map<String, Value> = document
        .schemas()
        .iter()
        .map(|(name, schema)| (name.clone(), small(document, name, schema)))
        .collect();
    json!({ "operations": operations, "types": types })
}

fn facts(operation: &Operation<'_>) -> Map<String, Value> {
    let document = operation.document();
    let mut facts = Map::new();
    let parameters: Vec<Value> =
        operation.parameters().map(|parameter| self::parameter(document, &parameter)).collect();
    if !parameters.is_empty() {
        facts.insert("parameters".to_owned(), Value::Array(parameters));
    }
    if let Some(body) = operation.json_body() {
        facts.insert("body".to_owned(), small(document, "", body));
    }
    if operation.has_binary_body() {
        facts.insert("sends_bytes".to_owned(), json!(true));
    }
    facts.insert("answers".to_owned(), json!(answers(operation)));
    if let Some(answer) = operation.json_answer() {
        facts.insert("answer".to_owned(), small(document, "", answer));
    }
    let headers = operation.answer_headers();
    if !headers.is_empty() {
        facts.insert("headers".to_owned(), json!(headers));
    }
    if let Some((name, place)) = operation.idempotency_token() {
        let place = if place.is_some() { "query" } else { "body" };
        facts.insert("token".to_owned(), json!({ "name": name, "in": place }));
    }
    if let Some(paging) = operation.extension("x-databricks-pagination") {
        facts.insert("paging".to_owned(), paging.clone());
    }
    for (extension, name) in [("x-databricks-wait", "wait"), ("x-databricks-lro", "long_running")] {
        let poll = operation.extension(extension).and_then(|facts| facts.get("poll")).and_then(Value::as_str);
        let Some(poll) = poll else { continue };
        let id = operation.sibling(poll).map_or_else(|| poll.to_owned(), |poll| poll.id().to_owned());
        let mut wait = json!({ "poll": id });
        for key in ["status", "success", "failure"] {
            if let Some(value) = operation.extension(extension).and_then(|facts| facts.get(key)) {
                wait[key] = value.clone();
            }
        }
        facts.insert(name.to_owned(), wait);
    }
    facts
}

/// What comes back: `json`, `text`, `bytes` or `nothing`.
fn answers(operation: &Operation<'_>) -> &'static str {
    let responses = operation.extension("responses").and_then(Value::as_object);
    let success = responses.into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    let content = success.and_then(|(_, success)| success.get("content")?.as_object());
    match content.and_then(|content| content.keys().next()).map(String::as_str) {
        Some("application/json") => "json",
        Some(kind) if kind.starts_with("text/") => "text",
        Some(_) => "bytes",
        // What is in the headers alone is an answer too.
        None if !operation.answer_headers().is_empty() => "json",
        None => "nothing",
    }
}

fn parameter(document: &Document, parameter: &Parameter<'_>) -> Value {
    let place = match parameter.place() {
        ParameterPlace::Path if parameter.multi_segment() => "segments",
        ParameterPlace::Path => "path",
        ParameterPlace::Query => "query",
        ParameterPlace::Header => "header",
    };
    let mut small = json!({
        "name": parameter.name(), "in": place, "schema": small(document, "", parameter.schema())
    });
    if parameter.required() {
        small["required"] = json!(true);
    }
    if let Some(text) = parameter.description() {
        small["description"] = json!(text);
    }
    small
}

/// A schema without what neither checks nor explains: a `$ref` is a name, secrets are marked.
fn small(document: &Document, type_of: &str, schema: &Value) -> Value {
    let mut small = Map::new();
    let Some(schema) = schema.as_object() else { return json!({}) };
    for (key, value) in schema {
        match (key.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                small.insert(key.clone(), json!(reference_name(reference)));
            }
            ("type" | "enum" | "required" | "description", _) => {
                small.insert(key.clone(), value.clone());
            }
            ("format", Value::String(format)) if format.starts_with("date") => {
                small.insert(key.clone(), value.clone());
            }
            ("x-databricks-format", Value::String(format)) => {
                small.insert("format".to_owned(), json!(format.trim_start_matches("proto-")));
            }
            ("items" | "additionalProperties", Value::Object(_)) => {
                small.insert(key.clone(), self::small(document, type_of, value));
            }
            ("properties", Value::Object(properties)) => {
                let properties: Map<String, Value> = properties
                    .iter()
                    .map(|(name, property)| {
                        let mut small = self::small(document, "", property);
                        if is_secret(document, type_of, name, property) {
                            small["secret"] = json!(true);
                        }
                        (name.clone(), small)
                    })
                    .collect();
                small.insert(key.clone(), Value::Object(properties));
            }
            _ => {}
        }
    }
    Value::Object(small)
}

/// As the generated `Debug` sees it: text or a map with the name of a secret.
fn is_secret(document: &Document, structure: &str, name: &str, schema: &Value) -> bool {
    let Ok(schema) = document.resolve(schema) else { return false };
    let kind = schema.get("type").and_then(Value::as_str);
    let is_text = kind == Some("string") && schema.get("enum").is_none();
    let is_map = kind == Some("object") && schema.get("properties").is_none();
    (is_text || is_map) && secret::is_of_type(&type_name(structure), &field_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Document {
        Document::from_value(
            "things",
            json!({
                "paths": { "/things/{id}": { "post": {
                    "operationId": "things_make", "tags": ["things"], "summary": "Make\na thing",
                    "x-databricks-level": "account",
                    "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" },
                        "x-databricks-multi-segment": true }],
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
                    "responses": { "2XX": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } } }
                } } },
                "components": { "schemas": { "Thing": { "type": "object", "x-databricks-origin": "x.Thing", "properties": {
                    "idempotency_token": { "type": "string" },
                    "password": { "type": "string", "description": "It opens." },
                    "secrets": { "type": "array", "items": { "type": "string" } }
                } } } }
            }),
        )
    }

    #[test]
    fn a_line_holds_what_a_search_needs() {
        let lines = index(&example()).unwrap();
        let columns: Vec<&str> = lines.trim_end_matches('\n').split('\t').collect();
        assert_eq!(columns.len(), COLUMNS.len());
        assert_eq!(columns[..5], ["things_make", "things", "things", "POST", "/things/{id}"]);
        assert_eq!(columns[5..9], ["account", "repeatable", "", "Make a thing"]);
        assert_eq!(
            columns[10..],
            ["id idempotency_token password secrets", "idempotency_token password secrets"]
        );
    }

    #[test]
    fn a_document_keeps_what_checks_and_explains() {
        let packed = document(&example());
        let make = &packed["operations"]["things_make"];
        assert_eq!(make["parameters"][0]["in"], "segments");
        assert_eq!(make["body"], json!({ "$ref": "Thing" }));
        assert_eq!(make["token"], json!({ "name": "idempotency_token", "in": "body" }));
        let thing = &packed["types"]["Thing"];
        assert_eq!(thing.get("x-databricks-origin"), None);
        assert_eq!(thing["properties"]["password"]["secret"], true);
        assert_eq!(thing["properties"]["secrets"].get("secret"), None);
    }
}
