//! Lets in who has the token.

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ApiError;
use crate::state::AppState;

/// Passes requests whose bearer token is the sandbox's; all others get the service's answer to a wrong token.
pub(super) async fn bearer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if token(&request) == Some(state.token.as_str()) {
        next.run(request).await
    } else {
        ApiError::forbidden().into_response()
    }
}

fn token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
