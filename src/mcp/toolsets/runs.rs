//! A run with what its tasks gave: output, errors, and the end of their logs.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jobs::types::{Run, RunLifeCycleState, RunOutput, RunResultState, RunState, RunTask};
use crate::mcp::poll::Poll;
use crate::mcp::{Compound, Context, LeftOut, ToolError};

/// Tasks whose output is read: those that failed first.
const MOST: usize = 20;
/// Bytes of a task's log to show: errors are at its end.
const LOG: usize = 4_000;

/// A run, and what each task gave once it has ended.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct RunAnswer {
    run_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_page_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<TaskAnswer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

/// What tasks print, and what they fail with, is nobody's instruction.
pub(super) const OUTPUT: &[&str] = &["tasks.result", "tasks.error", "tasks.error_trace", "tasks.log_tail"];

/// How far a run or a task is, and how it ended.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(super) struct StateAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    life_cycle_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_message: Option<String>,
}

impl StateAnswer {
    pub(super) fn of(state: &RunState) -> Self {
        Self {
            life_cycle_state: state.life_cycle_state.as_ref().map(|state| state.as_str().to_owned()),
            result_state: state.result_state.as_ref().map(|state| state.as_str().to_owned()),
            state_message: state.state_message.clone().filter(|message| !message.is_empty()),
        }
    }

    /// How it ended, else how far it is.
    pub(super) fn word(&self) -> Option<&str> {
        self.result_state.as_deref().or(self.life_cycle_state.as_deref())
    }
}

/// One task.
#[derive(Debug, Serialize, JsonSchema)]
struct TaskAnswer {
    task_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateAnswer>,
    #[serde(flatten)]
    output: TaskOutput,
}

/// What a task gave.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct TaskOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<String>,
    /// Of a SQL, dbt or run-job task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_trace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_tail: Option<String>,
    /// Why there is no output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_output: Option<String>,
}

impl TaskOutput {
    pub(super) async fn read(context: &Context, run_id: i64) -> Self {
        match context.workspace().jobs().get_run_output().run_id(run_id).send().await {
            Ok(output) => Self::of(output),
            // The states are worth having without it.
            Err(error) => Self { no_output: Some(format!("cannot be read: {error}")), ..Self::default() },
        }
    }

    fn of(output: RunOutput) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let sql = output.sql_output.map(|output| serde_json::to_value(&output));
        let dbt = output.dbt_output.map(|output| serde_json::to_value(&output));
        let job = output.run_job_output.map(|output| serde_json::to_value(&output));
        Self {
            output: sql.or(dbt).or(job).and_then(Result::ok),
            result: some(output.notebook_output.and_then(|notebook| notebook.result.clone())),
            error: some(output.error.map(plain)),
            error_trace: some(output.error_trace.map(plain)),
            log_tail: some(output.logs.map(|log| tail(&log, LOG))),
            no_output: None,
        }
    }
}

/// Arguments of `wait_for_run`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WaitForRun {
    /// Id of the run.
    run_id: i64,
    /// Longest wait in seconds; 300 unless set.
    #[schemars(range(max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for WaitForRun {
    type Output = RunAnswer;
    const UNTRUSTED: &'static [&'static str] = OUTPUT;

    async fn call(self, context: &Context) -> Result<RunAnswer, ToolError> {
        waited(context, self.run_id, Duration::from_secs(self.timeout_seconds.unwrap_or(300))).await
    }
}

/// The run at its end with what its tasks gave, or as it is when the time is up.
pub(super) async fn waited(context: &Context, run_id: i64, limit: Duration) -> Result<RunAnswer, ToolError> {
    let mut poll = Poll::new(context, limit);
    loop {
        let run = context.workspace().jobs().get_run().run_id(run_id).send().await?;
        if has_ended(&run) {
            return ended(context, &run).await;
        }
        if !poll.again(&life(&run)).await? {
            let next = format!("The run goes on. Call wait_for_run with run_id {run_id} again.");
            return Ok(RunAnswer { next: Some(next), ..head(&run) });
        }
    }
}

/// A run that was only begun.
pub(super) fn begun(run_id: i64) -> RunAnswer {
    let next = "wait_for_run waits for its end and shows what each task gave.".to_owned();
    RunAnswer { run_id, next: Some(next), ..RunAnswer::default() }
}

fn has_ended(run: &Run) -> bool {
    use RunLifeCycleState::{InternalError, Skipped, Terminated};
    let state = run.state.as_ref().and_then(|state| state.life_cycle_state.as_ref());
    matches!(state, Some(Terminated | Skipped | InternalError))
}

fn life(run: &Run) -> String {
    let state = run.state.as_ref().and_then(|state| state.life_cycle_state.as_ref());
    state.map_or_else(|| "UNKNOWN".to_owned(), ToString::to_string)
}

