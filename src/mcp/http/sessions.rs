//! Sessions belong to the caller who began them: an id that somebody else got hold of is of no use to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::SessionId;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::mcp::server::callers::Caller;

const SESSION: &str = "mcp-session-id";
/// Sessions that may be known before those that have ended are looked for.
const MANY: usize = 1_024;

pub(super) struct Sessions {
    owners: Mutex<HashMap<SessionId, Vec<u8>>>,
    manager: Arc<LocalSessionManager>,
}

impl Sessions {
    pub(super) fn new(manager: Arc<LocalSessionManager>) -> Self {
        Self { owners: Mutex::default(), manager }
    }

    fn is_of(&self, id: &SessionId, mark: &[u8]) -> bool {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_none_or(|owner| owner == mark)
    }

    async fn began(&self, id: SessionId, mark: Vec<u8>) {
        let live: Vec<SessionId> = self.manager.sessions.read().await.keys().cloned().collect();
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= MANY {
            owners.retain(|id, _| live.contains(id));
        }
        owners.insert(id, mark);
    }
}

fn id(headers: &HeaderMap) -> Option<SessionId> {
    headers.get(SESSION)?.to_str().ok().map(Into::into)
}

/// Lets a caller into their own sessions only. Others hear what they would of a session that never was.
pub(super) async fn own(State(sessions): State<Arc<Sessions>>, request: Request, next: Next) -> Response {
    let Some(mark) = request.extensions().get::<Arc<Caller>>().map(|caller| caller.mark.clone()) else {
        return next.run(request).await;
    };
    if let Some(id) = id(request.headers()) {
        return match sessions.is_of(&id, &mark) {
            true => next.run(request).await,
            false => (StatusCode::NOT_FOUND, "Not Found: Session not found").into_response(),
        };
    }
    let response = next.run(request).await;
    if let Some(id) = id(response.headers()) {
        sessions.began(id, mark).await;
    }
    response
}
