//! What a policy makes of a cluster: values that are fixed or usual are filled in, others are refused.

use axum::http::StatusCode;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::model::Spec;
use crate::api::plain::{self, Object};
use crate::server::{ApiError, Reply};
use crate::state::AppState;

/// Attributes of a definition that are no fields of a cluster.
const NOT_FIELDS: &[&str] = &["cluster_type", "dbus_per_hour"];

/// Holds a cluster to the policy that it names, if it names one.
pub(super) fn hold(state: &AppState, spec: &mut Spec) -> Reply<()> {
    // a word on how to read the request, and no part of the cluster
    let defaults = spec.rest.shift_remove("apply_policy_default_values") == Some(json!(true));
    let Some(id) = spec.policy_id.clone().filter(|id| !id.is_empty()) else { return Ok(()) };
    let stored = state.store.records.with(|change| Ok(change.get("cluster_policy", &id).cloned()))?;
    let Some((stored, row)) = stored.zip(plain::of_kind("cluster_policy")) else {
        return Err(ApiError::invalid(format!("Cluster policy '{id}' does not exist.")));
    };
    let view = Object::read(&stored).view(row);
    let definition = view.get("definition").and_then(Value::as_str).unwrap_or("{}");
    let definition: Map<String, Value> = serde_json::from_str(definition).unwrap_or_default();
    let Value::Object(mut fields) = json!(spec) else { return Ok(()) };
    apply(&mut fields, &definition, defaults)?;
    *spec = serde_json::from_value(Value::Object(fields)).map_err(ApiError::internal)?;
    Ok(())
}

/// Fills in what a definition fixes, and with `defaults` also what is usual, and refuses what it does not allow.
fn apply(fields: &mut Map<String, Value>, definition: &Map<String, Value>, defaults: bool) -> Reply<()> {
    for (path, rule) in definition.iter().filter(|(path, _)| !NOT_FIELDS.contains(&path.as_str())) {
        // names of settings have dots in them, and only the first part leads to the map
        let steps: Vec<&str> = match path.split_once('.') {
            Some((map @ ("spark_conf" | "custom_tags" | "spark_env_vars"), name)) => vec![map, name],
            _ => path.split('.').collect(),
        };
        // the places in a list are not looked at
        if steps.iter().any(|step| step.parse::<usize>().is_ok() || *step == "*") {
            continue;
        }
        let kind = rule["type"].as_str().unwrap_or_default();
        let usual = match kind {
            "fixed" => Some(&rule["value"]),
            _ => Some(&rule["defaultValue"]).filter(|_| defaults),
        };
        if at(fields, &steps).is_none()
            && let Some(value) = usual.filter(|value| !value.is_null())
        {
            put(fields, &steps, value.clone());
        }
        let value = at(fields, &steps);
        let failed = |must: String| Err(refusal(&format!("Validation failed for {path}, {must}")));
        match (kind, value) {
            ("forbidden", Some(_)) => return failed("the value must not be present".into()),
            ("allowlist" | "regex" | "range", None) if rule["isOptional"] != json!(true) => {
                return failed("the value must be present".into());
            }
            (_, None) => {}
            (kind, Some(value)) => {
                if let Some(must) = broken(kind, rule, value) {
                    return failed(format!("{must} (is {})", shown(value)));
                }
            }
        }
    }
    Ok(())
}

