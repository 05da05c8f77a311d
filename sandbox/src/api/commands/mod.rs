//! Command execution, API 1.2: contexts on clusters, and commands that run in them.

mod context;

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use self::context::Context;
pub(crate) use self::context::Language;
use crate::ids;
use crate::server::{ApiError, Body, Params};
use crate::state::AppState;

/// The contexts that exist. They end with the process, and with their cluster.
#[derive(Default)]
pub(crate) struct Contexts(Mutex<HashMap<String, Context>>);

/// A refusal as version 1.2 words it: one text under `error`.
struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl Refused {
    fn not_found(message: String) -> Self {
        Self(ApiError::not_found(message))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0.status, Json(json!({ "error": self.0.message }))).into_response()
    }
}

type Answer = Result<Json<Value>, Refused>;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/1.2/contexts/create", post(create))
        .route("/api/1.2/contexts/status", get(context_status))
        .route("/api/1.2/contexts/destroy", post(destroy))
        .route("/api/1.2/commands/execute", post(execute))
        .route("/api/1.2/commands/status", get(command_status))
        .route("/api/1.2/commands/cancel", post(cancel))
}

#[derive(Deserialize)]
struct Create {
    #[serde(rename = "clusterId")]
    cluster: String,
    language: String,
}

#[derive(Deserialize)]
struct At {
    #[serde(rename = "clusterId")]
    cluster: String,
    #[serde(rename = "contextId")]
    context: String,
}

#[derive(Deserialize)]
struct CommandAt {
    #[serde(flatten)]
    at: At,
    #[serde(rename = "commandId")]
    command: String,
}

#[derive(Deserialize)]
struct Execute {
    #[serde(flatten)]
    at: At,
    language: Option<String>,
    #[serde(default)]
    command: String,
}

/// Refuses unless the cluster runs, and notes that it is in use.
fn use_cluster(state: &AppState, id: &str) -> Result<(), Refused> {
    state.clusters.use_running(id, state.now()).map_err(|error| {
        let kind = if error.error_code == "INVALID_STATE" {
            "ClusterNotReadyException"
        } else {
            "ClusterNotFoundException"
        };
        Refused(ApiError { message: format!("{kind}: {}", error.message), ..error })
    })
}

fn language(name: &str) -> Result<Language, Refused> {
    Language::parse(name).map_err(|message| {
        Refused(ApiError::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message))
    })
}

/// Looks at the context that a request names.
fn with<R>(
    state: &AppState,
    at: &At,
    look: impl FnOnce(&mut Context) -> Result<R, Refused>,
) -> Result<R, Refused> {
    let missing = || {
        Refused::not_found(format!(
            "ContextNotFound: there is no context {} on cluster {}",
            at.context, at.cluster
        ))
    };
    let mut contexts = state.contexts.0.lock();
    let context =
        contexts.get_mut(&at.context).filter(|context| context.cluster == at.cluster).ok_or_else(missing)?;
    if !context.lives(state) {
        contexts.remove(&at.context);
        return Err(missing());
    }
    look(context)
}

async fn create(State(state): State<AppState>, Body(body): Body<Create>) -> Answer {
    let language = language(&body.language)?;
    use_cluster(&state, &body.cluster)?;
    let id = ids::hex32();
    let context = Context::start(&state, &id, body.cluster, language).await.map_err(|message| {
        Refused(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message))
    })?;
    state.contexts.0.lock().insert(id.clone(), context);
    Ok(Json(json!({ "id": id })))
}

async fn context_status(State(state): State<AppState>, Params(query): Params<At>) -> Answer {
    let status = with(&state, &query, |context| Ok(context.status()))?;
    Ok(Json(json!({ "id": query.context, "status": status })))
}

async fn destroy(State(state): State<AppState>, Body(body): Body<At>) -> Answer {
    with(&state, &body, |_| Ok(()))?;
    // dropping it ends its process
    state.contexts.0.lock().remove(&body.context);
    Ok(Json(json!({ "id": body.context })))
}

async fn execute(State(state): State<AppState>, Body(body): Body<Execute>) -> Answer {
    use_cluster(&state, &body.at.cluster)?;
    let language = body.language.as_deref().map(language).transpose()?;
    let id = with(&state, &body.at, |context| {
        context.execute(language, body.command).map_err(Refused::not_found)
    })?;
    Ok(Json(json!({ "id": id })))
}

fn no_command(id: &str) -> Refused {
    Refused::not_found(format!("CommandNotFound: there is no command {id}"))
}

async fn command_status(State(state): State<AppState>, Params(query): Params<CommandAt>) -> Answer {
    let view = with(&state, &query.at, |context| {
        context.view(&query.command).ok_or_else(|| no_command(&query.command))
    })?;
    Ok(Json(view))
}

async fn cancel(State(state): State<AppState>, Body(body): Body<CommandAt>) -> Answer {
    with(&state, &body.at, |context| {
        if context.cancel(&body.command) { Ok(()) } else { Err(no_command(&body.command)) }
    })?;
    Ok(Json(json!({ "id": body.command })))
}
