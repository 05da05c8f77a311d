//! Presigned addresses: whoever has one may fetch one chunk, for a quarter of an hour and without the token.
//!
//! As at a cloud's storage, a request that brings a token all the same is refused: a client that sends it would leak it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;

use super::chunks::Answered;
use super::request::Format;
use crate::ids;
use crate::state::AppState;

const LIFE_MS: i64 = 900_000;

struct Entry {
    /// The result lives as long as its statement is remembered.
    answered: Weak<Answered>,
    index: usize,
    format: Format,
    expires: i64,
}

/// The addresses that are out.
#[derive(Default)]
pub(super) struct Links(Mutex<HashMap<String, Entry>>);

/// An address.
pub(super) struct Link {
    pub(super) path: String,
    /// When it stops to work, as the service writes times.
    pub(super) expiration: String,
}

impl Links {
    /// Makes an address for a chunk.
    pub(super) fn make(&self, answered: &Arc<Answered>, index: usize, format: Format, now: i64) -> Link {
        let key = ids::hex32();
        let expires = now + LIFE_MS;
        let mut links = self.0.lock();
        // an hour after its end nobody asks for a link any more
        links.retain(|_, link| link.expires + LIFE_MS * 4 > now);
        links.insert(key.clone(), Entry { answered: Arc::downgrade(answered), index, format, expires });
        let expiration = chrono::DateTime::from_timestamp_millis(expires).unwrap_or_default();
        Link {
            path: format!("/results/{key}"),
            expiration: expiration.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        }
    }
}

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/results/{key}", get(fetch))
}

async fn fetch(State(state): State<AppState>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    if headers.contains_key(AUTHORIZATION) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            "Only one auth mechanism allowed: the address is signed, so send no Authorization header",
        );
    }
    let file = {
        let links = state.statements.links.0.lock();
        match links.get(&key) {
            Some(link) if link.expires <= state.now() => {
                return refusal(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
            }
            Some(link) => link.answered.upgrade().map(|answered| (answered, link.index, link.format)),
            None => None,
        }
    };
    let Some(file) = file else {
        return refusal(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist");
    };
    match file.0.file(file.1, file.2) {
        Ok((bytes, kind)) => ([(CONTENT_TYPE, kind)], bytes).into_response(),
        Err(cause) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &cause.to_string()),
    }
}

/// An error as a cloud's storage words it.
fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}
