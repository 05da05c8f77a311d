//! An agent's session in ten steps, as one would go: explore, query, write, run, read the failure, mend, run again,
//! and clean up with a person's yes.

use serde_json::{Value, json};

use crate::confirm::{Session, modern, said, sql};
use crate::support::sandbox;

impl Session {
    /// The answer of a call that must succeed.
    async fn ok(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{tool}: {}", said(&result));
        result.structured_content.unwrap()
    }
}

/// A query of the notebook over the numbers that SQL found; the first version asks for a column that is not there.
fn notebook(column: &str) -> Value {
    let content = format!("rows = [{{'zip': '10001', 'trips': 3}}]\nprint('busiest', rows[0]['{column}'])\n");
    json!({ "path": "/Shared/agent/report", "language": "PYTHON", "content": content, "overwrite": true })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_explores_builds_mends_and_cleans_up() {
    let sandbox = sandbox().await;
    let session = Session::open(&sandbox, modern(), Some(true), &[]).await;

    // 1 to 3: which data is there?
    let catalogs = session.ok("list_catalogs", json!({})).await;
    assert!(catalogs.to_string().contains("samples"), "{catalogs}");
    let tables =
        session.ok("list_tables", json!({ "catalog_name": "samples", "schema_name": "nyctaxi" })).await;
    assert!(tables.to_string().contains("trips"), "{tables}");
    let table = session.ok("describe_table", json!({ "full_name": "samples.nyctaxi.trips" })).await;
    assert!(table.to_string().contains("pickup_zip"), "{table}");

    // 4: a query.
    let query =
        "SELECT pickup_zip, COUNT(*) AS trips FROM samples.nyctaxi.trips GROUP BY 1 ORDER BY 2 DESC LIMIT 3";
    let result = session.ok("execute_sql", sql(query)).await;
    assert_eq!(result["row_count"], 3, "{result}");

    // 5 and 6: a notebook with a mistake, and a job that runs it.
    session.ok("write_workspace_file", notebook("pickup_zip")).await;
    let task = json!({ "task_key": "report", "notebook_path": "/Shared/agent/report" });
    let job = session.ok("create_job", json!({ "name": "report", "tasks": [task] })).await;
    let run = session.ok("run_job", json!({ "job_id": job["job_id"] })).await;
    let ended = session.ok("wait_for_run", json!({ "run_id": run["run_id"], "timeout_seconds": 120 })).await;
    assert!(ended.to_string().contains("FAILED"), "{ended}");

    // 7: why did it fail?
    let why = session.ok("explain_run", json!({ "run_id": run["run_id"] })).await;
    assert!(why["failed_tasks"][0]["error"].as_str().unwrap().contains("KeyError"), "{why}");
    assert!(why["failed_tasks"][0]["error_trace"].as_str().unwrap().contains("pickup_zip"), "{why}");

    // 8 and 9: mended, and run again.
    session.ok("write_workspace_file", notebook("zip")).await;
    let run = session.ok("run_job", json!({ "job_id": job["job_id"] })).await;
    let ended = session.ok("wait_for_run", json!({ "run_id": run["run_id"], "timeout_seconds": 120 })).await;
    assert!(ended.to_string().contains("SUCCESS"), "{ended}");
    assert!(session.questions().is_empty(), "nothing was destroyed so far: {:?}", session.questions());

    // 10: cleaned up, with a person's yes to each.
    session.ok("delete_job", json!({ "job_id": job["job_id"] })).await;
    session.ok("delete_workspace_object", json!({ "path": "/Shared/agent", "recursive": true })).await;
    assert_eq!(session.questions().len(), 2, "{:?}", session.questions());
    let gone = session.call("read_workspace_file", json!({ "path": "/Shared/agent/report" })).await;
    assert_eq!(gone.is_error, Some(true), "{gone:?}");
    session.client.cancel().await.unwrap();
}
