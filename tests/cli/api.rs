//! `api`: operations by their ids, against a workspace that the test plays.

use std::process::Output;

use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{binary, complaint, run, said};

async fn call(server: &MockServer, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::from(binary(home.path()));
    command.env("DATABRICKS_HOST", server.uri()).env("DATABRICKS_TOKEN", "s3cret").arg("api").args(arguments);
    command.output().await.unwrap()
}

async fn with_jobs() -> MockServer {
    let server = MockServer::start().await;
    let jobs = json!({
        "jobs": [
            {"job_id": 7, "settings": {"name": "nightly"}},
            {"job_id": 8, "settings": {"name": "hourly, late"}},
        ],
        "has_more": false,
    });
    Mock::given(method("GET"))
        .and(path("/api/2.2/jobs/list"))
        .and(query_param("limit", "2"))
        .and(header("authorization", "Bearer s3cret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(jobs))
        .expect(1..)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn an_answer_has_the_form_that_is_asked_for() {
    let server = with_jobs().await;
    let arguments = |more: &[&'static str]| [&["jobs_list", "--json", r#"{"limit": 2}"#], more].concat();
    let answer: Value = serde_json::from_str(&said(&call(&server, &arguments(&[])).await)).unwrap();
    assert_eq!(answer["jobs"][1]["settings"]["name"], "hourly, late");
    let csv = call(&server, &arguments(&["--output", "csv", "--fields", "jobs.job_id,has_more"])).await;
    assert_eq!(said(&csv), "job_id\n7\n8\n");
    assert!(crate::text(&csv.stderr).contains("has_more: false"), "what is beside the rows is not lost");
    let yaml = said(&call(&server, &arguments(&["-o", "yaml"])).await);
    assert!(yaml.contains("name: nightly") && yaml.contains("job_id: 7"), "{yaml}");
    let table = said(&call(&server, &arguments(&["-o", "table"])).await);
    assert!(table.contains("JOB_ID") && !table.contains('\u{1b}'), "{table}");
}

#[tokio::test]
async fn nothing_is_sent_that_is_wrong_or_refused() {
    let server = MockServer::start().await;
    for (arguments, expected) in [
        (&["jobs_lst"][..], "jobs_list"),
        (&["jobs_list", "--json", r#"{"limits": 2}"#], "limit"),
        (&["jobs_list", "--fields", "jobs.jobid"], "job_id"),
        (&["jobs_delete", "--json", r#"{"job_id": 7}"#, "--read-only"], "read-only"),
    ] {
        let told = complaint(&call(&server, arguments).await, 1);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_workspace_refuses_is_told_without_the_token() {
    let server = MockServer::start().await;
    let refusal = json!({"error_code": "PERMISSION_DENIED", "message": "not yours"});
    Mock::given(method("POST"))
        .and(path("/api/2.2/jobs/delete"))
        .respond_with(ResponseTemplate::new(403).set_body_json(refusal))
        .mount(&server)
        .await;
    let told = complaint(&call(&server, &["jobs_delete", "--json", r#"{"job_id": 7}"#]).await, 1);
    assert!(told.contains("not yours") && !told.contains("s3cret"), "{told}");
}

#[test]
fn operations_are_found_and_described_without_a_workspace() {
    let home = tempfile::tempdir().unwrap();
    let found = said(&run(home.path(), &["api", "--search", "cancel a run of a job"]));
    assert!(found.contains("jobs_cancel_run: POST /api/2.2/jobs/runs/cancel"), "{found}");
    let described = said(&run(home.path(), &["api", "jobs_list", "--describe"]));
    assert!(described.contains("limit") && described.contains("/api/2.2/jobs/list"), "{described}");
    let json = said(&run(home.path(), &["api", "jobs_list", "--describe", "--output", "json"]));
    assert!(serde_json::from_str::<Value>(&json).unwrap().is_object());
}
