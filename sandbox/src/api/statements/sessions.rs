//! Sessions of SQL: what `USE` chose, from one statement to the next.
//!
//! They are in no document; drivers and connectors open one before anything else.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use crate::api::plain::Caller;
use crate::api::warehouses;
use crate::ids;
use crate::query::Scope;
use crate::server::{Answer, ApiError, Body, Reply};
use crate::state::AppState;

/// The sessions that are open, with who opened them.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, (String, Scope)>>);

impl Sessions {
    /// The scope of somebody's session.
    pub(super) fn scope(&self, id: &str, caller: &Caller) -> Reply<Scope> {
        let all = self.0.lock();
        let found = all.get(id).filter(|(owner, _)| *owner == caller.id).map(|(_, scope)| scope.clone());
        found.ok_or_else(|| ApiError::not_found(format!("The session {id} was not found.")))
    }

    /// Notes that a statement was run.
    pub(super) fn follow(&self, id: &str, statement: &str) {
        if let Some((_, scope)) = self.0.lock().get_mut(id) {
            scope.follow(statement);
        }
    }
}

pub(super) fn routes() -> Router<AppState> {
    const ALL: &str = "/api/2.0/sql/sessions";
    Router::new()
        .route(ALL, post(open))
        .route(&format!("{ALL}/{{id}}"), delete(close))
        .route("/api/2.0/connector-service/feature-flags/{client}/{version}", get(flags))
}

/// The switches that a driver asks for before its first statement: none is set, for a quarter of an hour.
async fn flags() -> Answer {
    Ok(Json(json!({ "flags": [], "ttl_seconds": 900 })))
}

#[derive(Deserialize)]
struct Open {
    warehouse_id: String,
    catalog: Option<String>,
    schema: Option<String>,
}

async fn open(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Open>,
) -> Answer {
    warehouses::use_warehouse(&state, &body.warehouse_id)?;
    let name = |name: Option<String>| name.filter(|name| !name.is_empty()).map(|name| name.to_lowercase());
    let scope = Scope { catalog: name(body.catalog), schema: name(body.schema), ..Scope::default() };
    let id = ids::uuid();
    state.statements.sessions.0.lock().insert(id.clone(), (caller.id, scope));
    Ok(Json(json!({ "session_id": id })))
}

async fn close(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    state.statements.sessions.scope(&id, &caller)?;
    state.statements.sessions.0.lock().remove(&id);
    Ok(Json(json!({})))
}
