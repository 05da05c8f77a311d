//! Code on a cluster, with variables that live on between commands.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace) -> databricks_toolkit::Result<()> {
//! let context = workspace.execution_context("0123-456789-abcdefgh").setup("import math").open().await?;
//! context.run("squares = [n * n for n in range(10)]").await?;
//! let output = context.run("sum(squares)").await?;
//! assert_eq!(output.text(), Some("285"));
//! context.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A cluster that does not run is started and waited for. A context that was lost with its cluster
//! is made anew for the next command, whose output says so; a command that ran meanwhile is never
//! run again by itself. The service gives the output of a command when it is over, and no sooner.

mod error;
mod output;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

pub use error::{CommandError, CommandReason};
pub use output::{Content, Image, Output, Table};

pub use crate::compute::types::Language;
use crate::compute::types::{CommandStatus, ContextStatus, Results, State};
use crate::last_word::at_last;
use crate::{Error, ErrorKind, Result, Workspace};

/// A context that is to be opened.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until it is opened"]
pub struct Opening {
    workspace: Workspace,
    cluster_id: String,
    language: Language,
    setup: Vec<String>,
    start: bool,
    patience: Duration,
}

impl Workspace {
    /// A context for code on a cluster.
    pub fn execution_context(&self, cluster_id: impl Into<String>) -> Opening {
        Opening {
            workspace: self.clone(),
            cluster_id: cluster_id.into(),
            language: Language::Python,
            setup: Vec::new(),
            start: true,
            patience: Duration::from_secs(20 * 60),
        }
    }
}

impl Opening {
    /// The language; Python unless set.
    pub fn language(mut self, language: impl Into<Language>) -> Self {
        self.language = language.into();
        self
    }

    /// Code that runs first, in this context and in each one that takes its place.
    pub fn setup(mut self, code: impl Into<String>) -> Self {
        self.setup.push(code.into());
        self
    }

    /// Whether a cluster that does not run is started; otherwise that is an error.
    pub fn start_cluster(mut self, start: bool) -> Self {
        self.start = start;
        self
    }

    /// The longest wait for the cluster and the context, 20 minutes unless set.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens it: waits for the cluster, then for the context, and runs the setup.
    ///
    /// # Errors
    /// [`Error::Command`] for a cluster that does not run and for a setup that fails, and what calls
    /// fail with.
    pub async fn open(self) -> Result<ExecutionContext> {
        let live = self.live().await?;
        Ok(ExecutionContext { opening: self, live: Arc::new(Mutex::new(Some(live))) })
    }

    async fn live(&self) -> Result<Live> {
        let deadline = Instant::now() + self.patience;
        self.cluster(deadline).await?;
        let client = self.workspace.command_execution();
        let created =
            client.create().cluster_id(&self.cluster_id).language(self.language.clone()).send().await?;
        let id = created
            .id
            .ok_or_else(|| Error::Unexpected { message: "the new context has no id".to_owned() })?;
        let live =
            Live { workspace: self.workspace.clone(), cluster_id: self.cluster_id.clone(), id, over: false };
        let mut pause = Duration::from_millis(100);
        loop {
            let status =
                client.context_status().cluster_id(&self.cluster_id).context_id(&live.id).send().await?;
            match status.status {
                Some(ContextStatus::Running) => break,
                Some(ContextStatus::Error) => return Err(self.failed("could not open a context")),
                _ if Instant::now() + pause > deadline => {
                    return Err(self.failed("did not open a context in time"));
                }
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(3));
        }
        for code in &self.setup {
            let ran = live.run(code, &self.language, None).await?;
            Output::read(ran, false).map_err(|reason| reason.of(&self.cluster_id))?;
        }
        Ok(live)
    }

    fn failed(&self, what: &str) -> Error {
        CommandReason::Cluster(what.to_owned()).of(&self.cluster_id)
    }

