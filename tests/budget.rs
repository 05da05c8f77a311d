//! A large workspace: 1,000 clusters, 10,000 jobs, 2,000 tables, a result of 100,000 rows, logs and notebooks of half a megabyte,
//! from a service that heeds no page size. The answer of every default tool is within its budget and says how to go on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::{ANSWER_TOKENS, App, Context, Fitted, LeftOut, Registry};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

#[path = "common/answers.rs"]
mod answers;

fn list(count: usize, item: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(item).collect()
}

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("2026-11-25 12:00:00 INFO step {n} of the \"log\" is done\n")).collect()
}

fn cluster(n: usize) -> Value {
    json!({
        "cluster_id": format!("1125-{n:06}-abcdef"), "cluster_name": format!("cluster {n}"), "state": "TERMINATED",
        "state_message": "Inactive cluster terminated (inactive for 60 minutes).", "spark_version": "17.3.x-scala2.13",
        "node_type_id": "i3.xlarge", "autoscale": { "min_workers": 1, "max_workers": 8 },
        "creator_user_name": "someone@example.com", "cluster_source": "UI", "disk_spec": { "disk_count": 1 },
        "default_tags": { "Vendor": "Databricks", "Creator": "someone@example.com" }
    })
}

fn task(n: usize) -> Value {
    json!({
        "run_id": n, "task_key": format!("task_{n}"), "attempt_number": 0,
        "state": { "life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": "it failed" }
    })
}

fn column(n: usize) -> Value {
    json!({ "name": format!("column_{n}"), "type_text": "decimal(10,2)", "nullable": true, "comment": "A number of things." })
}

