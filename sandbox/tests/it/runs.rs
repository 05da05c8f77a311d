//! Runs of jobs, for real: notebooks, files, SQL and conditions.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use databricks_sandbox::Sandbox;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

impl Lab {
    pub(crate) async fn notebook(&self, path: &str, source: &str) {
        let body = json!({"path": path, "language": "PYTHON", "content": BASE64_STANDARD.encode(source), "overwrite": true});
        self.post("2.0/workspace/import", body).await;
    }

    pub(crate) async fn submit(&self, tasks: Value) -> i64 {
        self.post("2.2/jobs/runs/submit", json!({"run_name": "r", "tasks": tasks})).await["run_id"]
            .as_i64()
            .unwrap()
    }

    pub(crate) async fn run(&self, id: i64) -> Value {
        self.get(&format!("2.2/jobs/runs/get?run_id={id}")).await
    }

    pub(crate) async fn until(&self, id: i64, done: impl Fn(&Value) -> bool) -> Value {
        self.when(&format!("2.2/jobs/runs/get?run_id={id}"), done).await
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn when(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (_, answer) = self.send(self.request(Method::GET, path)).await;
            if done(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{path} does not get there: {answer}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn ended(&self, id: i64) -> Value {
        self.until(id, |run| run["end_time"].as_i64() > Some(0)).await
    }

    pub(crate) async fn output(&self, id: &Value) -> Value {
        self.get(&format!("2.2/jobs/runs/get-output?run_id={id}")).await
    }
}

fn notebook(key: &str, path: &str) -> Value {
    json!({"task_key": key, "notebook_task": {"notebook_path": path}})
}

fn after(mut task: Value, needs: &[&str]) -> Value {
    task["depends_on"] = needs.iter().map(|need| json!({"task_key": need})).collect();
    task
}

fn results(run: &Value) -> Vec<(String, String)> {
    let tasks = run["tasks"].as_array().unwrap().iter();
    tasks
        .map(|task| {
            (
                task["task_key"].as_str().unwrap().to_owned(),
                task["state"]["result_state"].as_str().unwrap_or("-").to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, state)| ((*key).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn a_notebook_runs_with_parameters_and_hands_a_value_back() {
    let lab = Lab::start().await;
    let source = "# Databricks notebook source\ndbutils.widgets.text('who', 'nobody')\nwho = dbutils.widgets.get('who')\n\n# COMMAND ----------\n\n\
        # MAGIC %md skip me\n\n# COMMAND ----------\n\ntry:\n    dbutils.notebook.exit(f'hello {who}')\nexcept Exception:\n    pass\n\n# COMMAND ----------\n\n1 / 0\n";
    lab.notebook("/Shared/hello", source).await;
    let mut task = notebook("t", "/Workspace/Shared/hello");
    task["notebook_task"]["base_parameters"] = json!({"who": "you"});
    let id = lab.submit(json!([task])).await;
    let run = lab.ended(id).await;
    assert_eq!(run["state"]["life_cycle_state"], "TERMINATED", "{run}");
    assert_eq!(run["state"]["result_state"], "SUCCESS");
    assert_eq!(
        run["status"],
        json!({"state": "TERMINATED", "termination_details": {"code": "SUCCESS", "type": "SUCCESS", "message": ""}})
    );
    let output = lab.output(&run["tasks"][0]["run_id"]).await;
    assert_eq!(output["notebook_output"], json!({"result": "hello you", "truncated": false}));
    assert_eq!(output["metadata"]["run_id"], run["tasks"][0]["run_id"]);
    let export = lab.get(&format!("2.2/jobs/runs/export?run_id={id}")).await;
    assert!(export["views"][0]["content"].as_str().unwrap().contains("dbutils.widgets.get('who')"));
}

#[tokio::test]
async fn a_failure_says_what_and_where() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/bad", "x = 1\n\n# COMMAND ----------\n\nx / 0").await;
    let run = lab.ended(lab.submit(json!([notebook("t", "/Shared/bad")])).await).await;
    assert_eq!(run["state"]["result_state"], "FAILED");
    assert_eq!(run["state"]["state_message"], "Workload failed, see run output for details");
    assert_eq!(run["status"]["termination_details"]["code"], "RUN_EXECUTION_ERROR");
    let output = lab.output(&run["run_id"]).await;
    assert_eq!(output["error"], "ZeroDivisionError: division by zero");
    assert!(output["error_trace"].as_str().unwrap().contains("line 1, in <module>"));
    let run = lab.ended(lab.submit(json!([notebook("t", "/Shared/none")])).await).await;
    assert_eq!(run["state"]["life_cycle_state"], "INTERNAL_ERROR");
    assert_eq!(run["status"]["termination_details"]["code"], "RESOURCE_NOT_FOUND");
    let lab = Lab::with(Sandbox::builder().python("/no/python")).await;
    let run =
        lab.ended(lab.submit(json!([notebook("t", "/Users/sandbox.user@example.com/demo")])).await).await;
    let output = lab.output(&run["run_id"]).await;
    assert!(output["error"].as_str().unwrap().contains("/no/python could not be started"), "{output}");
}

#[tokio::test]
async fn files_run_with_arguments_and_leave_logs() {
    let lab = Lab::start().await;
    let code = "import sys, os\nprint(sys.argv[1:], os.path.basename(__file__), __name__)\nimport helper\nif len(sys.argv) > 2:\n    sys.exit(3)";
    for (path, text) in [("/Shared/main.py", code), ("/Shared/helper.py", "print('helped')")] {
        lab.post(
            "2.0/workspace/import",
            json!({"path": path, "format": "RAW", "content": BASE64_STANDARD.encode(text)}),
        )
        .await;
    }
    let task = |arguments: Value| json!([{"task_key": "t", "spark_python_task": {"python_file": "/Shared/main.py", "parameters": arguments}}]);
    let run = lab.ended(lab.submit(task(json!(["a"]))).await).await;
    assert_eq!(run["state"]["result_state"], "SUCCESS");
    assert_eq!(lab.output(&run["run_id"]).await["logs"], "['a'] main.py __main__\nhelped\n");
    let run = lab.ended(lab.submit(task(json!(["a", "b"]))).await).await;
    let output = lab.output(&run["run_id"]).await;
    assert_eq!(
        (run["state"]["result_state"].as_str(), output["error"].as_str()),
        (Some("FAILED"), Some("SystemExit: 3"))
    );
    lab.post("2.0/dbfs/put", json!({"path": "/x.py", "contents": BASE64_STANDARD.encode("print(1)")})).await;
    for file in ["dbfs:/x.py", "/dbfs/x.py"] {
        let run = lab
            .ended(lab.submit(json!([{"task_key": "t", "spark_python_task": {"python_file": file}}])).await)
            .await;
        assert_eq!(lab.output(&run["run_id"]).await["logs"], "1\n");
    }
}

#[tokio::test]
async fn tasks_follow_each_other_and_pass_values_on() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/make", "dbutils.jobs.taskValues.set('n', 7)").await;
    lab.notebook("/Shared/take", "n = dbutils.jobs.taskValues.get('make', 'n')\ndbutils.notebook.exit(dbutils.widgets.get('text') + str(n))").await;
    lab.notebook("/Shared/fail", "raise ValueError('no')").await;
    let branch = |key: &str, outcome: &str| {
        let mut task = notebook(key, "/Shared/make");
        task["depends_on"] = json!([{"task_key": "check", "outcome": outcome}]);
        task
    };
    let mut take = after(notebook("take", "/Shared/take"), &["make"]);
    take["notebook_task"]["base_parameters"] =
        json!({"text": "{{job.parameters.greeting}}-{{tasks.make.values.n}}-"});
    let mut cleanup = after(notebook("cleanup", "/Shared/make"), &["broken"]);
    cleanup["run_if"] = json!("ALL_DONE");
    let job = json!({
        "name": "flow", "parameters": [{"name": "greeting", "default": "hi"}],
        "tasks": [
            notebook("make", "/Shared/make"), take,
            after(json!({"task_key": "check", "condition_task": {"op": "GREATER_THAN", "left": "{{tasks.make.values.n}}", "right": "10"}}), &["make"]),
            branch("high", "true"), branch("low", "false"),
            notebook("broken", "/Shared/fail"), after(notebook("below", "/Shared/make"), &["broken"]), cleanup,
        ],
    });
    let job = lab.post("2.2/jobs/create", job).await["job_id"].clone();
    let run = lab
        .post("2.2/jobs/run-now", json!({"job_id": job, "job_parameters": {"greeting": "hey"}}))
        .await["run_id"]
        .as_i64()
        .unwrap();
    let run = lab.ended(run).await;
    let expected = [
        ("make", "SUCCESS"),
        ("take", "SUCCESS"),
        ("check", "SUCCESS"),
        ("high", "EXCLUDED"),
        ("low", "SUCCESS"),
        ("broken", "FAILED"),
        ("below", "UPSTREAM_FAILED"),
        ("cleanup", "SUCCESS"),
    ];
    assert_eq!(results(&run), pairs(&expected), "{run}");
    assert_eq!(run["tasks"][2]["condition_task"]["outcome"], "false");
    assert_eq!(run["state"]["result_state"], "FAILED");
    assert_eq!(run["job_parameters"][0], json!({"name": "greeting", "default": "hi", "value": "hey"}));
    assert_eq!(lab.output(&run["tasks"][1]["run_id"]).await["notebook_output"]["result"], "hey-7-7");
    let refused =
        lab.refused(Method::GET, &format!("2.2/jobs/runs/get-output?run_id={}", run["run_id"]), None).await;
    assert!(refused.starts_with(
        "400 INVALID_PARAMETER_VALUE: Retrieving the output of runs with multiple tasks is not supported."
    ));
    let unknown = json!({"job_id": job, "job_parameters": {"x": "1"}});
    assert!(
        lab.refused(Method::POST, "2.2/jobs/run-now", Some(unknown)).await.contains("'x' is not defined")
    );
}

#[tokio::test]
async fn a_repair_runs_what_failed_again() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/ok", "pass").await;
    lab.notebook("/Shared/flaky", "raise ValueError('no')").await;
    let id = lab
        .submit(json!([
            notebook("a", "/Shared/ok"),
            after(notebook("b", "/Shared/flaky"), &["a"]),
            after(notebook("c", "/Shared/ok"), &["b"])
        ]))
        .await;
    let run = lab.ended(id).await;
    assert_eq!(results(&run), pairs(&[("a", "SUCCESS"), ("b", "FAILED"), ("c", "UPSTREAM_FAILED")]));
    assert_eq!(
        run["state"]["state_message"],
        "Task b failed with message: Workload failed, see run output for details."
    );
    lab.notebook("/Shared/flaky", "pass").await;
    let nothing = lab.refused(Method::POST, "2.2/jobs/runs/repair", Some(json!({"run_id": id}))).await;
    assert!(nothing.contains("There are no tasks to run again"));
    let repair = lab
        .post("2.2/jobs/runs/repair", json!({"run_id": id, "rerun_all_failed_tasks": true}))
        .await["repair_id"]
        .clone();
    let run = lab.ended(id).await;
    assert_eq!(run["state"]["result_state"], "SUCCESS", "{run}");
    assert_eq!(run["tasks"].as_array().unwrap().len(), 5);
    assert_eq!(
        (run["tasks"][3]["attempt_number"].as_i64(), &run["repair_history"][1]["id"]),
        (Some(1), &repair)
    );
}

#[tokio::test]
async fn retries_and_timeouts_go_by_the_clock() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/fail", "raise ValueError('no')").await;
    lab.notebook("/Shared/hang", "print('begun')\nimport time\ntime.sleep(600)").await;
    let mut task = notebook("t", "/Shared/fail");
    (task["max_retries"], task["min_retry_interval_millis"]) = (json!(1), json!(5000));
    let id = lab.submit(json!([task])).await;
    let waiting = lab.until(id, |run| run["tasks"].as_array().unwrap().len() == 2).await;
    assert_eq!(waiting["tasks"][1]["state"]["life_cycle_state"], "WAITING_FOR_RETRY");
    assert_eq!(waiting["tasks"][1]["status"]["state"], "WAITING");
    lab.sandbox.clock().advance(Duration::from_secs(5));
    assert_eq!(results(&lab.ended(id).await), pairs(&[("t", "FAILED"), ("t", "FAILED")]));
    let code = "print('begun', flush=True)\nopen('/dbfs/flag', 'w')\nimport time\ntime.sleep(600)";
    lab.post("2.0/dbfs/put", json!({"path": "/hang.py", "contents": BASE64_STANDARD.encode(code)})).await;
    let id = lab.submit(json!([{"task_key": "t", "spark_python_task": {"python_file": "dbfs:/hang.py"}, "timeout_seconds": 60}])).await;
    lab.when("2.0/dbfs/get-status?path=/flag", |flag| flag["file_size"] == 0).await;
    lab.sandbox.clock().advance(Duration::from_secs(60));
    let run = lab.ended(id).await;
    assert_eq!(
        (run["state"]["result_state"].as_str(), run["execution_duration"].as_i64()),
        (Some("TIMEDOUT"), Some(60_000))
    );
    assert_eq!(lab.output(&run["run_id"]).await["logs"], "begun\n");
}

#[tokio::test]
async fn a_run_is_cancelled_with_its_process() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/hang", "import os, time\nopen('/Volumes/main/default/files/pid', 'w').write(str(os.getpid()))\ntime.sleep(600)").await;
    lab.request(Method::PUT, "2.0/fs/directories/Volumes/main/default/files").send().await.unwrap();
    let id = lab
        .submit(json!([notebook("a", "/Shared/hang"), after(notebook("b", "/Shared/hang"), &["a"])]))
        .await;
    let pid = lab.when("2.0/fs/files/Volumes/main/default/files/pid", Value::is_number).await;
    assert!(lab.get("2.2/jobs/runs/list?active_only=true").await["runs"].as_array().unwrap().len() == 1);
    assert!(
        lab.refused(Method::POST, "2.2/jobs/runs/delete", Some(json!({"run_id": id})))
            .await
            .starts_with("400 INVALID_STATE")
    );
    lab.post("2.2/jobs/runs/cancel", json!({"run_id": id})).await;
    let run = lab.ended(id).await;
    assert_eq!(results(&run), pairs(&[("a", "CANCELED"), ("b", "CANCELED")]));
    assert_eq!(
        (run["state"]["result_state"].as_str(), run["status"]["termination_details"]["code"].as_str()),
        (Some("CANCELED"), Some("USER_CANCELED"))
    );
    #[cfg(target_os = "linux")]
    {
        let begun = Instant::now();
        // a process that nobody has collected yet has no command line any more
        while !std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the process lives on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    lab.post("2.2/jobs/runs/cancel", json!({"run_id": id})).await;
    lab.post("2.2/jobs/runs/delete", json!({"run_id": id})).await;
    let gone = lab.refused(Method::GET, &format!("2.2/jobs/runs/get?run_id={id}"), None).await;
    assert_eq!(gone, format!("400 INVALID_PARAMETER_VALUE: Run {id} does not exist."));
}

#[tokio::test]
async fn concurrent_runs_are_limited_queued_and_recognised() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/hang", "import time\ntime.sleep(600)").await;
    lab.notebook("/Shared/ok", "pass").await;
    let job = lab
        .post("2.2/jobs/create", json!({"name": "j", "tasks": [notebook("a", "/Shared/hang")]}))
        .await["job_id"]
        .clone();
    let now = async |more: Value| {
        let mut body = json!({"job_id": job});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        lab.post("2.2/jobs/run-now", body).await["run_id"].as_i64().unwrap()
    };
    let first = now(json!({"idempotency_token": "x"})).await;
    assert_eq!(now(json!({"idempotency_token": "x"})).await, first);
    let skipped = lab.run(now(json!({})).await).await;
    assert_eq!(skipped["state"]["life_cycle_state"], "SKIPPED");
    assert_eq!(skipped["status"]["termination_details"]["code"], "MAX_CONCURRENT_RUNS_EXCEEDED");
    let queued = now(json!({"queue": {"enabled": true}})).await;
    assert_eq!(lab.run(queued).await["status"]["state"], "QUEUED");
    lab.post("2.2/jobs/runs/cancel", json!({"run_id": first})).await;
    assert_eq!(lab.ended(first).await["state"]["result_state"], "CANCELED");
    lab.until(queued, |run| run["state"]["life_cycle_state"] == "RUNNING").await;
    lab.post("2.2/jobs/runs/cancel-all", json!({"job_id": job})).await;
    assert_eq!(lab.ended(queued).await["state"]["result_state"], "CANCELED");
    let parent = lab.submit(json!([{"task_key": "t", "run_job_task": {"job_id": job}}])).await;
    let running = lab.until(parent, |_| true).await;
    assert_eq!(running["tasks"][0]["run_job_task"]["job_id"], job);
    lab.until(parent, |run| run["tasks"][0]["state"]["life_cycle_state"] == "RUNNING").await;
    lab.post("2.2/jobs/runs/cancel", json!({"run_id": parent})).await;
    lab.ended(parent).await;
    lab.when(&format!("2.2/jobs/runs/list?job_id={job}&active_only=true"), |list| list["runs"] == json!([]))
        .await;
}

#[tokio::test]
async fn runs_wait_for_their_cluster_and_survive_the_sandbox_as_failures() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::with(Sandbox::builder().dir(dir.path())).await;
    let cluster = lab.get("2.1/clusters/list").await["clusters"][0]["cluster_id"].clone();
    lab.post("2.1/clusters/delete", json!({"cluster_id": cluster})).await;
    lab.sandbox.clock().advance(Duration::from_secs(1));
    lab.notebook("/Shared/ok", "pass").await;
    let mut task = notebook("t", "/Shared/ok");
    task["existing_cluster_id"] = cluster.clone();
    let id = lab.submit(json!([task.clone()])).await;
    let path = format!("2.1/clusters/get?cluster_id={}", cluster.as_str().unwrap());
    lab.when(&path, |cluster| cluster["state"] == "PENDING").await;
    assert_eq!(lab.run(id).await["state"]["life_cycle_state"], "RUNNING");
    lab.sandbox.clock().advance(Duration::from_secs(2));
    let run = lab.ended(id).await;
    assert_eq!(
        (run["state"]["result_state"].as_str(), run["tasks"][0]["setup_duration"].as_i64()),
        (Some("SUCCESS"), Some(2000))
    );
    task["existing_cluster_id"] = json!("none");
    let run = lab.ended(lab.submit(json!([task])).await).await;
    assert_eq!(run["state"]["state_message"], "Cluster none does not exist");
    assert_eq!(run["status"]["termination_details"]["code"], "CLUSTER_ERROR");
    lab.notebook("/Shared/hang", "import time\ntime.sleep(600)").await;
    let id = lab.submit(json!([notebook("t", "/Shared/hang")])).await;
    lab.until(id, |run| run["tasks"][0]["state"]["life_cycle_state"] == "RUNNING").await;
    lab.sandbox.shutdown().await;
    let lab = Lab::with(Sandbox::builder().dir(dir.path())).await;
    let run = lab.run(id).await;
    assert_eq!(
        (run["state"]["life_cycle_state"].as_str(), run["tasks"][0]["state"]["result_state"].as_str()),
        (Some("INTERNAL_ERROR"), Some("FAILED"))
    );
}

#[cfg(feature = "sql")]
#[tokio::test]
async fn the_notebook_of_a_new_workspace_runs() {
    let lab = Lab::start().await;
    let run =
        lab.ended(lab.submit(json!([notebook("t", "/Users/sandbox.user@example.com/demo")])).await).await;
    let output = lab.output(&run["run_id"]).await;
    assert_eq!(output["notebook_output"]["result"], "hello world", "{output}");
}

#[cfg(feature = "sql")]
#[tokio::test]
async fn sql_runs_in_cells_and_files() {
    let lab = Lab::start().await;
    let source = "# MAGIC %sql\n# MAGIC create table t as select cast(:n as int) as n\n\n# COMMAND ----------\n\n# MAGIC %sql select nothing from t";
    lab.notebook("/Shared/sql", source).await;
    let mut task = notebook("t", "/Shared/sql");
    task["notebook_task"]["base_parameters"] = json!({"n": "5"});
    let run = lab.ended(lab.submit(json!([task])).await).await;
    let output = lab.output(&run["run_id"]).await;
    assert!(output["error"].as_str().unwrap().contains("UNRESOLVED_COLUMN"), "{output}");
    let file = json!({"path": "/Shared/q.sql", "format": "RAW", "content": BASE64_STANDARD.encode("insert into t values (6);\nselect n, :x as x from t order by n")});
    lab.post("2.0/workspace/import", file).await;
    let warehouse = lab.get("2.0/sql/warehouses").await["warehouses"][0]["id"].clone();
    let task = json!({"task_key": "t", "sql_task": {"warehouse_id": warehouse, "file": {"path": "/Shared/q.sql"}, "parameters": {"x": "y"}}});
    let run = lab.ended(lab.submit(json!([task])).await).await;
    let output = lab.output(&run["run_id"]).await;
    let result = &output["sql_output"]["file_output"]["query_result"];
    assert_eq!(result["columns"], json!([{"name": "n"}, {"name": "x"}]), "{output}");
    assert_eq!(result["rows"][1], json!({"values": [{"string_value": "6"}, {"string_value": "y"}]}));
}
