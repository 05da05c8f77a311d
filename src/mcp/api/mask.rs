//! Secrets of an answer, hidden before anybody sees them.
//!
//! The build marked the fields by the rule that the generated `Debug` follows; what the document does
//! not know is judged by its name with the same rule.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::Document;
use crate::transport::shown::is_secret_field;

/// What stands for a secret.
const HIDDEN: &str = "***";

impl Document {
    /// Hides the secrets of a value that has this schema; gives the paths of what was hidden.
    pub(super) fn mask(&self, schema: Option<&Value>, value: &mut Value) -> BTreeSet<String> {
        let mut hidden = BTreeSet::new();
        self.mask_at(schema, value, "", &mut hidden);
        hidden
    }

    fn mask_at(&self, schema: Option<&Value>, value: &mut Value, path: &str, hidden: &mut BTreeSet<String>) {
        let schema = schema.map(|schema| self.resolve(schema));
        match value {
            Value::Object(members) => {
                let of_all = schema.and_then(|schema| schema.get("additionalProperties"));
                for (name, member) in members.iter_mut() {
                    let known = schema.and_then(|schema| schema.get("properties")?.get(name));
                    let is_secret = match known {
                        Some(known) => known.get("secret").is_some(),
                        None => is_secret_field(name),
                    };
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    match is_secret {
                        true if hide(member) => drop(hidden.insert(path)),
                        true => {}
                        false => self.mask_at(known.or(of_all), member, &path, hidden),
                    }
                }
            }
            Value::Array(items) => {
                let of_items = schema.and_then(|schema| schema.get("items"));
                items.iter_mut().for_each(|item| self.mask_at(of_items, item, path, hidden));
            }
            _ => {}
        }
    }
}

/// Hides every text within; gives whether there was one.
fn hide(value: &mut Value) -> bool {
    match value {
        Value::String(text) if !text.is_empty() => {
            HIDDEN.clone_into(text);
            true
        }
        // All of them, so no `any`, which ends at the first.
        Value::Object(members) => members.values_mut().filter_map(|it| hide(it).then_some(())).count() > 0,
        Value::Array(items) => items.iter_mut().filter_map(|it| hide(it).then_some(())).count() > 0,
        _ => false,
    }
}
