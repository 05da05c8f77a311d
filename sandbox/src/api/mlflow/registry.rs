//! The model registry of the workspace: models, versions, stages, comments and requests to move a version.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{filter, find, remove_entry, search, set_entry};
use crate::api::plain::{Call, Route, part_of_key, shaped};
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply};
use crate::state::AppState;
use crate::store::Change;

const MODEL: &str = "ws_model";
const VERSION: &str = "ws_model_version";
const COMMENT: &str = "ws_model_comment";
const REQUEST: &str = "ws_transition_request";

pub(super) const ROUTES: &[Route] = &[
    Route::new("model_registry_create_model", create),
    Route::new("model_registry_get_model", get),
    Route::new("model_registry_list_models", list),
    Route::new("model_registry_search_models", list),
    Route::new("model_registry_update_model", update),
    Route::new("model_registry_rename_model", rename),
    Route::new("model_registry_delete_model", delete),
    Route::new("model_registry_set_model_tag", tag),
    Route::new("model_registry_delete_model_tag", untag),
    Route::new("model_registry_get_latest_versions", latest),
    Route::new("model_registry_create_model_version", create_version),
    Route::new("model_registry_get_model_version", get_version),
    Route::new("model_registry_search_model_versions", search_versions),
    Route::new("model_registry_update_model_version", update_version),
    Route::new("model_registry_delete_model_version", delete_version),
    Route::new("model_registry_set_model_version_tag", tag_version),
    Route::new("model_registry_delete_model_version_tag", untag_version),
    Route::new("model_registry_get_model_version_download_uri", download),
    Route::new("model_registry_transition_stage", transition),
    Route::new("model_registry_create_comment", comment),
    Route::new("model_registry_update_comment", update_comment),
    Route::new("model_registry_delete_comment", delete_comment),
    Route::new("model_registry_create_transition_request", request),
    Route::new("model_registry_list_transition_requests", requests),
    Route::new("model_registry_approve_transition_request", approve),
    Route::new("model_registry_reject_transition_request", reject),
    Route::new("model_registry_delete_transition_request", withdraw),
];

const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

fn model(call: &Call, change: &Change) -> Reply<(String, Value)> {
    let key = part_of_key(&call.must("name")?);
    let model = find(change, MODEL, &key, "Registered Model")?;
    Ok((key, model))
}

fn version(call: &Call, change: &Change) -> Reply<(String, Value)> {
    let (name, _) = model(call, change)?;
    let key = format!("{name}/{}", call.must("version")?);
    let version = change.get(VERSION, &key).cloned();
    version
        .map(|version| (key.clone(), version))
        .ok_or_else(|| ApiError::not_found(format!("Model Version {key} does not exist.")))
}

/// The newest version of each stage.
fn latest_of(change: &Change, key: &str, stages: &[&str]) -> Vec<Value> {
    let versions: Vec<Value> =
        change.all(VERSION, &format!("{key}/")).into_iter().map(|(_, it)| it).collect();
    stages
        .iter()
        .filter_map(|stage| versions.iter().rev().find(|it| it["current_stage"] == *stage).cloned())
        .collect()
}

/// A model with the fields that an answer has for it.
fn view(call: &Call, change: &Change, key: &str, model: &Value, field: &str) -> Value {
    let mut view = model.as_object().cloned().unwrap_or_default();
    view.insert("latest_versions".into(), json!(latest_of(change, key, &STAGES)));
    let Some(schema) = call.operation.answer().and_then(|schema| {
        let inner = schema.property(field)?;
        Some(inner.items().unwrap_or(inner))
    }) else {
        return Value::Object(view);
    };
    shaped(schema, &view)
}

fn create(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    let key = part_of_key(&name);
    if change.has(MODEL, &key) {
        return Err(ApiError::already_exists(format!("Registered Model (name={name}) already exists.")));
    }
    let mut model = json!({
        "id": ids::hex32(), "name": name, "creation_timestamp": call.now, "last_updated_timestamp": call.now,
        "user_id": call.caller.name, "permission_level": "CAN_MANAGE",
    });
    for field in ["description", "tags"] {
        if let Some(value) = call.body.get(field).filter(|value| !value.is_null()) {
            model[field] = value.clone();
        }
    }
    change.put(MODEL, &key, model.clone());
    Ok(json!({ "registered_model": view(call, change, &key, &model, "registered_model") }))
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, model) = model(call, change)?;
    let field = "registered_model_databricks";
    Ok(json!({ field: view(call, change, &key, &model, field) }))
}

