//! How a program's tests use the sandbox: a workspace of their own in the process, on a clock that they step.
//!
//! `cargo test -p databricks-toolkit-tour`

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use databricks_sandbox::{Clock, Sandbox};
use databricks_toolkit::Workspace;

/// A sandbox whose time stands still, and a client of it.
async fn workspace() -> (Sandbox, Workspace) {
    let sandbox = Sandbox::builder().clock(Clock::manual()).start().await.expect("a free port");
    let workspace =
        Workspace::builder().host(sandbox.url()).token(sandbox.token()).build().expect("a client");
    (sandbox, workspace)
}

#[tokio::test]
async fn a_cluster_is_there_once_its_time_has_come() {
    let (sandbox, workspace) = workspace().await;
    let create = workspace.clusters().create().cluster_name("test").spark_version("16.4.x-scala2.12");
    let made =
        create.node_type_id("i3.xlarge").num_workers(1).autotermination_minutes(10).send().await.unwrap();
    let id = made.cluster_id.unwrap();
    let state =
        async || workspace.clusters().get().cluster_id(&id).send().await.unwrap().state.unwrap().to_string();
    assert_eq!(state().await, "PENDING");
    sandbox.clock().advance(Duration::from_secs(60));
    assert_eq!(state().await, "RUNNING");
    // nobody uses it: ten minutes later it stops by itself, and the test did not wait for it
    sandbox.clock().advance(Duration::from_secs(11 * 60));
    assert_eq!(state().await, "TERMINATED");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn what_a_statement_writes_the_next_one_reads() {
    let (sandbox, workspace) = workspace().await;
    let warehouse = workspace.warehouses().list().stream().next().await.unwrap().unwrap().id.unwrap();
    let run = async |sql: &str| {
        let execute = workspace.statement_execution().execute_statement();
        let done = execute.warehouse_id(&warehouse).statement(sql).wait_timeout("30s").send().await.unwrap();
        done.result.and_then(|result| result.data_array)
    };
    run("CREATE TABLE main.default.orders AS SELECT * FROM VALUES (1, 9.5), (2, 1.5) AS t(id, price)").await;
    let rows = run("SELECT count(*), sum(price) FROM main.default.orders").await.unwrap();
    assert_eq!(serde_json::to_value(rows).unwrap(), serde_json::json!([["2", "11.0"]]));
    sandbox.shutdown().await;
}
