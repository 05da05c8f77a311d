//! What a tool's call works with: the workspace, its client's wishes, and what must be tidied up.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, KeptAnswer, Projection, Shelf};
use super::observe::{ToolObserver, ToolObservers};
use super::{ANSWER_TOKENS, Policy, SqlLimits, ToolError, Workspaces};
use crate::Workspace;

/// What all calls of a server share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    workspaces: Workspaces,
    open_contexts: OpenContexts,
    /// Those in force now: a server may be told others while it runs.
    terms: Arc<watch::Sender<Arc<Terms>>>,
    /// Answers of which a part was shown.
    shelf: Shelf,
    observers: ToolObservers,
    #[cfg(feature = "data")]
    result_folder: super::ResultFolder,
}

/// What calls may do and cost.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What they may do.
    pub policy: Policy,
    /// What a SQL statement may cost.
    pub sql_limits: SqlLimits,
    /// Most tokens (o200k) of an answer; `None` for no limit. A call's own `max_tokens` wins.
    pub answer_tokens: Option<usize>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            sql_limits: SqlLimits::default(),
            answer_tokens: Some(ANSWER_TOKENS),
        }
    }
}

/// Execution contexts that were opened here and not destroyed yet: workspace, cluster and context.
type OpenContexts = Arc<Mutex<BTreeSet<(usize, String, String)>>>;

impl App {
    /// Tools that call this workspace.
    pub fn new(workspace: Workspace) -> Self {
        Self::over(Workspaces::one(workspace))
    }

    /// Tools that call one of these workspaces.
    pub fn over(workspaces: Workspaces) -> Self {
        Self {
            workspaces,
            open_contexts: Arc::default(),
            terms: Arc::new(watch::Sender::new(Arc::default())),
            shelf: Shelf::default(),
            observers: ToolObservers::default(),
            #[cfg(feature = "data")]
            result_folder: super::ResultFolder::default(),
        }
    }

    /// Who is told of calls; several may be.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn ToolObserver>) -> Self {
        self.observers.add(observer);
        self
    }

    pub(crate) fn observers(&self) -> &ToolObservers {
        &self.observers
    }

    /// The same on other terms.
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self { terms: Arc::new(watch::Sender::new(Arc::new(terms))), ..self }
    }

    /// The terms that calls begin under now.
    pub fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.terms.borrow())
    }

    /// From here on calls are under these terms, those of other callers too; the ones under way keep theirs.
    pub(crate) fn change_terms(&self, terms: Terms) {
        self.terms.send_replace(Arc::new(terms));
    }

    /// The same with another folder for results that are no answers; a temporary one unless set.
    #[cfg(feature = "data")]
    #[must_use]
    pub fn with_result_folder(self, result_folder: super::ResultFolder) -> Self {
        Self { result_folder, ..self }
    }

    #[cfg(feature = "data")]
    pub(crate) fn result_folder(&self) -> &super::ResultFolder {
        &self.result_folder
    }

    /// The same with another policy for what calls may do.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        let terms = Terms { policy, ..(*self.terms()).clone() };
        self.with_terms(terms)
    }

    /// The same with another budget: most tokens (o200k) of an answer, [`ANSWER_TOKENS`] unless set; `None` for no limit.
    /// A call's own `max_tokens` wins.
    #[must_use]
    pub fn with_answer_tokens(self, answer_tokens: Option<usize>) -> Self {
        let terms = Terms { answer_tokens, ..(*self.terms()).clone() };
        self.with_terms(terms)
    }

    /// The same for another caller, by their token. What one opens the other does not close, and what
    /// was kept for one the other does not see.
    #[cfg(feature = "http")]
    pub(crate) fn of_caller(&self, token: secrecy::SecretString) -> crate::Result<Self> {
        let workspaces = Workspaces::one(self.workspace().with_token(token)?);
        Ok(Self {
            workspaces,
            open_contexts: Arc::default(),
            shelf: Shelf::default(),
            #[cfg(feature = "data")]
            result_folder: self.result_folder.of_caller(),
            ..self.clone()
        })
    }

    /// The same with limits for SQL statements.
    #[must_use]
    pub fn with_sql_limits(self, sql_limits: SqlLimits) -> Self {
        let terms = Terms { sql_limits, ..(*self.terms()).clone() };
        self.with_terms(terms)
    }

    /// The workspace, or the first of several.
    pub fn workspace(&self) -> &Workspace {
        self.workspaces.get(0)
    }

    /// All workspaces.
    pub fn workspaces(&self) -> &Workspaces {
        &self.workspaces
    }

    /// A whole answer of which a part was shown, by its address `databricks://answers/…`; `None` once it is gone: each is
    /// kept for an hour, and the oldest make room.
    pub fn kept(&self, uri: &str) -> Option<KeptAnswer> {
        let kept = self.shelf.get(uri);
        self.observers.looked_up("answers", kept.is_some());
        kept
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Destroys the execution contexts that are still open, each within a few seconds: they hold
    /// memory on a cluster that nobody would free.
    pub async fn close(&self) {
        let open = std::mem::take(&mut *self.contexts());
        let destroyed = open.into_iter().map(|(workspace, cluster, context)| async move {
            let destroy = self.workspaces.get(workspace).command_execution().destroy();
            let call = destroy.cluster_id(&cluster).context_id(&context).send();
            match tokio::time::timeout(Duration::from_secs(5), call).await {
                Ok(Ok(_)) => tracing::debug!(cluster, context, "destroyed an execution context"),
                Ok(Err(error)) => tracing::warn!(cluster, context, %error, "an execution context stays open"),
                Err(_) => {
                    tracing::warn!(cluster, context, "an execution context stays open: no answer in time")
                }
            }
        });
        futures_util::future::join_all(destroyed).await;
    }

    fn contexts(&self) -> std::sync::MutexGuard<'_, BTreeSet<(usize, String, String)>> {
        self.open_contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes notes of progress: how far, of how much, and a word about it.
pub type Progress = Arc<dyn Fn(f64, Option<f64>, String) + Send + Sync>;

/// What one call works with.
#[derive(Clone)]
pub struct Context {
    app: App,
    /// The terms under which the call began.
    terms: Arc<Terms>,
    workspace: usize,
    cancelled: CancellationToken,
    progress: Option<Progress>,
    wish: Wish,
}

/// What a caller wants of the answer, whatever the tool.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// The fields to show in the place of the tool's own choice.
    pub(crate) fields: Option<Vec<String>>,
    /// Most tokens.
    pub(crate) max_tokens: Option<usize>,
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("app", &self.app).finish_non_exhaustive()
    }
}