/// `registered-models/get`, which MLflow's own client asks for and the documents do not have.
pub(super) async fn open_get(State(state): State<AppState>, Params(query): Params<Name>) -> Answer {
    let key = part_of_key(&query.name);
    let model = state.store.records.with(|change| {
        let mut model = find(change, MODEL, &key, "Registered Model")?;
        model["latest_versions"] = json!(latest_of(change, &key, &STAGES));
        Ok(model)
    })?;
    Ok(Json(json!({ "registered_model": model })))
}

#[derive(Deserialize)]
pub(super) struct Name {
    name: String,
}

fn list(call: &Call, change: &mut Change) -> Reply<Value> {
    let conditions = filter::parse(&call.text("filter").unwrap_or_default())?;
    let all = change.all(MODEL, "").into_iter().filter(|(_, model)| filter::matches(&conditions, model));
    let all: Vec<Value> =
        all.map(|(key, model)| view(call, change, &key, &model, "registered_models")).collect();
    search(call, "registered_models", all)
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut model) = model(call, change)?;
    model["description"] = json!(call.text("description").unwrap_or_default());
    model["last_updated_timestamp"] = json!(call.now);
    change.put(MODEL, &key, model.clone());
    Ok(json!({ "registered_model": view(call, change, &key, &model, "registered_model") }))
}

fn rename(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut model) = model(call, change)?;
    let name = call.must("new_name")?;
    let new = part_of_key(&name);
    if change.has(MODEL, &new) {
        return Err(ApiError::already_exists(format!("Registered Model (name={name}) already exists.")));
    }
    model["name"] = json!(name);
    model["last_updated_timestamp"] = json!(call.now);
    change.remove(MODEL, &key);
    change.put(MODEL, &new, model.clone());
    for (old, mut version) in change.all(VERSION, &format!("{key}/")) {
        version["name"] = json!(name);
        change.remove(VERSION, &old);
        change.put(VERSION, &old.replacen(&key, &new, 1), version);
    }
    Ok(json!({ "registered_model": view(call, change, &new, &model, "registered_model") }))
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, _) = model(call, change)?;
    if !latest_of(change, &key, &["Staging", "Production"]).is_empty() {
        return Err(ApiError::invalid_state(format!(
            "Unable to delete registered model '{key}' because it has versions in the stages Staging or Production. Archive them first."
        )));
    }
    change.remove(MODEL, &key);
    for kind in [VERSION, COMMENT, REQUEST] {
        for (below, _) in change.all(kind, &format!("{key}/")) {
            change.remove(kind, &below);
        }
    }
    Ok(json!({}))
}

fn tag(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut model) = model(call, change)?;
    set_entry(&mut model["tags"], &call.must("key")?, &json!(call.text("value")));
    change.put(MODEL, &key, model);
    Ok(json!({}))
}

fn untag(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut model) = model(call, change)?;
    remove_entry(&mut model["tags"], &call.must("key")?);
    change.put(MODEL, &key, model);
    Ok(json!({}))
}

fn latest(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, _) = model(call, change)?;
    let asked: Vec<String> =
        call.body.get("stages").and_then(|it| serde_json::from_value(it.clone()).ok()).unwrap_or_default();
    let stages: Vec<&str> =
        if asked.is_empty() { STAGES.to_vec() } else { asked.iter().map(String::as_str).collect() };
    Ok(json!({ "model_versions": latest_of(change, &key, &stages) }))
}

fn create_version(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut model) = model(call, change)?;
    // a number is never given twice, even when its version is gone
    let number = model["last_version"].as_i64().unwrap_or(0) + 1;
    model["last_version"] = json!(number);
    model["last_updated_timestamp"] = json!(call.now);
    let mut version = json!({
        "name": model["name"], "version": number.to_string(), "creation_timestamp": call.now,
        "last_updated_timestamp": call.now, "user_id": call.caller.name, "current_stage": "None", "status": "READY",
        "source": call.must("source")?,
    });
    for field in ["description", "run_id", "run_link", "tags"] {
        if let Some(value) = call.body.get(field).filter(|value| !value.is_null()) {
            version[field] = value.clone();
        }
    }
    change.put(MODEL, &key, model);
    change.put(VERSION, &format!("{key}/{number}"), version.clone());
    Ok(json!({ "model_version": version }))
}

