//! Lets in who has a token, and says who that is.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{ApiError, Reply};
use crate::api::identity::USER_ID;
use crate::api::plain::Caller;
use crate::api::{scim, tokens};
use crate::state::AppState;

/// Passes requests whose bearer token lets somebody in; all others get the service's answer to a wrong token.
pub(super) async fn bearer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match caller(&state, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Passes requests of admins alone.
pub(super) async fn admin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match caller(&state, &request) {
        Ok(caller) if caller.admin => next.run(request).await,
        Ok(_) => ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", "Only admins may do that")
            .into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Who sent a request.
fn caller(state: &AppState, request: &Request) -> Reply<Caller> {
    let token = token(request).ok_or_else(ApiError::forbidden)?;
    state.store.records.with(|change| {
        let id = if token == state.token {
            USER_ID.to_string()
        } else {
            match tokens::pass(token, change, state.now()) {
                tokens::Pass::Of(id) => id,
                tokens::Pass::Expired => return Err(ApiError::expired()),
                tokens::Pass::Unknown => return Err(ApiError::forbidden()),
            }
        };
        scim::caller(&id, change).ok_or_else(|| {
            ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", "User is not active in this workspace.")
        })
    })
}

fn token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
