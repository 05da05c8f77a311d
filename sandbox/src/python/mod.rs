//! Python, run by a real interpreter in a process of its own.
//!
//! The process runs `driver.py`, which takes cells of code over a pipe and answers in JSON. What the code prints goes to
//! a file, so that it is there even when the process is killed in the middle.
//!
//! This is no security boundary: the code has the rights of whoever started the sandbox. There are limits on memory and
//! on the size of files where the system offers them, against accidents only.

mod group;

use std::env;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(crate) use self::group::Group;
use crate::state::AppState;

/// The driver and what it imports, by the names that they have in its folder.
const DRIVER: [(&str, &str); 2] =
    [("driver.py", include_str!("driver.py")), ("sandbox_dbutils.py", include_str!("sandbox_dbutils.py"))];

/// Output beyond this is cut off.
const MAX_OUTPUT: u64 = 5 << 20;

/// How long an interpreter may take to say that it is there.
const HELLO: Duration = Duration::from_secs(30);

/// Why no interpreter could be started. The texts are shown to callers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PythonError {
    #[error(
        "no Python interpreter was found: the sandbox runs Python with `python3` or `python` from PATH; install one, or name it when the sandbox is started"
    )]
    Missing,
    #[error("the Python interpreter {} could not be started: {source}", path.display())]
    Start { path: PathBuf, source: io::Error },
    #[error("the Python interpreter {} did not come up: {output}", path.display())]
    Hello { path: PathBuf, output: String },
}

/// What the code finds when it begins.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Setup {
    /// The values of `dbutils.widgets`.
    pub(crate) widgets: Map<String, Value>,
    /// The values of `dbutils.jobs.taskValues`, by task.
    pub(crate) task_values: Map<String, Value>,
    /// `sys.argv` after the first.
    pub(crate) arguments: Vec<String>,
    /// `__file__`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The working folder; modules in it can be imported. Without one, it is the process's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<PathBuf>,
    /// Where the service's paths lie on this machine.
    pub(crate) mounts: Vec<(&'static str, PathBuf)>,
}

/// How a cell came out.
#[derive(Debug)]
pub(crate) struct Cell {
    /// What it printed, and whether that was cut off.
    pub(crate) output: Output,
    pub(crate) ending: Ending,
    /// What `dbutils.jobs.taskValues.set` has been given so far.
    pub(crate) task_values: Map<String, Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) truncated: bool,
}

#[derive(Debug)]
pub(crate) enum Ending {
    /// It ran to its end and showed these.
    Done(Vec<Shown>),
    /// It called `dbutils.notebook.exit`.
    Exit(String),
    /// It raised.
    Failed(Failure),
    /// The process is gone.
    Died,
}

/// What `display` and plots show.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shown {
    Table(Table),
    /// A PNG in base64.
    Image(String),
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Table {
    pub(crate) data: Vec<Value>,
    pub(crate) schema: Vec<Value>,
    pub(crate) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    /// One line with the service's markup.
    pub(crate) summary: String,
    /// The traceback.
    pub(crate) cause: String,
    /// One line without markup.
    pub(crate) message: String,
}

/// A line of the driver's.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    shown: Vec<Shown>,
    exit: Option<String>,
    error: Option<Failure>,
    #[serde(default)]
    task_values: Map<String, Value>,
}

/// A running interpreter. Dropping it kills the process and those that it started.
pub(crate) struct Interpreter {
    child: Child,
    group: Group,
    requests: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
    log: Log,
}