fn get_version(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "model_version": version(call, change)?.1 }))
}

fn search_versions(call: &Call, change: &mut Change) -> Reply<Value> {
    let conditions = filter::parse(&call.text("filter").unwrap_or_default())?;
    let all = change.all(VERSION, "").into_iter().map(|(_, version)| version);
    search(call, "model_versions", all.filter(|version| filter::matches(&conditions, version)).collect())
}

fn update_version(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut version) = version(call, change)?;
    version["description"] = json!(call.text("description").unwrap_or_default());
    version["last_updated_timestamp"] = json!(call.now);
    change.put(VERSION, &key, version.clone());
    Ok(json!({ "model_version": version }))
}

fn delete_version(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, _) = version(call, change)?;
    change.remove(VERSION, &key);
    Ok(json!({}))
}

fn tag_version(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut version) = version(call, change)?;
    set_entry(&mut version["tags"], &call.must("key")?, &json!(call.text("value")));
    change.put(VERSION, &key, version);
    Ok(json!({}))
}

fn untag_version(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut version) = version(call, change)?;
    remove_entry(&mut version["tags"], &call.must("key")?);
    change.put(VERSION, &key, version);
    Ok(json!({}))
}

fn download(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "artifact_uri": version(call, change)?.1["source"] }))
}

/// The stage that a request names, in the service's capitals.
fn stage(asked: &str) -> Reply<&'static str> {
    STAGES.into_iter().find(|stage| stage.eq_ignore_ascii_case(asked)).ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid Model Version stage: {asked}. Value must be one of {}.",
            STAGES.join(", ")
        ))
    })
}

/// Moves a version; gives back the stage it was in.
fn moved(call: &Call, change: &mut Change) -> Reply<(String, Value)> {
    let (key, version) = version(call, change)?;
    let to = stage(&call.must("stage")?)?;
    let from = version["current_stage"].as_str().unwrap_or("None").to_owned();
    let archive = call.flag("archive_existing_versions");
    Ok((from, put_in_stage(change, &key, version, to, archive, call.now)))
}

fn put_in_stage(
    change: &mut Change,
    key: &str,
    mut version: Value,
    to: &str,
    archive: bool,
    now: i64,
) -> Value {
    if archive {
        let model = key.rsplit_once('/').map_or("", |(model, _)| model).to_owned();
        for (other, mut value) in change.all(VERSION, &format!("{model}/")) {
            if other != key && value["current_stage"] == to {
                value["current_stage"] = json!("Archived");
                change.put(VERSION, &other, value);
            }
        }
    }
    version["current_stage"] = json!(to);
    version["last_updated_timestamp"] = json!(now);
    change.put(VERSION, key, version.clone());
    version
}

#[derive(Deserialize)]
pub(super) struct Move {
    name: String,
    version: String,
    stage: String,
    #[serde(default)]
    archive_existing_versions: bool,
}

/// `model-versions/transition-stage`: as the documents' own one, which has `databricks` in its path.
pub(super) async fn open_transition(State(state): State<AppState>, Body(body): Body<Move>) -> Answer {
    let key = part_of_key(&body.name);
    let to = stage(&body.stage)?;
    let moved = state.store.records.with(|change| {
        find(change, MODEL, &key, "Registered Model")?;
        let key = format!("{key}/{}", body.version);
        let version = find(change, VERSION, &key, "Model Version")?;
        Ok(put_in_stage(change, &key, version, to, body.archive_existing_versions, state.now()))
    })?;
    Ok(Json(json!({ "model_version": moved })))
}

fn transition(call: &Call, change: &mut Change) -> Reply<Value> {
    let (_, version) = moved(call, change)?;
    let mut shown = version.as_object().cloned().unwrap_or_default();
    shown.insert("permission_level".into(), json!("CAN_MANAGE"));
    Ok(json!({ "model_version_databricks": shown }))
}

