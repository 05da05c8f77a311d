//! What becomes of long work, as a stream: one item a change of state, the last one final.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace) -> databricks_toolkit::Result<()> {
//! let mut changes = workspace.watch().run(455644833);
//! while let Some(change) = changes.next().await {
//!     let change = change?;
//!     println!("{:?} -> {} after {:?}", change.previous, change.state, change.elapsed);
//! }
//! # Ok(())
//! # }
//! ```

mod webhook;

use std::pin::Pin;
use std::time::Duration;

use futures_util::stream;
use tokio::time::{Instant, sleep};

use crate::paging::Items;
use crate::{Result, Workspace};
pub use webhook::{Posted, Webhook, WebhookError};

/// Watches the work of a workspace.
#[derive(Clone, Debug)]
pub struct Watch {
    workspace: Workspace,
    interval: Duration,
}

impl Workspace {
    /// Turns states that are polled into a stream of their changes.
    pub fn watch(&self) -> Watch {
        Watch { workspace: self.clone(), interval: Duration::from_secs(5) }
    }
}

/// A change of state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Change<T> {
    /// What it is of: `run`, `pipeline_update` or `statement`.
    pub kind: &'static str,
    /// Its id; of an update of a pipeline those of both, with a slash between them.
    pub id: String,
    /// The state, as the service names it.
    pub state: String,
    /// The state before; `None` at the first look.
    pub previous: Option<String>,
    /// Whether there will be no other one.
    pub is_final: bool,
    /// The time since the watching began.
    pub elapsed: Duration,
    /// The whole answer.
    pub answer: T,
}

/// What one look says.
struct Seen {
    state: String,
    /// What else is a change, such as the states of tasks.
    detail: String,
    is_final: bool,
}

type Poll<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

impl Watch {
    /// The time between two looks, 5 s unless set.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The run of a job: its states, such as `RUNNING` and `TERMINATED SUCCESS`, and those of its tasks.
    #[cfg(feature = "jobs")]
    pub fn run(&self, run_id: i64) -> Items<Change<crate::jobs::types::Run>> {
        let workspace = self.workspace.clone();
        self.changes(
            ("run", run_id.to_string()),
            move || workspace.jobs().get_run().run_id(run_id).send(),
            |run: &crate::jobs::types::Run| {
                let said = |state: Option<&crate::jobs::types::RunState>| {
                    let life = state.and_then(|state| state.life_cycle_state.as_ref());
                    let result = state.and_then(|state| state.result_state.as_ref());
                    let life = life.map_or("UNKNOWN", |life| life.as_str());
                    match result {
                        Some(result) => format!("{life} {}", result.as_str()),
                        None => life.to_owned(),
                    }
                };
                let state = said(run.state.as_deref());
                let tasks = run.tasks.iter().flatten().map(|task| said(task.state.as_deref()));
                let is_final =
                    ["TERMINATED", "SKIPPED", "INTERNAL_ERROR"].iter().any(|end| state.starts_with(end));
                Seen { detail: tasks.collect::<Vec<_>>().join(","), state, is_final }
            },
        )
    }

    /// An update of a pipeline: `QUEUED`, `RUNNING`, `COMPLETED`, …
    #[cfg(feature = "pipelines")]
    pub fn pipeline_update(
        &self,
        pipeline_id: impl Into<String>,
        update_id: impl Into<String>,
    ) -> Items<Change<crate::pipelines::types::GetUpdateResponse>> {
        let (workspace, pipeline, update) = (self.workspace.clone(), pipeline_id.into(), update_id.into());
        self.changes(
            ("pipeline_update", format!("{pipeline}/{update}")),
            move || workspace.pipelines().get_update().pipeline_id(&pipeline).update_id(&update).send(),
            |answer: &crate::pipelines::types::GetUpdateResponse| {
                let state = answer.update.as_ref().and_then(|update| update.state.as_ref());
                let state = state.map_or("UNKNOWN", |state| state.as_str()).to_owned();
                let is_final = ["COMPLETED", "FAILED", "CANCELED"].contains(&state.as_str());
                Seen { state, detail: String::new(), is_final }
            },
        )
    }

    /// A statement: `PENDING`, `RUNNING`, `SUCCEEDED`, …
    #[cfg(feature = "sql")]
    pub fn statement(&self, id: impl Into<String>) -> Items<Change<crate::sql::types::StatementResponse>> {
        let (workspace, id) = (self.workspace.clone(), id.into());
        self.changes(
            ("statement", id.clone()),
            move || workspace.statement_execution().get_statement().statement_id(&id).send(),
            |answer: &crate::sql::types::StatementResponse| {
                let state = answer.status.as_ref().and_then(|status| status.state.as_ref());
                let state = state.map_or("UNKNOWN", |state| state.as_str()).to_owned();
                let is_final = !["PENDING", "RUNNING", "UNKNOWN"].contains(&state.as_str());
                Seen { state, detail: String::new(), is_final }
            },
        )
    }

    #[allow(dead_code, reason = "used by the services that are on")]
    fn changes<T: Send + 'static>(
        &self,
        (kind, id): (&'static str, String),
        poll: impl Fn() -> Poll<T> + Send + Sync + 'static,
        look: fn(&T) -> Seen,
    ) -> Items<Change<T>> {
        struct State<P> {
            poll: P,
            began: Instant,
            before: Option<Seen>,
        }
        let interval = self.interval;
        let state = State { poll, began: Instant::now(), before: None };
        Items::until_error(stream::try_unfold(state, move |mut state| {
            let id = id.clone();
            async move {
                if state.before.as_ref().is_some_and(|before| before.is_final) {
                    return Ok(None);
                }
                loop {
                    if state.before.is_some() {
                        sleep(interval).await;
                    }
                    let polled = (state.poll)();
                    let answer = polled.await?;
                    let seen = look(&answer);
                    let same = state
                        .before
                        .as_ref()
                        .is_some_and(|before| before.state == seen.state && before.detail == seen.detail);
                    if same {
                        continue;
                    }
                    let (said, is_final) = (seen.state.clone(), seen.is_final);
                    let previous = state.before.replace(seen).map(|before| before.state);
                    let elapsed = state.began.elapsed();
                    return Ok(Some((
                        Change { kind, id, state: said, previous, is_final, elapsed, answer },
                        state,
                    )));
                }
            }
        }))
    }
}