/// What the workspace answers, by the end of the path.
fn answer(request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    let json = |value: Value| ResponseTemplate::new(200).set_body_json(value);
    let is = |end: &str| path.ends_with(end);
    match () {
        () if is("/clusters/list") => {
            json(json!({ "clusters": list(1_000, cluster), "next_page_token": "more" }))
        }
        () if is("/clusters/get") => {
            let mut cluster = cluster(1);
            cluster["state"] = json!("RUNNING");
            cluster["spark_conf"] = (0..5_000).map(|n| (format!("spark.key.{n}"), json!("value"))).collect();
            json(cluster)
        }
        () if is("/clusters/create") => json(json!({ "cluster_id": "1125-000000-abcdef" })),
        () if is("/jobs/list") => {
            let job = |n| {
                json!({ "job_id": n, "created_time": 1, "creator_user_name": "someone@example.com",
                "settings": { "name": format!("job {n}"), "format": "MULTI_TASK" } })
            };
            json(json!({ "jobs": list(10_000, job), "next_page_token": "more" }))
        }
        () if is("/jobs/get") => {
            let task = |n| json!({ "task_key": format!("task_{n}"), "description": "It does something. ".repeat(20) });
            json(json!({ "job_id": 1, "settings": { "name": "large", "tasks": list(1_000, task) } }))
        }
        () if is("/jobs/create") => json(json!({ "job_id": 1 })),
        () if is("/run-now") || is("/runs/submit") => json(json!({ "run_id": 1 })),
        () if is("/runs/list") => {
            let run = |n| {
                json!({ "run_id": n, "job_id": 1, "run_name": format!("run {n}"), "start_time": 1, "end_time": 2,
                "state": { "life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": "" } })
            };
            json(json!({ "runs": list(5_000, run), "next_page_token": "more" }))
        }
        () if is("/runs/get") => {
            let state = json!({ "life_cycle_state": "TERMINATED", "result_state": "FAILED" });
            json(
                json!({ "run_id": 1, "job_id": 1, "run_name": "large", "state": state, "tasks": list(1_000, task) }),
            )
        }
        () if is("/runs/get-output") => json(json!({
            "logs": lines(8_000), "error": "ValueError", "error_trace": lines(2_000),
            "notebook_output": { "result": lines(2_000) }, "metadata": { "run_id": 1 }
        })),
        () if is("/unity-catalog/catalogs") => {
            let catalog = |n| json!({ "name": format!("catalog_{n}"), "comment": "What it is for.", "owner": "admins" });
            json(json!({ "catalogs": list(2_000, catalog), "next_page_token": "more" }))
        }
        () if is("/unity-catalog/schemas") => {
            let schema = |n| json!({ "full_name": format!("main.schema_{n}"), "comment": "What it is for." });
            json(json!({ "schemas": list(2_000, schema), "next_page_token": "more" }))
        }
        () if is("/table-summaries") => {
            let table = |n| json!({ "full_name": format!("main.default.part_{n}"), "table_type": "MANAGED" });
            json(json!({ "tables": list(50, table), "next_page_token": "more" }))
        }
        () if is("/unity-catalog/tables") => {
            let table = |n| {
                json!({ "full_name": format!("main.default.part_{n}"), "table_type": "MANAGED",
                "data_source_format": "DELTA", "owner": "admins", "columns": list(5, column) })
            };
            json(json!({ "tables": list(2_000, table), "next_page_token": "more" }))
        }
        () if path.contains("/unity-catalog/tables/") => json(json!({
            "full_name": "main.default.wide", "catalog_name": "main", "schema_name": "default", "name": "wide",
            "table_type": "MANAGED", "data_source_format": "DELTA", "owner": "admins", "columns": list(2_000, column)
        })),
        () if is("/sql/statements") || path.contains("/sql/statements/") => {
            let columns = ["id", "name", "amount"].map(|name| json!({ "name": name, "type_text": "STRING" }));
            let row = |n: usize| json!([n.to_string(), format!("name, \"{n}\""), "1234.56"]);
            json(json!({
                "statement_id": "01ef", "status": { "state": "SUCCEEDED" },
                "manifest": { "schema": { "columns": columns }, "total_row_count": 100_000 },
                "result": { "data_array": list(100_000, row) }
            }))
        }
        () if is("/sql/warehouses") => {
            let warehouse = |n| {
                json!({ "id": format!("{n:016x}"), "name": format!("warehouse {n}"), "state": "RUNNING",
                "cluster_size": "Small", "warehouse_type": "PRO", "auto_stop_mins": 10 })
            };
            json(json!({ "warehouses": list(1_000, warehouse) }))
        }
        () if is("/workspace/list") => {
            let object = |n| {
                json!({ "path": format!("/Shared/part of the name {n}"), "object_type": "NOTEBOOK",
                "language": "PYTHON", "object_id": n })
            };
            json(json!({ "objects": list(10_000, object) }))
        }
        () if is("/workspace/export") => {
            json(json!({ "content": STANDARD.encode(lines(8_000)), "file_type": "py" }))
        }
        () if path.contains("/fs/directories") => {
            let entry = |n| json!({ "path": format!("/Volumes/main/default/files/{n}.txt"), "file_size": n });
            json(json!({ "contents": list(10_000, entry), "next_page_token": "more" }))
        }
        () if path.contains("/fs/files") => ResponseTemplate::new(200).set_body_string(lines(8_000)),
        () if is("/contexts/create") || is("/commands/execute") => json(json!({ "id": "1" })),
        () if is("/contexts/status") => json(json!({ "id": "1", "status": "Running" })),
        () if is("/commands/status") => json(json!({
            "id": "1", "status": "Finished", "results": { "resultType": "text", "data": lines(8_000) }
        })),
        () if is("/Me") => {
            let group = |n: usize| json!({ "display": format!("group {n}"), "value": n.to_string(), "type": "direct" });
            json(json!({ "id": "1", "userName": "someone@example.com", "groups": list(5_000, group) }))
        }
        () => json(json!({})),
    }
}

