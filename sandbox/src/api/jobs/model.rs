//! Runs and their tasks as they are kept and shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::settings::{Settings, Task};
use super::state::{Life, Outcome, State};
use crate::api::identity::USER;
use crate::ids;

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Trigger {
    OneTime,
    Periodic,
    RunJobTask,
}

/// Whether a run belongs to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RunType {
    #[serde(rename = "JOB_RUN")]
    Job,
    #[serde(rename = "SUBMIT_RUN")]
    Submit,
    #[serde(rename = "WORKFLOW_RUN")]
    Workflow,
}

/// The values that the caller of a run gives.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Overrides {
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) job_parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) notebook_params: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) python_params: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) sql_params: Map<String, Value>,
}

/// A run of a job, or of tasks that were submitted without one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) job_id: i64,
    pub(super) kind: RunType,
    pub(super) trigger: Trigger,
    pub(super) name: String,
    pub(super) settings: Settings,
    #[serde(default)]
    pub(super) overrides: Overrides,
    #[serde(default)]
    pub(super) token: Option<String>,
    pub(super) state: State,
    pub(super) start: i64,
    #[serde(default)]
    pub(super) end: i64,
    /// Every attempt of every task, the oldest first.
    pub(super) tasks: Vec<TaskRun>,
    #[serde(default)]
    pub(super) repairs: Vec<Repair>,
}

/// An attempt of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TaskRun {
    pub(super) id: i64,
    pub(super) task: Task,
    pub(super) attempt: u32,
    pub(super) state: State,
    /// When it was its turn.
    #[serde(default)]
    pub(super) start: i64,
    /// When its cluster was there.
    #[serde(default)]
    pub(super) ready: i64,
    #[serde(default)]
    pub(super) end: i64,
    #[serde(default)]
    pub(super) output: Output,
    /// The run of the for-each task that this is an iteration of, and its item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) each: Option<Each>,
    /// Every attempt of every iteration of a for-each task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) iterations: Vec<TaskRun>,
}

/// What an iteration of a for-each task belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Each {
    pub(super) parent: i64,
    pub(super) index: usize,
    pub(super) input: Value,
}

/// What a task leaves behind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Output {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) notebook_result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) logs: Option<String>,
    #[serde(default)]
    pub(super) logs_truncated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_trace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sql: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run_job: Option<i64>,
    /// `true` or `false`: what a condition came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) task_values: Map<String, Value>,
    /// The cells of a notebook with what they showed, for an export.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cells: Vec<Shown>,
}

/// A cell of a notebook that ran: its code and what it showed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) code: String,
    pub(super) text: String,
}

/// A second go at a run that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Repair {
    pub(super) id: i64,
    pub(super) start: i64,
    pub(super) task_run_ids: Vec<i64>,
}

impl TaskRun {
    pub(super) fn new(task: Task, attempt: u32) -> Self {
        let state = State::at(if task.depends_on.is_empty() { Life::Pending } else { Life::Blocked });
        Self {
            id: ids::number(),
            task,
            attempt,
            state,
            start: 0,
            ready: 0,
            end: 0,
            output: Output::default(),
            each: None,
            iterations: Vec::new(),
        }
    }

    /// Another attempt at the same.
    pub(super) fn again(&self) -> Self {
        Self { each: self.each.clone(), ..Self::new(self.task.clone(), self.attempt + 1) }
    }

    /// The latest attempt of each iteration, in the order of the inputs.
    pub(super) fn latest_iterations(&self) -> Vec<&TaskRun> {
        let mut latest: Vec<&TaskRun> = Vec::new();
        for iteration in &self.iterations {
            let index = |it: &TaskRun| it.each.as_ref().map(|each| each.index);
            match latest.iter_mut().find(|known| index(known) == index(iteration)) {
                Some(known) => *known = iteration,
                None => latest.push(iteration),
            }
        }
        latest
    }