impl Interpreter {
    /// Starts an interpreter whose files are in `home`, a folder that must outlive it.
    pub(crate) async fn start(state: &AppState, home: &Path, setup: Setup) -> Result<Self, PythonError> {
        let path = match &state.python {
            Some(path) => path.clone(),
            None => find().ok_or(PythonError::Missing)?,
        };
        let started = |source| PythonError::Start { path: path.clone(), source };
        let (driver, log) = (home.join("driver.py"), home.join("output.log"));
        for (name, text) in DRIVER {
            fs::write(home.join(name), text).map_err(started)?;
        }
        let mut command = Command::new(&path);
        command.arg("-B").arg(&driver).arg(&log);
        command.current_dir(setup.folder.as_deref().unwrap_or(home));
        // A notebook may speak to its own workspace, but not to one that the sandbox's owner is signed in to.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DATABRICKS_"))
        {
            command.env_remove(name);
        }
        command.env("DATABRICKS_HOST", &state.url).env("DATABRICKS_TOKEN", &state.token);
        command.env("DATABRICKS_RUNTIME_VERSION", "sandbox").env("PYTHONUTF8", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = group::spawn_leader(&mut command).map_err(started)?;
        let group = Group::of(&child);
        let lost = || started(io::Error::other("its pipes are missing"));
        let requests = child.stdin.take().ok_or_else(lost)?;
        let replies = BufReader::new(child.stdout.take().ok_or_else(lost)?).lines();
        let mut interpreter = Self { child, group, requests, replies, log: Log { path: log, seen: 0 } };
        interpreter.greet(&path, setup).await?;
        Ok(interpreter)
    }

    async fn greet(&mut self, path: &Path, setup: Setup) -> Result<(), PythonError> {
        let hello = tokio::time::timeout(HELLO, self.replies.next_line()).await;
        if let Ok(Ok(Some(_))) = hello {
            return self
                .send(&json!(setup))
                .await
                .map_err(|source| PythonError::Start { path: path.to_owned(), source });
        }
        // whatever went wrong is on the error output, which ends with the process
        self.group.kill();
        let mut output = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let read = tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut output);
            let _ = tokio::time::timeout(Duration::from_secs(1), read).await;
        }
        Err(PythonError::Hello { path: path.to_owned(), output: output.trim().to_owned() })
    }

    /// The process and what it started, to be interrupted or killed from elsewhere.
    pub(crate) fn group(&self) -> Group {
        self.group.clone()
    }

    /// Runs a cell to its end.
    pub(crate) async fn run(&mut self, code: &str) -> Cell {
        let reply = self.exchange(code).await;
        let output = self.log.rest();
        let Some(reply) = reply else {
            return Cell { output, ending: Ending::Died, task_values: Map::new() };
        };
        let ending = match (reply.exit, reply.error) {
            (Some(value), _) => Ending::Exit(value),
            (None, Some(failure)) => Ending::Failed(failure),
            (None, None) => Ending::Done(reply.shown),
        };
        Cell { output, ending, task_values: reply.task_values }
    }

    /// Nothing if the process is gone.
    async fn exchange(&mut self, code: &str) -> Option<Reply> {
        self.send(&json!({ "code": code })).await.ok()?;
        let line = self.replies.next_line().await.ok()??;
        serde_json::from_str(&line)
            .inspect_err(|cause| tracing::error!(%cause, "a reply of the driver's"))
            .ok()
    }

    async fn send(&mut self, message: &Value) -> io::Result<()> {
        self.requests.write_all(format!("{message}\n").as_bytes()).await?;
        self.requests.flush().await
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        self.group.kill();
        self.group.forget();
    }
}

/// The output of the code in an interpreter's folder, from the start: for when it was killed.
pub(crate) fn output_in(home: &Path) -> Output {
    Log { path: home.join("output.log"), seen: 0 }.rest()
}

struct Log {
    path: PathBuf,
    seen: u64,
}

impl Log {
    /// What has been written since the last time.
    fn rest(&mut self) -> Output {
        self.read().unwrap_or_default()
    }

    fn read(&mut self) -> io::Result<Output> {
        let mut file = fs::File::open(&self.path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(self.seen))?;
        let mut bytes = Vec::new();
        file.take(MAX_OUTPUT).read_to_end(&mut bytes)?;
        let truncated = size.saturating_sub(self.seen) > MAX_OUTPUT;
        self.seen = size;
        Ok(Output { text: String::from_utf8_lossy(&bytes).into_owned(), truncated })
    }
}

/// The first `python3`, or else the first `python`, of PATH.
fn find() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let names = if cfg!(windows) { ["python3.exe", "python.exe"] } else { ["python3", "python"] };
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()))
}
