//! What a job is told to do: its settings as they come in, checked for what would keep it from running.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::schedule;
use crate::api::lenient;
use crate::server::{ApiError, Reply};

/// The settings of a job, or of a run without one. What is not looked at here is kept and given back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Settings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tasks: Vec<Task>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) job_clusters: Vec<JobCluster>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_concurrent_runs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timeout_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) queue: Option<Queue>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct JobCluster {
    pub(super) job_cluster_key: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) default: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Queue {
    pub(super) enabled: bool,
}

/// A step of a job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) task_key: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<Dependency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run_if: Option<RunIf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) existing_cluster_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) job_cluster_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timeout_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_retries: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) min_retry_interval_millis: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_on_timeout: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) disabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) notebook_task: Option<NotebookTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spark_python_task: Option<SparkPythonTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) python_wheel_task: Option<PythonWheelTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sql_task: Option<SqlTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) condition_task: Option<ConditionTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run_job_task: Option<RunJobTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) for_each_task: Option<Box<ForEachTask>>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// A task that runs another one for each item of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ForEachTask {
    /// A list as JSON, or a reference to one.
    pub(super) inputs: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) concurrency: Option<u32>,
    pub(super) task: Task,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Dependency {
    pub(super) task_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RunIf {
    AllSuccess,
    AllDone,
    NoneFailed,
    AtLeastOneSuccess,
    AllFailed,
    AtLeastOneFailed,
}

/// Where code lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Source {
    Workspace,
    Git,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NotebookTask {
    pub(super) notebook_path: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) base_parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warehouse_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SparkPythonTask {
    pub(super) python_file: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PythonWheelTask {
    pub(super) package_name: String,
    pub(super) entry_point: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) named_parameters: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SqlTask {
    pub(super) warehouse_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<SqlFile>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) parameters: Map<String, Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SqlFile {
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ConditionTask {
    pub(super) op: Op,
    pub(super) left: String,
    pub(super) right: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Op {
    EqualTo,
    NotEqual,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunJobTask {
    #[serde(deserialize_with = "lenient::int")]
    pub(super) job_id: i64,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) job_parameters: Map<String, Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The kinds of tasks that the sandbox runs.
const RUN_HERE: &[&str] = &[
    "notebook_task",
    "spark_python_task",
    "python_wheel_task",
    "sql_task",
    "condition_task",
    "run_job_task",
    "for_each_task",
];

/// The most iterations of a for-each task that may run side by side.
const MOST_AT_ONCE: u32 = 100;

impl Task {
    /// The names of the fields that say what the task does.
    fn kinds(&self) -> Vec<String> {
        let Value::Object(fields) = json!(self) else { return Vec::new() };
        fields
            .into_iter()
            .filter(|(name, value)| name.ends_with("_task") && !value.is_null())
            .map(|(name, _)| name)
            .collect()
    }

    /// Refuses a task that says nothing, or too much, about what it does.
    fn check_kind(&self) -> Reply<()> {
        let key = self.task_key.as_str();
        let plain = !key.is_empty()
            && key.len() <= 100
            && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if !plain {
            return Err(ApiError::invalid(format!(
                "The task key '{key}' is invalid: it must have 1 to 100 letters, digits, dashes and underscores."
            )));
        }
        match self.kinds().as_slice() {
            [_] => {}
            [] => {
                return Err(ApiError::invalid(format!(
                    "Task '{key}' must have a type, such as notebook_task."
                )));
            }
            kinds => {
                return Err(ApiError::invalid(format!(
                    "Task '{key}' has more than one type: {}.",
                    kinds.join(", ")
                )));
            }
        }
        let Some(each) = &self.for_each_task else { return Ok(()) };
        if each.task.for_each_task.is_some() {
            return Err(ApiError::invalid(format!(
                "The task within the for_each_task '{key}' is another one."
            )));
        }
        if each.concurrency.is_some_and(|many| many == 0 || many > MOST_AT_ONCE) {
            return Err(ApiError::invalid(format!(
                "The concurrency of task '{key}' must be a number from 1 to {MOST_AT_ONCE}."
            )));
        }
        each.task.check_kind()
    }

    /// Refuses what the sandbox cannot run.
    fn check_runnable(&self) -> Reply<()> {
        let key = &self.task_key;
        let unable = |what: &str| {
            Err(ApiError::not_implemented(format!("the sandbox does not run {what} (task '{key}')")))
        };
        if let Some(kind) = self.kinds().iter().find(|kind| !RUN_HERE.contains(&kind.as_str())) {
            return unable(kind);
        }
        if self.sql_task.as_ref().is_some_and(|task| task.file.is_none()) {
            return unable("a sql_task without a file");
        }
        if let Some(each) = &self.for_each_task {
            return each.task.check_runnable();
        }
        let sources = [
            self.notebook_task.as_ref().and_then(|task| task.source),
            self.spark_python_task.as_ref().and_then(|task| task.source),
            self.sql_task.as_ref().and_then(|task| task.file.as_ref()?.source),
        ];
        if sources.contains(&Some(Source::Git)) { unable("code from Git") } else { Ok(()) }
    }
}

impl Settings {
    /// Refuses settings that no run could follow.
    pub(super) fn check(&self) -> Reply<()> {
        schedule::When::of(self)?;
        let mut keys = HashSet::new();
        for task in &self.tasks {
            task.check_kind()?;
            let key = task.task_key.as_str();
            if !keys.insert(key) {
                return Err(ApiError::invalid(format!("Duplicate task key '{key}'.")));
            }
            let known =
                |wanted: &str| self.job_clusters.iter().any(|cluster| cluster.job_cluster_key == wanted);
            if let Some(wanted) = task.job_cluster_key.as_deref().filter(|wanted| !known(wanted)) {
                return Err(ApiError::invalid(format!(
                    "Task '{key}' refers to the unknown job cluster '{wanted}'."
                )));
            }
        }
        self.check_order(&keys)
    }

    /// Refuses dependencies that lead nowhere or in circles.
    fn check_order(&self, keys: &HashSet<&str>) -> Reply<()> {
        let mut open: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
        for task in &self.tasks {
            let needs: HashSet<&str> =
                task.depends_on.iter().map(|dependency| dependency.task_key.as_str()).collect();
            if let Some(unknown) = needs.iter().find(|need| !keys.contains(*need)) {
                return Err(ApiError::invalid(format!(
                    "Task '{}' depends on the unknown task '{unknown}'.",
                    task.task_key
                )));
            }
            open.insert(&task.task_key, needs);
        }
        while !open.is_empty() {
            let free: HashSet<&str> =
                open.iter().filter(|(_, needs)| needs.is_empty()).map(|(key, _)| *key).collect();
            if free.is_empty() {
                let circle: Vec<&str> = open.keys().copied().collect();
                return Err(ApiError::invalid(format!(
                    "The dependencies of these tasks form a cycle: {}.",
                    circle.join(", ")
                )));
            }
            open.retain(|key, _| !free.contains(key));
            for needs in open.values_mut() {
                needs.retain(|need| !free.contains(need));
            }
        }
        Ok(())
    }

    /// Refuses to start what the sandbox cannot run.
    pub(super) fn check_runnable(&self) -> Reply<()> {
        if self.rest.contains_key("git_source") {
            return Err(ApiError::not_implemented("the sandbox does not run jobs from Git"));
        }
        self.tasks.iter().try_for_each(Task::check_runnable)
    }

    /// The settings with the service's defaults filled in.
    pub(super) fn view(&self, expand: bool) -> Value {
        let mut view = json!({
            "name": self.name.as_deref().unwrap_or("Untitled"),
            "email_notifications": {},
            "timeout_seconds": self.timeout_seconds.unwrap_or(0),
            "max_concurrent_runs": self.max_concurrent_runs.unwrap_or(1),
            "format": "MULTI_TASK",
        });
        if let (Value::Object(view), Value::Object(own)) = (&mut view, json!(self)) {
            view.extend(own);
            if !expand {
                for field in ["tasks", "job_clusters", "parameters", "environments"] {
                    view.shift_remove(field);
                }
            }
        }
        view
    }
}

/// The lists of settings that an update merges item by item, and the field that tells the items apart.
const MERGED: &[(&str, &str)] = &[("tasks", "task_key"), ("job_clusters", "job_cluster_key")];

/// Changes settings as `jobs/update` does: whole fields, but tasks and clusters one by one.
pub(super) fn update(old: &Settings, new: Map<String, Value>, remove: &[String]) -> Reply<Settings> {
    let Value::Object(mut fields) = json!(old) else { return Ok(old.clone()) };
    for path in remove {
        let (field, item) =
            path.split_once('/').map_or((path.as_str(), None), |(field, item)| (field, Some(item)));
        match (fields.get_mut(field), item) {
            (Some(Value::Array(items)), Some(item)) => {
                let key = MERGED.iter().find(|(name, _)| *name == field).map_or("name", |(_, key)| key);
                items.retain(|found| found[key] != item);
            }
            _ => drop(fields.shift_remove(field)),
        }
    }
    for (field, value) in new {
        let key = MERGED.iter().find(|(name, _)| *name == field).map(|(_, key)| *key);
        match (key, fields.get_mut(&field), value) {
            (Some(key), Some(Value::Array(old)), Value::Array(new)) => {
                for item in new {
                    match old.iter_mut().find(|found| found[key] == item[key]) {
                        Some(found) => *found = item,
                        None => old.push(item),
                    }
                }
            }
            (_, _, value) => drop(fields.insert(field, value)),
        }
    }
    crate::server::from_value(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(value: Value) -> Settings {
        serde_json::from_value(value).unwrap()
    }

    fn task(key: &str, needs: &[&str]) -> Value {
        let needs: Vec<Value> = needs.iter().map(|need| json!({"task_key": need})).collect();
        json!({"task_key": key, "depends_on": needs, "notebook_task": {"notebook_path": "/x"}})
    }

    #[test]
    fn settings_that_cannot_be_followed_are_refused() {
        for (tasks, expected) in [
            (json!([task("a", &["b"])]), "Task 'a' depends on the unknown task 'b'."),
            (
                json!([task("a", &["c"]), task("b", &["a"]), task("c", &["b"]), task("d", &[])]),
                "form a cycle: a, b, c.",
            ),
            (json!([task("a", &[]), task("a", &[])]), "Duplicate task key 'a'."),
            (json!([task("a b", &[])]), "The task key 'a b' is invalid"),
            (json!([{"task_key": "a"}]), "Task 'a' must have a type"),
            (
                json!([{"task_key": "a", "dbt_task": {}, "notebook_task": {"notebook_path": "/x"}}]),
                "more than one type",
            ),
            (json!([{"task_key": "a", "job_cluster_key": "k", "dbt_task": {}}]), "unknown job cluster 'k'"),
        ] {
            let refused = settings(json!({"tasks": tasks})).check().unwrap_err().message;
            assert!(refused.contains(expected), "{refused}");
        }
        let fine = settings(json!({"tasks": [task("b", &["a"]), task("a", &[])]}));
        assert!(fine.check().is_ok() && fine.check_runnable().is_ok());
        let foreign = settings(json!({"tasks": [{"task_key": "a", "dbt_task": {}}]}));
        assert!(foreign.check().is_ok());
        assert_eq!(
            foreign.check_runnable().unwrap_err().message,
            "the sandbox does not run dbt_task (task 'a')"
        );
    }

    #[test]
    fn an_update_merges_tasks_by_key() {
        let old = settings(
            json!({"name": "n", "tags": {"a": "b"}, "tasks": [task("a", &[]), task("b", &[]), task("c", &[])]}),
        );
        let new = json!({"name": "m", "tasks": [task("b", &["a"]), task("d", &[])]});
        let new = update(&old, new.as_object().unwrap().clone(), &["tags".into(), "tasks/c".into()]).unwrap();
        let keys: Vec<&str> = new.tasks.iter().map(|task| task.task_key.as_str()).collect();
        assert_eq!((keys, new.name.as_deref(), new.rest.len()), (vec!["a", "b", "d"], Some("m"), 0));
        assert_eq!(new.tasks[1].depends_on.len(), 1);
    }
}
