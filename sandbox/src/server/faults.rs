//! Trouble on demand: what a client has to live with, when a test asks for it.
//!
//! The header `x-sandbox-fault` asks for one request; rules at `/_sandbox/faults` ask for the next ones that fit. A fault is
//! a list of words: `latency=200` (milliseconds), `status=429` or `status=503` with `retry-after=2` (seconds), `reset`
//! (the connection breaks off), `stale` (a read answers what it did the last time) and `expired` (the token is too old).

use std::collections::HashMap;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::connection::Line;
use super::{Answer, ApiError, Body as JsonBody, Reply};
use crate::state::AppState;

const HEADER: HeaderName = HeaderName::from_static("x-sandbox-fault");

/// The longest wait that a fault may ask for, in milliseconds.
const LONGEST: u64 = 60_000;

/// Answers that a stale read can give back, at most.
const REMEMBERED: usize = 1_000;

/// What goes wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fault {
    latency: u64,
    status: Option<StatusCode>,
    retry_after: Option<u64>,
    reset: bool,
    stale: bool,
    expired: bool,
}

impl Fault {
    fn parse(text: &str) -> Reply<Self> {
        let mut fault = Self::default();
        for word in text.split([',', ';', ' ']).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let number = || {
                value.trim_end_matches("ms").parse::<u64>().map_err(|_| {
                    ApiError::invalid(format!("the fault '{word}' needs a number, as in {name}=2"))
                })
            };
            match name {
                "latency" => fault.latency = number()?.min(LONGEST),
                "status" => {
                    let status =
                        u16::try_from(number()?).ok().and_then(|code| StatusCode::from_u16(code).ok());
                    let refused =
                        status.filter(|status| status.is_client_error() || status.is_server_error());
                    fault.status = Some(refused.ok_or_else(|| {
                        ApiError::invalid(format!("the fault '{word}' must be a status from 400 to 599"))
                    })?);
                }
                "retry-after" => fault.retry_after = Some(number()?),
                "reset" => fault.reset = true,
                "stale" => fault.stale = true,
                "expired" => fault.expired = true,
                _ => {
                    return Err(ApiError::invalid(format!(
                        "'{word}' is no fault. Known: latency=MS, status=CODE, retry-after=SECONDS, reset, stale, expired"
                    )));
                }
            }
        }
        Ok(fault)
    }
}

/// A rule: which requests meet the fault, and how many of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rule {
    #[serde(default)]
    id: u64,
    /// What the path begins with; absent means any.
    #[serde(default)]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    fault: String,
    /// How many requests are left; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
}

/// The rules in force, and the last answers of reads.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Mutex<Rules>,
    seen: Mutex<HashMap<String, (StatusCode, String)>>,
}

#[derive(Default)]
struct Rules {
    all: Vec<Rule>,
    made: u64,
    /// Once somebody has asked for stale reads, all reads are remembered.
    remember: bool,
}

impl Faults {
    /// The fault that a request meets, counted.
    fn meet(&self, request: &Request) -> Reply<Fault> {
        if let Some(asked) = request.headers().get(HEADER) {
            let fault = Fault::parse(asked.to_str().unwrap_or_default())?;
            if fault.stale {
                self.rules.lock().remember = true;
            }
            return Ok(fault);
        }
        let mut rules = self.rules.lock();
        let path = request.uri().path();
        let at = rules.all.iter().position(|rule| {
            path.starts_with(&rule.path)
                && rule
                    .method
                    .as_ref()
                    .is_none_or(|method| request.method().as_str().eq_ignore_ascii_case(method))
        });
        let Some(at) = at else { return Ok(Fault::default()) };
        let fault = Fault::parse(&rules.all[at].fault)?;
        if let Some(left) = &mut rules.all[at].times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                rules.all.remove(at);
            }
        }
        Ok(fault)
    }
}

