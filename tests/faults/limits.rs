//! Limits that a caller sets, and proxies.

use std::time::{Duration, Instant};

use databricks_toolkit::Workspace;
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::builder;

#[tokio::test]
async fn a_call_ends_when_the_caller_says_so() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "1");
    Mock::given(any()).respond_with(busy).mount(&server).await;
    let started = Instant::now();
    let workspace = builder(server.uri()).call_timeout(Duration::from_millis(300)).build().unwrap();
    let error = workspace.jobs().list().send().await.unwrap_err();
    assert_eq!(error.to_string(), "jobs_list: no answer within 0.3 s");
    assert!(error.is_retryable() && started.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn requests_are_limited_by_second_and_at_once() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_millis(50)).set_body_json(json!({}));
    Mock::given(any()).respond_with(slow).mount(&server).await;
    let elapsed = async |workspace: Workspace, calls: usize| {
        let started = Instant::now();
        let calls = (0..calls).map(|_| workspace.jobs().list().send());
        futures_util::future::try_join_all(calls).await.unwrap();
        started.elapsed()
    };
    let free = elapsed(builder(server.uri()).rate_limit(0).build().unwrap(), 8).await;
    let in_turn = elapsed(builder(server.uri()).rate_limit(0).max_in_flight(2).build().unwrap(), 8).await;
    // Four times 50 ms, whatever else the machine does.
    assert!(in_turn >= Duration::from_millis(200), "{in_turn:?} and {free:?} without a limit");
    // Ten at once, then one every 100 ms.
    let rated = elapsed(builder(server.uri()).rate_limit(10).build().unwrap(), 14).await;
    assert!(rated >= Duration::from_millis(400), "{rated:?}");
}

#[tokio::test]
async fn a_proxy_is_used_and_its_password_never_shown() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(json!({}))).mount(&server).await;
    let proxy = server.uri().replace("http://", "http://user:pr0xy-secret@");
    // Nothing listens there: only the proxy can have answered.
    let builder = builder("http://127.0.0.1:9").proxy(&proxy);
    assert!(!format!("{builder:?}").contains("pr0xy-secret"));
    builder.build().unwrap().jobs().list().send().await.unwrap();
    assert!(server.received_requests().await.unwrap()[0].headers.contains_key("proxy-authorization"));
    let error = crate::builder("http://127.0.0.1:9").proxy("http://a b:pr0xy-secret").build().unwrap_err();
    assert!(error.to_string().contains("proxy") && !format!("{error:?}{error}").contains("pr0xy-secret"));
    let error = crate::builder("http://127.0.0.1:9").root_certificate("no certificate").build().unwrap_err();
    assert!(error.to_string().contains("PEM"), "{error}");
}
