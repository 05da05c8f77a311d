//! The end: calls in flight, tasks, contexts, the exit code.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use databricks_sandbox::Sandbox;
use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::http::HttpOptions;
use serde_json::json;

use crate::callers::terminate;
use crate::support::{Served, object, send};

fn sleeping(seconds: f64) -> serde_json::Value {
    json!({ "name": "run_code", "arguments": { "code": format!("import time; time.sleep({seconds}); print('slept')") } })
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_end_and_new_ones_are_refused() {
    let served = Served::start(HttpOptions::default()).await;
    let request = served.request("tools/call", object(sleeping(2.0)), json!({}));
    let call = tokio::spawn(send(request));
    tokio::time::sleep(Duration::from_millis(700)).await;
    served.stop.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ready = served.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.text.contains("\"draining\":true")),
        (503, true),
        "{}",
        ready.text
    );
    let refused = served.call("execute_sql", json!({ "statement": "SELECT 1" })).await.result();
    assert!(refused.to_string().contains("shutting down"), "{refused}");
    let answer = call.await.unwrap().answer();
    assert!(answer["result"].as_str().unwrap().contains("slept"), "{answer}");
    served.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_is_stopped() {
    let served = Served::start(HttpOptions::default().drain(Duration::from_millis(300))).await;
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let code = format!("import time; time.sleep(4); open({mark:?}, 'w').close()");
    let params = json!({ "name": "run_code", "arguments": { "code": code } });
    let call = tokio::spawn(send(served.request("tools/call", object(params), json!({}))));
    tokio::time::sleep(Duration::from_millis(700)).await;
    let started = Instant::now();
    served.stop.cancel();
    served.ended.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(call.await.unwrap().result().to_string().contains("cancelled"));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!mark.exists(), "the code ran on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_ends_well_and_destroys_open_contexts() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DATABRICKS_")) {
        command.env_remove(name);
    }
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    command.args(["serve", "--http", "0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let url = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    let params = json!({ "name": "create_execution_context", "arguments": {}, "_meta": meta });
    let request = reqwest::Client::new()
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "create_execution_context");
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let context = send(request.json(&body)).await.answer();
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let workspace = Workspace::builder().host(sandbox.url()).token(sandbox.token()).build().unwrap();
    let execute = workspace.command_execution().execute();
    let (cluster, id) = (context["cluster_id"].as_str().unwrap(), context["context_id"].as_str().unwrap());
    let left = execute.cluster_id(cluster).context_id(id).command("1").send().await;
    assert!(left.is_err(), "the context is still there");
    sandbox.shutdown().await;
}

/// Who only listens for changes has no call to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_changes_holds_up_no_end() {
    let served = Served::start(HttpOptions::default().drain(Duration::from_secs(60))).await;
    let params = object(json!({ "notifications": { "toolsListChanged": true } }));
    let mut stream = served.request("subscriptions/listen", params, json!({})).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut first = String::new();
    while !first.contains("acknowledged") {
        first.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    let began = Instant::now();
    served.end().await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