/// The arguments of a default tool, and whether its answer is cut.
fn call(tool: &str) -> (Value, bool) {
    let ids = json!({ "cluster_id": "c", "context_id": "1", "command_id": "1" });
    let task = json!({ "task_key": "a", "notebook_path": "/a" });
    match tool {
        "execute_sql" => (json!({ "statement": "SELECT 1", "row_limit": 100_000 }), true),
        "get_statement" => (json!({ "statement_id": "01ef" }), true),
        "cancel_statement" => (json!({ "statement_id": "01ef" }), false),
        "list_warehouses" | "list_catalogs" | "list_clusters" | "list_jobs" | "list_runs" | "who_am_i" => {
            (json!({}), true)
        }
        "list_schemas" => (json!({ "catalog_name": "main" }), true),
        "list_tables" => (json!({ "catalog_name": "main", "schema_name": "default" }), true),
        "describe_table" => (json!({ "full_name": "main.default.wide" }), true),
        "find_by_name" => (json!({ "name": "part", "limit": 500 }), true),
        "get_cluster" => (json!({ "cluster_id": "c" }), true),
        "start_cluster" | "terminate_cluster" | "restart_cluster" => (json!({ "cluster_id": "c" }), false),
        "create_cluster" => (json!({ "spark_version": "17.3.x-scala2.13" }), false),
        "run_code" => (json!({ "code": "1", "cluster_id": "c" }), true),
        "create_execution_context" => (json!({ "cluster_id": "c" }), false),
        "execute_command" => (json!({ "cluster_id": "c", "context_id": "1", "code": "1" }), true),
        "get_command" => (ids, true),
        "cancel_command" => (ids, false),
        "destroy_execution_context" => (json!({ "cluster_id": "c", "context_id": "1" }), false),
        "get_job" => (json!({ "job_id": 1 }), true),
        "delete_job" | "run_job" => (json!({ "job_id": 1 }), false),
        "create_job" => (json!({ "name": "a", "tasks": [task] }), false),
        "submit_run" => (json!({ "tasks": [task], "wait_seconds": 10 }), true),
        "get_run" | "wait_for_run" | "explain_run" | "get_run_output" => (json!({ "run_id": 1 }), true),
        "cancel_run" => (json!({ "run_id": 1 }), false),
        "repair_run" => (json!({ "run_id": 1, "rerun_all_failed_tasks": true }), false),
        "list_workspace" => (json!({ "path": "/Shared" }), true),
        "read_workspace_file" => (json!({ "path": "/Shared/a" }), true),
        "write_workspace_file" => (json!({ "path": "/Shared/a", "content": "x" }), false),
        "delete_workspace_object" => (json!({ "path": "/Shared/a" }), false),
        "list_files" => (json!({ "path": "/Volumes/main/default/files" }), true),
        "read_file" => (json!({ "path": "/Volumes/main/default/files/a", "length": 1_000_000 }), true),
        "write_file" => (json!({ "path": "/Volumes/main/default/files/a", "content": "x" }), false),
        "api_search" => (json!({ "query": "list clusters", "limit": 40 }), false),
        "api_describe" => (json!({ "operation": "jobs_create" }), false),
        "api_call" => (json!({ "operation": "clusters_list" }), true),
        other => panic!("what is `{other}` called with?"),
    }
}

fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// The answer is within the budget; its notes.
fn notes(tool: &str, fitted: &Fitted, budget: usize) -> Vec<LeftOut> {
    let structured = Value::Object(fitted.structured.clone());
    let (text, json) = (tokens(&fitted.text), tokens(&structured.to_string()));
    println!("{tool}: {text} tokens of text, {json} of JSON");
    assert!(text.max(json) <= budget, "{tool}: {text} tokens of text, {json} of JSON");
    answers::check(tool, &fitted.text, &structured);
    serde_json::from_value(structured.get("left_out").cloned().unwrap_or_else(|| json!([]))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_large_workspace_are_within_their_budget() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let workspace = Workspace::builder().host(server.uri()).token("x").build().unwrap();
    let app = App::new(workspace);
    let context = Context::new(app.clone(), CancellationToken::new(), None);
    let registry = Registry::default();
    let run = async |tool: &str, arguments: &Value| {
        let Value::Object(arguments) = arguments.clone() else { panic!("{tool}: no object") };
        let answer = registry.call(tool, arguments, &context).await;
        answer.unwrap_or_else(|error| panic!("{tool}: {error}")).fitted()
    };
    let mut uris = HashSet::new();
    for tool in registry.tools().map(|spec| spec.name).filter(|name| *name != "read_answer") {
        let (arguments, is_cut) = call(tool);
        let notes = notes(tool, &run(tool, &arguments).await, ANSWER_TOKENS);
        assert!(!is_cut || !notes.is_empty(), "{tool} does not say how to go on");
        for note in &notes {
            let Some(uri) = &note.uri else { continue };
            let kept = app.kept(uri).unwrap_or_else(|| panic!("{tool}: {uri} is not kept"));
            assert!(note.offset.is_none_or(|offset| kept.text.is_char_boundary(offset)), "{tool}");
            uris.insert(uri.clone());
        }
    }
    assert!(uris.len() > 20, "{}", uris.len());
    for uri in uris.into_iter().take(6) {
        let part = notes("read_answer", &run("read_answer", &json!({ "uri": uri })).await, ANSWER_TOKENS);
        assert!(part.iter().any(|note| note.offset.is_some()), "{uri} is short");
    }
    // Shorter ones too, by the call.
    for tool in ["list_clusters", "execute_sql", "get_run_output", "read_workspace_file"] {
        let (mut arguments, _) = call(tool);
        arguments["max_tokens"] = json!(500);
        assert!(!notes(tool, &run(tool, &arguments).await, 500).is_empty());
    }
}
