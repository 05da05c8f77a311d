//! Both eras of the protocol on one address: sessions, and requests that stand alone.

use std::time::{Duration, Instant};

use databricks_toolkit::mcp::http::HttpOptions;
use serde_json::{Value, json};

use crate::support::{LEGACY, Served, object, send};

fn names(result: &Value) -> Vec<&str> {
    result["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_eras_see_the_same_tools_and_call_them() {
    let served = Served::start(HttpOptions::default()).await;
    let (session, info) = served.initialize(&[]).await;
    assert_eq!(info["protocolVersion"], LEGACY);
    let extensions = info["capabilities"]["extensions"].as_object().unwrap();
    assert_eq!(extensions.keys().collect::<Vec<_>>(), ["io.modelcontextprotocol/ui"], "{info}");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let old = send(served.in_session(Some(&session), &list)).await.result();

    let discovered = served.ask("server/discover", json!({})).await.result();
    let extensions = &discovered["capabilities"]["extensions"];
    assert!(extensions.get("io.modelcontextprotocol/tasks").is_some(), "{discovered}");
    let new = served.ask("tools/list", json!({})).await.result();
    assert_eq!(new["cacheScope"], "public");
    assert!(new["ttlMs"].as_u64().unwrap() > 0 && names(&new).len() >= 30);
    assert_eq!(names(&old), names(&new));

    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "execute_sql", "arguments": { "statement": "SELECT 1" }
    } });
    let old = send(served.in_session(Some(&session), &call)).await.answer();
    let new = served.call("execute_sql", json!({ "statement": "SELECT 1" })).await.answer();
    assert_eq!((&old["rows"], &new["rows"]), (&json!([["1"]]), &json!([["1"]])));

    // A session that was ended is gone.
    let delete = served.client().delete(&served.url).header("mcp-session-id", &session);
    assert!(delete.send().await.unwrap().status().is_success());
    assert_eq!(send(served.in_session(Some(&session), &list)).await.status, 404);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_comes_before_the_result() {
    let served = Served::start(HttpOptions::default()).await;
    let arguments = json!({ "code": "import time; time.sleep(1.5); print('slept')" });
    let params = json!({ "name": "run_code", "arguments": arguments, "_meta": { "progressToken": "p" } });
    let reply = served.ask("tools/call", params).await;
    let messages = reply.messages();
    let told: Vec<f64> = messages[..messages.len() - 1]
        .iter()
        .map(|note| {
            assert_eq!(
                (&note["method"], &note["params"]["progressToken"]),
                (&json!("notifications/progress"), &json!("p"))
            );
            note["params"]["progress"].as_f64().unwrap()
        })
        .collect();
    assert!(told.len() >= 2 && told.is_sorted(), "{told:?}");
    assert!(reply.answer()["result"].as_str().unwrap().contains("slept"));
    served.end().await;
}

/// Code that leaves a mark once it has slept, and whether it did.
struct Marked {
    folder: tempfile::TempDir,
}

impl Marked {
    fn code(&self, seconds: f64) -> Value {
        let mark = self.folder.path().join("mark");
        json!({ "code": format!("import time; time.sleep({seconds}); open({mark:?}, 'w').close()") })
    }

    async fn is_never_left(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        assert!(!self.folder.path().join("mark").exists(), "the code ran on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_stops_the_code() {
    let served = Served::start(HttpOptions::default()).await;
    // Without sessions, whoever goes away cancels.
    let marked = Marked { folder: tempfile::tempdir().unwrap() };
    let request = served.request(
        "tools/call",
        object(json!({ "name": "run_code", "arguments": marked.code(2.0) })),
        json!({}),
    );
    let gone = tokio::time::timeout(Duration::from_millis(800), request.send()).await;
    assert!(gone.is_err(), "{gone:?}");
    marked.is_never_left(3.0).await;

    // In a session a notification does.
    let marked = Marked { folder: tempfile::tempdir().unwrap() };
    let (session, _) = served.initialize(&[]).await;
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "run_code", "arguments": marked.code(2.0)
    } });
    let called = tokio::spawn(served.in_session(Some(&session), &call).send());
    tokio::time::sleep(Duration::from_millis(800)).await;
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    assert_eq!(served.in_session(Some(&session), &note).send().await.unwrap().status(), 202);
    marked.is_never_left(3.0).await;
    called.abort();
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_and_oversized_requests_are_refused_and_the_next_is_served() {
    let served = Served::start(HttpOptions::default()).await;
    let post = || served.client().post(&served.url).header("accept", "application/json, text/event-stream");
    let malformed = post().header("content-type", "application/json").body("{oops").send().await.unwrap();
    assert!(malformed.status().is_client_error(), "{}", malformed.status());
    let large = vec![b' '; 16 * 1024 * 1024 + 1024];
    let large = post().header("content-type", "application/json").body(large).send().await.unwrap();
    assert_eq!(large.status(), 413);
    let started = Instant::now();
    let other = served.client().post(&served.url).body("{}").send().await.unwrap();
    assert_eq!(other.status(), 406);
    assert!(started.elapsed() < Duration::from_secs(5));
    let unknown = served.call("list_cluster", json!({})).await.result();
    assert!(unknown.to_string().contains("did you mean `list_clusters`?"), "{unknown}");
    served.end().await;
}
