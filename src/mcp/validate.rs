//! Arguments checked against a tool's schema, with complaints an agent can act on.

use std::sync::Arc;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::ToolError;

/// Most complaints in one message; the first few are what matters.
const MOST: usize = 5;

/// Most values of an enum in one complaint.
const MOST_VALUES: usize = 40;

/// A tool's schema, compiled.
pub(crate) struct ArgumentCheck {
    schema: Arc<Map<String, Value>>,
    validator: Validator,
}

impl ArgumentCheck {
    pub(crate) fn new(schema: Arc<Map<String, Value>>) -> Result<Self, ToolError> {
        let value = Value::Object((*schema).clone());
        let validator = jsonschema::draft202012::new(&value)
            .map_err(|error| ToolError::Failed(format!("the tool's schema: {error}")))?;
        Ok(Self { schema, validator })
    }

    /// Checks the arguments.
    ///
    /// # Errors
    /// [`ToolError::Argument`] with each complaint: which argument, what is wrong, what would do.
    pub(crate) fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let mut errors: Vec<_> = self.validator.iter_errors(arguments).collect();
        // A wrong name is the reason of many a missing one.
        errors.sort_by_key(|error| !matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. }));
        let complaints: Vec<String> = errors.iter().take(MOST).map(|error| self.complaint(error)).collect();
        match complaints.is_empty() {
            true => Ok(()),
            false => Err(ToolError::Argument(complaints.join("\n"))),
        }
    }

    fn complaint(&self, error: &jsonschema::ValidationError<'_>) -> String {
        let pointer = error.instance_path().to_string();
        let place = pointer.trim_start_matches('/').replace('/', ".");
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let valid = self.properties_at(&pointer);
                let words: Vec<String> = unexpected
                    .iter()
                    .map(|name| {
                        let near = nearest(name, &valid);
                        match near {
                            Some(near) => format!("`{name}` is unknown (did you mean `{near}`?)"),
                            None => format!("`{name}` is unknown"),
                        }
                    })
                    .collect();
                let within = if place.is_empty() { String::new() } else { format!(" in `{place}`") };
                let known = match valid.is_empty() {
                    true => "there are none".to_owned(),
                    false => format!("valid are {}", valid.join(", ")),
                };
                format!("{}{within}: {known}", words.join(", "))
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
                let path = if place.is_empty() { name } else { format!("{place}.{name}") };
                format!("`{path}` is required")
            }
            ValidationErrorKind::Enum { options } => {
                let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
                let options: Vec<String> = options.iter().take(MOST_VALUES).map(Value::to_string).collect();
                format!("`{place}`: {} is not one of {}", error.instance(), options.join(", "))
            }
            _ => {
                let name = if place.is_empty() { "arguments".to_owned() } else { place };
                format!("`{name}`: {error}")
            }
        }
    }

    /// The names of the properties that the schema has at a place of the arguments.
    fn properties_at(&self, pointer: &str) -> Vec<String> {
        let mut schema = self.schema.get("properties").map(|_| Value::Object((*self.schema).clone()));
        for part in pointer.split('/').filter(|part| !part.is_empty()) {
            schema = schema.and_then(|schema| {
                let next = match part.parse::<usize>() {
                    Ok(_) => schema.get("items").or_else(|| schema.pointer(&format!("/properties/{part}"))),
                    Err(_) => schema
                        .pointer(&format!("/properties/{part}"))
                        .or_else(|| schema.get("additionalProperties")),
                };
                next.cloned()
            });
        }
        let properties =
            schema.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        properties.into_iter().flat_map(Map::keys).cloned().collect()
    }
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, existing: &'a [String]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    existing
        .iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let part = lower.contains(&wanted) || wanted.contains(&lower);
            (strsim::jaro_winkler(&wanted, &lower) + if part { 0.1 } else { 0.0 }, candidate)
        })
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaint(arguments: Value) -> String {
        let schema = json!({
            "type": "object",
            "properties": {
                "cluster_id": { "type": "string" },
                "page_size": { "type": "integer" },
                "state": { "type": "string", "enum": ["ON", "OFF"] },
                "tasks": { "type": "array", "items": {
                    "type": "object", "properties": { "task_key": { "type": "string" } }, "additionalProperties": false
                } }
            },
            "required": ["cluster_id"],
            "additionalProperties": false
        });
        let Value::Object(schema) = schema else { unreachable!() };
        match ArgumentCheck::new(Arc::new(schema)).unwrap().check(&arguments) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn good_arguments_pass() {
        assert_eq!(complaint(json!({ "cluster_id": "x", "tasks": [{ "task_key": "a" }] })), "");
    }

    #[test]
    fn unknown_arguments_name_the_valid_ones() {
        assert_eq!(
            complaint(json!({ "cluster_id": "x", "clusterid": "y" })),
            "invalid argument `clusterid` is unknown (did you mean `cluster_id`?): \
             valid are cluster_id, page_size, state, tasks"
        );
        let nested = complaint(json!({ "cluster_id": "x", "tasks": [{ "key": "a" }] }));
        assert!(nested.contains("in `tasks.0`: valid are task_key"), "{nested}");
    }

    #[test]
    fn wrong_types_and_values_say_what_is_expected() {
        let wrong = complaint(json!({ "cluster_id": 7 }));
        assert!(wrong.contains("`cluster_id`") && wrong.contains("string"), "{wrong}");
        let wrong = complaint(json!({ "cluster_id": "x", "state": "HALF" }));
        assert!(wrong.contains("ON") && wrong.contains("OFF"), "{wrong}");
        assert_eq!(complaint(json!({})), "invalid argument `cluster_id` is required");
    }
}
