//! Whether the server lives, and whether calls would get through.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::mcp::Server;
use crate::{Error, ErrorKind};

/// How long the host may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer counts: probes come often, and anybody may send one.
const KEPT: Duration = Duration::from_secs(10);

pub(super) struct Health {
    server: Server,
    /// Whether the server has no login of its own to check.
    caller_tokens: bool,
    draining: CancellationToken,
    last: Mutex<Option<(Instant, Found)>>,
}

/// What a look at the host found.
#[derive(Clone, Copy)]
struct Found {
    ready: bool,
    host: &'static str,
    credentials: &'static str,
}

impl Health {
    pub(super) fn new(server: Server, caller_tokens: bool, draining: CancellationToken) -> Self {
        Self { server, caller_tokens, draining, last: Mutex::default() }
    }

    /// One look serves all who ask meanwhile.
    async fn found(&self) -> Found {
        let mut last = self.last.lock().await;
        match *last {
            Some((at, found)) if at.elapsed() < KEPT => found,
            _ => {
                let found = self.look().await;
                *last = Some((Instant::now(), found));
                found
            }
        }
    }

    async fn look(&self) -> Found {
        let workspace = self.server.callers().own().app.workspace();
        let asked = tokio::time::timeout(PATIENCE, workspace.current_user().me().send()).await;
        let of_callers = |host, ready| Found { ready, host, credentials: "the callers' own" };
        match asked {
            Ok(Ok(_)) if self.caller_tokens => of_callers("answers", true),
            Ok(Ok(_)) => Found { ready: true, host: "answers", credentials: "accepted" },
            // Whatever it says, it is there.
            Ok(Err(Error::Api(error))) => match (self.caller_tokens, error.kind()) {
                (true, _) => of_callers("answers", true),
                (false, ErrorKind::Unauthenticated) => {
                    Found { ready: false, host: "answers", credentials: "refused" }
                }
                (false, ErrorKind::Unavailable) => {
                    Found { ready: false, host: "answers that it is unavailable", credentials: "not checked" }
                }
                (false, _) => Found { ready: true, host: "answers", credentials: "accepted" },
            },
            // A login that fails before the host is asked says nothing of the host.
            Ok(Err(Error::Auth(_))) if self.caller_tokens => of_callers("not asked", true),
            Ok(Err(Error::Auth(_))) => Found { ready: false, host: "not asked", credentials: "missing" },
            Ok(Err(_)) | Err(_) => {
                Found { ready: false, host: "does not answer", credentials: "not checked" }
            }
        }
    }
}

/// The process runs and answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Calls would get through: the host answers, and takes the server's login where calls are made by it.
pub(super) async fn ready(State(health): State<Arc<Health>>) -> Response {
    let draining = health.draining.is_cancelled();
    let found = match draining {
        true => Found { ready: false, host: "not asked", credentials: "not checked" },
        false => health.found().await,
    };
    let status = if found.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": found.ready, "draining": draining, "host": found.host, "credentials": found.credentials
    });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
