//! Experiments with their runs, and the model registry of the workspace.

mod experiments;
mod filter;
mod registry;
mod runs;

use axum::Router;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::plain::{Call, Route};
use crate::server::{ApiError, Reply};
use crate::state::AppState;
use crate::store::Change;

pub(super) const ROUTES: &[&[Route]] = &[experiments::ROUTES, runs::ROUTES, registry::ROUTES];

/// What MLflow's own client asks for beyond the documents.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/2.0/mlflow/registered-models/get", get(registry::open_get))
        .route("/api/2.0/mlflow/model-versions/transition-stage", post(registry::open_transition))
}

/// An object of a kind, or the refusal that names it.
fn find(change: &Change, kind: &str, key: &str, noun: &str) -> Reply<Value> {
    let found = change.get(kind, key).cloned();
    found.ok_or_else(|| ApiError::not_found(format!("{noun} {key} does not exist.")))
}

/// Sets an entry of a list of keys and values.
fn set_entry(list: &mut Value, key: &str, value: &Value) {
    if !list.is_array() {
        *list = json!([]);
    }
    let Some(entries) = list.as_array_mut() else { return };
    match entries.iter_mut().find(|entry| entry["key"] == key) {
        Some(entry) => entry["value"] = value.clone(),
        None => entries.push(json!({ "key": key, "value": value })),
    }
}

/// Takes an entry out of such a list; false if it was not there.
fn remove_entry(list: &mut Value, key: &str) -> bool {
    let Some(entries) = list.as_array_mut() else { return false };
    let before = entries.len();
    entries.retain(|entry| entry["key"] != key);
    entries.len() < before
}

/// One page of what a search found, under the name that its answer has for it.
fn search(call: &Call, field: &str, mut all: Vec<Value>) -> Reply<Value> {
    filter::order(&mut all, &call.text("order_by").unwrap_or_default());
    let size =
        crate::api::paging::size(call.text("max_results").and_then(|text| text.parse().ok()), 1_000, 50_000)?;
    let page = crate::api::paging::Page::cut(all, call.text("page_token").as_deref(), size)?;
    let mut answer = Map::from_iter([(field.to_owned(), json!(page.items))]);
    if let Some(next) = page.next {
        answer.insert("next_page_token".into(), json!(next));
    }
    Ok(Value::Object(answer))
}
