//! What of serving endpoints is more than a record: their configuration with its versions, and their tags.

use serde_json::{Map, Value, json};

use super::plain::{Call, Object, Route, of_kind, shaped};
use crate::server::{ApiError, Reply};
use crate::store::Change;

const KIND: &str = "serving_endpoint";
const LACKS: &str = "no model answers: queries, logs and metrics are refused";

pub(super) const ROUTES: &[Route] = &[
    Route::new("serving_endpoints_update_config", config).lacks(LACKS),
    Route::new("serving_endpoints_update_provisioned_throughput_endpoint_config", config).lacks(LACKS),
    Route::new("serving_endpoints_patch", tags).lacks(LACKS),
];

/// Makes of a configuration that was asked for one that is served: names, states, routes.
pub(super) fn settle(config: &mut Value, call: &Call, version: i64) {
    let Some(fields) = config.as_object_mut() else { return };
    fields.shift_remove("name");
    fields.insert("config_version".into(), json!(version));
    let mut names = Vec::new();
    for list in ["served_entities", "served_models"] {
        for entity in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let model = entity["entity_name"]
                .as_str()
                .or(entity["model_name"].as_str())
                .unwrap_or("external")
                .to_owned();
            let of = entity["entity_version"]
                .as_str()
                .or(entity["model_version"].as_str())
                .unwrap_or("1")
                .to_owned();
            let Some(entity) = entity.as_object_mut() else { continue };
            let name =
                entity.entry("name").or_insert_with(|| json!(format!("{}-{of}", model.replace('.', "_"))));
            names.push(name.clone());
            hide(entity);
            entity.insert(
                "state".into(),
                json!({ "deployment": "DEPLOYMENT_READY", "deployment_state_message": "" }),
            );
            entity.insert("creator".into(), json!(call.caller.name));
            entity.insert("creation_timestamp".into(), json!(call.now));
        }
    }
    if !fields.contains_key("traffic_config")
        && let Some(first) = names.first()
    {
        let routes = json!({ "routes": [{ "served_model_name": first, "traffic_percentage": 100 }] });
        fields.insert("traffic_config".into(), routes);
    }
}

/// Takes keys of other services out of an external model.
fn hide(entity: &mut Map<String, Value>) {
    let Some(Value::Object(model)) = entity.get_mut("external_model") else { return };
    for provider in model.values_mut().filter_map(Value::as_object_mut) {
        provider.retain(|name, _| !name.ends_with("_plaintext"));
    }
}

fn find(call: &Call, change: &Change) -> Reply<(String, Object)> {
    let name = call.must("name")?;
    match change.get(KIND, &name) {
        Some(stored) => Ok((name, Object::read(stored))),
        None => Err(ApiError::not_found(format!("Endpoint with name '{name}' does not exist."))),
    }
}

fn config(call: &Call, change: &mut Change) -> Reply<Value> {
    let (name, mut endpoint) = find(call, change)?;
    let version =
        endpoint.given.get("config").and_then(|config| config["config_version"].as_i64()).unwrap_or(0);
    let mut body = call.body.clone();
    body.shift_remove("name");
    let mut config = body.get("config").cloned().unwrap_or(Value::Object(body));
    settle(&mut config, call, version + 1);
    endpoint.given.insert("config".into(), config);
    endpoint.out.insert("last_updated_timestamp".into(), json!(call.now));
    change.put(KIND, &name, endpoint.stored());
    let view = of_kind(KIND).map(|row| endpoint.view(row)).unwrap_or_default();
    Ok(call.operation.answer().map_or_else(|| json!({}), |schema| shaped(schema, &view)))
}

fn tags(call: &Call, change: &mut Change) -> Reply<Value> {
    let (name, mut endpoint) = find(call, change)?;
    let mut tags = endpoint.given.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let list = |field: &str| call.body.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    for gone in list("delete_tags") {
        tags.retain(|tag| tag["key"] != gone);
    }
    for tag in list("add_tags") {
        tags.retain(|known| known["key"] != tag["key"]);
        tags.push(tag);
    }
    endpoint.given.insert("tags".into(), json!(tags));
    change.put(KIND, &name, endpoint.stored());
    Ok(json!({ "tags": tags }))
}
