//! A running sandbox and how to start one.

use std::fmt;
use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;
#[cfg(feature = "sql")]
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::clusters::Clusters;
use crate::api::commands::Contexts;
use crate::api::dbfs::Handles;
use crate::api::files::Sessions;
use crate::api::jobs::{Jobs, keep_schedules};
use crate::api::warehouses::Warehouses;
use crate::api::workspace::Objects;
use crate::api::{scim, uc};
use crate::clock::Clock;
use crate::error::Error;
use crate::ids;
use crate::server;
use crate::state::{AppState, Shared};
use crate::store::Store;

/// How long a stop waits for requests and processes before it leaves them behind.
const PATIENCE: Duration = Duration::from_secs(3);

/// How to start a [`Sandbox`].
#[derive(Default)]
#[must_use]
pub struct Builder {
    dir: Option<PathBuf>,
    port: u16,
    token: Option<String>,
    clock: Option<Clock>,
    python: Option<PathBuf>,
    strict: bool,
}

impl Builder {
    /// Keeps everything in this folder. Without it there is a temporary one that goes when the sandbox goes.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Listens on this port of 127.0.0.1; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Lets this token in. Without it there is a random one.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Lives by this clock instead of the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Runs Python with this interpreter instead of the one on PATH.
    pub fn python(mut self, python: impl Into<PathBuf>) -> Self {
        self.python = Some(python.into());
        self
    }

    /// Holds every answer to the API's documents: one that differs becomes a 500 that says where. For tests of the sandbox
    /// itself; it costs a second look at each answer.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// When the folder or the port cannot be had.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let temp = match self.dir {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?),
        };
        let dir =
            self.dir.unwrap_or_else(|| temp.as_ref().map(|temp| temp.path().to_owned()).unwrap_or_default());
        // Threads of its own: a caller's runtime may be a single thread that a test blocks.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("databricks-sandbox")
            .enable_all()
            .build()
            .map_err(Error::Runtime)?;
        let mut sandbox = Sandbox { runtime: Some(runtime), temp, state: None };
        let settings = Settings {
            dir,
            durable: sandbox.temp.is_none(),
            port: self.port,
            token: self.token.unwrap_or_else(ids::token),
            clock: self.clock.unwrap_or_else(Clock::real),
            python: self.python,
            strict: self.strict,
        };
        let started = sandbox.spawn(serve(settings));
        sandbox.state = Some(started.await.map_err(|cause| Error::Runtime(std::io::Error::other(cause)))??);
        Ok(sandbox)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the token stays out
        f.debug_struct("Builder").field("dir", &self.dir).field("port", &self.port).finish_non_exhaustive()
    }
}

struct Settings {
    dir: PathBuf,
    durable: bool,
    port: u16,
    token: String,
    clock: Clock,
    python: Option<PathBuf>,
    strict: bool,
}

/// Opens the folder, binds the port and lets the server run in the background.
async fn serve(settings: Settings) -> Result<AppState, Error> {
    let bind = |source| Error::Bind { port: settings.port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await.map_err(bind)?;
    let port = listener.local_addr().map_err(bind)?.port();
    let store = Store::open(&settings.dir, settings.durable)?;
    let now = settings.clock.now_ms();
    store
        .records
        .with(|change| {
            scim::seed(change);
            uc::seed(change, now);
            Ok(())
        })
        .map_err(|cause| Error::Seed(cause.to_string()))?;
    let state = AppState::new(Shared {
        #[cfg(feature = "sql")]
        sql: Arc::new(crate::sql::Engine::open(store.root()).map_err(|cause| Error::Engine(cause.into()))?),
        #[cfg(feature = "sql")]
        statements: crate::api::statements::Statements::default(),
        clusters: Clusters::open(&store, now)?,
        warehouses: Warehouses::open(&store, now)?,
        contexts: Contexts::default(),
        objects: Objects::open(&store, now)?,
        jobs: Jobs::open(&store, now)?,
        faults: server::Faults::default(),
        sessions: Sessions::default(),
        uploads: Handles::default(),
        store,
        clock: settings.clock,
        token: settings.token,
        url: format!("http://127.0.0.1:{port}"),
        python: settings.python,
        strict: settings.strict,
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });
    let stop = state.stop.clone();
    let server = axum::serve(server::Cuttable(listener), server::router(&state))
        .with_graceful_shutdown(stop.cancelled_owned());
    state.tasks.spawn(keep_schedules(state.clone()));
    state.tasks.spawn(async move {
        if let Err(cause) = server.await {
            tracing::error!(%cause, "the sandbox stopped serving");
        }
    });
    Ok(state)
}

/// A running workspace. Dropping it stops the server and the processes it started.
pub struct Sandbox {
    runtime: Option<Runtime>,
    state: Option<AppState>,
    /// Goes last, when nothing writes into it any more.
    temp: Option<TempDir>,
}

impl Sandbox {
    /// How to start one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> Option<&AppState> {
        self.state.as_ref()
    }

    /// The address to use as the workspace's host, such as `http://127.0.0.1:41234`.
    pub fn url(&self) -> &str {
        self.state.as_ref().map_or("", |state| &state.url)
    }

    /// The token to use.
    pub fn token(&self) -> &str {
        self.state.as_ref().map_or("", |state| &state.token)
    }

    /// The clock that clusters, warehouses and jobs live by.
    pub fn clock(&self) -> Clock {
        self.state.as_ref().map_or_else(Clock::real, |state| state.clock.clone())
    }

    /// Stops, after letting requests under way come to their end.
    pub async fn shutdown(mut self) {
        if let Some(state) = self.state.take() {
            state.stop.cancel();
            state.tasks.close();
            let tasks = state.tasks.clone();
            drop(state);
            // an error means the time is up; the drop below ends the rest
            let _ = self.spawn(async move { tokio::time::timeout(PATIENCE, tasks.wait()).await }).await;
        }
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        match &self.runtime {
            Some(runtime) => runtime.spawn(task),
            None => tokio::spawn(task),
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            state.stop.cancel();
        }
        if let Some(runtime) = self.runtime.take() {
            // A runtime may not be waited for inside another one, so a thread does it.
            let _ = std::thread::spawn(move || runtime.shutdown_timeout(PATIENCE)).join();
        }
    }
}
