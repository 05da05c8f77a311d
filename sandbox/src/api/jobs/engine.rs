//! How a run goes: which task's turn it is, and what becomes of the run in the end.
//!
//! A run is one task of the server's. Its steps run side by side within it, so that ending it ends them, and each
//! change of state is written down before the next thing happens.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{FutureExt, Shared};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use tokio_util::sync::CancellationToken;

use super::model::{Each, Output, Run, TaskRun};
use super::settings::{ForEachTask, RunIf, Task};
use super::state::{Life, Outcome, State};
use super::{execute, references};
use crate::state::AppState;

/// Resolves when the run is to end early, with the reason.
type Halt = Shared<std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>>;

/// Takes a run from its start to its end.
pub(super) async fn drive(state: AppState, run_id: i64, cancel: CancellationToken) {
    let Some(run) = state.jobs.run(run_id) else { return };
    note(&state, run_id, |run| run.state = State::at(Life::Running));
    let halt = halt(&state, &run, cancel).boxed().shared();
    let mut going = FuturesUnordered::new();
    loop {
        let Some(run) = state.jobs.run(run_id) else { return };
        let halted = halt.clone().now_or_never();
        for task in run
            .latest()
            .filter(|task| matches!(task.state.life, Life::Blocked | Life::Pending) && task.start == 0)
        {
            let turn = halted
                .map_or_else(|| turn(&run, &task.task), |outcome| Turn::Skip(outcome, stopped(outcome)));
            match turn {
                Turn::Wait => {}
                Turn::Go => {
                    let now = state.now();
                    note_task(&state, run_id, task.id, |task| {
                        (task.state, task.start) = (State::at(Life::Pending), now)
                    });
                    going.push(attempts(&state, run_id, task.clone(), halt.clone()));
                }
                Turn::Skip(outcome, message) => {
                    let now = state.now();
                    note_task(&state, run_id, task.id, |task| task.finish(outcome, message, now));
                }
            }
        }
        // a task that was skipped may be what another waits for
        let settled = state.jobs.run(run_id).is_none_or(|after| count_final(&after) == count_final(&run));
        if settled && going.next().await.is_none() {
            break;
        }
    }
    let halted = halt.now_or_never();
    let now = state.now();
    note(&state, run_id, |run| {
        let (outcome, message) = halted.map_or_else(|| verdict(run), |outcome| (outcome, stopped(outcome)));
        run.finish(outcome, &message, now);
    });
}

fn count_final(run: &Run) -> usize {
    run.tasks.iter().filter(|task| task.state.is_final()).count()
}

/// Writes a change of a run down.
fn note(state: &AppState, run_id: i64, change: impl FnOnce(&mut Run)) {
    if let Err(error) = state.jobs.update_run(run_id, change) {
        tracing::error!(run_id, %error, "the state of a run cannot be kept");
    }
}

fn note_task(state: &AppState, run_id: i64, task_id: i64, change: impl FnOnce(&mut TaskRun)) {
    note(state, run_id, |run| {
        if let Some(task) = run.task_mut(task_id) {
            change(task);
        }
    });
}

fn halt(state: &AppState, run: &Run, cancel: CancellationToken) -> impl Future<Output = Outcome> + use<> {
    let limit = deadline(state, run.settings.timeout_seconds);
    async move {
        tokio::select! {
            () = cancel.cancelled() => Outcome::Canceled,
            () = limit => Outcome::TimedOut,
        }
    }
}