/// What a value would have to be, if a rule does not allow it.
fn broken(kind: &str, rule: &Value, value: &Value) -> Option<String> {
    let among =
        |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|one| shown(one) == shown(value)));
    let list = |list: &Value| list.as_array().into_iter().flatten().map(shown).collect::<Vec<_>>().join(", ");
    match kind {
        "fixed" if shown(&rule["value"]) != shown(value) => {
            Some(format!("the value must be {}", shown(&rule["value"])))
        }
        "allowlist" if !among(&rule["values"]) => {
            Some(format!("the value must be one of {}", list(&rule["values"])))
        }
        "blocklist" if among(&rule["values"]) => {
            Some(format!("the value must not be one of {}", list(&rule["values"])))
        }
        "regex" => {
            let pattern = rule["pattern"].as_str().unwrap_or_default();
            let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
            (!whole.is_match(&shown(value))).then(|| format!("the value must match the regex {pattern}"))
        }
        "range" => {
            let number = shown(value).parse::<f64>().ok();
            let bound = |name: &str| rule[name].as_f64();
            match (number, bound("minValue"), bound("maxValue")) {
                (Some(number), Some(least), _) if number < least => {
                    Some(format!("the value cannot be less than {least}"))
                }
                (Some(number), _, Some(most)) if number > most => {
                    Some(format!("the value cannot exceed {most}"))
                }
                (None, ..) => Some("the value must be a number".into()),
                _ => None,
            }
        }
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    plain::text(value)
}

fn at<'a>(fields: &'a Map<String, Value>, steps: &[&str]) -> Option<&'a Value> {
    let (first, rest) = steps.split_first()?;
    rest.iter().try_fold(fields.get(*first)?, |value, step| value.get(step)).filter(|value| !value.is_null())
}

fn put(fields: &mut Map<String, Value>, steps: &[&str], value: Value) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        fields.insert((*first).to_owned(), value);
        return;
    }
    let inner = fields.entry((*first).to_owned()).or_insert_with(|| json!({}));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

fn refusal(words: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "INVALID_PARAMETER_VALUE",
        format!("Cluster validation error: {words}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_fill_in_and_refuse() {
        let definition = json!({
            "autotermination_minutes": { "type": "range", "minValue": 10, "maxValue": 30, "defaultValue": 20 },
            "node_type_id": { "type": "allowlist", "values": ["a", "b"], "defaultValue": "a" },
            "spark_conf.spark.x": { "type": "fixed", "value": "1" },
            "custom_tags.team": { "type": "regex", "pattern": "t[0-9]+", "isOptional": true },
            "driver_node_type_id": { "type": "blocklist", "values": ["c"] },
            "instance_pool_id": { "type": "forbidden", "hidden": true },
            "dbus_per_hour": { "type": "range", "maxValue": 1 },
        });
        let definition = definition.as_object().unwrap();
        let run = |given: Value, defaults: bool| {
            let mut fields = given.as_object().unwrap().clone();
            apply(&mut fields, definition, defaults)
                .map(|()| Value::Object(fields))
                .map_err(|refusal| refusal.message)
        };
        let filled =
            json!({ "autotermination_minutes": 20, "node_type_id": "a", "spark_conf": { "spark.x": "1" } });
        assert_eq!(run(json!({}), true).unwrap(), filled);
        for (given, said) in [
            (json!({}), "autotermination_minutes, the value must be present"),
            (json!({ "autotermination_minutes": 5 }), "cannot be less than 10 (is 5)"),
            (json!({ "autotermination_minutes": 31 }), "cannot exceed 30"),
            (json!({ "autotermination_minutes": 20, "node_type_id": "z" }), "must be one of a, b (is z)"),
            (
                json!({ "autotermination_minutes": 20, "node_type_id": "b", "spark_conf": { "spark.x": "2" } }),
                "must be 1 (is 2)",
            ),
            (
                json!({ "autotermination_minutes": 20, "node_type_id": "b", "custom_tags": { "team": "x" } }),
                "must match the regex",
            ),
            (
                json!({ "autotermination_minutes": 20, "node_type_id": "b", "driver_node_type_id": "c" }),
                "must not be one of c",
            ),
            (
                json!({ "autotermination_minutes": 20, "node_type_id": "b", "instance_pool_id": "p" }),
                "must not be present",
            ),
        ] {
            let refused = run(given.clone(), false).unwrap_err();
            assert!(refused.contains(said), "{given}: {refused}");
        }
    }
}
