//! Which tools there are, by flag and by variable, and the tools of several calls against the sandbox.

use databricks_sandbox::Sandbox;
use rmcp::ServiceExt;
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use crate::support::{Client, binary, fails, ok, sandbox, serve, text};

async fn serve_with(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Client {
    let mut command = tokio::process::Command::from(binary());
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    command.envs(variables.iter().copied()).args(["serve", "--destructive", "allow"]).args(arguments);
    ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap()
}

async fn names(client: &Client) -> Vec<String> {
    client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_variables_choose_the_tools_of_a_server() {
    let sandbox = sandbox().await;
    let client =
        serve_with(&sandbox, &["--toolsets", "sql,genie", "--exclude-tools", "execute_sql"], &[]).await;
    let tools = names(&client).await;
    assert!(
        tools.iter().any(|name| name == "ask_genie") && tools.iter().any(|name| name == "list_warehouses")
    );
    assert!(!tools.iter().any(|name| name == "execute_sql" || name == "list_clusters"), "{tools:?}");
    let said = fails(&client, "execute_sql", json!({ "statement": "SELECT 1" })).await;
    assert!(said.contains("not among those chosen"), "{said}");
    client.cancel().await.unwrap();

    let variables = [("DATABRICKS_MCP_TOOLSETS", "all"), ("DATABRICKS_MCP_READ_ONLY", "1")];
    let client = serve_with(&sandbox, &["--tools", "run_code"], &variables).await;
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.len() > 50, "{}", tools.len());
    for tool in &tools {
        assert_eq!(tool.annotations.as_ref().unwrap().read_only_hint, Some(true), "{}", tool.name);
    }
    let said = fails(&client, "run_code", json!({ "code": "1" })).await;
    assert!(said.contains("--read-only"), "{said}");
    ok(&client, "list_clusters", json!({})).await;
    client.cancel().await.unwrap();
}

/// What reads on is named where it is served, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_names_no_tool_that_is_excluded() {
    let sandbox = sandbox().await;
    let query = json!({ "statement": "SELECT * FROM samples.nyctaxi.trips", "row_limit": 5000 });
    for (arguments, is_served) in [(&[][..], true), (&["--exclude-tools", "read_answer"][..], false)] {
        let client = serve_with(&sandbox, arguments, &[]).await;
        assert_eq!(names(&client).await.iter().any(|name| name == "read_answer"), is_served);
        let answer = ok(&client, "execute_sql", query.clone()).await;
        let note = &answer["left_out"][0];
        assert_eq!(answer.to_string().contains("read_answer"), is_served, "{note}");
        assert_eq!(
            note["how"].as_str().unwrap().contains("ask for less of rows at a time"),
            !is_served,
            "{note}"
        );
        assert_eq!(note.get("offset").is_some(), is_served, "{note}");
        // The whole is a resource either way.
        let uri = note["uri"].as_str().unwrap();
        let whole = client.read_resource(rmcp::model::ReadResourceRequestParams::new(uri)).await.unwrap();
        assert!(serde_json::to_string(&whole).unwrap().contains("fare_amount"));
        client.cancel().await.unwrap();
    }
}

