//! Databricks SQL beside queries and alerts: data sources, old permissions, the configuration of warehouses, publishing a
//! dashboard; and policy families, which a workspace is born with.

use serde_json::{Map, Value, json};

use super::plain::{Call, Object, Route, make, missing, of_kind, paged, part_of_key, rfc3339, shaped};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const CONFIG: &str = "warehouse_config";
const ACL: &str = "dbsql_acl";

pub(super) const ROUTES: &[Route] = &[
    Route::new("data_sources_list", data_sources),
    Route::new("queries_list_visualizations", visualizations),
    Route::new("dbsql_permissions_get", permissions).lacks("kept and not enforced"),
    Route::new("dbsql_permissions_set", set_permissions).lacks("kept and not enforced"),
    Route::new("dbsql_permissions_transfer_ownership", transfer).lacks("kept and not enforced"),
    Route::new("warehouses_get_workspace_warehouse_config", config).lacks("kept, and changes nothing"),
    Route::new("warehouses_set_workspace_warehouse_config", set_config).lacks("kept, and changes nothing"),
    Route::new("lakeview_publish", publish),
    Route::new("lakeview_revert", revert),
    Route::new("lakeview_migrate", migrate).lacks("the text of the dashboard is not translated"),
    Route::new("policy_families_list", families).lacks("four of the families that the service has"),
    Route::new("policy_families_get", family).lacks("four of the families that the service has"),
    Route::new("redash_config_get_config", redash),
];

fn data_sources(call: &Call, _: &mut Change) -> Reply<Value> {
    let all = call.state.warehouses.names().into_iter().map(|(id, name)| {
        json!({
            "id": format!("{id}-source"), "name": name, "warehouse_id": id, "type": "databricks_internal", "syntax": "sql",
            "paused": 0, "supports_auto_limit": true, "view_only": false,
        })
    });
    Ok(Value::Array(all.collect()))
}

fn visualizations(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = call.must("id")?;
    if !change.has("query", &id) {
        return Err(ApiError::not_found(format!("Query '{id}' does not exist.")));
    }
    let Some(row) = of_kind("visualization") else { return Ok(json!({})) };
    let all = change.all("visualization", "").into_iter().map(|(_, stored)| Object::read(&stored).view(row));
    paged(call, all.filter(|view| view.get("query_id").is_some_and(|it| *it == json!(id))).collect())
}

/// The object of the older permissions, which must be there.
fn target(call: &Call, change: &Change) -> Reply<(String, String, String)> {
    let (path, id) = (call.must("object_type")?, call.must("object_id")?);
    let (kind, kinds): (&str, &[&str]) = match path.as_str() {
        // a transfer of ownership names the type in the singular
        "alerts" | "alert" => ("alert", &["alert", "legacy_alert"]),
        "dashboards" | "dashboard" => ("dashboard", &["legacy_dashboard", "lakeview"]),
        "queries" | "query" => ("query", &["query", "legacy_query"]),
        "data_sources" => ("data_source", &[]),
        _ => {
            return Err(ApiError::invalid(format!(
                "'{path}' is none of alerts, dashboards, data_sources and queries"
            )));
        }
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| change.has(kind, &id)) {
        return Err(ApiError::not_found(format!("{kind} '{id}' does not exist.")));
    }
    Ok((format!("{path}/{}", part_of_key(&id)), format!("{path}/{id}"), kind.to_owned()))
}

fn permissions(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, id, kind) = target(call, change)?;
    let first = || json!([{ "user_name": call.caller.name, "permission_level": "CAN_MANAGE" }]);
    let all = change.get(ACL, &key).cloned().unwrap_or_else(first);
    Ok(json!({ "object_id": id, "object_type": kind, "access_control_list": all }))
}

fn set_permissions(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, ..) = target(call, change)?;
    let list = call.body.get("access_control_list").cloned().unwrap_or_else(|| json!([]));
    change.put(ACL, &key, list);
    permissions(call, change)
}

