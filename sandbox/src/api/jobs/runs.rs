//! Runs over the API: started, watched, stopped, and asked for what they left.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::launch;
use super::model::{Overrides, Run, RunType, TaskRun};
use super::page;
use super::settings::{Queue, Settings, Task};
use crate::api::{lenient, paging};
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply};
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct RunNow {
    #[serde(deserialize_with = "lenient::int")]
    job_id: i64,
    idempotency_token: Option<String>,
    queue: Option<Queue>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(flatten)]
    overrides: Overrides,
}

pub(super) async fn run_now(State(state): State<AppState>, Body(body): Body<RunNow>) -> Answer {
    let job = state.jobs.job(body.job_id)?;
    if let Some(id) = state.jobs.twin(body.idempotency_token.as_ref()) {
        return Ok(Json(json!({ "run_id": id, "number_in_job": id })));
    }
    let mut settings = job.settings;
    if !body.only.is_empty() {
        only(&mut settings, &body.only)?;
    }
    settings.check_runnable()?;
    if settings.tasks.is_empty() {
        return Err(ApiError::invalid(format!("Job {} has no tasks to run.", job.id)));
    }
    let known = |name: &String| settings.parameters.iter().any(|parameter| parameter.name == *name);
    if let Some(unknown) = body.overrides.job_parameters.keys().find(|name| !known(name)) {
        return Err(ApiError::invalid(format!(
            "The job parameter '{unknown}' is not defined for job {}.",
            job.id
        )));
    }
    if !settings.parameters.is_empty() && !body.overrides.notebook_params.is_empty() {
        return Err(ApiError::invalid(
            "notebook_params cannot be given for a job with parameters; use job_parameters.",
        ));
    }
    let mut run = Run::new(job.id, RunType::Job, settings, state.now());
    (run.overrides, run.token) = (body.overrides, body.idempotency_token);
    let id = run.id;
    launch::start(&state, run, body.queue.map(|queue| queue.enabled))?;
    Ok(Json(json!({ "run_id": id, "number_in_job": id })))
}

/// Leaves only the tasks that were named, and of their dependencies those that are left.
fn only(settings: &mut Settings, keys: &[String]) -> Reply<()> {
    if let Some(unknown) = keys.iter().find(|key| settings.tasks.iter().all(|task| task.task_key != **key)) {
        return Err(ApiError::invalid(format!("The job has no task '{unknown}'.")));
    }
    settings.tasks.retain(|task| keys.contains(&task.task_key));
    for task in &mut settings.tasks {
        task.depends_on.retain(|need| keys.contains(&need.task_key));
    }
    Ok(())
}

#[derive(Deserialize)]
pub(super) struct Submit {
    run_name: Option<String>,
    idempotency_token: Option<String>,
    timeout_seconds: Option<u32>,
    #[serde(default)]
    tasks: Vec<Task>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) async fn submit(State(state): State<AppState>, Body(body): Body<Submit>) -> Answer {
    if let Some(id) = state.jobs.twin(body.idempotency_token.as_ref()) {
        return Ok(Json(json!({ "run_id": id })));
    }
    let tasks = if body.tasks.is_empty() { single(body.rest.clone())? } else { body.tasks };
    let settings = Settings {
        name: body.run_name,
        tasks,
        timeout_seconds: body.timeout_seconds,
        rest: body.rest,
        ..Settings::default()
    };
    settings.check()?;
    settings.check_runnable()?;
    // a run without a job has the number of one all the same
    let mut run = Run::new(ids::number(), RunType::Submit, settings, state.now());
    run.token = body.idempotency_token;
    let id = run.id;
    launch::start(&state, run, None)?;
    Ok(Json(json!({ "run_id": id })))
}

/// The one task of a request in the old form, which has its fields at the top.
fn single(mut fields: Map<String, Value>) -> Reply<Vec<Task>> {
    if !fields.keys().any(|name| name.ends_with("_task")) {
        return Err(ApiError::invalid("Missing required field: tasks"));
    }
    fields.insert("task_key".into(), json!("main"));
    Ok(vec![crate::server::from_value(Value::Object(fields))?])
}

#[derive(Deserialize)]
pub(super) struct RunId {
    #[serde(deserialize_with = "lenient::int")]
    run_id: i64,
}

pub(super) async fn show(State(state): State<AppState>, Params(query): Params<RunId>) -> Answer {
    Ok(Json(match state.jobs.find(query.run_id)? {
        (run, None) => run.view(&state.url, true),
        (run, Some(task)) => run.view_of(&task, &state.url),
    }))
}

