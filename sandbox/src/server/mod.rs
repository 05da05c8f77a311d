//! The HTTP server: one loopback listener, one router, and what every request passes through.

mod auth;
mod conform;
mod connection;
mod error;
mod extract;
mod faults;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;

pub(crate) use connection::Cuttable;
pub(crate) use error::{Answer, ApiError, Reply};
pub(crate) use extract::{Body, Params, UrlPath, from_value};
pub(crate) use faults::Faults;

use crate::{api, ids, state::AppState};

/// JSON bodies beyond this are refused. Files are streamed and have no limit.
const BODY_LIMIT: usize = 64 << 20;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How clients learn which workspace they speak to.
const WORKSPACE_ID: HeaderName = HeaderName::from_static("x-databricks-org-id");

/// The whole service: every area behind the token, and an honest answer for what is not there.
pub(crate) fn router(state: &AppState) -> IntoMakeServiceWithConnectInfo<Router, connection::Line> {
    api::routes()
        .fallback(conform::plain)
        .method_not_allowed_fallback(conform::plain)
        .layer(middleware::from_fn_with_state(state.clone(), conform::check))
        .layer(middleware::from_fn_with_state(state.clone(), auth::bearer))
        .merge(faults::routes().layer(middleware::from_fn_with_state(state.clone(), auth::admin)))
        .merge(api::public_routes())
        .layer(middleware::from_fn_with_state(state.clone(), faults::meet))
        .layer(middleware::from_fn(request_id))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state.clone())
        .into_make_service_with_connect_info()
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