fn transfer(call: &Call, change: &mut Change) -> Reply<Value> {
    let (_, _, kind) = target(call, change)?;
    let owner = call.must("new_owner")?;
    let id = part_of_key(&call.must("object_id")?);
    for kind in [kind.clone(), format!("legacy_{kind}")] {
        if let Some(mut stored) = change.get(&kind, &id).cloned() {
            stored["out"]["owner_user_name"] = json!(owner);
            change.put(&kind, &id, stored);
        }
    }
    Ok(json!({ "message": "Success" }))
}

fn config(_: &Call, change: &mut Change) -> Reply<Value> {
    let stored = change.get(CONFIG, "workspace").cloned();
    Ok(stored.unwrap_or_else(|| {
        json!({
            "security_policy": "DATA_ACCESS_CONTROL", "enable_serverless_compute": true, "data_access_config": [],
            "enabled_warehouse_types": [{ "warehouse_type": "CLASSIC", "enabled": true }, { "warehouse_type": "PRO", "enabled": true }],
        })
    }))
}

fn set_config(call: &Call, change: &mut Change) -> Reply<Value> {
    let mut stored = config(call, change)?;
    for (name, value) in call.body.iter().filter(|(_, value)| !value.is_null()) {
        stored[name.as_str()] = value.clone();
    }
    change.put(CONFIG, "workspace", stored);
    Ok(json!({}))
}

fn dashboard(call: &Call, change: &Change) -> Reply<(String, Object)> {
    let id = call.must("dashboard_id")?;
    match (change.get("lakeview", &id), of_kind("lakeview")) {
        (Some(stored), _) => Ok((id, Object::read(stored))),
        (None, Some(row)) => Err(missing(row, &id)),
        (None, None) => Err(ApiError::not_found(format!("Dashboard '{id}' does not exist."))),
    }
}

fn publish(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, dashboard) = dashboard(call, change)?;
    let warehouse =
        call.text("warehouse_id").map(Value::from).or_else(|| dashboard.given.get("warehouse_id").cloned());
    let mut out = json!({
        "display_name": dashboard.given.get("display_name"), "embed_credentials": call.text("embed_credentials").is_none_or(|it| it == "true"),
        "revision_create_time": rfc3339(call.now),
    });
    if let Some(warehouse) = warehouse {
        out["warehouse_id"] = warehouse;
    }
    // what was published is what a revert goes back to
    let kept = json!({ "given": {}, "out": out, "draft": dashboard.given });
    change.put("lakeview_published", &id, kept);
    Ok(out)
}

fn revert(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut dashboard) = dashboard(call, change)?;
    let draft = change.get("lakeview_published", &id).and_then(|it| it["draft"].as_object()).cloned();
    dashboard.given =
        draft.ok_or_else(|| ApiError::invalid_state(format!("Dashboard {id} has not been published")))?;
    dashboard.out.insert("update_time".into(), json!(rfc3339(call.now)));
    dashboard.out.insert("etag".into(), json!(ids::hex16()));
    change.put("lakeview", &id, dashboard.stored());
    let view = of_kind("lakeview").map(|row| dashboard.view(row)).unwrap_or_default();
    let schema = call.operation.answer().and_then(|schema| schema.property("dashboard"));
    Ok(json!({ "dashboard": schema.map(|schema| shaped(schema, &view)) }))
}

fn migrate(call: &Call, change: &mut Change) -> Reply<Value> {
    let source = call.must("source_dashboard_id")?;
    let Some(old) = change.get("legacy_dashboard", &source).cloned() else {
        return Err(ApiError::not_found(format!("Dashboard '{source}' does not exist.")));
    };
    let Some(row) = of_kind("lakeview") else { return Ok(json!({})) };
    let name = call.text("display_name").map(Value::from).unwrap_or_else(|| old["given"]["name"].clone());
    let parent = call.text("parent_path").unwrap_or_else(|| format!("/Users/{}", call.caller.name));
    let given =
        Map::from_iter([("display_name".to_owned(), name), ("parent_path".to_owned(), json!(parent))]);
    let out = Map::from_iter([("lifecycle_state".to_owned(), json!("ACTIVE"))]);
    let object = make(row, call, change, &[], given, out)?;
    Ok(Value::Object(object.view(row)))
}

