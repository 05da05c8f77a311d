//! The server over MCP: the work an agent does, and what it is told when something is wrong.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use databricks_toolkit::{ErrorKind, Workspace};
use serde_json::{Value, json};

use crate::support::{Client, binary, call, fails, ok, said, sandbox, serve};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_explores_queries_writes_and_runs() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    assert!(client.list_all_tools().await.unwrap().len() >= 30);

    let me = ok(&client, "who_am_i", json!({})).await;
    let home = format!("/Users/{}", me["userName"].as_str().unwrap());

    let catalogs = ok(&client, "list_catalogs", json!({})).await;
    assert!(catalogs["catalogs"].as_array().unwrap().iter().any(|catalog| catalog["name"] == "samples"));
    let schemas = ok(&client, "list_schemas", json!({ "catalog_name": "samples" })).await;
    assert!(schemas["schemas"].to_string().contains("samples.nyctaxi"));
    let tables =
        ok(&client, "list_tables", json!({ "catalog_name": "samples", "schema_name": "nyctaxi" })).await;
    assert_eq!(tables["tables"][0]["full_name"], "samples.nyctaxi.trips");
    let table = ok(&client, "describe_table", json!({ "full_name": "samples.nyctaxi.trips" })).await;
    assert!(table["columns"].as_array().unwrap().iter().any(|column| column["name"] == "fare_amount"));
    assert!(
        table["owner"].is_string() && table["sample"]["rows"].as_array().is_some_and(|rows| rows.len() == 5),
        "{table}"
    );
    let lineage =
        table["left_out"].as_array().unwrap().iter().find(|note| note["what"] == "lineage").unwrap();
    assert!(lineage["how"].as_str().unwrap().starts_with("not available: "), "{lineage}");
    let found = ok(&client, "find_by_name", json!({ "name": "trip" })).await;
    assert!(found["tables"].to_string().contains("samples.nyctaxi.trips"), "{found}");

    let query = "SELECT COUNT(*) AS trips FROM samples.nyctaxi.trips WHERE fare_amount > :least";
    let parameters = json!([{ "name": "least", "value": "0", "type": "DOUBLE" }]);
    let answer = ok(&client, "execute_sql", json!({ "statement": query, "parameters": parameters })).await;
    assert_eq!(answer["state"], "SUCCEEDED");
    assert!(answer["rows"][0][0].as_str().unwrap().parse::<i64>().unwrap() > 1000, "{answer}");
    let again = ok(&client, "get_statement", json!({ "statement_id": answer["statement_id"] })).await;
    assert_eq!(again["rows"], answer["rows"]);

    let path = format!("{home}/reports/first");
    let code = "# Databricks notebook source\nprint('hello')\ndbutils.notebook.exit('done')\n";
    ok(&client, "write_workspace_file", json!({ "path": path, "language": "PYTHON", "content": code })).await;
    let read = ok(&client, "read_workspace_file", json!({ "path": path })).await;
    assert!(read["content"].as_str().unwrap().contains("print('hello')"), "{read}");
    let listed = ok(&client, "list_workspace", json!({ "path": format!("{home}/reports") })).await;
    assert_eq!(listed["objects"][0]["path"], path.as_str());

    let clusters = ok(&client, "list_clusters", json!({})).await;
    let cluster = clusters["clusters"][0]["cluster_id"].clone();
    let task = json!({ "task_key": "only", "existing_cluster_id": cluster, "notebook_path": path });
    let waited = json!({ "tasks": [task.clone()], "wait_seconds": 60 });
    let waited = ok(&client, "submit_run", waited).await;
    assert_eq!(waited["tasks"][0]["result"], "done", "{waited}");
    let run = ok(&client, "submit_run", json!({ "run_name": "first", "tasks": [task] })).await;
    let ended = ok(&client, "wait_for_run", json!({ "run_id": run["run_id"], "timeout_seconds": 60 })).await;
    assert_eq!(ended["state"]["result_state"], "SUCCESS", "{ended}");
    let output = ok(&client, "get_run_output", json!({ "run_id": ended["tasks"][0]["run_id"] })).await;
    assert_eq!(output["notebook_output"]["result"], "done", "{output}");

    ok(&client, "delete_workspace_object", json!({ "path": path })).await;
    let gone = fails(&client, "read_workspace_file", json!({ "path": path })).await;
    assert!(gone.contains("RESOURCE_DOES_NOT_EXIST"), "{gone}");
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn python_keeps_its_state_and_contexts_are_destroyed_at_the_end() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let context = ok(&client, "create_execution_context", json!({})).await;
    let (cluster, id) = (context["cluster_id"].as_str().unwrap(), context["context_id"].as_str().unwrap());
    let run = async |code: &str| {
        ok(&client, "execute_command", json!({ "cluster_id": cluster, "context_id": id, "code": code })).await
    };
    run("x = 20").await;
    assert_eq!(run("x + 22").await["result"], "42");
    let once = ok(&client, "run_code", json!({ "code": "print('once')" })).await;
    assert!(once["result"].as_str().unwrap().contains("once"), "{once}");
    let error = fails(&client, "run_code", json!({ "code": "1 / 0" })).await;
    assert!(error.contains("ZeroDivisionError"), "{error}");

    let drawn =
        "class Drawn:\n    def _repr_png_(self):\n        return bytes([137, 80, 78, 71])\ndisplay(Drawn())";
    let drawn = call(&client, "run_code", json!({ "code": drawn })).await;
    let image = drawn.content[1].as_image().unwrap();
    assert_eq!((image.mime_type.as_str(), image.data.as_str()), ("image/png", "iVBORw=="));
    let said = drawn.structured_content.unwrap();
    assert_eq!(said["result"], json!([{ "media_type": "image/png", "bytes": 4 }]), "{said}");
    let table =
        ok(&client, "run_code", json!({ "code": "SELECT 1 AS a, 'x' AS b", "language": "sql" })).await;
    assert_eq!((&table["columns"][1]["name"], &table["rows"][0][1]), (&json!("b"), &json!("x")), "{table}");

    // The client goes; the context it left open must not stay.
    client.cancel().await.unwrap();
    let workspace = Workspace::builder().host(sandbox.url()).token(sandbox.token()).build().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let execute = workspace.command_execution().execute();
        match execute.cluster_id(cluster).context_id(id).command("x").send().await {
            Err(error) if error.kind().is_some_and(|kind| kind != ErrorKind::Unavailable) => break,
            other => assert!(Instant::now() < deadline, "the context is still there: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_volumes_and_dbfs_are_written_and_read() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    for (folder, path) in [
        ("/Volumes/main/default/files", "/Volumes/main/default/files/a b.txt"),
        ("dbfs:/notes", "dbfs:/notes/a b.txt"),
    ] {
        ok(&client, "write_file", json!({ "path": path, "content": "häuser\n" })).await;
        let read = ok(&client, "read_file", json!({ "path": path })).await;
        assert_eq!((&read["content"], &read["encoding"]), (&json!("häuser\n"), &json!("text")), "{path}");
        let part = ok(&client, "read_file", json!({ "path": path, "offset": 1, "length": 2 })).await;
        assert_eq!(part["content"], "ä", "{path}: {part}");
        assert_eq!(part["next_offset"], 3, "{path}: {part}");
        let listed = ok(&client, "list_files", json!({ "path": folder })).await;
        assert!(listed["entries"].to_string().contains("a b.txt"), "{listed}");
        let exists = fails(&client, "write_file", json!({ "path": path, "content": "x" })).await;
        assert!(exists.contains("ALREADY_EXISTS"), "{path}: {exists}");
    }
    let bytes = json!({ "path": "dbfs:/bytes", "content": "/w==", "encoding": "base64" });
    ok(&client, "write_file", bytes).await;
    let read = ok(&client, "read_file", json!({ "path": "dbfs:/bytes" })).await;
    assert_eq!((&read["content"], &read["encoding"]), (&json!("/w=="), &json!("base64")));
    let elsewhere = fails(&client, "read_file", json!({ "path": "/etc/passwd" })).await;
    assert!(elsewhere.contains("neither in a volume"), "{elsewhere}");
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_and_the_server_lives_on() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let unknown = fails(&client, "list_cluster", json!({})).await;
    assert!(unknown.contains("did you mean `list_clusters`?"), "{unknown}");
    let argument = fails(&client, "get_cluster", json!({ "clusterid": "x" })).await;
    assert!(
        argument.contains("did you mean `cluster_id`?") && argument.contains("`cluster_id` is required"),
        "{argument}"
    );
    let kind = fails(&client, "get_cluster", json!({ "cluster_id": 7 })).await;
    assert!(kind.contains("`cluster_id`") && kind.contains("string"), "{kind}");
    let missing = fails(&client, "get_cluster", json!({ "cluster_id": "no-such" })).await;
    assert!(missing.contains("does not exist"), "{missing}");
    let sql = fails(&client, "execute_sql", json!({ "statement": "SELEC 1" })).await;
    assert!(sql.contains("PARSE_SYNTAX_ERROR"), "{sql}");
    let table = fails(&client, "execute_sql", json!({ "statement": "SELECT * FROM no_such" })).await;
    assert!(table.contains("TABLE_OR_VIEW_NOT_FOUND"), "{table}");
    let alive = ok(&client, "execute_sql", json!({ "statement": "SELECT 1" })).await;
    assert_eq!(alive["rows"], json!([["1"]]));
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_explained() {
    let sandbox = sandbox().await;
    let mut command = tokio::process::Command::from(binary());
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", "dapi-wrong").arg("serve");
    let transport = rmcp::transport::TokioChildProcess::new(command).unwrap();
    let client: Client = rmcp::ServiceExt::serve((), transport).await.unwrap();
    let error = fails(&client, "who_am_i", json!({})).await;
    assert!(
        error.contains("The token is missing, wrong or expired") && !error.contains("dapi-wrong"),
        "{error}"
    );
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_result_is_cut_and_says_how_to_go_on() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let query = json!({ "statement": "SELECT * FROM samples.nyctaxi.trips", "row_limit": 5000 });
    let result = call(&client, "execute_sql", query).await;
    let answer = result.structured_content.clone().unwrap();
    let (shown, total) = (answer["rows"].as_array().unwrap().len(), answer["row_count"].as_u64().unwrap());
    let note = &answer["left_out"][0];
    assert_eq!((&note["what"], &note["how"]), (&json!("items of rows"), &json!("read_answer")), "{note}");
    assert_eq!(note["count"], total - shown as u64);
    assert_eq!(answer["untrusted"], json!(["rows"]));
    // The rest is read on: the first line is the first row that was not shown.
    let rest = json!({ "uri": note["uri"], "offset": note["offset"], "max_tokens": 1000 });
    let rest = ok(&client, "read_answer", rest).await;
    let first = rest["text"].as_str().unwrap().lines().next().unwrap();
    let last_shown = answer["rows"][shown - 1].as_array().unwrap();
    assert_eq!(first.split(',').count(), last_shown.len(), "{first}");
    assert!(rest["next_offset"].as_u64().unwrap() > note["offset"].as_u64().unwrap(), "{rest}");
    let found = json!({ "uri": note["uri"], "pattern": "fare_amount" });
    let found = ok(&client, "read_answer", found).await;
    assert!(found["matches"][0]["text"].as_str().unwrap().contains("fare_amount"), "{found}");
    let gone = fails(&client, "read_answer", json!({ "uri": "databricks://answers/AAAAAAAAAAAAAAAA" })).await;
    assert!(gone.contains("make the call again"), "{gone}");
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_chooses_fields_and_length() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let usual = ok(&client, "list_clusters", json!({})).await;
    assert!(usual["clusters"][0].get("disk_spec").is_none() && usual["clusters"][0]["state"].is_string());
    let note = usual["left_out"].as_array().unwrap().iter().find(|note| note["what"] == "fields").unwrap();
    assert!(note["count"].as_u64().unwrap() > 0, "{usual}");
    let one = ok(&client, "list_clusters", json!({ "fields": ["cluster_id", "clusters.state"] })).await;
    let names: Vec<&String> = one["clusters"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["cluster_id", "state"], "{one}");
    let all = ok(&client, "list_clusters", json!({ "fields": ["*"] })).await;
    let count = |answer: &Value| answer["clusters"][0].as_object().unwrap().len();
    assert!(count(&all) > count(&usual), "{all}");
    let wrong = fails(&client, "list_clusters", json!({ "fields": ["clusterid"] })).await;
    assert!(
        wrong.contains("did you mean `clusters.cluster_id`?") && wrong.contains("clusters.state"),
        "{wrong}"
    );
    // Where it is not said it is taken all the same.
    let me = ok(&client, "who_am_i", json!({ "fields": "userName" })).await;
    assert_eq!(me.as_object().unwrap().keys().collect::<Vec<_>>(), ["userName"], "{me}");
    let few = fails(&client, "who_am_i", json!({ "max_tokens": 3 })).await;
    assert!(few.contains("`max_tokens`: 3 is no whole number of at least 250"), "{few}");
    let query = json!({ "statement": "SELECT * FROM samples.nyctaxi.trips", "max_tokens": 600 });
    let short = call(&client, "execute_sql", query).await;
    assert!(said(&short).len() < 4_000, "{}", said(&short).len());
    client.cancel().await.unwrap();
}

/// Speaks the protocol by hand, for what a client library does not let one send.
struct Raw {
    child: std::process::Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Raw {
    fn start(url: &str, token: &str) -> Self {
        let mut command = binary();
        command.env("DATABRICKS_HOST", url).env("DATABRICKS_TOKEN", token).arg("serve");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut raw = Self { child, lines };
        raw.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" }
        } }).to_string());
        assert_eq!(raw.next()["id"], 0);
        raw.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        raw
    }

    fn send(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_input_is_answered() {
    let sandbox = sandbox().await;
    let mut raw = Raw::start(sandbox.url(), sandbox.token());
    raw.send("{\"jsonrpc\": oops");
    let answer = raw.next();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32700), &Value::Null), "{answer}");
    raw.send(
        &json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": { "name": 7 } }).to_string(),
    );
    let answer = raw.next();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32602), &json!(5)), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("parameters of tools/call"), "{answer}");
    raw.send(&json!({ "jsonrpc": "2.0", "id": 6, "method": "tools/list" }).to_string());
    assert!(raw.next()["result"]["tools"].is_array());
    // The client goes: the server ends by itself, and well.
    drop(raw.child.stdin.take());
    assert!(raw.child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_and_cancelling_stops_the_work() {
    let sandbox = sandbox().await;
    let mut raw = Raw::start(sandbox.url(), sandbox.token());
    let began = Instant::now();
    raw.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "run_code", "arguments": { "code": "import time; time.sleep(60)" }, "_meta": { "progressToken": "p" }
    } }).to_string());
    let note = loop {
        let message = raw.next();
        if message["params"]["message"].as_str().is_some_and(|text| text.starts_with("Running")) {
            break message;
        }
    };
    assert_eq!(note["method"], "notifications/progress");
    assert_eq!(note["params"]["progressToken"], "p");
    raw.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } })
            .to_string(),
    );
    // A cancelled request has no answer; the next one is served at once, the server ends quickly.
    raw.send(
        &json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "who_am_i" } })
            .to_string(),
    );
    loop {
        if raw.next()["id"] == 2 {
            break;
        }
    }
    drop(raw.child.stdin.take());
    assert!(raw.child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