    /// How many iterations there are, and how they go.
    fn stats(&self) -> Value {
        let latest = self.latest_iterations();
        let count = |test: fn(&State) -> bool| latest.iter().filter(|it| test(&it.state)).count();
        let succeeded = count(|state| state.outcome.is_some_and(Outcome::is_success));
        let completed = count(State::is_final);
        let mut errors: Vec<(&str, usize)> = Vec::new();
        for failed in latest.iter().filter(|it| it.state.outcome.is_some_and(Outcome::is_failure)) {
            match errors.iter_mut().find(|(message, _)| *message == failed.state.message) {
                Some((_, count)) => *count += 1,
                None => errors.push((&failed.state.message, 1)),
            }
        }
        let errors = errors.into_iter().map(|(message, count)| {
            json!({ "error_message": message, "count": count, "termination_category": "RUN_EXECUTION_ERROR" })
        });
        json!({
            "error_message_stats": errors.collect::<Vec<_>>(),
            "task_run_stats": {
                "active_iterations": count(|state| matches!(state.life, Life::Running)),
                "completed_iterations": completed,
                "failed_iterations": completed - succeeded,
                "scheduled_iterations": latest.iter().filter(|it| it.start > 0).count(),
                "succeeded_iterations": succeeded,
                "total_iterations": latest.len(),
            },
        })
    }

    pub(super) fn finish(&mut self, outcome: Outcome, message: impl Into<String>, now: i64) {
        let message = message.into();
        for iteration in self.iterations.iter_mut().filter(|it| !it.state.is_final()) {
            iteration.finish(outcome, message.clone(), now);
        }
        self.state = State::ended(outcome, message);
        self.end = now;
        self.start = if self.start == 0 { now } else { self.start };
        self.ready = if self.ready == 0 { self.start } else { self.ready };
    }

    fn view(&self, url: &str) -> Value {
        let mut view = json!(self.task);
        let own = json!({
            "run_id": self.id,
            "attempt_number": self.attempt,
            "state": self.state.view(),
            "status": self.state.status(),
            "start_time": self.start,
            "end_time": self.end,
            "setup_duration": (self.ready - self.start).max(0),
            "execution_duration": if self.end > 0 { (self.end - self.ready).max(0) } else { 0 },
            "cleanup_duration": 0,
            "run_if": self.task.run_if.map_or(json!("ALL_SUCCESS"), |run_if| json!(run_if)),
            "run_page_url": format!("{url}/#run/{}", self.id),
        });
        if let (Value::Object(view), Value::Object(own)) = (&mut view, own) {
            view.extend(own);
            if let Some(cluster) = &self.task.existing_cluster_id {
                view.insert("cluster_instance".into(), json!({ "cluster_id": cluster }));
            }
            if let (Some(outcome), Some(condition)) = (&self.output.outcome, view.get_mut("condition_task")) {
                condition["outcome"] = json!(outcome);
            }
            if let Some(each) = view.get_mut("for_each_task") {
                each["stats"] = self.stats();
            }
        }
        view
    }
}

impl Run {
    /// A run that waits for its turn.
    pub(super) fn new(job_id: i64, kind: RunType, settings: Settings, now: i64) -> Self {
        let tasks = settings.tasks.iter().map(|task| TaskRun::new(task.clone(), 0)).collect();
        Self {
            id: ids::number(),
            job_id,
            kind,
            trigger: Trigger::OneTime,
            name: settings.name.clone().unwrap_or_else(|| "Untitled".into()),
            settings,
            overrides: Overrides::default(),
            token: None,
            state: State::at(Life::Pending),
            start: now,
            end: 0,
            tasks,
            repairs: Vec::new(),
        }
    }

    /// The latest attempt of each task, in the order of the settings.
    pub(super) fn latest(&self) -> impl Iterator<Item = &TaskRun> {
        self.settings.tasks.iter().filter_map(|task| self.latest_of(&task.task_key))
    }

    pub(super) fn latest_of(&self, key: &str) -> Option<&TaskRun> {
        self.tasks.iter().rev().find(|task| task.task.task_key == key)
    }

    /// The run of a task, or of an iteration of one, by its id.
    pub(super) fn task(&self, id: i64) -> Option<&TaskRun> {
        self.tasks
            .iter()
            .flat_map(|task| std::iter::once(task).chain(&task.iterations))
            .find(|it| it.id == id)
    }

    pub(super) fn task_mut(&mut self, id: i64) -> Option<&mut TaskRun> {
        self.tasks.iter_mut().find_map(|task| {
            if task.id == id { Some(task) } else { task.iterations.iter_mut().find(|it| it.id == id) }
        })
    }

    /// Ends a run with whatever of it has not ended.
    pub(super) fn finish(&mut self, outcome: Outcome, message: &str, now: i64) {
        for task in self.tasks.iter_mut().filter(|task| !task.state.is_final()) {
            task.finish(outcome, message, now);
        }
        self.state = State::ended(outcome, message);
        self.end = now;
    }

