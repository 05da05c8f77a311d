//! Traces and metrics as a collector gets them, and the trace as the workspace gets it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Whether a message of protobuf holds these bytes: texts and ids are in it as they are.
fn holds(message: &[u8], part: &[u8]) -> bool {
    message.windows(part.len()).any(|window| window == part)
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A session in which one tool is called twice, the second time in vain.
fn session(workspace: &str, collector: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
    command.env_clear().env("DATABRICKS_HOST", workspace).env("DATABRICKS_TOKEN", "dapi-secret-of-the-test");
    command.args(["serve", "--otlp-endpoint", collector]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = |name: &str, params: Value| {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": name, "params": params });
        writeln!(input, "{message}").unwrap();
        serde_json::from_str::<Value>(&output.next().unwrap().unwrap()).unwrap()
    };
    let client = json!({ "name": "test", "version": "1" });
    ask("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }));
    let meta = json!({ "traceparent": format!("00-{TRACE}-{PARENT}-01") });
    let answer = ask("tools/call", json!({ "name": "list_clusters", "arguments": {}, "_meta": meta }));
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    let failed = ask("tools/call", json!({ "name": "get_cluster", "arguments": { "cluster_id": "none" } }));
    assert_eq!(failed["result"]["isError"], true, "{failed}");
    drop(input);
    assert!(child.wait().unwrap().success());
}

async fn received(server: &MockServer, at: &str) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter().filter(|request| request.url.path() == at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_a_span_under_the_clients_and_above_those_of_the_workspace() {
    let (workspace, collector) = (MockServer::start().await, MockServer::start().await);
    let clusters = ResponseTemplate::new(200).set_body_json(json!({ "clusters": [] }));
    Mock::given(path("/api/2.1/clusters/list")).respond_with(clusters).mount(&workspace).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&collector).await;
    let (to, collect) = (workspace.uri(), collector.uri());
    tokio::task::spawn_blocking(move || session(&to, &collect)).await.unwrap();

    let listed = received(&workspace, "/api/2.1/clusters/list").await;
    let traceparent = listed[0].headers["traceparent"].to_str().unwrap();
    let parts: Vec<&str> = traceparent.split('-').collect();
    assert!(parts[1] == TRACE && parts[2] != PARENT && parts[3] == "01", "{traceparent}");

    let traces = received(&collector, "/v1/traces").await;
    let spans: Vec<u8> = traces.iter().flat_map(|request| request.body.clone()).collect();
    for part in [
        "tools/call list_clusters",
        "tools/call get_cluster",
        "gen_ai.tool.name",
        "mcp.method.name",
        "execute_tool",
        "clusters_list",
        "/api/2.1/clusters/list",
        "tool_error",
        "databricks-mcp",
    ] {
        assert!(holds(&spans, part.as_bytes()), "no {part} among the spans");
    }
    // The client's span is the tool's parent, and what the workspace was told is one of ours.
    for id in [TRACE, PARENT, parts[2]] {
        assert!(holds(&spans, &bytes_of(id)), "no id {id} among the spans");
    }
    assert!(!holds(&spans, b"dapi-secret-of-the-test"));

    let metrics = received(&collector, "/v1/metrics").await;
    let metrics: Vec<u8> = metrics.iter().flat_map(|request| request.body.clone()).collect();
    for part in
        ["mcp.server.operation.duration", "http.client.request.duration", "list_clusters", "url.template"]
    {
        assert!(holds(&metrics, part.as_bytes()), "no {part} among the metrics");
    }
}
