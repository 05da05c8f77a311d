//! What a server's owner may forbid: writes, calls by rules, long calls; and which workspace a call is for.

use databricks_sandbox::Sandbox;
use rmcp::ServiceExt;
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use crate::support::{Client, binary, fails, ok, sandbox};

async fn serve(sandbox: &Sandbox, settings: &str, arguments: &[&str]) -> Client {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = tokio::process::Command::from(binary());
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    command.env("DATABRICKS_MCP_CONFIG", &file).arg("serve").args(arguments);
    // The file is read by the time the session is open.
    ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap()
}

fn sql(statement: &str) -> Value {
    json!({ "statement": statement })
}

#[tokio::test]
async fn a_read_only_server_judges_each_call() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox, "read_only = true", &[]).await;
    for tool in client.list_all_tools().await.unwrap() {
        let hints = tool.annotations.unwrap();
        assert_eq!(
            (hints.read_only_hint, hints.destructive_hint),
            (Some(true), Some(false)),
            "{}",
            tool.name
        );
    }
    ok(&client, "execute_sql", sql("SELECT 1 AS a")).await;
    for statement in ["CREATE TABLE main.default.t (a INT)", "DROP TABLE main.default.t", "no SQL at all"] {
        let said = fails(&client, "execute_sql", sql(statement)).await;
        assert!(said.contains("read-only"), "{statement}: {said}");
    }
    let read = json!({ "operation": "clusters_list_node_types", "arguments": {} });
    ok(&client, "api_call", read).await;
    let write = json!({ "operation": "workspace_mkdirs", "arguments": { "path": "/Shared/x" } });
    let said = fails(&client, "api_call", write).await;
    assert!(said.contains("`workspace_mkdirs` was not called: the server is read-only"), "{said}");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn rules_of_the_settings_file_decide() {
    let sandbox = sandbox().await;
    let settings = r#"
        [[rules]]
        names = ["main.scratch.*"]
        then = "allow"

        [[rules]]
        names = ["main.*"]
        effects = ["write", "destroy"]
        then = "never"

        [[rules]]
        tools = ["list_clusters"]
        then = "ask"
    "#;
    let client = serve(&sandbox, settings, &[]).await;
    ok(&client, "execute_sql", sql("SELECT 1 AS a")).await;
    let said = fails(&client, "execute_sql", sql("CREATE TABLE main.default.t AS SELECT 1 AS a")).await;
    assert!(said.contains("a rule of the server's owner forbids it (names main.*"), "{said}");
    let within =
        json!({ "statement": "CREATE TABLE t AS SELECT 1 AS a", "catalog": "main", "schema": "default" });
    let said = fails(&client, "execute_sql", within).await;
    assert!(said.contains("forbids it"), "{said}");
    // This client cannot ask anybody, so what must be asked about is refused.
    let said = fails(&client, "list_clusters", json!({})).await;
    assert!(said.contains("confirmation"), "{said}");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn a_call_whose_time_is_up_is_cancelled() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox, "destructive = \"allow\"\ntool_timeouts = { run_code = 3 }", &[]).await;
    let slow = json!({ "code": "import time\ntime.sleep(120)", "language": "python" });
    let said = fails(&client, "run_code", slow).await;
    assert!(said.contains("run_code took longer than 3 s and was cancelled"), "{said}");
    ok(&client, "who_am_i", json!({})).await;
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn one_server_calls_several_workspaces() {
    let (dev, prod) = (sandbox().await, sandbox().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("databrickscfg");
    let profile =
        |name: &str, at: &Sandbox| format!("[{name}]\nhost = {}\ntoken = {}\n", at.url(), at.token());
    std::fs::write(&file, profile("dev", &dev) + &profile("prod", &prod)).unwrap();
    let mut command = tokio::process::Command::from(binary());
    command.env("DATABRICKS_CONFIG_FILE", &file).args([
        "serve",
        "--profiles",
        "dev,prod",
        "--destructive",
        "allow",
    ]);
    let client = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();

    for tool in client.list_all_tools().await.unwrap() {
        let property = &tool.input_schema["properties"]["workspace"];
        assert_eq!(property["enum"], json!(["dev", "prod"]), "{}", tool.name);
    }
    let note = |content: &str, at: &str| json!({ "path": "/Shared/note", "language": "PYTHON", "content": content, "workspace": at });
    ok(&client, "write_workspace_file", note("in_dev = 1", "dev")).await;
    ok(&client, "write_workspace_file", note("in_prod = 1", "prod")).await;
    for (at, content) in [(Some("dev"), "in_dev"), (Some("prod"), "in_prod"), (None, "in_dev")] {
        let mut arguments = json!({ "path": "/Shared/note" });
        if let Some(at) = at {
            arguments["workspace"] = at.into();
        }
        let read = ok(&client, "read_workspace_file", arguments).await;
        assert!(read["content"].as_str().unwrap().contains(content), "{at:?}: {read}");
    }
    let said = fails(&client, "who_am_i", json!({ "workspace": "production" })).await;
    assert!(said.contains("`workspace`") && said.contains("\"prod\""), "{said}");

    // A context is destroyed where it was made.
    let made =
        ok(&client, "create_execution_context", json!({ "language": "python", "workspace": "prod" })).await;
    let gone = json!({
        "cluster_id": made["cluster_id"], "context_id": made["context_id"], "workspace": "prod"
    });
    ok(&client, "destroy_execution_context", gone).await;
    client.cancel().await.unwrap();
}

#[test]
fn a_settings_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    for (settings, wanted) in [
        ("tool_timeouts = { execute_sq = 5 }", "did you mean `execute_sql`?"),
        ("toolset = [\"sql\"]", "line 1"),
        ("[[rules]]\nthen = \"maybe\"", "`maybe`"),
    ] {
        std::fs::write(&file, settings).unwrap();
        let output = binary().args(["serve", "--config"]).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(wanted), "{settings}: {said}");
    }
}
