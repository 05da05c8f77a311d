//! Calls made as whoever calls, by their own token of Databricks.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use databricks_sandbox::Sandbox;
use databricks_toolkit::mcp::Destructive;
use databricks_toolkit::mcp::http::HttpOptions;
use serde_json::{Value, json};

use crate::support::{Reply, Served, object, send};

const CALLER: &str = "x-forwarded-access-token";

/// A server whose own token is of no use.
async fn served() -> Served {
    let sandbox = Sandbox::builder().token("the-token-of-the-person").start().await.unwrap();
    Served::over(sandbox, "the-servers-own", HttpOptions::default().caller_tokens(true)).await
}

async fn ask(served: &Served, token: &str, method: &str, params: Value) -> Reply {
    send(served.request(method, object(params), json!({})).header(CALLER, token)).await
}

async fn who_am_i(served: &Served, token: &str) -> Reply {
    ask(served, token, "tools/call", json!({ "name": "who_am_i", "arguments": {} })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_made_with_the_callers_token_and_no_other() {
    let served = served().await;
    let reply = who_am_i(&served, "the-token-of-the-person").await;
    assert!(reply.answer()["userName"].is_string(), "{}", reply.text);

    let missing = served.call("who_am_i", json!({})).await;
    assert_eq!(missing.status, 401);
    assert!(missing.text.contains("X-Forwarded-Access-Token is missing"), "{}", missing.text);
    assert!(missing.headers.contains_key("www-authenticate"));

    let wrong = who_am_i(&served, "a-token-of-nobody").await;
    let said = wrong.result().to_string();
    assert!(said.contains("The token is missing, wrong or expired"), "{said}");
    for secret in ["a-token-of-nobody", "the-token-of-the-person", "the-servers-own"] {
        assert!(!said.contains(secret), "{said}");
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_callers_own() {
    let served = served().await;
    let (session, _) = served.initialize(&[(CALLER, "the-token-of-the-person")]).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let by =
        async |token: &str| send(served.in_session(Some(&session), &list).header(CALLER, token)).await.status;
    assert_eq!(by("the-token-of-the-person").await, 200);
    assert_eq!(by("a-token-of-nobody").await, 404);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_is_its_callers_own() {
    let sandbox = Sandbox::builder().token("the-token-of-the-person").start().await.unwrap();
    let options = HttpOptions::default().caller_tokens(true);
    let served = Served::with(sandbox, "x", options, Destructive::Ask).await;
    let drop =
        json!({ "name": "execute_sql", "arguments": { "statement": "DROP TABLE IF EXISTS main.default.t" } });
    let by = async |token: &str, params: Value| {
        let request = served.request("tools/call", object(params), json!({ "elicitation": { "form": {} } }));
        send(request.header(CALLER, token)).await.result()
    };
    let asked = by("the-token-of-the-person", drop.clone()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let mut answered = drop;
    answered["requestState"] = asked["requestState"].clone();
    answered["inputResponses"] = json!({ "confirm": { "action": "accept", "content": { "confirm": true } } });
    let other = by("a-token-of-nobody", answered.clone()).await;
    assert!(other.to_string().contains("not of this call"), "{other}");
    let own = by("the-token-of-the-person", answered).await;
    assert_ne!(own["isError"], true, "{own}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_shows_a_token() {
    let sandbox = Sandbox::builder().token("the-token-of-the-person").start().await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DATABRICKS_")) {
        command.env_remove(name);
    }
    command
        .env("DATABRICKS_HOST", sandbox.url())
        .env("DATABRICKS_TOKEN", "the-servers-own")
        .env("DATABRICKS_DEBUG_HEADERS", "true")
        .env("DATABRICKS_MCP_HTTP_TOKEN", "the-token-of-clients")
        .args(["--log", "trace", "serve", "--http", "0", "--http-caller-token"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let url = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "who_am_i", "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}
        }
    } });
    let request = reqwest::Client::new()
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "who_am_i")
        .header("authorization", "Bearer the-token-of-clients")
        .header(CALLER, "the-token-of-the-person");
    assert!(send(request.json(&body)).await.answer()["userName"].is_string());
    terminate(&child);
    assert!(child.wait().unwrap().success());
    let log = log.join().unwrap();
    assert!(log.contains("POST") || log.contains("who_am_i"), "nothing was logged: {log}");
    for secret in ["the-token-of-the-person", "the-servers-own", "the-token-of-clients"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    sandbox.shutdown().await;
}

/// Asks a process to end, as a platform does.
pub(crate) fn terminate(child: &std::process::Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}