fn comment(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, _) = version(call, change)?;
    let id = ids::hex32();
    let comment = json!({
        "id": id, "comment": call.must("comment")?, "user_id": call.caller.name, "creation_timestamp": call.now,
        "last_updated_timestamp": call.now, "available_actions": ["EDIT_COMMENT", "DELETE_COMMENT"],
    });
    change.put(COMMENT, &format!("{key}/{id}"), comment.clone());
    Ok(json!({ "comment": comment }))
}

fn comment_of(call: &Call, change: &Change) -> Reply<(String, Value)> {
    let id = call.must("id")?;
    let found = change.all(COMMENT, "").into_iter().find(|(key, _)| key.ends_with(&format!("/{id}")));
    found.ok_or_else(|| ApiError::not_found(format!("Comment {id} does not exist.")))
}

fn update_comment(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut comment) = comment_of(call, change)?;
    comment["comment"] = json!(call.must("comment")?);
    comment["last_updated_timestamp"] = json!(call.now);
    change.put(COMMENT, &key, comment.clone());
    Ok(json!({ "comment": comment }))
}

fn delete_comment(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, _) = comment_of(call, change)?;
    change.remove(COMMENT, &key);
    Ok(json!({}))
}

fn request_key(call: &Call, change: &Change) -> Reply<String> {
    let (key, _) = version(call, change)?;
    Ok(format!("{key}/{}", stage(&call.must("stage")?)?))
}

fn request(call: &Call, change: &mut Change) -> Reply<Value> {
    let key = request_key(call, change)?;
    if change.has(REQUEST, &key) {
        return Err(ApiError::already_exists("There is a request for this stage already"));
    }
    let mut request = json!({
        "id": ids::hex32(), "to_stage": stage(&call.must("stage")?)?, "user_id": call.caller.name, "creation_timestamp": call.now,
        "last_updated_timestamp": call.now,
    });
    if let Some(comment) = call.text("comment") {
        request["comment"] = json!(comment);
    }
    change.put(REQUEST, &key, request.clone());
    let mut shown = request.as_object().cloned().unwrap_or_default();
    shown.retain(|name, _| name != "id" && name != "last_updated_timestamp");
    shown.insert(
        "available_actions".into(),
        json!(["APPROVE_TRANSITION_REQUEST", "CANCEL_TRANSITION_REQUEST", "REJECT_TRANSITION_REQUEST"]),
    );
    Ok(json!({ "request": shown }))
}

fn requests(call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, version) = version(call, change)?;
    let shown = change.all(REQUEST, &format!("{key}/")).into_iter().map(|(_, mut request)| {
        request["activity_type"] = json!("REQUESTED_TRANSITION");
        request["from_stage"] = version["current_stage"].clone();
        request
    });
    Ok(json!({ "requests": shown.collect::<Vec<_>>() }))
}

/// Ends a request; what became of it is an activity.
fn end(call: &Call, change: &mut Change, kind: &str, from: Option<String>) -> Reply<Value> {
    let key = request_key(call, change)?;
    let Some(request) = change.remove(REQUEST, &key) else {
        return Err(ApiError::not_found("There is no request to move this version to that stage"));
    };
    let mut activity = Map::from_iter([
        ("activity_type".to_owned(), json!(kind)),
        ("id".to_owned(), request["id"].clone()),
        ("to_stage".to_owned(), json!(stage(&call.must("stage")?)?)),
        ("user_id".to_owned(), json!(call.caller.name)),
        ("creation_timestamp".to_owned(), json!(call.now)),
        ("last_updated_timestamp".to_owned(), json!(call.now)),
    ]);
    if let Some(from) = from {
        activity.insert("from_stage".into(), json!(from));
    }
    if let Some(comment) = call.text("comment") {
        activity.insert("comment".into(), json!(comment));
    }
    Ok(json!({ "activity": activity }))
}

fn approve(call: &Call, change: &mut Change) -> Reply<Value> {
    let (from, _) = moved(call, change)?;
    end(call, change, "APPROVED_REQUEST", Some(from))
}

fn reject(call: &Call, change: &mut Change) -> Reply<Value> {
    end(call, change, "REJECTED_REQUEST", None)
}

fn withdraw(call: &Call, change: &mut Change) -> Reply<Value> {
    end(call, change, "CANCELLED_REQUEST", None)
}
