//! Holds requests and answers against their schemas.
//!
//! Requests are read as the service reads them: unknown fields pass, null counts as absent, and 64-bit numbers may come as
//! text. Answers are held to the letter: what a client does not know, it cannot use.

use serde_json::{Map, Value};

use super::{Operation, Schema};

/// Values that the service takes though its documents do not have them: what drivers ask for.
const UNDOCUMENTED: &[&str] = &["INLINE_OR_EXTERNAL_LINKS"];

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A required field is not there.
    Missing(String),
    /// A field holds something else than it should.
    Wrong {
        /// Where, such as `tasks[0].task_key`; empty for the whole.
        place: String,
        /// What was expected and what was found.
        what: String,
    },
}

/// Checks the JSON body of a request.
pub(crate) fn check_body(schema: Schema, body: &Value) -> Result<(), Fault> {
    request(schema, body, &mut String::new())
}

/// Checks the parameters of a query.
pub(crate) fn check_query(operation: &Operation, query: &[(String, String)]) -> Result<(), Fault> {
    for (name, required, schema) in operation.query() {
        let values: Vec<&str> =
            query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        if required && values.iter().all(|value| value.is_empty()) {
            return Err(Fault::Missing(name.to_owned()));
        }
        let schema = schema.items().unwrap_or(schema);
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            let good = match schema.kind() {
                Some("integer") => value.parse::<i64>().is_ok(),
                Some("number") => value.parse::<f64>().is_ok(),
                Some("boolean") => matches!(value.to_ascii_lowercase().as_str(), "true" | "false"),
                _ => schema.values().is_none_or(|known| known.iter().any(|it| it == value)),
            };
            if !good {
                return Err(Fault::Wrong {
                    place: name.to_owned(),
                    what: format!("expected {}, not '{value}'", expected(schema)),
                });
            }
        }
    }
    Ok(())
}

