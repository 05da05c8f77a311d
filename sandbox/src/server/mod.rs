//! The HTTP server: one loopback listener, one router, and what every request passes through.

mod auth;
mod error;
mod extract;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;

pub(crate) use error::{Answer, ApiError, Reply};
pub(crate) use extract::{Body, Params, UrlPath, from_value};

use crate::{api, ids, state::AppState};

/// JSON bodies beyond this are refused. Files are streamed and have no limit.
const BODY_LIMIT: usize = 64 << 20;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How clients learn which workspace they speak to.
const WORKSPACE_ID: HeaderName = HeaderName::from_static("x-databricks-org-id");

/// The whole service: every area behind the token, and an honest answer for what is not there.
pub(crate) fn router(state: &AppState) -> Router {
    api::routes()
        .fallback(not_emulated)
        .method_not_allowed_fallback(not_emulated)
        .layer(middleware::from_fn_with_state(state.clone(), auth::bearer))
        .merge(api::public_routes())
        .layer(middleware::from_fn(request_id))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state.clone())
}

async fn not_emulated(request: Request) -> ApiError {
    ApiError::not_implemented(format!(
        "the sandbox does not emulate {} {}",
        request.method(),
        request.uri().path()
    ))
}

/// Names each answer, as the service does, so that a log line of a client can be found in the sandbox's.
async fn request_id(request: Request, next: Next) -> Response {
    let id = ids::uuid();
    let what = format!("{} {}", request.method(), request.uri());
    let mut response = next.run(request).await;
    tracing::debug!(%id, status = response.status().as_u16(), "{what}");
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response.headers_mut().insert(WORKSPACE_ID, HeaderValue::from_static(api::WORKSPACE_ID));
    response
}
