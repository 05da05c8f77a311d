//! The generated client against servers that misbehave, on real sockets.

use std::time::{Duration, Instant};

use databricks_toolkit::compute::types::{ClusterDetails, State};
use databricks_toolkit::transport::RetryPolicy;
use databricks_toolkit::{Error, ErrorKind, Workspace};
use serde_json::{Value, json};
use wiremock::matchers::{any, body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "dapi-very-secret";

fn workspace(server: &MockServer) -> Workspace {
    let retry = RetryPolicy::default().first_delay(Duration::from_millis(5)).budget(Duration::from_secs(5));
    Workspace::builder().host(server.uri()).token(TOKEN).retry(retry).build().unwrap()
}

async fn serve(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).mount(&server).await;
    server
}

/// Fails `times` times, then answers.
async fn recovering(failure: ResponseTemplate, times: u64, answer: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(failure).up_to_n_times(times).with_priority(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
    server
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_call_sends_what_the_document_says() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/2.1/clusters/list"))
        .and(query_param("page_size", "5"))
        .and(query_param("filter_by.cluster_states", "RUNNING"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "clusters": [] })))
        .expect(1)
        .mount(&server)
        .await;
    let workspace = workspace(&server);
    let list = workspace.clusters().list().page_size(5).filter_by_cluster_states(vec![State::Running]);
    assert_eq!(list.send().await.unwrap().clusters.unwrap().len(), 0);
    let agent =
        server.received_requests().await.unwrap()[0].headers["user-agent"].to_str().unwrap().to_owned();
    assert!(agent.starts_with("databricks-toolkit/") && agent.ends_with("auth/pat"), "{agent}");
    assert!(!server.received_requests().await.unwrap()[0].headers.contains_key("api-version"));
}

#[tokio::test]
async fn an_empty_list_is_sent_and_an_absent_one_is_not() {
    let server = MockServer::start().await;
    let body = json!({ "statement": "SELECT 1", "warehouse_id": "w", "parameters": [] });
    Mock::given(body_json(body)).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    let execute = workspace(&server).statement_execution().execute_statement();
    let execute = execute.statement("SELECT 1").warehouse_id("w").parameters(vec![]);
    // An empty body of an answer is read as one without fields.
    let answer = execute.send().await.unwrap();
    assert!(answer.statement_id.is_none());
}

#[test]
fn nothing_is_lost_by_a_read_and_a_write() {
    let sent = json!({
        "cluster_id": "c", "state": "HIBERNATING", "new_field": { "a": [1, null] },
        "spark_context_id": 4_000_000_000_000_000_000_i64, "aws_attributes": { "zone_id": "x", "future": 1 }
    });
    let read: ClusterDetails = serde_json::from_value(sent.clone()).unwrap();
    assert_eq!(read.state, Some(State::Unrecognized("HIBERNATING".to_owned())));
    assert_eq!(serde_json::to_value(read).unwrap(), sent);
    let text: ClusterDetails = serde_json::from_value(json!({ "spark_context_id": "12" })).unwrap();
    assert_eq!(text.spark_context_id, Some(12));
}

#[tokio::test]
async fn null_cells_of_a_result_are_read() {
    let result = json!({ "result": { "data_array": [["1", null]] } });
    let server = serve(ResponseTemplate::new(200).set_body_json(result)).await;
    let get =
        workspace(&server).statement_execution().get_statement().statement_id("s").send().await.unwrap();
    assert_eq!(get.result.unwrap().data_array.unwrap(), [[Some("1".to_owned()), None]]);
}

#[tokio::test]
async fn slashes_of_a_file_path_are_kept_and_others_encoded() {
    let server = serve(ResponseTemplate::new(200).set_body_string("x")).await;
    let files = workspace(&server);
    let stream = files.files().download().file_path("/Volumes/a/b/c/ü x?.txt").send().await.unwrap();
    assert_eq!(stream.collect(10).await.unwrap(), "x");
    files.tables().get().full_name("a.b.c/d").send().await.unwrap_err();
    let step = files.files().download().file_path("/Volumes/a/b/../../jobs").send().await.unwrap_err();
    assert!(step.to_string().contains("cannot be sent"), "{step}");
    let sent = server.received_requests().await.unwrap();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].url.path(), "/api/2.0/fs/files/Volumes/a/b/c/%C3%BC%20x%3F.txt");
    assert_eq!(sent[1].url.path(), "/api/2.1/unity-catalog/tables/a.b.c%2Fd");
}

#[tokio::test]
async fn a_stream_over_the_limit_ends_early() {
    let server = serve(ResponseTemplate::new(200).set_body_bytes(vec![0; 4096])).await;
    let stream = workspace(&server).files().download().file_path("/Volumes/a/b/c/d").send().await.unwrap();
    let error = stream.collect(100).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: Some(4096), limit: 100 }), "{error}");
}

#[tokio::test]
async fn retry_after_is_heeded() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    let server = recovering(busy, 1, json!({ "job_id": 7 })).await;
    let started = Instant::now();
    let workspace = workspace(&server);
    // A write too: the service said that it did nothing.
    workspace.jobs().create().name("n").send().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(requests(&server).await, 2);
}