    /// The values of the job's parameters in this run.
    pub(super) fn parameters(&self) -> Map<String, Value> {
        let defaults = self
            .settings
            .parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), json!(parameter.default)));
        let mut values: Map<String, Value> = defaults.collect();
        values.extend(self.overrides.job_parameters.clone());
        values
    }

    /// The run as the service shows it; `tasks` as well if asked for.
    pub(super) fn view(&self, url: &str, tasks: bool) -> Value {
        let ready =
            self.tasks.iter().map(|task| task.ready).filter(|ready| *ready > 0).min().unwrap_or(self.start);
        let mut view = json!({
            "run_id": self.id,
            "job_id": self.job_id,
            "number_in_job": self.id,
            "job_run_id": self.id,
            "original_attempt_run_id": self.id,
            "run_name": self.name,
            "run_type": self.kind,
            "trigger": self.trigger,
            "creator_user_name": USER,
            "state": self.state.view(),
            "status": self.state.status(),
            "start_time": self.start,
            "end_time": self.end,
            "setup_duration": (ready - self.start).max(0),
            "execution_duration": if self.end > 0 { (self.end - ready).max(0) } else { 0 },
            "cleanup_duration": 0,
            "run_duration": if self.end > 0 { self.end - self.start } else { 0 },
            "run_page_url": format!("{url}/#job/{}/run/{}", self.job_id, self.id),
        });
        let Value::Object(fields) = &mut view else { return view };
        let parameters = self.parameters();
        if !parameters.is_empty() {
            let defaults = &self.settings.parameters;
            let described = parameters.iter().map(|(name, value)| {
                let default = defaults
                    .iter()
                    .find(|parameter| parameter.name == *name)
                    .map(|parameter| &parameter.default);
                json!({ "name": name, "default": default, "value": value })
            });
            fields.insert("job_parameters".into(), described.collect());
        }
        if let Value::Object(mut given) = json!(self.overrides) {
            given.shift_remove("job_parameters");
            if !given.is_empty() {
                fields.insert("overriding_parameters".into(), Value::Object(given));
            }
        }
        if tasks {
            fields.insert("tasks".into(), self.tasks.iter().map(|task| task.view(url)).collect());
            if !self.settings.job_clusters.is_empty() {
                fields.insert("job_clusters".into(), json!(self.settings.job_clusters));
            }
        }
        if self.trigger == Trigger::Periodic
            && let Some(schedule) = self.settings.rest.get("schedule")
        {
            fields.insert("schedule".into(), schedule.clone());
        }
        if !self.repairs.is_empty() {
            fields.insert("repair_history".into(), self.history());
        }
        view
    }

    fn history(&self) -> Value {
        let original = self
            .tasks
            .iter()
            .filter(|task| self.repairs.iter().all(|repair| !repair.task_run_ids.contains(&task.id)));
        let original: Vec<i64> = original.map(|task| task.id).collect();
        let last = self.repairs.len();
        let item = |kind: &str, at: usize, start: i64, ids: &[i64]| {
            let mut item = json!({ "type": kind, "start_time": start, "task_run_ids": ids });
            if at == last {
                item["state"] = self.state.view();
                item["end_time"] = json!(self.end);
            }
            item
        };
        let mut items = vec![item("ORIGINAL", 0, self.start, &original)];
        for (at, repair) in self.repairs.iter().enumerate() {
            let mut repaired = item("REPAIR", at + 1, repair.start, &repair.task_run_ids);
            repaired["id"] = json!(repair.id);
            items.push(repaired);
        }
        Value::Array(items)
    }

    /// The run of one task, shown as a run of its own.
    pub(super) fn view_of(&self, task: &TaskRun, url: &str) -> Value {
        let mut view = self.view(url, false);
        if let (Value::Object(view), Value::Object(own)) = (&mut view, task.view(url)) {
            for field in [
                "run_id",
                "attempt_number",
                "state",
                "status",
                "start_time",
                "end_time",
                "setup_duration",
                "execution_duration",
                "run_page_url",
            ] {
                if let Some(value) = own.get(field) {
                    view.insert(field.into(), value.clone());
                }
            }
            view.insert("run_name".into(), json!(task.task.task_key));
            view.insert("run_duration".into(), json!((task.end - task.start).max(0)));
            if !task.iterations.is_empty() {
                view.insert("iterations".into(), task.iterations.iter().map(|it| it.view(url)).collect());
            }
            view.insert("tasks".into(), json!([own]));
        }
        view
    }
}
