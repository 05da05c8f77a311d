//! Pipelines: their settings, updates and events. An update ends at once; it runs nothing.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::plain::{Call, Object, Route, rfc3339};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const LACKS: &str = "updates end at once and run nothing";

pub(super) const ROUTES: &[Route] = &[
    Route::new("pipelines_create", create).lacks(LACKS),
    Route::new("pipelines_get", get).lacks(LACKS),
    Route::new("pipelines_update", update).lacks(LACKS),
    Route::new("pipelines_clone", clone).lacks(LACKS),
    Route::new("pipelines_start_update", start).lacks(LACKS),
    Route::new("pipelines_get_update", get_update).lacks(LACKS),
    Route::new("pipelines_stop", stop).lacks(LACKS),
];

/// Fields of a request that are no settings.
const DIRECTIONS: &[&str] = &[
    "allow_duplicate_names",
    "dry_run",
    "run_as",
    "expected_last_modified",
    "clone_mode",
    "pipeline_id",
    "parameters",
];

fn find(call: &Call, change: &Change) -> Reply<(String, Object)> {
    let id = call.must("pipeline_id")?;
    match change.get("pipeline", &id) {
        Some(stored) => Ok((id, Object::read(stored))),
        None => Err(ApiError::not_found(format!("The specified pipeline {id} was not found."))),
    }
}

fn free(call: &Call, change: &Change, own: Option<&str>, name: &Value) -> Reply<()> {
    let taken = change.all("pipeline", "").into_iter();
    let mut taken = taken.filter(|(id, _)| Some(id.as_str()) != own);
    if call.flag("allow_duplicate_names")
        || name.is_null()
        || !taken.any(|(_, it)| it["given"]["name"] == *name)
    {
        return Ok(());
    }
    let message = format!(
        "The pipeline name {name} is already used by another pipeline. This check can be skipped by setting `allow_duplicate_names = true` in the request."
    );
    Err(ApiError::new(StatusCode::CONFLICT, "RESOURCE_CONFLICT", message))
}

fn settings(call: &Call) -> Map<String, Value> {
    let mut given = call.body.clone();
    given.retain(|name, value| !value.is_null() && !DIRECTIONS.contains(&name.as_str()));
    given
}

fn spec(id: &str, given: &Map<String, Value>) -> Value {
    let mut spec = given.clone();
    spec.insert("id".into(), json!(id));
    for (name, value) in [
        ("continuous", json!(false)),
        ("development", json!(false)),
        ("photon", json!(false)),
        ("channel", json!("CURRENT")),
        ("edition", json!("ADVANCED")),
    ] {
        spec.entry(name).or_insert(value);
    }
    spec.entry("storage").or_insert_with(|| json!(format!("dbfs:/pipelines/{id}")));
    Value::Object(spec)
}

fn add(call: &Call, change: &mut Change, given: Map<String, Value>) -> String {
    let id = ids::uuid();
    let mut out = Map::new();
    for (name, value) in [
        ("pipeline_id", json!(id)),
        ("state", json!("IDLE")),
        ("health", json!("HEALTHY")),
        ("last_modified", json!(call.now)),
        ("creator_user_name", json!(call.caller.name)),
        ("run_as_user_name", json!(call.caller.name)),
    ] {
        out.insert(name.into(), value);
    }
    change.put("pipeline", &id, Object { given, out }.stored());
    event(call, change, &id, None, "create_pipeline", "Pipeline was created".into());
    super::permissions::own(call.caller, "pipelines", &id, change);
    id
}

