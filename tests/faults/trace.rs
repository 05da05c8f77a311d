//! What a trace of a call shows.

use std::io::Write;
use std::sync::{Arc, Mutex};

use databricks_toolkit::config::{Attribute, Config};
use serde_json::json;
use tracing::instrument::WithSubscriber;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{TOKEN, builder};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that is traced meanwhile.
async fn record(run: impl Future<Output = ()>) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    run.with_subscriber(subscriber).await;
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_trace_shows_the_call_and_no_secret() {
    let server = MockServer::start().await;
    let answer =
        json!({ "token_value": "dapi-new", "job_id": 7, "run_id": 8, "settings": { "password": "p4ss" } });
    let answer = ResponseTemplate::new(200).insert_header("x-request-id", "r-1").set_body_json(answer);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let workspace = builder(server.uri()).build().unwrap();
    let log = record(async {
        let parameters = [("password", "run-secret"), ("day", "2026-11-22")];
        workspace.jobs().run_now().job_id(7).job_parameters(parameters).send().await.unwrap();
        workspace.jobs().get().job_id(7).send().await.unwrap();
    })
    .await;
    for seen in
        ["jobs_run_now", "/api/2.2/jobs/run-now", "request_id=\"r-1\"", "status_code=200", "2026-11-22"]
    {
        assert!(log.contains(seen), "no {seen} in {log}");
    }
    for secret in [TOKEN, "dapi-new", "p4ss", "run-secret"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn headers_and_longer_texts_are_shown_where_the_settings_say_so() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200)
        .insert_header("x-request-id", "r-1")
        .insert_header("set-cookie", "session=c00kie")
        .set_body_json(json!({ "text": "y".repeat(3_000) }));
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let settings = |headers: &str, bytes: &str| {
        Config::default()
            .with(Attribute::Host, server.uri())
            .with(Attribute::Token, TOKEN)
            .with(Attribute::DebugHeaders, headers)
            .with(Attribute::DebugTruncateBytes, bytes)
    };
    let traced = async |config: Config| {
        let workspace = databricks_toolkit::Workspace::builder().config(config).build().unwrap();
        record(async { workspace.jobs().list().send().await.map(drop).unwrap() }).await
    };
    let quiet = traced(settings("false", "96")).await;
    assert!(!quiet.contains("set-cookie") && !quiet.contains(&"y".repeat(97)), "{quiet}");
    let loud = traced(settings("true", "2500")).await;
    for part in ["x-request-id: r-1", "set-cookie: ***", "authorization: ***", &"y".repeat(2_500)] {
        assert!(loud.contains(part), "no {part} in {loud}");
    }
    assert!(
        !loud.contains(TOKEN) && !loud.contains("c00kie") && !loud.contains(&"y".repeat(2_501)),
        "{loud}"
    );
    let error =
        databricks_toolkit::Workspace::builder().config(settings("true", "many")).build().unwrap_err();
    assert!(error.to_string().starts_with("debug_truncate_bytes `many`"), "{error}");
}
