//! How runs begin: now, later, or not at all; and how they are stopped.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::model::{Run, RunType, TaskRun, Trigger};
use super::state::{Life, Outcome, State};
use super::{Job, engine};
use crate::error::Error;
use crate::server::{ApiError, Reply};
use crate::state::AppState;
use crate::store::{Collection, Store};

/// The jobs and runs of the workspace.
pub(crate) struct Jobs {
    pub(super) jobs: Collection<Job>,
    pub(super) runs: Collection<Run>,
    active: Mutex<HashMap<i64, Active>>,
    /// Told when the schedule of a job is another.
    pub(super) rescheduled: Notify,
}

/// A run that has not ended.
struct Active {
    job_id: i64,
    waiting: bool,
    cancel: CancellationToken,
    /// Cancelled when the run has ended.
    ended: CancellationToken,
}

impl Jobs {
    /// Loads jobs and runs. Runs that were under way when the sandbox stopped did not survive it.
    pub(crate) fn open(store: &Store, now: i64) -> Result<Self, Error> {
        let jobs = Self {
            jobs: store.collection("jobs")?,
            runs: store.collection("runs")?,
            active: Mutex::default(),
            rescheduled: Notify::new(),
        };
        for mut run in jobs.runs.all().into_iter().filter(|run| !run.state.is_final()) {
            run.finish(Outcome::InternalError, "The sandbox was stopped while the run was under way.", now);
            let kept = jobs.runs.put(&run.id.to_string(), run);
            kept.map_err(|cause| Error::Seed(cause.to_string()))?;
        }
        Ok(jobs)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.jobs.get(id).is_some()
    }

    pub(super) fn job(&self, id: i64) -> Reply<Job> {
        self.jobs.get(&id.to_string()).ok_or_else(|| ApiError::invalid(format!("Job {id} does not exist.")))
    }

    pub(super) fn run(&self, id: i64) -> Option<Run> {
        self.runs.get(&id.to_string())
    }

    pub(super) fn update_run(&self, id: i64, change: impl FnOnce(&mut Run)) -> Reply<()> {
        let changed = self.runs.update(&id.to_string(), |run| {
            change(run);
            Ok(())
        });
        changed.map(|_| ())
    }

    /// The run with this id, or the one that has a task run with this id; and that task run.
    pub(super) fn find(&self, id: i64) -> Reply<(Run, Option<TaskRun>)> {
        let found = self.run(id).map(|run| (run, None)).or_else(|| {
            self.runs.find(|run| {
                let task = run.task(id)?;
                Some((run.clone(), Some(task.clone())))
            })
        });
        found.ok_or_else(|| ApiError::invalid(format!("Run {id} does not exist.")))
    }

    /// A run that was started with the same idempotency token.
    pub(super) fn twin(&self, token: Option<&String>) -> Option<i64> {
        let token = token.filter(|token| !token.is_empty())?;
        self.runs.find(|run| (run.token.as_ref() == Some(token)).then_some(run.id))
    }

    /// Asks a run to stop. One that has ended is left alone.
    pub(super) fn cancel(&self, id: i64, now: i64) -> Reply<()> {
        let Some((cancel, waiting)) =
            self.active.lock().get(&id).map(|run| (run.cancel.clone(), run.waiting))
        else {
            return Ok(());
        };
        self.update_run(id, |run| {
            if run.state.is_final() {
                // it came to its end in between
            } else if waiting {
                run.finish(Outcome::Canceled, "Run cancelled by user", now);
            } else {
                run.state =
                    State { life: Life::Terminating, outcome: None, message: "Cancelling run".into() };
            }
        })?;
        if waiting {
            self.forget(id);
        }
        cancel.cancel();
        Ok(())
    }

    /// The runs of a job, or of all, that have not ended.
    pub(super) fn active(&self, job_id: Option<i64>, waiting_only: bool) -> Vec<i64> {
        let active = self.active.lock();
        let wanted = active
            .iter()
            .filter(|(_, run)| job_id.is_none_or(|id| id == run.job_id) && (run.waiting || !waiting_only));
        wanted.map(|(id, _)| *id).collect()
    }

    fn forget(&self, id: i64) {
        if let Some(run) = self.active.lock().remove(&id) {
            run.ended.cancel();
        }
    }
}