fn create(call: &Call, change: &mut Change) -> Reply<Value> {
    let given = settings(call);
    free(call, change, None, given.get("name").unwrap_or(&Value::Null))?;
    if call.flag("dry_run") {
        return Ok(json!({ "effective_settings": spec("", &given) }));
    }
    Ok(json!({ "pipeline_id": add(call, change, given) }))
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, pipeline) = find(call, change)?;
    let updates = change.all("pipeline_update", &format!("{id}/"));
    let latest: Vec<Value> = updates
        .iter()
        .rev()
        .take(5)
        .map(|(_, it)| {
            let made = it["out"]["creation_time"].as_i64().unwrap_or_default();
            json!({ "update_id": it["out"]["update_id"], "state": it["out"]["state"], "creation_time": rfc3339(made) })
        })
        .collect();
    let mut view = pipeline.out.clone();
    view.insert("name".into(), pipeline.given.get("name").cloned().unwrap_or_else(|| json!("")));
    view.insert("spec".into(), spec(&id, &pipeline.given));
    if !latest.is_empty() {
        view.insert("latest_updates".into(), json!(latest));
    }
    Ok(Value::Object(view))
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut pipeline) = find(call, change)?;
    let given = settings(call);
    free(call, change, Some(&id), given.get("name").unwrap_or(&Value::Null))?;
    if let Some(expected) = call.text("expected_last_modified")
        && pipeline.out.get("last_modified").map(ToString::to_string) != Some(expected)
    {
        let message = format!("Pipeline {id} has changed since it was read");
        return Err(ApiError::new(StatusCode::CONFLICT, "RESOURCE_CONFLICT", message));
    }
    pipeline.given = given;
    pipeline.out.insert("last_modified".into(), json!(call.now));
    change.put("pipeline", &id, pipeline.stored());
    event(
        call,
        change,
        &id,
        None,
        "user_action",
        format!("User {} edited settings of pipeline", call.caller.name),
    );
    Ok(json!({}))
}

fn clone(call: &Call, change: &mut Change) -> Reply<Value> {
    let (_, pipeline) = find(call, change)?;
    let mut given = pipeline.given;
    given.extend(settings(call));
    free(call, change, None, given.get("name").unwrap_or(&Value::Null))?;
    Ok(json!({ "pipeline_id": add(call, change, given) }))
}

fn event(
    call: &Call,
    change: &mut Change,
    pipeline: &str,
    update: Option<&str>,
    kind: &str,
    message: String,
) {
    let id = ids::uuid();
    let number = change.number();
    let mut origin = json!({ "cloud": "AWS", "region": "us-west-2", "pipeline_id": pipeline });
    if let Some(update) = update {
        origin["update_id"] = json!(update);
    }
    let out = json!({
        "id": id, "event_type": kind, "level": "INFO", "maturity_level": "STABLE", "message": message,
        "timestamp": rfc3339(call.now), "origin": origin, "sequence": { "control_plane_seq_no": number },
    });
    change.put("pipeline_event", &format!("{pipeline}/{id}"), json!({ "given": {}, "out": out }));
}

fn start(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, pipeline) = find(call, change)?;
    let update = ids::uuid();
    let given = call.body.clone();
    let mut out = json!({
        "update_id": update, "pipeline_id": id, "creation_time": call.now, "state": "COMPLETED", "cause": "API_CALL",
        "full_refresh": call.flag("full_refresh"), "validate_only": call.flag("validate_only"),
        "config": spec(&id, &pipeline.given),
    });
    for name in ["refresh_selection", "full_refresh_selection"] {
        if let Some(value) = given.get(name) {
            out[name] = value.clone();
        }
    }
    if let Some(cause) = call.text("cause") {
        out["cause"] = json!(cause);
    }
    change.put("pipeline_update", &format!("{id}/{update}"), json!({ "given": {}, "out": out }));
    for state in ["CREATED", "COMPLETED"] {
        let message = format!("Update {} is {state}.", &update[..6]);
        event(call, change, &id, Some(&update), "update_progress", message);
    }
    Ok(json!({ "update_id": update }))
}

fn get_update(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, _) = find(call, change)?;
    let update = call.must("update_id")?;
    let found = change.get("pipeline_update", &format!("{id}/{update}"));
    found
        .map(|found| json!({ "update": found["out"] }))
        .ok_or_else(|| ApiError::not_found(format!("The specified update {update} was not found.")))
}

fn stop(call: &Call, change: &mut Change) -> Reply<Value> {
    find(call, change)?;
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_the_handlers_store_is_what_the_tables_read() {
        for kind in ["pipeline", "pipeline_update", "pipeline_event"] {
            assert!(crate::api::plain::of_kind(kind).is_some());
        }
    }
}
