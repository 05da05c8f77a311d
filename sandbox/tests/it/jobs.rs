//! Jobs: kept, changed and listed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

fn settings(name: &str) -> Value {
    json!({
        "name": name,
        "tags": {"team": "x"},
        "schedule": {"quartz_cron_expression": "0 0 6 * * ?", "timezone_id": "UTC"},
        "tasks": [{"task_key": "a", "notebook_task": {"notebook_path": "/Shared/a"}, "libraries": [{"pypi": {"package": "x"}}]}],
    })
}

impl Lab {
    async fn new_job(&self, settings: Value) -> i64 {
        self.post("2.2/jobs/create", settings).await["job_id"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn a_job_is_made_changed_and_deleted() {
    let lab = Lab::start().await;
    let id = lab.new_job(settings("daily")).await;
    let get = format!("2.1/jobs/get?job_id={id}");
    let job = lab.get(&get).await;
    assert_eq!(
        (job["settings"]["name"].as_str(), job["settings"]["max_concurrent_runs"].as_i64()),
        (Some("daily"), Some(1))
    );
    assert_eq!(job["settings"]["tasks"][0]["libraries"][0]["pypi"]["package"], "x");
    assert_eq!(job["settings"]["schedule"]["timezone_id"], "UTC");
    let update =
        json!({"job_id": id.to_string(), "new_settings": {"name": "hourly"}, "fields_to_remove": ["tags"]});
    lab.post("2.2/jobs/update", update).await;
    let job = lab.get(&get).await;
    assert_eq!((job["settings"]["name"].as_str(), job["settings"].get("tags")), (Some("hourly"), None));
    lab.post("2.2/jobs/reset", json!({"job_id": id, "new_settings": {"name": "bare"}})).await;
    assert!(lab.get(&get).await["settings"].get("tasks").is_none());
    lab.post("2.2/jobs/delete", json!({"job_id": id})).await;
    let gone = format!("400 INVALID_PARAMETER_VALUE: Job {id} does not exist.");
    assert_eq!(lab.refused(Method::GET, &get, None).await, gone);
    assert_eq!(lab.refused(Method::POST, "2.2/jobs/run-now", Some(json!({"job_id": id}))).await, gone);
}

#[tokio::test]
async fn lists_have_pages_and_a_name_filter() {
    let lab = Lab::start().await;
    for name in ["one", "two", "three"] {
        lab.new_job(settings(name)).await;
        lab.sandbox.clock().advance(std::time::Duration::from_secs(1));
    }
    let names = |list: &Value| -> Vec<String> {
        list["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["settings"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = lab.get("2.2/jobs/list?limit=2").await;
    assert_eq!(
        (names(&first), first["has_more"].as_bool()),
        (vec!["three".into(), "two".into()], Some(true))
    );
    assert!(first["jobs"][0]["settings"].get("tasks").is_none());
    let token = first["next_page_token"].as_str().unwrap();
    let second = lab.get(&format!("2.2/jobs/list?limit=2&expand_tasks=true&page_token={token}")).await;
    assert_eq!((names(&second), second["has_more"].as_bool()), (vec!["one".into()], Some(false)));
    assert_eq!(second["jobs"][0]["settings"]["tasks"][0]["task_key"], "a");
    assert_eq!(names(&lab.get("2.1/jobs/list?offset=1&limit=1").await), ["two"]);
    assert_eq!(names(&lab.get("2.2/jobs/list?name=ONE").await), ["one"]);
    assert!(
        lab.refused(Method::GET, "2.2/jobs/list?page_token=x", None).await.contains("Invalid page token")
    );
}

#[tokio::test]
async fn wrong_settings_are_refused() {
    let lab = Lab::start().await;
    for (body, expected) in [
        (
            json!({"tasks": [{"task_key": "a", "notebook_task": {}}]}),
            "400 INVALID_PARAMETER_VALUE: Missing required field: tasks[0].notebook_task.notebook_path",
        ),
        (
            json!({"tasks": [{"notebook_task": {"notebook_path": "/x"}}]}),
            "400 INVALID_PARAMETER_VALUE: Missing required field: tasks[0].task_key",
        ),
        (json!({"tasks": "x"}), "400 INVALID_PARAMETER_VALUE: Invalid value for field 'tasks'"),
        (
            json!({"max_concurrent_runs": -1}),
            "400 INVALID_PARAMETER_VALUE: Invalid value for field 'max_concurrent_runs'",
        ),
        (json!({"tasks": [{"task_key": "a"}]}), "400 INVALID_PARAMETER_VALUE: Task 'a' must have a type"),
    ] {
        let refused = lab.refused(Method::POST, "2.2/jobs/create", Some(body)).await;
        assert!(refused.starts_with(expected), "{refused}");
    }
    let id =
        lab.new_job(json!({"tasks": [{"task_key": "a", "spark_jar_task": {"main_class_name": "X"}}]})).await;
    let refused = lab.refused(Method::POST, "2.2/jobs/run-now", Some(json!({"job_id": id}))).await;
    assert_eq!(refused, "501 NOT_IMPLEMENTED: the sandbox does not run spark_jar_task (task 'a')");
    let refused = lab.refused(Method::POST, "2.2/jobs/run-now", Some(json!({"job_id": "x"}))).await;
    assert!(refused.contains("'job_id'") && refused.contains("an integer"), "{refused}");
}