/// Resolves when so many seconds have passed; never without a limit.
fn deadline(state: &AppState, seconds: Option<u32>) -> impl Future<Output = ()> + use<> {
    let clock = state.clock.clone();
    let end =
        seconds.filter(|seconds| *seconds > 0).map(|seconds| clock.now_ms() + i64::from(seconds) * 1000);
    async move {
        match end {
            Some(end) => clock.sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

fn stopped(outcome: Outcome) -> String {
    match outcome {
        Outcome::TimedOut => "Run timed out".into(),
        _ => "Run cancelled by user".into(),
    }
}

/// What is to be done with a task now.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Wait,
    Go,
    Skip(Outcome, String),
}

fn turn(run: &Run, task: &Task) -> Turn {
    let needs: Vec<(Outcome, bool)> = match task
        .depends_on
        .iter()
        .map(|need| {
            let before = run.latest_of(&need.task_key)?;
            let outcome = before.state.outcome?;
            // the branch of a condition that was not taken
            let taken =
                need.outcome.as_ref().is_none_or(|wanted| before.output.outcome.as_ref() == Some(wanted));
            Some((outcome, taken))
        })
        .collect()
    {
        Some(needs) => needs,
        None => return Turn::Wait,
    };
    if task.disabled == Some(true) {
        return Turn::Skip(Outcome::Disabled, "The task is disabled".into());
    }
    if needs.is_empty() {
        return Turn::Go;
    }
    // a condition that failed to be evaluated has no branch at all: that is a failure, not an exclusion
    let outcomes: Vec<Outcome> = needs
        .iter()
        .map(|(outcome, taken)| if *taken || !outcome.is_success() { *outcome } else { Outcome::Excluded })
        .collect();
    let any = |test: fn(Outcome) -> bool| outcomes.iter().any(|outcome| test(*outcome));
    let all = |test: fn(Outcome) -> bool| outcomes.iter().all(|outcome| test(*outcome));
    let run_if = task.run_if.unwrap_or(RunIf::AllSuccess);
    let excluded = |why: &str| Turn::Skip(Outcome::Excluded, format!("The run condition {why} was not met"));
    match run_if {
        RunIf::AllDone => Turn::Go,
        RunIf::AllSuccess if all(Outcome::is_success) => Turn::Go,
        RunIf::AllSuccess | RunIf::NoneFailed if any(Outcome::is_failure) => {
            Turn::Skip(Outcome::UpstreamFailed, "An upstream task failed".into())
        }
        RunIf::AllSuccess if any(Outcome::is_canceled) => {
            Turn::Skip(Outcome::UpstreamCanceled, "An upstream task was canceled".into())
        }
        RunIf::AllSuccess => excluded("ALL_SUCCESS"),
        RunIf::NoneFailed if any(Outcome::is_success) => Turn::Go,
        RunIf::NoneFailed => excluded("NONE_FAILED"),
        RunIf::AtLeastOneSuccess if any(Outcome::is_success) => Turn::Go,
        RunIf::AtLeastOneSuccess if any(Outcome::is_failure) => {
            Turn::Skip(Outcome::UpstreamFailed, "No upstream task succeeded".into())
        }
        RunIf::AtLeastOneSuccess => excluded("AT_LEAST_ONE_SUCCESS"),
        RunIf::AllFailed if all(Outcome::is_failure) => Turn::Go,
        RunIf::AllFailed => excluded("ALL_FAILED"),
        RunIf::AtLeastOneFailed if any(Outcome::is_failure) => Turn::Go,
        RunIf::AtLeastOneFailed => excluded("AT_LEAST_ONE_FAILED"),
    }
}

/// What the tasks' ends make of the run: its leaves decide.
fn verdict(run: &Run) -> (Outcome, String) {
    let is_leaf = |key: &str| {
        !run.settings.tasks.iter().any(|task| task.depends_on.iter().any(|need| need.task_key == key))
    };
    let ends: Vec<(&TaskRun, Outcome)> =
        run.latest().filter_map(|task| Some((task, task.state.outcome?))).collect();
    let leaf = |test: fn(Outcome) -> bool| {
        ends.iter().find(|(task, outcome)| is_leaf(&task.task.task_key) && test(*outcome))
    };
    let broken = ends.iter().find(|(_, outcome)| outcome.is_failure() && *outcome != Outcome::UpstreamFailed);
    if leaf(Outcome::is_failure).is_some() {
        let message = broken.map_or_else(String::new, |(task, _)| match ends.len() {
            1 => task.state.message.clone(),
            _ => format!("Task {} failed with message: {}.", task.task.task_key, task.state.message),
        });
        let own = ends.first().map(|(_, outcome)| *outcome).filter(|_| ends.len() == 1);
        return (own.unwrap_or(Outcome::Failed), message);
    }
    if leaf(Outcome::is_canceled).is_some() {
        return (Outcome::Canceled, "A task of the run was canceled".into());
    }
    match broken {
        Some((task, _)) => (
            Outcome::SuccessWithFailures,
            format!("Task {} failed, but the run went on.", task.task.task_key),
        ),
        None => (Outcome::Success, String::new()),
    }
}

/// Runs a task, again if it fails and may be retried.
async fn attempts(state: &AppState, run_id: i64, mut task: TaskRun, halt: Halt) {
    loop {
        let outcome = attempt(state, run_id, &task, &halt).await;
        let retries = task.task.max_retries.unwrap_or(0);
        let left = retries < 0 || i64::from(task.attempt) < i64::from(retries);
        let again = match outcome {
            Outcome::Failed | Outcome::InternalError => left,
            Outcome::TimedOut => left && task.task.retry_on_timeout == Some(true),
            _ => false,
        };
        if !again || halt.clone().now_or_never().is_some() {
            return;
        }
        task = task.again();
        (task.state, task.start) = (State::at(Life::WaitingForRetry), state.now());
        note(state, run_id, |run| match &task.each {
            Some(each) => {
                if let Some(parent) = run.task_mut(each.parent) {
                    parent.iterations.push(task.clone());
                }
            }
            None => run.tasks.push(task.clone()),
        });
        let pause = Duration::from_millis(task.task.min_retry_interval_millis.unwrap_or(0).into());
        tokio::select! {
            () = state.clock.sleep(pause) => {}
            outcome = halt.clone() => {
                let now = state.now();
                note_task(state, run_id, task.id, |task| task.finish(outcome, stopped(outcome), now));
                return;
            }
        }
    }
}

/// Runs a task once and writes down how it went.
async fn attempt(state: &AppState, run_id: i64, task: &TaskRun, halt: &Halt) -> Outcome {
    let Some(run) = state.jobs.run(run_id) else { return Outcome::InternalError };
    // outside the work itself, so that it is still there when the work was cut short
    let desk = execute::Desk::new();
    let work = async {
        if let Err(cause) = cluster(state, task).await {
            return execute::Done::failed(Outcome::ClusterError, cause);
        }
        let now = state.now();
        note_task(state, run_id, task.id, |task| (task.state, task.ready) = (State::at(Life::Running), now));
        if let Some(each) = &task.task.for_each_task {
            return for_each(state, &run, task, each, halt).await;
        }
        match references::resolved(&run, task) {
            Ok(resolved) => execute::execute(state, &run, &resolved, &desk).await,
            Err(cause) => execute::Done::failed(Outcome::Failed, cause),
        }
    };
    let done = tokio::select! {
        done = work => done,
        outcome = halt.clone() => desk.cut_short(outcome, stopped(outcome)),
        () = deadline(state, task.task.timeout_seconds) => desk.cut_short(Outcome::TimedOut, stopped(Outcome::TimedOut)),
    };
    let now = state.now();
    let outcome = done.outcome;
    note_task(state, run_id, task.id, |task| {
        task.output = done.output;
        task.finish(outcome, done.message, now);
    });
    outcome
}

/// Runs a task once for each item of a list, so many of them side by side.
async fn for_each(
    state: &AppState,
    run: &Run,
    task: &TaskRun,
    each: &ForEachTask,
    halt: &Halt,
) -> execute::Done {
    let inputs = match references::inputs(&each.inputs, run, task) {
        Ok(inputs) => inputs,
        Err(cause) => return execute::Done::failed(Outcome::Failed, cause),
    };
    let iterations = inputs.into_iter().enumerate().map(|(index, input)| {
        let mut inner = each.task.clone();
        inner.task_key = format!("{}_{index}", inner.task_key);
        TaskRun { each: Some(Each { parent: task.id, index, input }), ..TaskRun::new(inner, 0) }
    });
    let iterations: Vec<TaskRun> = iterations.collect();
    note_task(state, run.id, task.id, |task| task.iterations = iterations.clone());
    let at_once = each.concurrency.unwrap_or(1).max(1) as usize;
    let going = stream::iter(iterations).map(|iteration| async move {
        let now = state.now();
        note_task(state, run.id, iteration.id, |it| it.start = now);
        // boxed, since an iteration is a task too
        Box::pin(attempts(state, run.id, iteration, halt.clone())).await;
    });
    going.buffer_unordered(at_once).collect::<()>().await;
    let after = state.jobs.run(run.id);
    let outcomes = after.as_ref().and_then(|run| run.task(task.id)).map(TaskRun::latest_iterations);
    let outcomes = outcomes.unwrap_or_default();
    let failed = outcomes.iter().filter(|it| !it.state.outcome.is_some_and(Outcome::is_success)).count();
    if failed == 0 {
        return execute::Done::success(Output::default());
    }
    execute::Done::failed(
        Outcome::Failed,
        format!("{failed} of {} iterations did not succeed", outcomes.len()),
    )
}

/// Sees to it that the task's cluster runs. Clusters that are made for a job alone cost no time here.
async fn cluster(state: &AppState, task: &TaskRun) -> Result<(), String> {
    let Some(id) = &task.task.existing_cluster_id else { return Ok(()) };
    while let Some(ready) = state.clusters.ensure_started(id, state.now()).map_err(|error| error.message)? {
        state.clock.sleep_until(ready).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::model::RunType;
    use super::*;

    /// A run of tasks `a` and `b` with these ends, and `c` that depends on them.
    fn run(run_if: &str, a: Option<Outcome>, b: Option<Outcome>) -> Run {
        let settings = json!({"tasks": [
            {"task_key": "a", "dbt_task": {}}, {"task_key": "b", "dbt_task": {}},
            {"task_key": "c", "dbt_task": {}, "run_if": run_if, "depends_on": [{"task_key": "a"}, {"task_key": "b"}]},
        ]});
        let mut run = Run::new(1, RunType::Job, serde_json::from_value(settings).unwrap(), 1);
        for (task, outcome) in run.tasks.iter_mut().zip([a, b]) {
            if let Some(outcome) = outcome {
                task.finish(outcome, "m", 2);
            }
        }
        run
    }

    #[test]
    fn conditions_decide_whose_turn_it_is() {
        use Outcome::{Canceled, Excluded, Failed, Success, UpstreamCanceled, UpstreamFailed};
        for (run_if, a, b, expected) in [
            ("ALL_SUCCESS", Success, Success, None),
            ("ALL_SUCCESS", Success, Failed, Some(UpstreamFailed)),
            ("ALL_SUCCESS", Success, Canceled, Some(UpstreamCanceled)),
            ("ALL_SUCCESS", Success, Excluded, Some(Excluded)),
            ("ALL_DONE", Failed, Canceled, None),
            ("NONE_FAILED", Success, Excluded, None),
            ("NONE_FAILED", Excluded, Excluded, Some(Excluded)),
            ("NONE_FAILED", Success, UpstreamFailed, Some(UpstreamFailed)),
            ("AT_LEAST_ONE_SUCCESS", Success, Failed, None),
            ("AT_LEAST_ONE_SUCCESS", Failed, Excluded, Some(UpstreamFailed)),
            ("ALL_FAILED", Failed, Failed, None),
            ("ALL_FAILED", Failed, Success, Some(Excluded)),
            ("AT_LEAST_ONE_FAILED", Failed, Success, None),
            ("AT_LEAST_ONE_FAILED", Success, Success, Some(Excluded)),
        ] {
            let run = run(run_if, Some(a), Some(b));
            let got = match turn(&run, &run.settings.tasks[2]) {
                Turn::Go => None,
                Turn::Skip(outcome, _) => Some(outcome),
                Turn::Wait => panic!("{run_if} waits"),
            };
            assert_eq!(got, expected, "{run_if} after {a:?} and {b:?}");
        }
        let waiting = run("ALL_DONE", Some(Success), None);
        assert_eq!(turn(&waiting, &waiting.settings.tasks[2]), Turn::Wait);
    }

    #[test]
    fn leaves_decide_the_end_of_a_run() {
        let end = |a, c| {
            let mut run = run("ALL_DONE", Some(a), Some(Outcome::Success));
            run.tasks[2].finish(c, "m", 3);
            verdict(&run)
        };
        assert_eq!(end(Outcome::Success, Outcome::Success).0, Outcome::Success);
        assert_eq!(end(Outcome::Failed, Outcome::Success).0, Outcome::SuccessWithFailures);
        assert_eq!(
            end(Outcome::Failed, Outcome::UpstreamFailed),
            (Outcome::Failed, "Task a failed with message: m.".into())
        );
        assert_eq!(end(Outcome::Success, Outcome::Canceled).0, Outcome::Canceled);
        assert_eq!(end(Outcome::Success, Outcome::Excluded).0, Outcome::Success);
    }
}