fn request(schema: Schema, value: &Value, place: &mut String) -> Result<(), Fault> {
    if value.is_null() {
        return Ok(());
    }
    let good = match (schema.kind(), value) {
        (Some("object"), Value::Object(fields)) => return object(schema, fields, place),
        (Some("array"), Value::Array(items)) => {
            let Some(item) = schema.items() else { return Ok(()) };
            let length = place.len();
            for (at, value) in items.iter().enumerate() {
                place.push_str(&format!("[{at}]"));
                request(item, value, place)?;
                place.truncate(length);
            }
            return Ok(());
        }
        (Some("string"), Value::String(text)) => {
            text.is_empty()
                || UNDOCUMENTED.contains(&text.as_str())
                || schema.values().is_none_or(|known| known.iter().any(|it| it == text))
        }
        (Some("integer"), Value::Number(number)) => {
            number.is_i64() || number.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        (Some("integer"), Value::String(text)) => text.parse::<i64>().is_ok(),
        (Some("number"), Value::Number(_)) | (Some("boolean"), Value::Bool(_)) | (None, _) => true,
        (Some("number"), Value::String(text)) => text.parse::<f64>().is_ok(),
        _ => false,
    };
    if good {
        return Ok(());
    }
    Err(Fault::Wrong {
        place: place.clone(),
        what: format!("expected {}, not {}", expected(schema), found(value)),
    })
}

fn object(schema: Schema, fields: &Map<String, Value>, place: &mut String) -> Result<(), Fault> {
    let length = place.len();
    let inner =
        |place: &str, name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    for name in schema.required() {
        if fields.get(name).is_none_or(Value::is_null) {
            return Err(Fault::Missing(inner(place, name)));
        }
    }
    for (name, value) in fields {
        let Some(field) = schema.property(name).or_else(|| schema.values_of_map()) else { continue };
        *place = inner(place, name);
        request(field, value, place)?;
        place.truncate(length);
    }
    Ok(())
}

fn expected(schema: Schema) -> String {
    match (schema.kind(), schema.values()) {
        (_, Some(known)) => {
            let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            format!("one of {}", known.join(", "))
        }
        (Some("integer"), _) => "an integer".into(),
        (Some("object"), _) => "an object".into(),
        (Some("array"), _) => "a list".into(),
        (Some(kind), _) => format!("a {kind}"),
        (None, _) => "a value".into(),
    }
}

/// What a value is, without its content: that may be a secret.
fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "this string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Where a good answer differs from what the document says. Every difference is a line.
pub(crate) fn answer_faults(operation: &Operation, answer: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    // where the document has no answer, clients read none
    if let Some(schema) = operation.answer() {
        compare(schema, answer, "", &mut faults);
    }
    faults
}

fn compare(schema: Schema, value: &Value, place: &str, faults: &mut Vec<String>) {
    let good = match (schema.kind(), value) {
        // counts as absent; a cell of a result is often one
        (_, Value::Null) => true,
        (Some("object"), Value::Object(fields)) => {
            for name in schema.required() {
                if !fields.contains_key(name) {
                    faults.push(format!("{place}.{name} is required and missing"));
                }
            }
            for (name, value) in fields {
                let place = format!("{place}.{name}");
                match schema.property(name).or_else(|| schema.values_of_map()) {
                    Some(field) => compare(field, value, &place, faults),
                    None if schema.is_open() => {}
                    None => faults.push(format!("{place} is not in the document")),
                }
            }
            true
        }
        (Some("array"), Value::Array(items)) => {
            if let Some(item) = schema.items() {
                for (at, value) in items.iter().enumerate() {
                    compare(item, value, &format!("{place}[{at}]"), faults);
                }
            }
            true
        }
        (Some("string"), Value::String(text)) => {
            schema.values().is_none_or(|known| known.iter().any(|it| it == text))
                && (schema.format() != Some("date-time")
                    || chrono::DateTime::parse_from_rfc3339(text).is_ok())
        }
        (Some("integer"), Value::Number(number)) => number.is_i64() || number.is_u64(),
        // some services write 64-bit numbers as text, and clients are made for both
        (Some("integer"), Value::String(text)) => {
            schema.format() == Some("int64") && text.parse::<i64>().is_ok()
        }
        (Some("number"), Value::Number(_)) | (Some("boolean"), Value::Bool(_)) | (None, _) => true,
        _ => false,
    };
    if !good {
        faults.push(format!("{place} is not {}: {value}", expected(schema)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::operation;

    fn body(id: &str, body: Value) -> Result<(), Fault> {
        check_body(operation(id).unwrap().body().unwrap(), &body)
    }

    #[test]
    fn requests_may_hold_more_but_nothing_wrong() {
        assert_eq!(body("secrets_create_scope", json!({ "scope": "a", "new": { "x": 1 } })), Ok(()));
        assert_eq!(body("secrets_create_scope", json!({})), Err(Fault::Missing("scope".into())));
        assert_eq!(
            body("secrets_create_scope", json!({ "scope": null })),
            Err(Fault::Missing("scope".into()))
        );
        let wrong = body("secrets_create_scope", json!({ "scope": 7 }));
        let what = "expected a string, not an integer".to_owned();
        assert_eq!(wrong, Err(Fault::Wrong { place: "scope".into(), what }));
        let wrong = body(
            "instance_pools_create",
            json!({ "instance_pool_name": "a", "node_type_id": "b", "max_capacity": "many" }),
        );
        assert!(matches!(wrong, Err(Fault::Wrong { place, .. }) if place == "max_capacity"));
        assert_eq!(
            body(
                "instance_pools_create",
                json!({ "instance_pool_name": "a", "node_type_id": "b", "max_capacity": "10" })
            ),
            Ok(())
        );
    }

    #[test]
    fn queries_are_checked_by_name_and_type() {
        let list = operation("clusters_list").unwrap();
        let query = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        assert_eq!(check_query(list, &query("page_size", "10")), Ok(()));
        assert!(check_query(list, &query("page_size", "ten")).is_err());
        assert!(check_query(list, &query("filter_by.cluster_states", "ASLEEP")).is_err());
        let get = operation("instance_pools_get").unwrap();
        assert_eq!(check_query(get, &[]), Err(Fault::Missing("instance_pool_id".into())));
    }

    #[test]
    fn answers_are_held_to_the_letter() {
        let get = operation("instance_pools_get").unwrap();
        let good = json!({ "instance_pool_id": "a", "state": "ACTIVE", "max_capacity": 3 });
        assert_eq!(answer_faults(get, &good), Vec::<String>::new());
        let bad = json!({ "state": "ASLEEP", "max_capacity": 1.5, "colour": "red" });
        assert_eq!(answer_faults(get, &bad).len(), 4);
    }
}