/// The families: their ids, names and definitions.
const FAMILIES: &[(&str, &str, &str)] = &[
    (
        "personal-vm",
        "Personal Compute",
        r#"{"node_type_id":{"type":"allowlist","values":["i3.xlarge","m5d.large"],"defaultValue":"i3.xlarge"},"num_workers":{"type":"fixed","value":0},"spark_conf.spark.databricks.cluster.profile":{"type":"fixed","value":"singleNode","hidden":true}}"#,
    ),
    (
        "power-user",
        "Power User Compute",
        r#"{"autotermination_minutes":{"type":"range","minValue":10,"maxValue":4320,"defaultValue":4320},"node_type_id":{"type":"unlimited","defaultValue":"i3.xlarge","isOptional":true},"spark_version":{"type":"unlimited","defaultValue":"auto:latest-lts-ml"}}"#,
    ),
    (
        "shared-compute",
        "Shared Compute",
        r#"{"autotermination_minutes":{"type":"unlimited","defaultValue":4320,"isOptional":true},"data_security_mode":{"type":"fixed","value":"USER_ISOLATION","hidden":true},"spark_version":{"type":"unlimited","defaultValue":"auto:latest-lts"}}"#,
    ),
    (
        "job-cluster",
        "Job Compute",
        r#"{"cluster_type":{"type":"fixed","value":"job"},"spark_version":{"type":"unlimited","defaultValue":"auto:latest-lts"},"num_workers":{"type":"unlimited","defaultValue":4,"isOptional":true}}"#,
    ),
];

/// The definition of a policy of a family: the family's, with what the policy has otherwise.
pub(crate) fn of_family(id: &str, overrides: &Map<String, Value>) -> Reply<String> {
    let family = FAMILIES.iter().find(|family| family.0 == id);
    let family = family.ok_or_else(|| ApiError::not_found(format!("Policy family {id} does not exist.")))?;
    let mut rules: Map<String, Value> = serde_json::from_str(family.2).map_err(ApiError::internal)?;
    rules.extend(overrides.clone());
    Ok(Value::Object(rules).to_string())
}

fn shown_family((id, name, definition): &(&str, &str, &str)) -> Map<String, Value> {
    Map::from_iter([
        ("policy_family_id".to_owned(), json!(id)),
        ("name".to_owned(), json!(name)),
        ("description".to_owned(), json!(format!("Rules of {}", name.to_lowercase()))),
        ("definition".to_owned(), json!(definition)),
    ])
}

fn families(call: &Call, _: &mut Change) -> Reply<Value> {
    paged(call, FAMILIES.iter().map(shown_family).collect())
}

fn family(call: &Call, _: &mut Change) -> Reply<Value> {
    let id = call.must("policy_family_id")?;
    let found = FAMILIES.iter().find(|family| family.0 == id).map(shown_family);
    found.map(Value::Object).ok_or_else(|| ApiError::not_found(format!("Policy family {id} does not exist.")))
}

fn redash(_: &Call, _: &mut Change) -> Reply<Value> {
    Ok(json!({
        "allow_custom_js_visualizations": false, "allow_downloads": true, "allow_external_shares": false, "allow_subscriptions": false,
        "date_format": "YYYY-MM-DD", "date_time_format": "YYYY-MM-DD HH:mm", "disable_publish": false,
        "enable_legacy_autodetect_types": false, "feature_show_permissions_control": true, "hide_plotly_mode_bar": false,
    }))
}
