//! What is not the same after a body was read and written again.

use std::collections::BTreeSet;

use databricks_toolkit_spec::Document;
use serde_json::{Map, Value};

/// One thing that is not as it was.
pub(crate) enum Difference {
    /// A null that is gone, of a field that has a type: to that, null is the same as nothing.
    Null { field: String },
    /// Anything else.
    Lost { path: String, before: String, after: String },
}

/// All differences, but for two: a number that came as text is written as a number, and 1 may become 1.0.
pub(crate) fn differences(
    document: &Document,
    schema: &Value,
    before: &Value,
    after: &Value,
) -> Vec<Difference> {
    let mut comparison = Comparison { document, found: Vec::new() };
    comparison.value(Some(schema), "$", before, after);
    comparison.found
}

struct Comparison<'a> {
    document: &'a Document,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    fn value(&mut self, schema: Option<&'a Value>, path: &str, before: &Value, after: &Value) {
        let schema = schema.and_then(|schema| self.document.resolve(schema).ok());
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => self.object(schema, path, before, after),
            (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
                let items = schema.and_then(|schema| schema.get("items"));
                for (at, (before, after)) in before.iter().zip(after).enumerate() {
                    self.value(items, &format!("{path}[{at}]"), before, after);
                }
            }
            _ if same(before, after, is_number(schema)) => {}
            _ => self.lost(path, Some(before), Some(after)),
        }
    }

    fn object(
        &mut self,
        schema: Option<&'a Value>,
        path: &str,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let path = format!("{path}.{key}");
            let property = schema.and_then(|schema| schema.get("properties")?.get(key));
            match (before.get(key), after.get(key)) {
                (Some(Value::Null), None) if property.is_some_and(|property| self.has_type(property)) => {
                    self.found.push(Difference::Null { field: without_numbers(&path) });
                }
                (Some(before), Some(after)) => {
                    let of_map = || schema.and_then(|schema| schema.get("additionalProperties"));
                    self.value(property.or_else(of_map), &path, before, after);
                }
                (before, after) => self.lost(&path, before, after),
            }
        }
    }

    /// Whether it is not just any JSON.
    fn has_type(&self, schema: &Value) -> bool {
        self.document
            .resolve(schema)
            .is_ok_and(|schema| schema.get("type").is_some() || schema.get("enum").is_some())
    }

    fn lost(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        self.found.push(Difference::Lost {
            path: path.to_owned(),
            before: shown(before),
            after: shown(after),
        });
    }
}

fn is_number(schema: Option<&Value>) -> bool {
    let kind = schema.and_then(|schema| schema.get("type")?.as_str());
    matches!(kind, Some("integer" | "number"))
}

fn same(before: &Value, after: &Value, number: bool) -> bool {
    match (before, after) {
        (Value::Number(before), Value::Number(after)) => {
            before == after || (!(before.is_i64() && after.is_i64()) && before.as_f64() == after.as_f64())
        }
        (Value::String(text), Value::Number(after)) if number => {
            match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(integer), _) if after.is_i64() => after.as_i64() == Some(integer),
                (_, Ok(float)) => after.as_f64() == Some(float),
                _ => false,
            }
        }
        _ => before == after,
    }
}

/// `$.tasks[3].name` as `$.tasks[].name`, to count fields and not places.
fn without_numbers(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        shown + "[" + part.trim_start_matches(|letter: char| letter.is_ascii_digit())
    })
}

#[test]
fn only_what_is_meant_to_be_is_tolerated() {
    use serde_json::json;
    let number = json!({ "type": "integer" });
    let schema = json!({
        "type": "object",
        "properties": {
            "id": number, "name": { "type": "string" }, "any": {}, "ids": { "type": "array", "items": number },
            "tags": { "type": "object", "additionalProperties": { "type": "string" } },
        },
    });
    let document = Document::from_value("jobs", json!({}));
    for (before, after, expected) in [
        (json!({ "id": "7", "ids": [1.0, "2"] }), json!({ "id": 7, "ids": [1, 2] }), ""),
        (json!({ "id": "9007199254740993" }), json!({ "id": 9_007_199_254_740_992_i64 }), "$.id"),
        (json!({ "name": "7" }), json!({ "name": 7 }), "$.name"),
        (json!({ "name": null }), json!({}), "null $.name"),
        (json!({ "any": null }), json!({}), "$.any"),
        (json!({ "unknown": null }), json!({}), "$.unknown"),
        (json!({ "tags": { "a": null } }), json!({ "tags": {} }), "$.tags.a"),
        (json!({ "ids": [1, 2] }), json!({ "ids": [1] }), "$.ids"),
        (json!({}), json!({ "name": "n" }), "$.name"),
    ] {
        let found = differences(&document, &schema, &before, &after);
        let shown = |difference: &Difference| match difference {
            Difference::Null { field } => format!("null {field}"),
            Difference::Lost { path, .. } => path.clone(),
        };
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>().join(" "), expected, "{before}");
    }
}
