//! Why a run failed: the question takes the run, its tasks and the output of each that failed.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::jobs::types::{Run, RunOutput, RunResultState, RunTask};
use crate::mcp::{Answer, Compound, Context, ToolError};

/// Tasks whose output is read; more of them seldom tell more.
const MOST: usize = 5;
/// Bytes of a task's log to show: errors are at its end.
const LOG: usize = 4_000;

/// Arguments of `explain_run`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExplainRun {
    /// Id of the run.
    run_id: i64,
}

impl Compound for ExplainRun {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let jobs = context.workspace().jobs();
        let run = jobs.get_run().run_id(self.run_id).send().await?;
        let tasks = latest(run.tasks.as_deref().unwrap_or_default());
        let mut failed: Vec<&RunTask> = tasks.iter().copied().filter(|task| has_failed(task)).collect();
        let mut answer = head(&run, &tasks);
        if failed.len() > MOST {
            answer.insert("not_shown".to_owned(), json!(format!("{} failed tasks", failed.len() - MOST)));
            failed.truncate(MOST);
        }
        let mut causes = Vec::with_capacity(failed.len());
        for (at, task) in failed.iter().enumerate() {
            context.progress(at as f64, Some(failed.len() as f64), "reading the output of failed tasks");
            let Some(id) = task.run_id else { continue };
            let output = jobs.get_run_output().run_id(id).send().await;
            causes.push(cause(task, output));
        }
        let next = match (causes.is_empty(), answer["state"]["result_state"].as_str()) {
            (false, _) => {
                "Mend the cause, then repair_run with rerun_all_failed_tasks runs the failed tasks again."
            }
            (true, Some("SUCCESS")) => "The run succeeded.",
            (true, Some(_)) => "No task failed by itself: state tells why the run ended.",
            (true, None) => {
                "The run has not ended and no task has failed so far: wait_for_run waits for its end."
            }
        };
        answer.insert("failed_tasks".to_owned(), json!(causes));
        answer.insert("next".to_owned(), json!(next));
        Ok(Answer::new(Value::Object(answer)))
    }
}

/// The last attempt of each task.
fn latest(tasks: &[RunTask]) -> Vec<&RunTask> {
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
fn has_failed(task: &RunTask) -> bool {
    use RunResultState::{Canceled, Disabled, Excluded, Success, UpstreamCanceled, UpstreamFailed};
    let result = task.state.as_ref().and_then(|state| state.result_state.as_ref());
    result.is_some_and(|result| {
        !matches!(result, Canceled | Disabled | Excluded | Success | UpstreamCanceled | UpstreamFailed)
    })
}

fn head(run: &Run, tasks: &[&RunTask]) -> Map<String, Value> {
    let states: Map<String, Value> = tasks
        .iter()
        .map(|task| {
            let state = task.state.as_deref();
            let result = state.and_then(|state| state.result_state.as_ref()).map(|state| state.as_str());
            let life = state.and_then(|state| state.life_cycle_state.as_ref()).map(|state| state.as_str());
            (task.task_key.clone().unwrap_or_default(), json!(result.or(life)))
        })
        .collect();
    Map::from_iter([
        ("run_id".to_owned(), json!(run.run_id)),
        ("job_id".to_owned(), json!(run.job_id)),
        ("run_name".to_owned(), json!(run.run_name)),
        ("state".to_owned(), json!(run.state)),
        ("run_page_url".to_owned(), json!(run.run_page_url)),
        ("tasks".to_owned(), Value::Object(states)),
    ])
}

fn cause(task: &RunTask, output: Result<RunOutput, crate::Error>) -> Value {
    let mut cause = Map::from_iter([
        ("task_key".to_owned(), json!(task.task_key)),
        ("run_id".to_owned(), json!(task.run_id)),
        ("state".to_owned(), json!(task.state)),
    ]);
    let cluster = task.cluster_instance.as_ref().and_then(|cluster| cluster.cluster_id.clone());
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            cause.insert(name.to_owned(), json!(value));
        }
    };
    set("cluster_id", cluster);
    match output {
        Ok(output) => {
            set("error", output.error);
            set("error_trace", output.error_trace.map(plain));
            set("log_tail", output.logs.map(|log| tail(&log, LOG)));
        }
        // The states above are worth having without it.
        Err(error) => set("output", Some(format!("cannot be read: {error}"))),
    }
    Value::Object(cause)
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
fn tail(log: &str, most: usize) -> String {
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
