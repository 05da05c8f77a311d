//! Queries, alerts, visualizations and dashboards, of today and of before.

use serde_json::{Map, Value, json};

use super::super::resource::{Form, Key, Resource, Verb};
use super::super::{Call, rfc3339};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new("query", "Query", Key::Made("id", Form::Uuid), &[
        ("queries_create", Verb::Create),
        ("queries_get", Verb::Get),
        ("queries_list", Verb::List),
        ("queries_update", Verb::Merge),
        ("queries_delete", Verb::Delete),
    ])
    .wrapped("query")
    .defaults(r#"{"run_as_mode":"OWNER","query_text":"","apply_auto_limit":false}"#)
    .state(r#"{"lifecycle_state":"ACTIVE"}"#)
    .trash("lifecycle_state", "TRASHED")
    .prepare(homed),
    Resource::new("visualization", "Visualization", Key::Made("id", Form::Uuid), &[
        ("query_visualizations_create", Verb::Create),
        ("query_visualizations_update", Verb::Merge),
        ("query_visualizations_delete", Verb::Delete),
    ])
    .wrapped("visualization"),
    Resource::new("alert", "Alert", Key::Made("id", Form::Uuid), &[
        ("alerts_create", Verb::Create),
        ("alerts_get", Verb::Get),
        ("alerts_list", Verb::List),
        ("alerts_update", Verb::Merge),
        ("alerts_delete", Verb::Delete),
    ])
    .wrapped("alert")
    .defaults(r#"{"seconds_to_retrigger":0,"notify_on_ok":false}"#)
    .state(r#"{"lifecycle_state":"ACTIVE","state":"UNKNOWN"}"#)
    .trash("lifecycle_state", "TRASHED")
    .prepare(alert)
    .lacks("alerts are never evaluated"),
    Resource::new("alert_v2", "Alert", Key::Made("id", Form::Uuid), &[
        ("alerts_v2_create_alert", Verb::Create),
        ("alerts_v2_get_alert", Verb::Get),
        ("alerts_v2_list_alerts", Verb::List),
        ("alerts_v2_update_alert", Verb::Merge),
        ("alerts_v2_trash_alert", Verb::Delete),
    ])
    .modern()
    .state(r#"{"lifecycle_state":"ACTIVE"}"#)
    .trash("lifecycle_state", "DELETED")
    .prepare(homed)
    .lacks("alerts are never evaluated"),
    Resource::new("legacy_query", "Query", Key::Made("id", Form::Uuid), &[
        ("queries_legacy_create", Verb::Create),
        ("queries_legacy_get", Verb::Get),
        ("queries_legacy_list", Verb::List),
        ("queries_legacy_update", Verb::Merge),
        ("queries_legacy_delete", Verb::Delete),
        ("queries_legacy_restore", Verb::Set(r#"{"is_archived":false}"#)),
    ])
    .defaults(r#"{"is_draft":false,"is_favorite":false,"is_safe":true,"can_edit":true,"tags":[],"permission_tier":"CAN_MANAGE","run_as_role":"owner"}"#)
    .state(r#"{"is_archived":false,"visualizations":[]}"#)
    .trash("is_archived", "true")
    .prepare(legacy),
    Resource::new("legacy_alert", "Alert", Key::Made("id", Form::Uuid), &[
        ("alerts_legacy_create", Verb::Create),
        ("alerts_legacy_get", Verb::Get),
        ("alerts_legacy_list", Verb::List),
        ("alerts_legacy_update", Verb::Replace),
        ("alerts_legacy_delete", Verb::Delete),
    ])
    .state(r#"{"state":"unknown"}"#)
    .prepare(legacy)
    .lacks("alerts are never evaluated"),
    Resource::new("legacy_visualization", "Visualization", Key::Made("id", Form::Uuid), &[
        ("query_visualizations_legacy_create", Verb::Create),
        ("query_visualizations_legacy_update", Verb::Merge),
        ("query_visualizations_legacy_delete", Verb::Delete),
    ])
    .prepare(legacy_visualization),
    Resource::new("legacy_dashboard", "Dashboard", Key::Made("id", Form::Uuid), &[
        ("dashboards_get", Verb::Get),
        ("dashboards_list", Verb::List),
        ("dashboards_update", Verb::Merge),
        ("dashboards_delete", Verb::Delete),
        ("dashboards_restore", Verb::Set(r#"{"is_archived":false}"#)),
    ])
    .defaults(r#"{"is_draft":false,"is_favorite":false,"can_edit":true,"tags":[],"widgets":[],"permission_tier":"CAN_MANAGE"}"#)
    .state(r#"{"is_archived":false}"#)
    .trash("is_archived", "true")
    .lacks("the documents have no way to make one any more"),
    Resource::new("widget", "Widget", Key::Made("id", Form::Uuid), &[
        ("dashboard_widgets_create", Verb::Create),
        ("dashboard_widgets_update", Verb::Merge),
        ("dashboard_widgets_delete", Verb::Delete),
    ]),
    Resource::new("lakeview", "Dashboard", Key::Made("dashboard_id", Form::Hex), &[
        ("lakeview_create", Verb::Create),
        ("lakeview_get", Verb::Get),
        ("lakeview_list", Verb::List),
        ("lakeview_update", Verb::Merge),
        ("lakeview_trash", Verb::Delete),
    ])
    .defaults(r#"{"serialized_dashboard":"{}"}"#)
    .state(r#"{"lifecycle_state":"ACTIVE"}"#)
    .trash("lifecycle_state", "TRASHED")
    .prepare(lakeview)
    .lacks("nothing draws them"),
    Resource::new("lakeview_published", "Published dashboard", Key::Single, &[
        ("lakeview_get_published", Verb::Get),
        ("lakeview_unpublish", Verb::Delete),
    ])
    .below("lakeview"),
    Resource::new("lakeview_schedule", "Schedule", Key::Made("schedule_id", Form::Uuid), &[
        ("lakeview_create_schedule", Verb::Create),
        ("lakeview_get_schedule", Verb::Get),
        ("lakeview_list_schedules", Verb::List),
        ("lakeview_update_schedule", Verb::Replace),
        ("lakeview_delete_schedule", Verb::Delete),
    ])
    .below("lakeview")
    .defaults(r#"{"pause_status":"UNPAUSED"}"#)
    .lacks("schedules never fire"),
    Resource::new("lakeview_subscription", "Subscription", Key::Made("subscription_id", Form::Uuid), &[
        ("lakeview_create_subscription", Verb::Create),
        ("lakeview_get_subscription", Verb::Get),
        ("lakeview_list_subscriptions", Verb::List),
        ("lakeview_delete_subscription", Verb::Delete),
    ])
    .below("lakeview_schedule")
    .lacks("nobody is written to"),
    Resource::new("genie_space", "Genie space", Key::Made("space_id", Form::Hex), &[
        ("genie_create_space", Verb::Create),
        ("genie_get_space", Verb::Get),
        ("genie_list_spaces", Verb::List),
        ("genie_update_space", Verb::Merge),
        ("genie_trash_space", Verb::Delete),
    ])
    .defaults(r#"{"title":"New Space"}"#)
    .lacks("there is no model to talk to"),
    Resource::new("warehouse_override", "Default warehouse override", Key::Named("default_warehouse_override_id"), &[
        ("warehouses_create_default_warehouse_override", Verb::Create),
        ("warehouses_get_default_warehouse_override", Verb::Get),
        ("warehouses_list_default_warehouse_overrides", Verb::List),
        ("warehouses_update_default_warehouse_override", Verb::Merge),
        ("warehouses_delete_default_warehouse_override", Verb::Delete),
    ])
    .modern(),
];

fn homed(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if !call.path.is_empty() {
        return Ok(());
    }
    let name = given.get("display_name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        given.insert("display_name".into(), json!("New Query"));
    }
    given.entry("parent_path").or_insert_with(|| json!(format!("/Workspace/Users/{}", call.caller.name)));
    if call.operation.id.starts_with("alerts_v2") {
        out.insert("run_as_user_name".into(), json!(call.caller.name));
        out.insert("effective_run_as".into(), json!({ "user_name": call.caller.name }));
        return Ok(());
    }
    out.insert("last_modifier_user_name".into(), json!(call.caller.name));
    Ok(())
}

fn alert(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(query) = given.get("query_id").and_then(Value::as_str)
        && !change.has("query", query)
        && !change.has("legacy_query", query)
    {
        return Err(ApiError::not_found(format!("Query '{query}' does not exist.")));
    }
    homed(call, change, given, out)
}

/// The user as the older services show one.
fn user(call: &Call) -> Value {
    json!({ "id": call.caller.id.parse::<i64>().unwrap_or_default(), "name": call.caller.name, "email": call.caller.name })
}

fn legacy(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(query) = given.shift_remove("query_id").and_then(|id| id.as_str().map(str::to_owned)) {
        let found = change.get("legacy_query", &query).or_else(|| change.get("query", &query));
        let Some(found) = found else {
            return Err(ApiError::not_found(format!("Query '{query}' does not exist.")));
        };
        let text =
            |name: &str, old: &str| found["given"].get(name).or_else(|| found["given"].get(old)).cloned();
        let mut shown = json!({ "id": query, "is_archived": false, "is_draft": false, "is_safe": true });
        for (field, value) in [
            ("name", text("name", "display_name")),
            ("query", text("query", "query_text")),
            ("description", text("description", "description")),
        ] {
            if let Some(value) = value {
                shown[field] = value;
            }
        }
        out.insert("query".into(), shown);
    }
    if call.path.is_empty() {
        out.insert("user".into(), user(call));
        if call.operation.id.starts_with("queries") {
            out.insert("user_id".into(), json!(call.caller.id.parse::<i64>().unwrap_or_default()));
            out.insert("query_hash".into(), json!(ids::hex32()));
        }
        given.entry("parent").or_insert_with(|| json!(format!("folders/{}", ids::number())));
    }
    if call.operation.id.starts_with("queries") {
        out.insert("last_modified_by".into(), user(call));
        out.insert("updated_at".into(), json!(rfc3339(call.now)));
        // the service always shows the list of parameters
        let options = given.entry("options").or_insert_with(|| json!({}));
        if let Value::Object(options) = options {
            options.entry("parameters").or_insert_with(|| json!([]));
        }
    }
    Ok(())
}

fn legacy_visualization(
    _: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    _: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(query) = given.get("query_id").and_then(Value::as_str)
        && !change.has("legacy_query", query)
        && !change.has("query", query)
    {
        return Err(ApiError::not_found(format!("Query '{query}' does not exist.")));
    }
    Ok(())
}

fn lakeview(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(text) = given.get("serialized_dashboard").and_then(Value::as_str)
        && serde_json::from_str::<Value>(text).is_err()
    {
        return Err(ApiError::invalid("serialized_dashboard is no JSON"));
    }
    for field in ["create_time", "update_time", "lifecycle_state", "dashboard_id", "path"] {
        given.shift_remove(field);
    }
    if call.path.is_empty() {
        let home = format!("/Users/{}", call.caller.name);
        let parent =
            given.entry("parent_path").or_insert_with(|| json!(home)).as_str().unwrap_or_default().to_owned();
        let name = given
            .entry("display_name")
            .or_insert_with(|| json!("New Dashboard"))
            .as_str()
            .unwrap_or_default();
        let path = format!("{}/{name}.lvdash.json", parent.trim_end_matches('/'));
        let taken = change.all("lakeview", "").into_iter();
        if taken
            .filter(|(_, it)| it["out"]["lifecycle_state"] == "ACTIVE")
            .any(|(_, it)| it["out"]["path"] == json!(path))
        {
            return Err(ApiError::new(
                axum::http::StatusCode::CONFLICT,
                "ALREADY_EXISTS",
                format!("Node named '{name}.lvdash.json' already exists"),
            ));
        }
        out.insert("path".into(), json!(path));
    }
    Ok(())
}