/// A run that was started for another one. Dropped before its end, it is cancelled.
pub(super) struct Started {
    pub(super) run_id: i64,
    ended: CancellationToken,
    guard: DropGuard,
}

impl Started {
    pub(super) async fn wait(self) {
        self.ended.cancelled().await;
        drop(self.guard.disarm());
    }
}

/// Starts a run of a job on behalf of another run.
pub(super) fn run_job(state: &AppState, job_id: i64, parameters: Map<String, Value>) -> Reply<Started> {
    let job = state.jobs.job(job_id)?;
    job.settings.check_runnable()?;
    let mut run = Run::new(job_id, RunType::Job, job.settings, state.now());
    (run.trigger, run.overrides.job_parameters) = (Trigger::RunJobTask, parameters);
    let run_id = run.id;
    start(state, run, None)?;
    let active = state.jobs.active.lock();
    let tokens = active.get(&run_id).map(|run| (run.cancel.clone(), run.ended.clone()));
    // a run that is over already has nothing left to cancel or to wait for
    let (cancel, ended) = tokens.unwrap_or_else(|| {
        let over = CancellationToken::new();
        over.cancel();
        (over.clone(), over)
    });
    Ok(Started { run_id, ended, guard: cancel.drop_guard() })
}

/// Starts a run, if its job may have another one; else it waits, or is skipped if the job has no queue.
pub(super) fn start(state: &AppState, mut run: Run, queue: Option<bool>) -> Reply<()> {
    let most = run.settings.max_concurrent_runs.unwrap_or(1).max(1) as usize;
    let queue = queue.or(run.settings.queue.map(|queue| queue.enabled)).unwrap_or(false);
    let mut active = state.jobs.active.lock();
    let busy = active.values().filter(|other| other.job_id == run.job_id && !other.waiting).count();
    let waiting = run.kind == RunType::Job && busy >= most;
    if waiting && !queue {
        let message =
            format!("Concurrent runs for job {} cannot exceed {most}; the run was skipped.", run.job_id);
        run.finish(Outcome::MaximumConcurrentRuns, &message, state.now());
        return state.jobs.runs.put(&run.id.to_string(), run);
    }
    if waiting {
        run.state = State {
            life: Life::Queued,
            outcome: None,
            message: "Queued: the job has reached its concurrent runs.".into(),
        };
    }
    let (id, job_id) = (run.id, run.job_id);
    state.jobs.runs.put(&id.to_string(), run)?;
    let (cancel, ended) = (CancellationToken::new(), CancellationToken::new());
    active.insert(id, Active { job_id, waiting, cancel: cancel.clone(), ended });
    drop(active);
    if !waiting {
        go(state, id, cancel);
    }
    Ok(())
}

/// Starts a finished run again, for a repair.
pub(super) fn again(state: &AppState, id: i64, job_id: i64) {
    let (cancel, ended) = (CancellationToken::new(), CancellationToken::new());
    state.jobs.active.lock().insert(id, Active { job_id, waiting: false, cancel: cancel.clone(), ended });
    go(state, id, cancel);
}

fn go(state: &AppState, id: i64, cancel: CancellationToken) {
    let (state, stop) = (state.clone(), state.stop.clone());
    state.tasks.clone().spawn(async move {
        tokio::select! {
            () = engine::drive(state.clone(), id, cancel) => {}
            // what is not written now is marked when the folder is opened again
            () = stop.cancelled() => return,
        }
        let job_id = state.jobs.run(id).map(|run| run.job_id);
        state.jobs.forget(id);
        if let Some(job_id) = job_id {
            next_in_line(&state, job_id);
        }
    });
}

/// Starts the run of a job that has waited longest.
fn next_in_line(state: &AppState, job_id: i64) {
    let next = {
        let mut active = state.jobs.active.lock();
        let started = |id: &i64| state.jobs.run(*id).map_or(i64::MAX, |run| run.start);
        let waiting = active
            .iter()
            .filter(|(_, run)| run.job_id == job_id && run.waiting)
            .map(|(id, _)| *id)
            .min_by_key(started);
        waiting.and_then(|id| {
            let run = active.get_mut(&id)?;
            run.waiting = false;
            Some((id, run.cancel.clone()))
        })
    };
    if let Some((id, cancel)) = next {
        go(state, id, cancel);
    }
}