    /// Waits until the cluster runs, and starts it where it does not by itself.
    async fn cluster(&self, deadline: Instant) -> Result<()> {
        let mut pause = Duration::from_millis(500);
        loop {
            let found = self.workspace.clusters().get().cluster_id(&self.cluster_id).send().await?;
            match found.state {
                Some(State::Running | State::Resizing) => return Ok(()),
                Some(State::Terminated) if self.start => {
                    let started = self.workspace.clusters().start().cluster_id(&self.cluster_id).and_wait();
                    let left = deadline.saturating_duration_since(Instant::now());
                    started.timeout(left).interval(Duration::from_secs(2)).await?;
                    return Ok(());
                }
                Some(State::Terminated) => {
                    return Err(self.failed("does not run; start it, or allow `start_cluster`"));
                }
                Some(State::Error) => {
                    let why = found.state_message.unwrap_or_default();
                    return Err(self.failed(&format!("has failed: {why}")));
                }
                _ if Instant::now() + pause > deadline => return Err(self.failed("did not run in time")),
                // It is on its way up, or down, after which it is started.
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

/// A context on a cluster. Clones share it; it is destroyed when the last one is dropped.
///
/// Its commands run one after the other.
#[derive(Clone)]
pub struct ExecutionContext {
    opening: Opening,
    live: Arc<Mutex<Option<Live>>>,
}

impl ExecutionContext {
    /// The cluster that it is on.
    pub fn cluster_id(&self) -> &str {
        &self.opening.cluster_id
    }

    /// The id of the context; it changes when it is made anew.
    pub async fn id(&self) -> Option<String> {
        self.live.lock().await.as_ref().map(|live| live.id.clone())
    }

    /// Runs code and waits for its output, however long that takes. A future that is dropped
    /// meanwhile cancels the command.
    ///
    /// # Errors
    /// [`Error::Command`] says why there is no output; and what calls fail with.
    pub async fn run(&self, code: &str) -> Result<Output> {
        self.attempt(code, None).await
    }

    /// The same, cancelled when it takes longer than this.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`CommandReason::Timeout`].
    pub async fn run_within(&self, code: &str, limit: Duration) -> Result<Output> {
        self.attempt(code, Some(limit)).await
    }

    async fn attempt(&self, code: &str, limit: Option<Duration>) -> Result<Output> {
        let mut held = self.live.lock().await;
        let mut renewed = false;
        loop {
            let live = match held.take() {
                Some(live) => live,
                None => {
                    renewed = true;
                    self.opening.live().await?
                }
            };
            // Back in its place before anything else happens: who drops this future does not lose it.
            let live = held.insert(live);
            let began = live.begin(code, &self.opening.language).await;
            let command = match began {
                Ok(command) => command,
                // Refused, so that nothing has run: the context is made anew, once.
                Err(error) if is_lost(&error) && !renewed => {
                    if let Some(mut lost) = held.take() {
                        lost.over = true;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            let ran = live.end(command, limit).await;
            if ran.as_ref().is_err_and(is_lost) {
                if let Some(mut lost) = held.take() {
                    lost.over = true;
                }
                return Err(CommandReason::Lost.of(self.cluster_id()));
            }
            return Output::read(ran?, renewed).map_err(|reason| reason.of(self.cluster_id()));
        }
    }

    /// Destroys the context, with its variables. Dropping it does so too, but does not wait for it.
    ///
    /// # Errors
    /// What the call fails with; a context that is gone already is as good as one that is destroyed.
    pub async fn close(self) -> Result<()> {
        let Some(mut live) = self.live.lock().await.take() else { return Ok(()) };
        live.over = true;
        match destroy(live.workspace.clone(), live.cluster_id.clone(), live.id.clone()).await {
            Err(error) if is_lost(&error) => Ok(()),
            result => result,
        }
    }
}

impl fmt::Debug for ExecutionContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ExecutionContext")
            .field("cluster_id", &self.cluster_id())
            .finish_non_exhaustive()
    }
}

/// Whether an error says that the context is no more, or its cluster.
fn is_lost(error: &Error) -> bool {
    let Error::Api(api) = error else { return false };
    let said = api.message();
    let words = ["ContextNotFound", "ExecutionContext", "context_id", "ClusterNotReady", "Context"];
    let about = words.iter().any(|word| said.contains(word));
    match api.kind() {
        ErrorKind::NotFound => true,
        // API 1.2 answers 400 or 500 to many things.
        ErrorKind::InvalidParameter | ErrorKind::Conflict | ErrorKind::Internal | ErrorKind::Other => about,
        _ => false,
    }
}

/// A context that is there, as far as is known. Unless it is over, dropping it destroys it.
struct Live {
    workspace: Workspace,
    cluster_id: String,
    id: String,
    over: bool,
}

impl Live {
    async fn run(&self, code: &str, language: &Language, limit: Option<Duration>) -> Result<Results> {
        let command = self.begin(code, language).await?;
        self.end(command, limit).await
    }

    async fn begin(&self, code: &str, language: &Language) -> Result<Command> {
        let execute = self.workspace.command_execution().execute().cluster_id(&self.cluster_id);
        let execute = execute.context_id(&self.id).language(language.clone()).command(code);
        let created = execute.send().await?;
        let id =
            created.id.ok_or_else(|| Error::Unexpected { message: "the command has no id".to_owned() })?;
        let (workspace, cluster_id) = (self.workspace.clone(), self.cluster_id.clone());
        Ok(Command { workspace, cluster_id, context_id: self.id.clone(), id, over: false })
    }

    /// Waits for the end of a command.
    async fn end(&self, mut command: Command, limit: Option<Duration>) -> Result<Results> {
        let Some(limit) = limit else { return command.wait().await };
        match timeout_at(Instant::now() + limit, command.wait()).await {
            Ok(result) => result,
            Err(_) => {
                command.over = true;
                command.cancel().await?;
                Err(CommandReason::Timeout(limit).of(&self.cluster_id))
            }
        }
    }
}

async fn destroy(workspace: Workspace, cluster_id: String, id: String) -> Result<()> {
    workspace.command_execution().destroy().cluster_id(cluster_id).context_id(id).send().await
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let destroyed = destroy(self.workspace.clone(), self.cluster_id.clone(), self.id.clone());
        at_last(async move {
            match destroyed.await {
                Err(error) if !is_lost(&error) => tracing::warn!(%error, "a context could not be destroyed"),
                _ => {}
            }
        });
    }
}

/// A command that may be running. Unless it is over, dropping it cancels it.
struct Command {
    workspace: Workspace,
    cluster_id: String,
    context_id: String,
    id: String,
    over: bool,
}

impl Command {
    async fn wait(&mut self) -> Result<Results> {
        let mut pause = Duration::from_millis(50);
        loop {
            let client = self.workspace.command_execution();
            let look = client.command_status().cluster_id(&self.cluster_id).context_id(&self.context_id);
            let looked = look.command_id(&self.id).send().await;
            // A command of a context that is gone cannot be cancelled.
            self.over = looked.as_ref().is_err_and(is_lost);
            let found = looked?;
            match found.status {
                Some(CommandStatus::Finished | CommandStatus::Error) => {
                    self.over = true;
                    return Ok(found.results.map(|results| *results).unwrap_or_default());
                }
                Some(CommandStatus::Cancelled) => {
                    self.over = true;
                    return Err(CommandReason::Cancelled.of(&self.cluster_id));
                }
                _ => sleep(pause).await,
            }
            pause = (pause * 3 / 2).min(Duration::from_secs(2));
        }
    }

    fn cancel(&self) -> impl Future<Output = Result<()>> + Send + 'static {
        let cancel = self.workspace.command_execution().cancel().cluster_id(&self.cluster_id);
        cancel.context_id(&self.context_id).command_id(&self.id).send()
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let cancelled = self.cancel();
        at_last(async move {
            if let Err(error) = cancelled.await {
                tracing::warn!(%error, "a command could not be cancelled");
            }
        });
    }
}