#[tokio::test]
async fn an_empty_answer_has_nothing_in_it() {
    let server = serve(ResponseTemplate::new(200)).await;
    assert!(workspace(&server).jobs().list().send().await.unwrap().jobs.is_none());
    assert!(workspace(&server).alerts_legacy().list().send().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_write_is_not() {
    for status in [502, 503, 504] {
        let server = recovering(ResponseTemplate::new(status), 2, json!({})).await;
        workspace(&server).jobs().list().send().await.unwrap();
        assert_eq!(requests(&server).await, 3, "{status}");

        let server = recovering(ResponseTemplate::new(status), 2, json!({})).await;
        let error = workspace(&server).jobs().create().name("n").send().await.unwrap_err();
        assert_eq!(requests(&server).await, 1, "{status}: a write was sent twice");
        assert!(error.kind().is_some(), "{error}");

        // By its token the service knows a run that it has started already.
        let server = recovering(ResponseTemplate::new(status), 2, json!({})).await;
        workspace(&server).jobs().run_now().job_id(7).send().await.unwrap();
        let sent = server.received_requests().await.unwrap();
        let tokens: Vec<Value> = sent
            .iter()
            .map(|request| request.body_json::<Value>().unwrap()["idempotency_token"].clone())
            .collect();
        assert!(
            tokens.len() == 3 && tokens[0].is_string() && tokens.iter().all(|it| *it == tokens[0]),
            "{tokens:?}"
        );
    }
}

#[tokio::test]
async fn retries_end_within_the_budget_and_say_how_many() {
    let server = serve(ResponseTemplate::new(503).set_body_string("<html><pre>down</pre></html>")).await;
    let retry =
        RetryPolicy::default().first_delay(Duration::from_millis(20)).budget(Duration::from_millis(300));
    let workspace = Workspace::builder().host(server.uri()).token(TOKEN).retry(retry).build().unwrap();
    let error = workspace.jobs().list().send().await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Unavailable));
    let text = error.to_string();
    assert!(
        text.starts_with("jobs_list: down (503 Service Unavailable), after") && text.ends_with("attempts"),
        "{text}"
    );
    assert!(error.is_retryable() && requests(&server).await > 1);
}

#[tokio::test]
async fn a_wait_longer_than_the_budget_is_not_begun() {
    let server = serve(ResponseTemplate::new(429).insert_header("retry-after", "3600")).await;
    let started = Instant::now();
    let error = workspace(&server).jobs().list().send().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn errors_are_typed_and_keep_the_request_id() {
    let body = json!({ "error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Job 7 does not exist." });
    let server =
        serve(ResponseTemplate::new(404).insert_header("x-request-id", "r-1").set_body_json(body)).await;
    let error = workspace(&server).jobs().get().job_id(7).send().await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::NotFound));
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(error.to_string(), "jobs_get: Job 7 does not exist. (RESOURCE_DOES_NOT_EXIST, 404)");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_where() {
    let server =
        serve(ResponseTemplate::new(200).set_body_json(json!({ "jobs": [{ "job_id": "x" }] }))).await;
    let error = workspace(&server).jobs().list().send().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("jobs_list") && text.contains("jobs[0]") && text.contains("64-bit integer"),
        "{text}"
    );

    let page = ResponseTemplate::new(200).set_body_raw("<html>login</html>", "text/html; charset=utf-8");
    let server = serve(page).await;
    let text = workspace(&server).jobs().list().send().await.unwrap_err().to_string();
    assert!(text.contains("a web page and not JSON"), "{text}");
}

#[tokio::test]
async fn a_redirect_to_a_login_page_is_recognised() {
    let target = "https://accounts.example.com/login.html?error=private-link-validation-error&token=x";
    let server = serve(ResponseTemplate::new(302).insert_header("location", target)).await;
    let text = workspace(&server).jobs().list().send().await.unwrap_err().to_string();
    assert!(text.contains("private link") && !text.contains("token"), "{text}");
}

#[tokio::test]
async fn an_unreachable_host_is_an_error_soon() {
    let workspace = Workspace::builder().host("http://127.0.0.1:9").token(TOKEN).build().unwrap();
    let started = Instant::now();
    let error = workspace.jobs().list().send().await.unwrap_err();
    assert!(error.to_string().contains("cannot reach http://127.0.0.1:9 after"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_silent_server_does_not_hold_the_caller() {
    let server = serve(ResponseTemplate::new(200).set_delay(Duration::from_secs(30))).await;
    let builder = Workspace::builder().host(server.uri()).token(TOKEN).timeout(Duration::from_millis(200));
    let error = builder.retry(RetryPolicy::none()).build().unwrap().jobs().list().send().await.unwrap_err();
    assert!(error.to_string().contains("no answer in time"), "{error}");
}

#[tokio::test]
async fn a_missing_value_is_named_and_nothing_is_sent() {
    let server = serve(ResponseTemplate::new(200)).await;
    let error = workspace(&server).clusters().get().send().await.unwrap_err();
    assert_eq!(error.to_string(), "invalid request: `cluster_id` is required");
    assert_eq!(requests(&server).await, 0);
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_debug_output() {
    let server =
        serve(ResponseTemplate::new(403).set_body_json(json!({ "message": "Invalid access token." }))).await;
    let workspace = workspace(&server);
    let error = workspace.jobs().list().send().await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Unauthenticated));
    let shown = format!("{workspace:?} {error} {error:?} {:?}", workspace.jobs());
    assert!(!shown.contains(TOKEN), "{shown}");
}
