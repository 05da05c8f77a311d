use serde_json::{Value, json};

use super::*;
use crate::{Document, Result};

fn document() -> Document {
    let value = json!({
        "paths": { "/jobs/{id}": { "post": {
            "operationId": "create",
            "parameters": [
                { "name": "id", "in": "path", "required": true, "description": "An id.", "schema": { "type": "integer" } },
                { "name": "by.state", "in": "query", "description": "States.", "schema": { "type": "array", "items": { "$ref": "#/components/schemas/State" } } },
                { "name": "silent", "in": "query", "schema": { "type": "string" } }
            ],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
            "responses": { "2XX": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } } }
        } } },
        "components": { "schemas": {
            "State": { "type": "string", "enum": ["ON", "OFF"] },
            "Job": { "type": "object", "required": ["name"], "properties": {
                "name": { "type": "string", "description": "A name." },
                "tasks": { "type": "array", "description": "Tasks.", "items": { "$ref": "#/components/schemas/Task" } }
            } },
            "Task": { "type": "object", "properties": {
                "key": { "type": "string", "description": "A key." },
                "inner": { "$ref": "#/components/schemas/Task", "description": "A task." }
            } }
        } }
    });
    Document::from_value("test", value)
}

fn lower(fields: &[&str]) -> Result<Lowered, String> {
    let document = document();
    let exposure =
        Exposure { fields: fields.iter().map(|f| (*f).to_owned()).collect(), ..Exposure::default() };
    input(&document.operation("create").unwrap(), &exposure).map_err(|error| error.to_string())
}

#[test]
fn everything_is_inlined_closed_and_described() {
    let lowered = lower(&["id", "by.state", "name", "tasks"]).unwrap();
    assert_eq!(
        Value::Object(lowered.schema),
        json!({
            "type": "object",
            "properties": {
                "id": { "type": "integer", "description": "An id." },
                "by.state": { "type": "array", "items": { "type": "string", "enum": ["ON", "OFF"] }, "description": "States." },
                "name": { "type": "string", "description": "A name." },
                "tasks": { "type": "array", "description": "Tasks.", "items": {
                    "type": "object",
                    "properties": {
                        "key": { "type": "string", "description": "A key." },
                        "inner": { "type": "object", "description": "A task." }
                    },
                    "additionalProperties": false
                } }
            },
            "required": ["id", "name"],
            "additionalProperties": false
        })
    );
    let types: Vec<_> =
        lowered.parameters.iter().map(|p| (p.setter.as_str(), p.rust_type.as_str())).collect();
    assert_eq!(types, [("id", "i64"), ("by_state", "::std::vec::Vec<types::State>")]);
    assert_eq!(lowered.body.as_deref(), Some("Job"));
}

#[test]
fn a_choice_reaches_into_lists() {
    let lowered = lower(&["id", "name", "tasks.key"]).unwrap();
    let properties = lowered.schema["properties"].pointer("/tasks/items/properties").unwrap();
    assert_eq!(properties.as_object().unwrap().keys().collect::<Vec<_>>(), ["key"]);
}

#[test]
fn mistakes_are_named() {
    assert!(lower(&["id", "nam"]).unwrap_err().contains("no field `nam`; did you mean `name`?"));
    assert!(lower(&["id", "name", "tasks.kye"]).unwrap_err().contains("did you mean `key`?"));
    assert!(lower(&["id"]).unwrap_err().contains("`name` is required and must be exposed"));
    assert!(
        lower(&["id", "name", "silent"])
            .unwrap_err()
            .contains("create parameter `silent` has no description")
    );
}

#[test]
fn answers_have_names_and_types() {
    let document = document();
    let operation = document.operation("create").unwrap();
    let shape = |paths: &[&str]| {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Value::Object(output(&operation, &paths).unwrap())
    };
    assert_eq!(
        shape(&[]),
        json!({ "type": "object", "properties": { "name": { "type": "string" }, "tasks": { "type": "array" } } })
    );
    assert_eq!(
        shape(&["tasks.key", "tasks.inner"]),
        json!({ "type": "object", "properties": { "tasks": { "type": "array", "items": {
            "type": "object", "properties": { "key": { "type": "string" }, "inner": { "type": "object" } }
        } } } })
    );
}

#[test]
fn answers_are_checked() {
    let document = document();
    let operation = document.operation("create").unwrap();
    answer(&operation, "tasks.inner.key").unwrap();
    let error = answer(&operation, "tasks.kee").unwrap_err().to_string();
    assert!(error.contains("no answer field `kee`; did you mean `key`?"), "{error}");
}
