//! Experiments.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{filter, find, search, set_entry};
use crate::api::plain::{Call, Route};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const EXPERIMENT: &str = "experiment";

pub(super) const ROUTES: &[Route] = &[
    Route::new("experiments_create_experiment", create),
    Route::new("experiments_get_experiment", get),
    Route::new("experiments_get_by_name", get_by_name),
    Route::new("experiments_list_experiments", list),
    Route::new("experiments_search_experiments", list),
    Route::new("experiments_update_experiment", update),
    Route::new("experiments_delete_experiment", delete),
    Route::new("experiments_restore_experiment", restore),
    Route::new("experiments_set_experiment_tag", tag),
];

fn named(change: &Change, name: &str) -> Option<Value> {
    change.all(EXPERIMENT, "").into_iter().map(|(_, it)| it).find(|it| it["name"] == name)
}

fn taken(name: &str) -> ApiError {
    let message = format!("Node named '{name}' already exists");
    ApiError::new(StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS", message)
}

fn path(name: &str) -> Reply<()> {
    if name.starts_with('/') {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Got an invalid experiment name '{name}'. An experiment name must be an absolute path within the workspace, such as '/Users/<some-username>/my-experiment'."
    )))
}

fn create(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    path(&name)?;
    if named(change, &name).is_some() {
        return Err(taken(&name));
    }
    let id = ids::number().to_string();
    let location =
        call.text("artifact_location").unwrap_or_else(|| format!("dbfs:/databricks/mlflow-tracking/{id}"));
    let mut tags = call.body.get("tags").cloned().unwrap_or_else(|| json!([]));
    for (key, value) in [
        ("mlflow.ownerId", call.caller.id.as_str()),
        ("mlflow.ownerEmail", call.caller.name.as_str()),
        ("mlflow.experiment.sourceName", name.as_str()),
        ("mlflow.experimentType", "MLFLOW_EXPERIMENT"),
    ] {
        set_entry(&mut tags, key, &json!(value));
    }
    let experiment = json!({
        "experiment_id": id, "name": name, "artifact_location": location, "lifecycle_stage": "active",
        "creation_time": call.now, "last_update_time": call.now, "tags": tags,
    });
    change.put(EXPERIMENT, &id, experiment);
    Ok(json!({ "experiment_id": id }))
}

pub(super) fn experiment(change: &Change, id: &str) -> Reply<Value> {
    find(change, EXPERIMENT, id, "Node ID")
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "experiment": experiment(change, &call.must("experiment_id")?)? }))
}

fn get_by_name(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("experiment_name")?;
    let found = named(change, &name);
    found
        .map(|found| json!({ "experiment": found }))
        .ok_or_else(|| ApiError::not_found(format!("Node {name} does not exist.")))
}

/// Whether an object of a stage is among those that a view shows.
pub(super) fn in_view(call: &Call, field: &str, stage: &Value) -> bool {
    match call.text(field).as_deref() {
        Some("ALL") => true,
        Some("DELETED_ONLY") => stage == "deleted",
        _ => stage == "active",
    }
}

fn list(call: &Call, change: &mut Change) -> Reply<Value> {
    let conditions = filter::parse(&call.text("filter").unwrap_or_default())?;
    let all = change.all(EXPERIMENT, "").into_iter().map(|(_, it)| it);
    let kept = all
        .filter(|it| in_view(call, "view_type", &it["lifecycle_stage"]) && filter::matches(&conditions, it));
    search(call, "experiments", kept.collect())
}

fn changed(call: &Call, change: &mut Change, set: impl FnOnce(&mut Value)) -> Reply<Value> {
    let id = call.must("experiment_id")?;
    let mut experiment = experiment(change, &id)?;
    set(&mut experiment);
    experiment["last_update_time"] = json!(call.now);
    change.put(EXPERIMENT, &id, experiment);
    Ok(json!({}))
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let Some(name) = call.text("new_name") else { return changed(call, change, |_| {}) };
    path(&name)?;
    if named(change, &name).is_some_and(|other| other["experiment_id"] != json!(call.text("experiment_id"))) {
        return Err(taken(&name));
    }
    changed(call, change, |experiment| experiment["name"] = json!(name))
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    changed(call, change, |experiment| experiment["lifecycle_stage"] = json!("deleted"))
}

fn restore(call: &Call, change: &mut Change) -> Reply<Value> {
    changed(call, change, |experiment| experiment["lifecycle_stage"] = json!("active"))
}

fn tag(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, value) = (call.must("key")?, call.text("value").unwrap_or_default());
    changed(call, change, |experiment| set_entry(&mut experiment["tags"], &key, &json!(value)))
}
