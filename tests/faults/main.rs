//! The transport between bad networks and impatient callers, on real sockets: what is refused, cut off,
//! slow, limited or behind a proxy. Each call ends in success or in one clear error, nothing hangs, no
//! write is sent twice, no secret is logged.
//!
//! A binary of its own, since it needs neither the command line nor the sandbox.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

mod answers;
mod connections;
mod limits;
mod login;
mod proxy;
mod trace;

use std::time::Duration;

use databricks_toolkit::transport::RetryPolicy;
use databricks_toolkit::{Builder, Workspace};
use serde_json::{Value, json};
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const TOKEN: &str = "dapi-very-secret";

pub(crate) fn builder(host: impl Into<String>) -> Builder<Workspace> {
    let retry = RetryPolicy::default().first_delay(Duration::from_millis(5)).budget(Duration::from_secs(5));
    Workspace::builder().host(host).token(TOKEN).retry(retry)
}

/// A workspace that has no jobs and makes one of each that is asked for.
pub(crate) async fn healthy() -> MockServer {
    let server = MockServer::start().await;
    let answer = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("GET")).respond_with(answer(json!({ "jobs": [] }))).mount(&server).await;
    Mock::given(method("POST")).respond_with(answer(json!({ "job_id": 7 }))).mount(&server).await;
    server
}

/// A workspace that answers this so many times, then is healthy.
pub(crate) async fn recovering(failure: ResponseTemplate, times: u64) -> MockServer {
    let server = healthy().await;
    Mock::given(any()).respond_with(failure).up_to_n_times(times).with_priority(1).mount(&server).await;
    server
}

pub(crate) async fn requests(server: &MockServer, method: &str) -> usize {
    let requests = server.received_requests().await.unwrap();
    requests.iter().filter(|request| request.method.as_str() == method).count()
}