#[test]
fn the_command_line_knows_all_tools_and_names_the_nearest() {
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = binary().args(arguments).envs(variables.iter().copied()).output().unwrap();
        (text(&output.stdout), text(&output.stderr), output.status.success())
    };
    let (all, ..) = run(&["tools", "--toolsets", "all"], &[]);
    let (few, ..) = run(&["tools"], &[]);
    assert!(all.contains("deploy_app") && !few.contains("deploy_app"), "{few}");
    assert!(run(&["tools", "deploy_app"], &[]).0.contains("source_code_path"));
    let (read, ..) = run(&["tools", "--read-only", "--toolsets", "jobs"], &[]);
    assert!(read.contains("explain_run") && !read.contains("run_job"), "{read}");
    let (writes, ..) =
        run(&["tools"], &[("DATABRICKS_MCP_READ_ONLY", "false"), ("DATABRICKS_MCP_TOOLS", "")]);
    assert!(writes.contains("execute_sql"), "{writes}");
    for (flag, name, near) in [
        ("--toolsets", "secret", "did you mean `secrets`?"),
        ("--tools", "list_app", "did you mean `list_apps`?"),
        ("--exclude-tools", "executesql", "did you mean `execute_sql`?"),
    ] {
        let (_, said, good) = run(&["tools", flag, name], &[]);
        assert!(!good && said.contains(near) && said.contains("; there are "), "{said}");
    }
    let (_, said, good) = run(&["call", "list_jobs", "--toolsets", "sql"], &[]);
    assert!(!good && !said.is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_made_fails_is_explained_mended_and_repaired() {
    let sandbox = sandbox().await;
    let client = serve_with(&sandbox, &["--tools", "repair_run"], &[]).await;
    let write = async |code: &str| {
        let file =
            json!({ "path": "/Shared/step", "language": "PYTHON", "content": code, "overwrite": true });
        ok(&client, "write_workspace_file", file).await
    };
    write("# Databricks notebook source\nraise ValueError('no such colour')\n").await;
    let clusters = ok(&client, "list_clusters", json!({})).await;
    let cluster = clusters["clusters"][0]["cluster_id"].clone();
    let task = |key: &str, after: &[&str]| {
        json!({
            "task_key": key, "depends_on": after, "notebook_path": "/Shared/step", "existing_cluster_id": cluster,
            "parameters": { "colour": "red" }
        })
    };
    let made = ok(
        &client,
        "create_job",
        json!({
            "name": "colours", "tasks": [task("first", &[]), task("second", &["first"])], "cron": "0 30 6 * * ?",
            "parameters": { "day": "2026-11-25" }
        }),
    )
    .await;
    let job = ok(&client, "get_job", json!({ "job_id": made["job_id"] })).await;
    let settings = &job["settings"];
    assert_eq!(settings["schedule"]["timezone_id"], "UTC", "{settings}");
    assert_eq!(settings["tasks"][1]["depends_on"][0]["task_key"], "first", "{settings}");
    assert_eq!(settings["tasks"][0]["notebook_task"]["base_parameters"]["colour"], "red", "{settings}");
    assert_eq!(settings["parameters"][0], json!({ "default": "2026-11-25", "name": "day" }));

    let run = ok(&client, "run_job", json!({ "job_id": made["job_id"] })).await;
    let wait = json!({ "run_id": run["run_id"], "timeout_seconds": 60 });
    let ended = ok(&client, "wait_for_run", wait.clone()).await;
    assert_eq!(ended["state"]["result_state"], "FAILED", "{ended}");
    let why = ok(&client, "explain_run", json!({ "run_id": run["run_id"] })).await;
    assert_eq!(why["tasks"], json!({ "first": "FAILED", "second": "UPSTREAM_FAILED" }), "{why}");
    let causes = why["failed_tasks"].as_array().unwrap();
    assert!(causes.len() == 1 && causes[0]["error"].to_string().contains("no such colour"), "{why}");
    assert!(
        causes[0]["error_trace"].is_string() && why["next"].as_str().unwrap().contains("repair_run"),
        "{why}"
    );

    write("# Databricks notebook source\nprint('red')\n").await;
    let repair = json!({ "run_id": run["run_id"], "rerun_all_failed_tasks": true });
    ok(&client, "repair_run", repair).await;
    let ended = ok(&client, "wait_for_run", wait).await;
    assert_eq!(ended["state"]["result_state"], "SUCCESS", "{ended}");
    let why = ok(&client, "explain_run", json!({ "run_id": run["run_id"] })).await;
    assert_eq!((&why["failed_tasks"], &why["next"]), (&json!([]), &json!("The run succeeded.")), "{why}");
    ok(&client, "delete_job", json!({ "job_id": made["job_id"] })).await;
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_cannot_be_are_refused_with_the_reason() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let two = json!({ "task_key": "both", "notebook_path": "/x", "python_file": "/y.py" });
    let said = fails(&client, "submit_run", json!({ "tasks": [two] })).await;
    assert!(said.contains("`both` needs exactly one of notebook_path, python_file"), "{said}");
    let notebook = json!({ "task_key": "a", "notebook_path": "/x" });
    let said =
        fails(&client, "create_job", json!({ "name": "x", "tasks": [notebook], "dependencies": ["a"] }))
            .await;
    assert!(said.contains("%pip"), "{said}");
    let said = fails(&client, "create_job", json!({ "name": "x", "tasks": [] })).await;
    assert!(said.contains("`tasks`"), "{said}");
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_and_a_warehouse_are_started_and_waited_for() {
    let sandbox = sandbox().await;
    let client = serve_with(&sandbox, &["--toolsets", "sql,clusters,catalog"], &[]).await;
    let clusters = ok(&client, "list_clusters", json!({})).await;
    let cluster = json!({ "cluster_id": clusters["clusters"][0]["cluster_id"] });
    // It runs already: then there is nothing to do.
    let started = ok(&client, "start_cluster", cluster.clone()).await;
    assert_eq!(started["state"], "RUNNING", "{started}");
    ok(&client, "terminate_cluster", cluster.clone()).await;
    let stopped = |answer: &Value| answer["state"] == "TERMINATED";
    while !stopped(&ok(&client, "get_cluster", cluster.clone()).await) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let started = ok(&client, "start_cluster", cluster.clone()).await;
    assert!(started["done"].as_str().unwrap().contains("get_cluster"), "{started}");
    let mut wait = cluster.clone();
    wait["wait_seconds"] = json!(60);
    let started = ok(&client, "start_cluster", wait).await;
    assert_eq!(started["state"], "RUNNING", "{started}");
    let events = ok(&client, "list_cluster_events", cluster).await;
    assert!(events["events"].as_array().is_some_and(|events| !events.is_empty()), "{events}");

    let warehouses = ok(&client, "list_warehouses", json!({})).await;
    let id = warehouses["warehouses"][0]["id"].clone();
    ok(&client, "stop_warehouse", json!({ "id": id })).await;
    let started = ok(&client, "start_warehouse", json!({ "id": id, "wait_seconds": 60 })).await;
    assert_eq!(started["state"], "RUNNING", "{started}");
    let seen = ok(&client, "get_warehouse", json!({ "id": id })).await;
    assert_eq!(seen["state"], "RUNNING", "{seen}");

    let found = json!({ "catalog_name": "samples", "table_name_pattern": "trip%" });
    let found = ok(&client, "search_tables", found).await;
    assert!(found.to_string().contains("samples.nyctaxi.trips"), "{found}");
    client.cancel().await.unwrap();
}