#[derive(Deserialize)]
pub(super) struct List {
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    job_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    active_only: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    completed_only: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    expand_tasks: bool,
    run_type: Option<RunType>,
    start_time_from: Option<i64>,
    start_time_to: Option<i64>,
    limit: Option<i64>,
    offset: Option<i64>,
    page_token: Option<String>,
}

pub(super) async fn list(State(state): State<AppState>, Params(query): Params<List>) -> Answer {
    if query.active_only && query.completed_only {
        return Err(ApiError::invalid("active_only and completed_only cannot both be true."));
    }
    let mut runs = state.jobs.runs.all();
    runs.retain(|run| {
        query.job_id.is_none_or(|id| id == run.job_id)
            && !(query.active_only && run.state.is_final())
            && (!query.completed_only || run.state.is_final())
            && query.run_type.is_none_or(|kind| kind == run.kind)
            && query.start_time_from.is_none_or(|from| run.start >= from)
            && query.start_time_to.is_none_or(|to| run.start <= to)
    });
    runs.sort_by_key(|run| Reverse((run.start, run.id)));
    let page = page(runs, query.page_token.as_deref(), query.offset, paging::size(query.limit, 20, 25)?)?;
    let more = page.next.is_some();
    let mut answer = page.answer("runs", |run| run.view(&state.url, query.expand_tasks));
    answer.insert("has_more".into(), json!(more));
    Ok(Json(Value::Object(answer)))
}

/// The task run that a request means: one by its own id, or the only one of a run.
pub(super) fn one_task(state: &AppState, id: i64) -> Reply<(Run, TaskRun)> {
    let (run, task) = state.jobs.find(id)?;
    if let Some(task) = task {
        return Ok((run, task));
    }
    if run.settings.tasks.len() > 1 {
        return Err(ApiError::invalid(
            "Retrieving the output of runs with multiple tasks is not supported. Ask for the output of each task's run instead.",
        ));
    }
    let task = run.latest().next().cloned();
    task.map(|task| (run, task)).ok_or_else(|| ApiError::invalid(format!("Run {id} has no tasks.")))
}

pub(super) async fn output(State(state): State<AppState>, Params(query): Params<RunId>) -> Answer {
    let (run, task) = one_task(&state, query.run_id)?;
    let mut answer = Map::new();
    answer.insert("metadata".into(), run.view_of(&task, &state.url));
    if task.task.notebook_task.is_some() && task.state.is_final() {
        let result = task.output.notebook_result.as_ref();
        let output =
            result.map_or_else(|| json!({}), |result| json!({ "result": result, "truncated": false }));
        answer.insert("notebook_output".into(), output);
    }
    if let Some(logs) = &task.output.logs {
        answer.insert("logs".into(), json!(logs));
        answer.insert("logs_truncated".into(), json!(task.output.logs_truncated));
    }
    let rest = [
        ("error", task.output.error.map(Value::String)),
        ("error_trace", task.output.error_trace.map(Value::String)),
        ("sql_output", task.output.sql),
        ("run_job_output", task.output.run_job.map(|id| json!({ "run_id": id }))),
    ];
    answer.extend(rest.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(Json(Value::Object(answer)))
}

pub(super) async fn cancel(State(state): State<AppState>, Body(body): Body<RunId>) -> Answer {
    let (run, _) = state.jobs.find(body.run_id)?;
    state.jobs.cancel(run.id, state.now())?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
pub(super) struct CancelAll {
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    job_id: Option<i64>,
    #[serde(default)]
    all_queued_runs: bool,
}

pub(super) async fn cancel_all(State(state): State<AppState>, Body(body): Body<CancelAll>) -> Answer {
    match body.job_id {
        Some(id) => drop(state.jobs.job(id)?),
        None if !body.all_queued_runs => return Err(ApiError::invalid("Missing required field: job_id")),
        None => {}
    }
    for run in state.jobs.active(body.job_id, body.all_queued_runs) {
        state.jobs.cancel(run, state.now())?;
    }
    Ok(Json(json!({})))
}

pub(super) async fn delete(State(state): State<AppState>, Body(body): Body<RunId>) -> Answer {
    let (run, _) = state.jobs.find(body.run_id)?;
    if !run.state.is_final() {
        return Err(ApiError::invalid_state(format!(
            "Run {} is active; cancel it before deleting it.",
            run.id
        )));
    }
    state.jobs.runs.remove(&run.id.to_string())?;
    Ok(Json(json!({})))
}
