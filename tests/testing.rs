//! Recording and replaying, as a program that uses the crate does in its tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use databricks_toolkit::testing::{Answer, Exchange, Recorder, Replay, Request};
use databricks_toolkit::{ErrorKind, Workspace};
use serde_json::json;
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn get(query: &str, answer: Answer) -> Exchange {
    let mut request = Request::new("GET", "/api/2.2/jobs/get");
    request.query = query.to_owned();
    Exchange::new(request, answer)
}

#[tokio::test]
async fn the_same_request_is_answered_in_turn_and_the_last_answer_stays() {
    let answers =
        [1, 2].map(|time| get("job_id=7", Answer::json(json!({"job_id": 7, "created_time": time}))));
    let replay = Replay::start(answers).await.unwrap();
    let workspace = replay.workspace().unwrap();
    for expected in [1, 2, 2] {
        assert_eq!(workspace.jobs().get().job_id(7).send().await.unwrap().created_time, Some(expected));
    }
    replay.verify().unwrap();
}

#[tokio::test]
async fn what_was_not_recorded_is_an_error_that_says_so() {
    let recorded = [
        get("job_id=7", Answer::json(json!({}))),
        get("job_id=8", Answer::json(json!({"error_code": "RESOURCE_DOES_NOT_EXIST"})).status(404)),
    ];
    let replay = Replay::start(recorded).await.unwrap();
    let workspace = replay.workspace().unwrap();
    let missing = workspace.jobs().get().job_id(8).send().await.unwrap_err();
    assert_eq!(missing.kind(), Some(ErrorKind::NotFound));
    let error = workspace.jobs().get().job_id(9).send().await.unwrap_err().to_string();
    let said = "no recording of GET /api/2.2/jobs/get?job_id=9; there is one of GET /api/2.2/jobs/get?job_id=7, which differs in the query";
    assert!(error.contains(said), "{error}");
    let error = workspace.jobs().list().send().await.unwrap_err().to_string();
    let said = "no recording of GET /api/2.2/jobs/list; there are: GET /api/2.2/jobs/get?job_id=7, GET";
    assert!(error.contains(said), "{error}");
    let mismatch = replay.verify().unwrap_err();
    assert_eq!((mismatch.unmatched.len(), mismatch.unused.len()), (2, 1));
    assert!(mismatch.to_string().ends_with("never asked: GET /api/2.2/jobs/get?job_id=7"), "{mismatch}");
}

/// A workspace that makes job 7, streams a list of two pages, and knows a token.
async fn real() -> MockServer {
    let server = MockServer::start().await;
    let answer = |body| ResponseTemplate::new(200).insert_header("x-request-id", "r-1").set_body_json(body);
    let job = |id: u64| json!({"job_id": id});
    Mock::given(method("POST"))
        .and(path("/api/2.2/jobs/run-now"))
        .and(header("authorization", "Bearer s3cret-token"))
        .and(body_partial_json(json!({"job_id": 7})))
        .respond_with(answer(json!({"run_id": 1, "token": "s3cret-answer"})))
        .mount(&server)
        .await;
    Mock::given(path("/api/2.2/jobs/list"))
        .and(query_param("page_token", "p2"))
        .respond_with(answer(json!({"jobs": [job(2)]})))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/2.2/jobs/list"))
        .respond_with(answer(json!({"jobs": [job(1)], "next_page_token": "p2"})))
        .mount(&server)
        .await;
    server
}

/// What a program does, and what it sees.
async fn program(workspace: &Workspace) -> (Option<i64>, Vec<Option<i64>>, String) {
    let run = workspace.jobs().run_now().job_id(7).job_parameters([("password", "s3cret-in")]);
    let run = run.send().await.unwrap();
    let mut jobs = Vec::new();
    let mut stream = workspace.jobs().list().stream();
    while let Some(job) = stream.next().await {
        jobs.push(job.unwrap().job_id);
    }
    let error = workspace.jobs().get().job_id(9).send().await.unwrap_err().to_string();
    (run.run_id, jobs, error)
}

#[tokio::test]
async fn what_is_recorded_is_replayed() {
    let server = real().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.jsonl");
    let workspace = Workspace::builder().host(server.uri()).token("s3cret-token").build().unwrap();
    let recorder = Recorder::start(workspace, &file).await.unwrap();
    let seen = program(&recorder.workspace().unwrap()).await;
    drop(recorder);
    drop(server);
    assert_eq!((seen.0, seen.1.clone()), (Some(1), vec![Some(1), Some(2)]));

    let lines = std::fs::read_to_string(&file).unwrap();
    assert!(!lines.contains("s3cret") && !lines.contains("idempotency_token"), "{lines}");
    let exchanges = Exchange::read_file(&file).unwrap();
    assert_eq!(exchanges.len(), 4, "{lines}");
    assert_eq!(exchanges[0].response.headers["x-request-id"], "r-1");
    let replay = Replay::start(exchanges).await.unwrap();
    assert_eq!(program(&replay.workspace().unwrap()).await, seen);
    replay.verify().unwrap();
}

#[tokio::test]
async fn a_workspace_that_cannot_be_reached_is_told_and_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.jsonl");
    let workspace = Workspace::builder().host("http://127.0.0.1:9").token("s3cret").build().unwrap();
    let recorder = Recorder::start(workspace, &file).await.unwrap();
    let error = recorder.workspace().unwrap().jobs().list().send().await.unwrap_err().to_string();
    assert!(error.contains("NOT_RECORDED") && !error.contains("s3cret"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
    let error = Recorder::start(
        Workspace::builder().host("http://127.0.0.1:9").token("t").build().unwrap(),
        folder.path().join("no/folder.jsonl"),
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("folder.jsonl"), "{error}");
}

#[tokio::test]
async fn a_replay_ends_with_the_one_who_holds_it() {
    let replay = Replay::start([get("job_id=7", Answer::json(json!({})))]).await.unwrap();
    let workspace = replay.workspace().unwrap();
    workspace.jobs().get().job_id(7).send().await.unwrap();
    drop(replay);
    assert!(workspace.jobs().get().job_id(7).send().await.is_err());
}
