//! Changes by SCIM's PATCH: a list of operations on paths.

use serde_json::{Map, Value, json};

use super::filter::Filter;
use crate::server::{ApiError, Reply};

/// Applies the operations of a request to an object.
pub(super) fn apply(object: &mut Map<String, Value>, operations: &Value) -> Reply<()> {
    let Some(operations) = operations.as_array() else {
        return Err(ApiError::invalid("Missing required field: Operations"));
    };
    for operation in operations {
        let kind = operation["op"].as_str().unwrap_or_default().to_lowercase();
        let path = operation["path"].as_str().unwrap_or_default();
        let value = &operation["value"];
        match (kind.as_str(), path) {
            ("add" | "replace", "") => {
                let Some(fields) = value.as_object() else {
                    return Err(ApiError::invalid(format!(
                        "The operation {kind} needs a path, or an object as its value"
                    )));
                };
                for (name, value) in fields {
                    set(object, name, value, kind == "add")?;
                }
            }
            ("add" | "replace", path) => set(object, path, value, kind == "add")?,
            ("remove", "") => return Err(ApiError::invalid("The operation remove needs a path")),
            ("remove", path) => remove(object, path, value)?,
            _ => {
                return Err(ApiError::invalid(format!(
                    "The operation '{kind}' is none of add, replace and remove"
                )));
            }
        }
    }
    Ok(())
}

fn name_of(object: &Map<String, Value>, name: &str) -> String {
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

fn set(object: &mut Map<String, Value>, path: &str, value: &Value, add: bool) -> Reply<()> {
    if let Some((outer, inner)) = path.split_once('.') {
        let outer = object.entry(name_of(object, outer)).or_insert_with(|| json!({}));
        let Some(fields) = outer.as_object_mut() else {
            return Err(ApiError::invalid(format!("'{path}' is no path of this object")));
        };
        return set(fields, inner, value, add);
    }
    let name = name_of(object, path.split('[').next().unwrap_or_default());
    match (object.get_mut(&name), value) {
        (Some(Value::Array(known)), Value::Array(more)) if add => {
            for item in more {
                if !known.iter().any(|it| same(it, item)) {
                    known.push(item.clone());
                }
            }
        }
        (Some(Value::Array(known)), item @ Value::Object(_)) if add => {
            if !known.iter().any(|it| same(it, item)) {
                known.push(item.clone());
            }
        }
        _ => drop(object.insert(name, value.clone())),
    }
    Ok(())
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || (!a["value"].is_null() && a["value"] == b["value"])
}

fn remove(object: &mut Map<String, Value>, path: &str, value: &Value) -> Reply<()> {
    let (outer, condition) = match path.split_once('[') {
        Some((outer, rest)) => (outer, Some(Filter::parse(rest.trim_end_matches(']'))?)),
        None => (path, None),
    };
    if let (Some((outer, inner)), None) = (outer.split_once('.'), &condition) {
        if let Some(Value::Object(fields)) = object.get_mut(&name_of(object, outer)) {
            let name = name_of(fields, inner);
            fields.shift_remove(&name);
        }
        return Ok(());
    }
    let name = name_of(object, outer);
    match (object.get_mut(&name), condition, value) {
        (Some(Value::Array(items)), Some(condition), _) => items.retain(|item| !condition.matches(item)),
        (Some(Value::Array(items)), None, Value::Array(gone)) if !gone.is_empty() => {
            items.retain(|item| !gone.iter().any(|it| same(it, item)));
        }
        _ => drop(object.shift_remove(&name)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_change_lists_by_value() {
        let mut group =
            json!({ "displayName": "a", "members": [{ "value": "1" }] }).as_object().cloned().unwrap();
        let mut patch = |operations: Value| apply(&mut group, &operations).map(|()| group.clone());
        let added =
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": "1" }, { "value": "2" }] }]))
                .unwrap();
        assert_eq!(added["members"].as_array().unwrap().len(), 2);
        let added = patch(json!([{ "op": "add", "value": { "members": [{ "value": "3" }] } }])).unwrap();
        assert_eq!(added["members"].as_array().unwrap().len(), 3);
        let less = patch(json!([{ "op": "remove", "path": "members[value eq \"2\"]" }])).unwrap();
        assert_eq!(less["members"], json!([{ "value": "1" }, { "value": "3" }]));
        let named = patch(json!([{ "op": "Replace", "path": "name.givenName", "value": "Ann" }])).unwrap();
        assert_eq!(named["name"]["givenName"], "Ann");
        assert!(patch(json!([{ "op": "swap", "path": "a" }])).is_err());
        assert!(patch(json!([{ "op": "remove" }])).is_err());
    }
}
