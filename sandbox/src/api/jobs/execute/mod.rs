//! What tasks do, by kind.

mod notebook;
mod script;
mod sql;
mod wheel;

use std::io;
use std::path::Path;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::launch;
use super::model::{Output, Run};
use super::settings::{ConditionTask, Op, RunJobTask, Task};
use super::state::Outcome;
use crate::python;
use crate::server::ApiError;
use crate::state::AppState;

/// What the service says of code that failed; the error itself is in the output.
const FAILED: &str = "Workload failed, see run output for details";

/// How a task came out.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) message: String,
    pub(super) output: Output,
}

impl Done {
    pub(super) fn success(output: Output) -> Self {
        Self { outcome: Outcome::Success, message: String::new(), output }
    }

    /// A failure of the task rather than of its code.
    pub(super) fn failed(outcome: Outcome, message: impl Into<String>) -> Self {
        let message = message.into();
        let output = Output { error: Some(message.clone()), ..Output::default() };
        Self { outcome, message, output }
    }

    /// A failure of the code.
    fn raised(error: String, trace: String, output: Output) -> Self {
        let output = Output { error: Some(error), error_trace: Some(trace), ..output };
        Self { outcome: Outcome::Failed, message: FAILED.into(), output }
    }
}

/// Where a task works: a folder, and what it has so far. It is there when the work has been cut short.
pub(super) struct Desk {
    home: io::Result<TempDir>,
    progress: Mutex<Output>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { home: tempfile::tempdir(), progress: Mutex::default() }
    }

    fn home(&self) -> Result<&Path, String> {
        self.home.as_ref().map(TempDir::path).map_err(|cause| format!("no folder to work in: {cause}"))
    }

    /// The end of work that was stopped, with what there was by then.
    pub(super) fn cut_short(&self, outcome: Outcome, message: String) -> Done {
        let mut output = std::mem::take(&mut *self.progress.lock());
        // a notebook's output belongs to its cells
        if let (Ok(home), true) = (&self.home, output.cells.is_empty()) {
            let printed = python::output_in(home.path());
            (output.logs, output.logs_truncated) =
                (Some(printed.text).filter(|text| !text.is_empty()), printed.truncated);
        }
        output.error = Some(message.clone());
        Done { outcome, message, output }
    }
}

/// Does what a task says; its references are replaced already.
pub(super) async fn execute(state: &AppState, run: &Run, task: &Task, desk: &Desk) -> Done {
    if let Some(task) = &task.notebook_task {
        notebook::run(state, run, task, desk).await
    } else if let Some(task) = &task.spark_python_task {
        script::run(state, run, task, desk).await
    } else if let Some(wheel) = &task.python_wheel_task {
        wheel::run(state, run, task, wheel, desk).await
    } else if let Some(task) = &task.sql_task {
        sql::run(state, run, task).await
    } else if let Some(task) = &task.condition_task {
        condition(task)
    } else if let Some(task) = &task.run_job_task {
        run_job(state, task).await
    } else {
        // refused before it came here; kept so that no task can pass without having done anything
        Done::failed(Outcome::InternalError, "the sandbox does not run tasks of this kind")
    }
}

/// Parameters of different origin, the later ones first in rank.
fn merged(layers: &[&Map<String, Value>]) -> Map<String, Value> {
    layers.iter().flat_map(|layer| (*layer).clone()).collect()
}

/// The values that earlier tasks left, by task.
fn task_values(run: &Run) -> Map<String, Value> {
    run.latest()
        .map(|task| (task.task.task_key.clone(), Value::Object(task.output.task_values.clone())))
        .collect()
}

/// The end of a task whose code is not there.
fn not_there(what: &str, path: &str, error: &ApiError) -> Done {
    Done::failed(Outcome::NotFound, format!("Unable to access the {what} \"{path}\": {}", error.message))
}

fn condition(task: &ConditionTask) -> Done {
    let number = |side: &str, text: &str| {
        text.trim()
            .parse::<f64>()
            .map_err(|_| format!("The {side} side of the condition, '{text}', is no number"))
    };
    let compared = || Ok::<_, String>((number("left", &task.left)?, number("right", &task.right)?));
    let held = match task.op {
        Op::EqualTo => Ok(task.left == task.right),
        Op::NotEqual => Ok(task.left != task.right),
        Op::GreaterThan => compared().map(|(left, right)| left > right),
        Op::GreaterThanOrEqual => compared().map(|(left, right)| left >= right),
        Op::LessThan => compared().map(|(left, right)| left < right),
        Op::LessThanOrEqual => compared().map(|(left, right)| left <= right),
    };
    match held {
        Ok(held) => Done::success(Output { outcome: Some(held.to_string()), ..Output::default() }),
        Err(cause) => Done::failed(Outcome::Failed, cause),
    }
}

/// Starts a run of another job and waits for it; when this task is stopped, so is that run.
async fn run_job(state: &AppState, task: &RunJobTask) -> Done {
    let started = match launch::run_job(state, task.job_id, task.job_parameters.clone()) {
        Ok(started) => started,
        Err(error) => return Done::failed(Outcome::NotFound, error.message),
    };
    let id = started.run_id;
    started.wait().await;
    let output = Output { run_job: Some(id), ..Output::default() };
    let ended = state.jobs.run(id).and_then(|run| Some((run.state.outcome?, run.state.message)));
    match ended {
        Some((outcome, _)) if outcome.is_success() => Done::success(output),
        Some((_, message)) => {
            let message = format!("The run {id} of the job {} failed: {message}", task.job_id);
            Done { output: Output { run_job: Some(id), ..output }, ..Done::failed(Outcome::Failed, message) }
        }
        None => Done::failed(Outcome::Failed, format!("The run {id} is gone")),
    }
}
