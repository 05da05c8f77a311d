//! Tasks that run for each item of a list, and jobs that run by themselves.

use std::time::Duration;

use databricks_sandbox::{Clock, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

fn each(inputs: &str, concurrency: u32, path: &str, parameters: Value) -> Value {
    json!({"task_key": "all", "for_each_task": {"inputs": inputs, "concurrency": concurrency, "task": {
        "task_key": "one", "notebook_task": {"notebook_path": path, "base_parameters": parameters},
    }}})
}

#[tokio::test]
async fn a_task_runs_for_each_item_of_a_list() {
    let lab = Lab::start().await;
    lab.notebook("/Shared/list", "dbutils.jobs.taskValues.set('items', [{'n': 1}, {'n': 2}, {'n': 0}])")
        .await;
    lab.notebook("/Shared/part", "dbutils.notebook.exit(str(10 // int(dbutils.widgets.get('n'))))").await;
    let mut all = each("{{tasks.list.values.items}}", 2, "/Shared/part", json!({"n": "{{input.n}}"}));
    all["depends_on"] = json!([{"task_key": "list"}]);
    let list = json!({"task_key": "list", "notebook_task": {"notebook_path": "/Shared/list"}});
    let run = lab.ended(lab.submit(json!([list, all])).await).await;
    let task = run["tasks"].as_array().unwrap().iter().find(|task| task["task_key"] == "all").unwrap();
    // 10 // 0 fails, and the others run all the same
    assert_eq!(task["state"]["result_state"], "FAILED", "{run}");
    let stats = &task["for_each_task"]["stats"]["task_run_stats"];
    assert_eq!(
        (&stats["total_iterations"], &stats["succeeded_iterations"], &stats["failed_iterations"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let shown = lab.run(task["run_id"].as_i64().unwrap()).await;
    let iterations = shown["iterations"].as_array().unwrap();
    assert_eq!(iterations.len(), 3);
    let output = lab.output(&iterations[1]["run_id"]).await;
    assert_eq!(output["notebook_output"]["result"], "5");
    let run = lab
        .ended(lab.submit(json!([each("[1, 2]", 1, "/Shared/part", json!({"n": "{{input}}"}))])).await)
        .await;
    assert_eq!(run["state"]["result_state"], "SUCCESS", "{run}");
    let run = lab.ended(lab.submit(json!([each("no list", 1, "/Shared/part", json!({}))])).await).await;
    assert!(run["state"]["state_message"].as_str().unwrap().contains("not 'no list'"), "{run}");
}

#[tokio::test]
async fn for_each_tasks_that_make_no_sense_are_refused() {
    let lab = Lab::start().await;
    for (task, expected) in [
        (each("[]", 101, "/x", json!({})), "The concurrency of task 'all' must be a number from 1 to 100."),
        (
            json!({"task_key": "a", "for_each_task": {"inputs": "[]", "task": {"task_key": "b"}}}),
            "Task 'b' must have a type",
        ),
        (
            json!({"task_key": "a", "for_each_task": {"inputs": "[]", "task": each("[]", 1, "/x", json!({}))}}),
            "The task within the for_each_task 'a' is another one.",
        ),
    ] {
        let refused =
            lab.refused(Method::POST, "2.2/jobs/create", Some(json!({"name": "j", "tasks": [task]}))).await;
        assert!(refused.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_schedule_starts_runs_on_the_clock() {
    // 2026-03-01, noon
    let lab = Lab::on(Sandbox::builder(), Clock::manual_at(1_772_366_400_000)).await;
    lab.notebook("/Shared/tick", "1").await;
    let job = lab
        .post("2.2/jobs/create", json!({
            "name": "daily", "tasks": [{"task_key": "t", "notebook_task": {"notebook_path": "/Shared/tick"}}],
            "schedule": {"quartz_cron_expression": "0 30 8 * * ?", "timezone_id": "UTC"},
        }))
        .await["job_id"]
        .clone();
    let list = format!("2.2/jobs/runs/list?job_id={job}");
    lab.sandbox.clock().advance(Duration::from_secs(20 * 3_600));
    assert!(lab.get(&list).await["runs"].as_array().is_none_or(Vec::is_empty), "too early");
    lab.sandbox.clock().advance(Duration::from_secs(1_800));
    let runs = lab.when(&list, |answer| answer["runs"][0]["end_time"].as_i64() > Some(0)).await;
    assert_eq!(
        (runs["runs"].as_array().unwrap().len(), &runs["runs"][0]["trigger"]),
        (1, &json!("PERIODIC"))
    );
    assert_eq!(runs["runs"][0]["schedule"]["quartz_cron_expression"], "0 30 8 * * ?");
    let paused = json!({"schedule": {"quartz_cron_expression": "0 30 8 * * ?", "timezone_id": "UTC", "pause_status": "PAUSED"}});
    lab.post("2.2/jobs/update", json!({"job_id": job, "new_settings": paused})).await;
    // another job, whose run shows that the clock was looked at
    let periodic = json!({
        "name": "hourly", "tasks": [{"task_key": "t", "notebook_task": {"notebook_path": "/Shared/tick"}}],
        "trigger": {"periodic": {"interval": 1, "unit": "DAYS"}},
    });
    let other = lab.post("2.2/jobs/create", periodic).await["job_id"].clone();
    // the scheduler sees a change when it is told of it, which a clock that jumps at once would outrun
    tokio::time::sleep(Duration::from_millis(100)).await;
    lab.sandbox.clock().advance(Duration::from_secs(24 * 3_600));
    lab.when(&format!("2.2/jobs/runs/list?job_id={other}"), |answer| {
        answer["runs"][0]["end_time"].as_i64() > Some(0)
    })
    .await;
    assert_eq!(lab.get(&list).await["runs"].as_array().unwrap().len(), 1);
    let wrong =
        json!({"name": "j", "schedule": {"quartz_cron_expression": "tomorrow", "timezone_id": "UTC"}});
    let refused = lab.refused(Method::POST, "2.2/jobs/create", Some(wrong)).await;
    assert!(refused.contains("Invalid quartz_cron_expression 'tomorrow'"), "{refused}");
}
