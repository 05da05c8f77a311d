//! Serving endpoints, vector search, pipelines.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "serving_endpoint",
        "Endpoint",
        Key::Named("name"),
        &[
            ("serving_endpoints_create", Verb::Create),
            ("serving_endpoints_create_provisioned_throughput_endpoint", Verb::Create),
            ("serving_endpoints_get", Verb::Get),
            ("serving_endpoints_list", Verb::List),
            ("serving_endpoints_delete", Verb::Delete),
            ("serving_endpoints_put_ai_gateway", Verb::Part("ai_gateway")),
            ("serving_endpoints_update_notifications", Verb::Part("email_notifications")),
            ("serving_endpoints_put", Verb::Part("rate_limits")),
            ("serving_endpoints_patch_telemetry_config", Verb::Part("telemetry_config")),
        ],
    )
    .state(r#"{"state":{"ready":"READY","config_update":"NOT_UPDATING"},"permission_level":"CAN_MANAGE"}"#)
    .prepare(endpoint)
    .lacks("no model answers: queries, logs and metrics are refused"),
    Resource::new(
        "vector_endpoint",
        "Vector search endpoint",
        Key::Named("name"),
        &[
            ("vector_search_endpoints_create_endpoint", Verb::Create),
            ("vector_search_endpoints_get_endpoint", Verb::Get),
            ("vector_search_endpoints_list_endpoints", Verb::List),
            ("vector_search_endpoints_patch_endpoint", Verb::Merge),
            ("vector_search_endpoints_delete_endpoint", Verb::Delete),
            (
                "vector_search_endpoints_start_endpoint",
                Verb::Set(r#"{"endpoint_status":{"state":"ONLINE"}}"#),
            ),
            (
                "vector_search_endpoints_stop_endpoint",
                Verb::Set(r#"{"endpoint_status":{"state":"OFFLINE"}}"#),
            ),
            ("vector_search_endpoints_update_endpoint_budget_policy", Verb::Part("budget_policy_id")),
            ("vector_search_endpoints_update_endpoint_custom_tags", Verb::Part("custom_tags")),
        ],
    )
    .codes("RESOURCE_DOES_NOT_EXIST", 409, "RESOURCE_ALREADY_EXISTS")
    .state(r#"{"endpoint_status":{"state":"ONLINE"},"num_indexes":0}"#)
    .prepare(identified),
    Resource::new(
        "vector_index",
        "Vector index",
        Key::Named("name"),
        &[
            ("vector_search_indexes_create_index", Verb::Create),
            ("vector_search_indexes_get_index", Verb::Get),
            ("vector_search_indexes_list_indexes", Verb::List),
            ("vector_search_indexes_delete_index", Verb::Delete),
            ("vector_search_indexes_sync_index", Verb::Set("{}")),
        ],
    )
    .codes("RESOURCE_DOES_NOT_EXIST", 409, "RESOURCE_ALREADY_EXISTS")
    .state(r#"{"status":{"ready":true,"indexed_row_count":0,"message":"Index is ready"}}"#)
    .prepare(index)
    .lacks("indexes hold no vectors: queries, scans and upserts are refused"),
    Resource::new(
        "pipeline",
        "Pipeline",
        Key::Made("pipeline_id", Form::Uuid),
        &[("pipelines_list_pipelines", Verb::List), ("pipelines_delete", Verb::Delete)],
    )
    .state(r#"{"state":"IDLE","health":"HEALTHY"}"#)
    .lacks("updates end at once and run nothing"),
    Resource::new(
        "pipeline_update",
        "Update",
        Key::Made("update_id", Form::Uuid),
        &[("pipelines_list_updates", Verb::List)],
    )
    .below("pipeline")
    .lacks("updates end at once and run nothing"),
    Resource::new(
        "pipeline_event",
        "Event",
        Key::Made("id", Form::Uuid),
        &[("pipelines_list_pipeline_events", Verb::List)],
    )
    .below("pipeline")
    .lacks("updates end at once and run nothing"),
];

fn identified(
    _: &Call,
    _: &mut Change,
    _: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    out.entry("id").or_insert_with(|| json!(ids::uuid()));
    Ok(())
}

fn endpoint(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
    let plain = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain || name.len() > 63 {
        return Err(ApiError::invalid(format!(
            "Invalid endpoint name '{name}': use up to 63 letters, digits, dashes and underscores"
        )));
    }
    out.insert("id".into(), json!(ids::hex32()));
    if let Some(config) = given.get_mut("config") {
        crate::api::serving::settle(config, call, 1);
    }
    Ok(())
}

fn index(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let endpoint = given.get("endpoint_name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(found) = change.get("vector_endpoint", &endpoint) else {
        return Err(ApiError::not_found(format!("Vector search endpoint {endpoint} not found")));
    };
    let mut found = found.clone();
    out.insert("endpoint_id".into(), found["out"]["id"].clone());
    let count = found["out"]["num_indexes"].as_i64().unwrap_or(0);
    found["out"]["num_indexes"] = json!(count + 1);
    change.put("vector_endpoint", &endpoint, found);
    if let Some(Value::Object(spec)) = given.get_mut("delta_sync_index_spec") {
        spec.shift_remove("columns_to_sync");
        spec.insert("pipeline_id".into(), json!(ids::uuid()));
    }
    let _ = call;
    Ok(())
}