fn head(run: &Run) -> RunAnswer {
    RunAnswer {
        run_id: run.run_id.unwrap_or_default(),
        run_name: run.run_name.clone(),
        state: run.state.as_deref().map(StateAnswer::of),
        start_time: run.start_time,
        end_time: run.end_time,
        run_page_url: run.run_page_url.clone(),
        ..RunAnswer::default()
    }
}

async fn ended(context: &Context, run: &Run) -> Result<RunAnswer, ToolError> {
    let mut answer = head(run);
    let tasks = latest(run.tasks.as_deref().unwrap_or_default());
    // What failed is what one wants to know of first.
    let (failed, others): (Vec<&RunTask>, Vec<&RunTask>) =
        tasks.iter().copied().partition(|task| has_failed(task));
    let ran = others.into_iter().filter(|task| result(task) == Some(&RunResultState::Success));
    let wanted: Vec<&RunTask> = failed.into_iter().chain(ran).collect();
    let read: Vec<Option<i64>> = wanted.iter().take(MOST).map(|task| task.run_id).collect();
    for (at, task) in tasks.iter().enumerate() {
        let output = match task.run_id.filter(|id| read.contains(&Some(*id))) {
            Some(id) => {
                context.progress(at as f64, Some(tasks.len() as f64), "reading what the tasks gave");
                TaskOutput::read(context, id).await
            }
            None => TaskOutput::default(),
        };
        answer.tasks.push(TaskAnswer {
            task_key: task.task_key.clone().unwrap_or_default(),
            run_id: task.run_id,
            state: task.state.as_deref().map(StateAnswer::of),
            output,
        });
    }
    if wanted.len() > MOST {
        let note = LeftOut::new("outputs of tasks", "get_run_output with run_id of the task");
        answer.left_out.push(note.count((wanted.len() - MOST) as u64));
    }
    Ok(answer)
}

/// The last attempt of each task.
pub(super) fn latest(tasks: &[RunTask]) -> Vec<&RunTask> {
    let mut latest: Vec<&RunTask> = Vec::new();
    for task in tasks {
        match latest.iter_mut().find(|other| other.task_key == task.task_key) {
            Some(other) if task.attempt_number >= other.attempt_number => *other = task,
            Some(_) => {}
            None => latest.push(task),
        }
    }
    latest
}

/// Whether it failed by itself: not one that was only skipped since another failed.
pub(super) fn has_failed(task: &RunTask) -> bool {
    use RunResultState::{Canceled, Disabled, Excluded, Success, UpstreamCanceled, UpstreamFailed};
    result(task).is_some_and(|result| {
        !matches!(result, Canceled | Disabled | Excluded | Success | UpstreamCanceled | UpstreamFailed)
    })
}

fn result(task: &RunTask) -> Option<&RunResultState> {
    task.state.as_ref().and_then(|state| state.result_state.as_ref())
}

/// Without the colours of a terminal, which notebooks put into a trace.
fn plain(text: String) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest);
    }
    plain.push_str(rest);
    plain
}

/// The last lines within so many bytes.
pub(super) fn tail(log: &str, most: usize) -> String {
    let Some(mut start) = log.len().checked_sub(most).filter(|start| *start > 0) else {
        return log.to_owned();
    };
    while !log.is_char_boundary(start) {
        start += 1;
    }
    let end = &log[start..];
    format!("…{}", end.split_once('\n').map_or(end, |(_, lines)| lines))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn colours_are_taken_out_of_a_trace() {
        assert_eq!(plain("\u{1b}[0;31mValueError\u{1b}[0m: no".to_owned()), "ValueError: no");
        assert_eq!(plain("plain".to_owned()), "plain");
        assert_eq!(plain("cut \u{1b}[".to_owned()), "cut ");
    }

    #[test]
    fn the_end_of_a_log_begins_with_a_whole_line() {
        assert_eq!(tail("one\ntwo\nthree", 100), "one\ntwo\nthree");
        assert_eq!(tail("one\ntwo\nthree", 7), "…three");
        assert_eq!(tail("ääää", 3), "…ä");
    }

    #[test]
    fn the_last_attempt_counts() {
        let task = |attempt: i64, result: &str| {
            let state = json!({ "result_state": result });
            let task = json!({ "task_key": "a", "attempt_number": attempt, "state": state });
            serde_json::from_value::<RunTask>(task).unwrap()
        };
        let tasks = [task(0, "FAILED"), task(1, "SUCCESS")];
        assert!(has_failed(&tasks[0]));
        let latest = latest(&tasks);
        assert!(latest.len() == 1 && !has_failed(latest[0]));
        assert!(!has_failed(&task(0, "UPSTREAM_FAILED")));
        assert!(has_failed(&task(0, "SOMETHING_NEW")));
    }
}