impl Context {
    /// For one call.
    pub fn new(app: App, cancelled: CancellationToken, progress: Option<Progress>) -> Self {
        Self { terms: app.terms(), app, workspace: 0, cancelled, progress, wish: Wish::default() }
    }

    /// The same for a call with wishes.
    pub(crate) fn with_wish(&self, wish: Wish) -> Self {
        Self { wish, ..self.clone() }
    }

    /// The fields of the answer that the caller named.
    pub(crate) fn fields(&self) -> Option<&[String]> {
        self.wish.fields.as_deref()
    }

    /// Most tokens of the answer; `None` for no limit.
    pub(crate) fn answer_tokens(&self) -> Option<usize> {
        self.wish.max_tokens.or(self.terms.answer_tokens)
    }

    /// The answer of one operation as the caller wants it.
    ///
    /// # Errors
    /// Those of [`Answer::of`].
    #[doc(hidden)]
    pub fn answer<T: serde::Serialize>(
        &self,
        answer: &T,
        projection: &Projection,
    ) -> Result<Answer, ToolError> {
        Answer::of(answer, projection, self.fields())
    }

    /// Puts an answer under the budget of the call. `readable` says whether there is a tool to read on with.
    pub(crate) fn limited(&self, answer: Answer, readable: bool) -> Answer {
        answer.within(self.answer_tokens(), self.app.shelf(), readable)
    }

    /// The same for the workspace of this number.
    pub(crate) fn with_workspace(&self, number: usize) -> Self {
        Self { workspace: number, ..self.clone() }
    }

    /// What the call may do and cost.
    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What all calls share.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The workspace.
    pub fn workspace(&self) -> &Workspace {
        self.app.workspaces.get(self.workspace)
    }

    /// Says how far the call is; does nothing where the client did not ask.
    pub fn progress(&self, done: f64, total: Option<f64>, message: impl Into<String>) {
        if let Some(progress) = &self.progress {
            progress(done, total, message.into());
        }
    }

    /// Waits, or fails at once when the client cancels.
    ///
    /// # Errors
    /// [`ToolError::Cancelled`].
    pub async fn sleep(&self, duration: Duration) -> Result<(), ToolError> {
        tokio::select! {
            () = self.cancelled.cancelled() => Err(ToolError::Cancelled),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    /// Comes true when the client cancels.
    #[cfg(feature = "data")]
    pub(crate) async fn cancelled(&self) {
        self.cancelled.cancelled().await;
    }

    /// Whether the client cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Remembers an execution context, to destroy it at shutdown.
    pub(crate) fn opened(&self, cluster: &str, context: &str) {
        self.app.contexts().insert((self.workspace, cluster.to_owned(), context.to_owned()));
    }

    /// Forgets an execution context that was destroyed.
    pub(crate) fn destroyed(&self, cluster: &str, context: &str) {
        self.app.contexts().remove(&(self.workspace, cluster.to_owned(), context.to_owned()));
    }
}