/// Lets a request meet its fault.
pub(super) async fn meet(
    State(state): State<AppState>,
    ConnectInfo(line): ConnectInfo<Line>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with(ADMIN) {
        return next.run(request).await;
    }
    let fault = match state.faults.meet(&request) {
        Ok(fault) => fault,
        Err(refusal) => return refusal.into_response(),
    };
    if fault.latency > 0 {
        tokio::time::sleep(Duration::from_millis(fault.latency)).await;
    }
    if fault.reset {
        line.cut();
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if let Some(status) = fault.status {
        return refusal(status, fault.retry_after);
    }
    if fault.expired && request.headers_mut().remove(AUTHORIZATION).is_some() {
        return ApiError::expired().into_response();
    }
    let remember = state.faults.rules.lock().remember && request.method() == Method::GET;
    if !remember {
        return next.run(request).await;
    }
    // who asks is part of what is remembered
    let who = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let key = format!("{} {who}", request.uri());
    if fault.stale
        && let Some((status, body)) = state.faults.seen.lock().get(&key).cloned()
    {
        let body = serde_json::from_str::<Value>(&body).unwrap_or_default();
        return (status, Json(body)).into_response();
    }
    let (parts, body) = next.run(request).await.into_parts();
    let json = parts.headers.get("content-type").is_some_and(|it| it == "application/json");
    if !json {
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let mut seen = state.faults.seen.lock();
    if seen.len() < REMEMBERED || seen.contains_key(&key) {
        seen.insert(key, (parts.status, String::from_utf8_lossy(&bytes).into_owned()));
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn refusal(status: StatusCode, retry_after: Option<u64>) -> Response {
    let (code, message) = match status.as_u16() {
        429 => ("REQUEST_LIMIT_EXCEEDED", "Too many requests: the sandbox was asked to say so"),
        503 => (
            "TEMPORARILY_UNAVAILABLE",
            "The service is temporarily unavailable: the sandbox was asked to say so",
        ),
        _ => ("SANDBOX_FAULT", "The sandbox was asked to fail"),
    };
    let mut response = ApiError::new(status, code, message).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

const ADMIN: &str = "/_sandbox/";

/// The rules, for whoever has the token.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/_sandbox/faults", get(list).post(add).delete(clear))
        .route("/_sandbox/faults/{id}", delete(remove))
}

async fn list(State(state): State<AppState>) -> Json<Value> {
    Json(json!({ "faults": state.faults.rules.lock().all }))
}

async fn add(State(state): State<AppState>, JsonBody(mut rule): JsonBody<Rule>) -> Answer {
    let fault = Fault::parse(&rule.fault)?;
    if fault == Fault::default() {
        return Err(ApiError::invalid("the fault names nothing that goes wrong"));
    }
    if rule.times == Some(0) {
        return Err(ApiError::invalid("times must be at least 1"));
    }
    let mut rules = state.faults.rules.lock();
    rules.made += 1;
    rules.remember |= fault.stale;
    rule.id = rules.made;
    rules.all.push(rule.clone());
    Ok(Json(json!(rule)))
}

async fn clear(State(state): State<AppState>) -> Json<Value> {
    state.faults.rules.lock().all.clear();
    Json(json!({}))
}

async fn remove(State(state): State<AppState>, axum::extract::Path(id): axum::extract::Path<u64>) -> Answer {
    let mut rules = state.faults.rules.lock();
    let before = rules.all.len();
    rules.all.retain(|rule| rule.id != id);
    if rules.all.len() == before {
        return Err(ApiError::not_found(format!("There is no fault {id}.")));
    }
    Ok(Json(json!({})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_or_refused_by_name() {
        let fault = Fault::parse("latency=20ms, status=429; retry-after=2").unwrap();
        assert_eq!(
            (fault.latency, fault.status, fault.retry_after),
            (20, Some(StatusCode::TOO_MANY_REQUESTS), Some(2))
        );
        assert!(Fault::parse("reset stale expired").unwrap().reset);
        for wrong in ["slow", "latency=long", "status=200", "status=99999"] {
            assert!(Fault::parse(wrong).is_err(), "{wrong}");
        }
    }
}
