//! Long calls as tasks: begun, looked at, ended, cancelled.

use std::time::{Duration, Instant};

use databricks_sandbox::Sandbox;
use databricks_toolkit::mcp::http::HttpOptions;
use serde_json::{Value, json};

use crate::support::{Reply, Served, object, send};

fn opted_in() -> Value {
    json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })
}

async fn ask(served: &Served, method: &str, params: Value) -> Reply {
    send(served.request(method, object(params), opted_in())).await
}

async fn call(served: &Served, tool: &str, arguments: Value) -> Value {
    ask(served, "tools/call", json!({ "name": tool, "arguments": arguments })).await.result()
}

async fn ended(served: &Served, id: &Value) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let task = ask(served, "tasks/get", json!({ "taskId": id })).await.result();
        if task["status"] != "working" {
            return task;
        }
        assert!(Instant::now() < deadline, "{task}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_becomes_a_task_and_a_quick_one_does_not() {
    let served = Served::start(HttpOptions::default()).await;
    let quick = call(&served, "execute_sql", json!({ "statement": "SELECT 1" })).await;
    assert_eq!(quick["resultType"], "complete", "{quick}");

    let code = json!({ "code": "import time; time.sleep(3); print('slept')" });
    let task = call(&served, "run_code", code.clone()).await;
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    // As long as the longest wait, and as much again.
    assert!(task["ttlMs"].as_u64().unwrap() >= 2 * 3_600_000 && task["pollIntervalMs"].is_u64(), "{task}");
    let seen = ask(&served, "tasks/get", json!({ "taskId": task["taskId"] })).await.result();
    assert_eq!(seen["status"], "working", "{seen}");
    let done = ended(&served, &task["taskId"]).await;
    assert_eq!(done["status"], "completed", "{done}");
    let answer = &done["result"]["structuredContent"];
    assert!(answer["result"].as_str().unwrap().contains("slept"), "{done}");

    // What fails is told as it always is.
    let fails = call(&served, "run_code", json!({ "code": "import time; time.sleep(2); 1 / 0" })).await;
    let failed = ended(&served, &fails["taskId"]).await;
    assert_eq!(
        (&failed["status"], &failed["result"]["isError"]),
        (&json!("completed"), &json!(true)),
        "{failed}"
    );
    assert!(failed.to_string().contains("ZeroDivisionError"), "{failed}");

    // Who did not say that they can follow one gets the result.
    let params =
        json!({ "name": "run_code", "arguments": { "code": "import time; time.sleep(2); print('slept')" } });
    assert!(served.ask("tools/call", params).await.answer()["result"].as_str().unwrap().contains("slept"));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_task_stops_the_code() {
    let served = Served::start(HttpOptions::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let code = format!("import time; time.sleep(5); open({mark:?}, 'w').close()");
    let task = call(&served, "run_code", json!({ "code": code })).await;
    let id = &task["taskId"];
    let acknowledged = ask(&served, "tasks/cancel", json!({ "taskId": id })).await.result();
    assert_eq!(acknowledged["resultType"], "complete", "{acknowledged}");
    assert_eq!(ended(&served, id).await["status"], "cancelled");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!mark.exists(), "the code ran on");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_task_of_the_callers_is_unknown() {
    let sandbox = Sandbox::builder().token("the-token-of-the-person").start().await.unwrap();
    let served = Served::over(sandbox, "x", HttpOptions::default().caller_tokens(true)).await;
    let by = async |token: &str, method: &str, params: Value| {
        send(served.request(method, object(params), opted_in()).header("x-forwarded-access-token", token))
            .await
            .last()
    };
    let params = json!({ "name": "run_code", "arguments": { "code": "import time; time.sleep(3)" } });
    let task = by("the-token-of-the-person", "tools/call", params).await["result"].clone();
    let look = json!({ "taskId": task["taskId"] });
    for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
        let mut look = look.clone();
        look["inputResponses"] = json!({});
        let answer = by("a-token-of-nobody", method, look).await;
        assert_eq!(answer["error"]["code"], -32602, "{method}: {answer}");
    }
    assert_eq!(by("the-token-of-the-person", "tasks/get", look).await["result"]["status"], "working");
    served.end().await;
}
