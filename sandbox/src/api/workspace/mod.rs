//! The workspace: its tree, and notebooks and files going in and out of it.

mod objects;
mod transfer;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use self::objects::{Kind, nothing};
pub(crate) use self::objects::{Objects, absolute};
use super::lenient;
use crate::server::{Answer, Body, Params};
use crate::state::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/2.0/workspace/list", get(list))
        .route("/api/2.0/workspace/get-status", get(status))
        .route("/api/2.0/workspace/mkdirs", post(mkdirs))
        .route("/api/2.0/workspace/delete", post(delete))
        .route("/api/2.0/workspace/import", post(transfer::import))
        .route("/api/2.0/workspace/export", get(transfer::export))
}

#[derive(Deserialize)]
struct List {
    path: String,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    notebooks_modified_after: Option<i64>,
}

async fn list(State(state): State<AppState>, Params(query): Params<List>) -> Answer {
    let path = absolute(&query.path)?;
    let area = &state.store.workspace;
    let object = state.objects.get(area, &path)?;
    let mut found = match object.kind {
        Kind::Directory => state.objects.children(area, &path)?,
        _ => vec![(object, 0)],
    };
    if let Some(after) = query.notebooks_modified_after {
        found.retain(|(object, _)| object.kind != Kind::Notebook || object.modified > after);
    }
    let objects: Vec<Value> = found.iter().map(|(object, size)| object.view(*size)).collect();
    Ok(Json(if objects.is_empty() { nothing() } else { json!({ "objects": objects }) }))
}

#[derive(Deserialize)]
struct At {
    path: String,
}

async fn status(State(state): State<AppState>, Params(query): Params<At>) -> Answer {
    let path = absolute(&query.path)?;
    let area = &state.store.workspace;
    let object = state.objects.get(area, &path)?;
    let size = area.stat(&path).map_or(0, |entry| entry.size);
    Ok(Json(object.view(size)))
}

async fn mkdirs(State(state): State<AppState>, Body(body): Body<At>) -> Answer {
    let path = absolute(&body.path)?;
    state.objects.make_folders(&state.store.workspace, &path, state.now())?;
    Ok(Json(nothing()))
}

#[derive(Deserialize)]
struct Delete {
    path: String,
    #[serde(default)]
    recursive: bool,
}

async fn delete(State(state): State<AppState>, Body(body): Body<Delete>) -> Answer {
    let path = absolute(&body.path)?;
    state.objects.delete(&state.store.workspace, &path, body.recursive)?;
    Ok(Json(nothing()))
}
