//! A second go at the tasks of a run that failed.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::launch;
use super::model::{Overrides, Repair, Run, TaskRun};
use super::state::{Life, State as RunState};
use crate::api::lenient;
use crate::ids;
use crate::server::{Answer, ApiError, Body, Reply};
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct Request {
    #[serde(deserialize_with = "lenient::int")]
    run_id: i64,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    latest_repair_id: Option<i64>,
    #[serde(default)]
    rerun_tasks: Vec<String>,
    #[serde(default)]
    rerun_all_failed_tasks: bool,
    #[serde(default)]
    rerun_dependent_tasks: bool,
    #[serde(flatten)]
    overrides: Overrides,
}

pub(super) async fn repair(State(state): State<AppState>, Body(body): Body<Request>) -> Answer {
    let (run, task) = state.jobs.find(body.run_id)?;
    if task.is_some() {
        return Err(ApiError::invalid(format!(
            "Run {} is the run of a task; repair run {} instead.",
            body.run_id, run.id
        )));
    }
    if !run.state.is_final() {
        return Err(ApiError::invalid_state(format!("Run {} is active and cannot be repaired.", run.id)));
    }
    let latest = run.repairs.last().map(|repair| repair.id);
    if latest.is_some() && body.latest_repair_id != latest {
        return Err(ApiError::invalid("latest_repair_id must be the id of the latest repair of the run."));
    }
    let keys = chosen(&run, &body)?;
    let (id, now) = (ids::number(), state.now());
    state.jobs.update_run(run.id, |run| {
        let tasks: Vec<TaskRun> = run
            .latest()
            .filter(|task| keys.contains(&task.task.task_key))
            .map(|task| TaskRun::new(task.task.clone(), task.attempt + 1))
            .collect();
        run.repairs.push(Repair { id, start: now, task_run_ids: tasks.iter().map(|task| task.id).collect() });
        run.tasks.extend(tasks);
        run.overrides.job_parameters.extend(body.overrides.job_parameters);
        run.overrides.notebook_params.extend(body.overrides.notebook_params);
        run.overrides.sql_params.extend(body.overrides.sql_params);
        if !body.overrides.python_params.is_empty() {
            run.overrides.python_params = body.overrides.python_params;
        }
        (run.state, run.end) = (RunState::at(Life::Pending), 0);
    })?;
    launch::again(&state, run.id, run.job_id);
    Ok(Json(json!({ "repair_id": id })))
}

/// The tasks to run again.
fn chosen(run: &Run, body: &Request) -> Reply<HashSet<String>> {
    let mut keys: HashSet<String> = body.rerun_tasks.iter().cloned().collect();
    if let Some(unknown) = keys.iter().find(|key| run.latest_of(key).is_none()) {
        return Err(ApiError::invalid(format!("The run has no task '{unknown}'.")));
    }
    if body.rerun_all_failed_tasks {
        let failed = run.latest().filter(|task| {
            task.state.outcome.is_some_and(|outcome| outcome.is_failure() || outcome.is_canceled())
        });
        keys.extend(failed.map(|task| task.task.task_key.clone()));
    }
    if body.rerun_dependent_tasks {
        loop {
            let below = run
                .settings
                .tasks
                .iter()
                .filter(|task| task.depends_on.iter().any(|need| keys.contains(&need.task_key)));
            let more: Vec<String> =
                below.map(|task| task.task_key.clone()).filter(|key| !keys.contains(key)).collect();
            if more.is_empty() {
                break;
            }
            keys.extend(more);
        }
    }
    if keys.is_empty() {
        return Err(ApiError::invalid(
            "There are no tasks to run again: name them in rerun_tasks, or set rerun_all_failed_tasks.",
        ));
    }
    Ok(keys)
}
