//! One context: a queue of commands, and a task that runs them one after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::ids;
use crate::python::{Cell, Ending, Interpreter, Setup, Shown, Table};
use crate::query::{self, Scope};
use crate::state::AppState;

/// How long code that was interrupted may take to stop before its process is killed.
const GRACE: Duration = Duration::from_secs(3);

/// How often a context looks whether its cluster is still the same.
const WATCH: Duration = Duration::from_secs(1);

/// What a context speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Sql,
}

impl Language {
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        match name.to_ascii_lowercase().as_str() {
            "python" => Ok(Self::Python),
            "sql" => Ok(Self::Sql),
            "scala" | "r" => Err(format!("the sandbox does not run {name}; it runs python and sql")),
            _ => Err(format!("unknown language '{name}': the sandbox runs python and sql")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Status {
    Queued,
    Running,
    Cancelling,
    Finished,
    Cancelled,
    Error,
}

struct Command {
    status: Status,
    results: Value,
    cancel: CancellationToken,
}

type Commands = Arc<Mutex<HashMap<String, Command>>>;

/// A context. Dropping it ends what runs in it.
pub(super) struct Context {
    pub(super) cluster: String,
    /// The start of the cluster that the context belongs to.
    epoch: Option<i64>,
    language: Language,
    commands: Commands,
    queue: mpsc::UnboundedSender<Order>,
    _end: DropGuard,
}

struct Order {
    id: String,
    language: Language,
    code: String,
}

impl Context {
    /// Starts a context. The text of an error is for the caller.
    pub(super) async fn start(
        state: &AppState,
        id: &str,
        cluster: String,
        language: Language,
    ) -> Result<Self, String> {
        let epoch = state.clusters.epoch(&cluster, state.now());
        let (queue, orders) = mpsc::unbounded_channel();
        let commands = Commands::default();
        let mut worker = Worker {
            state: state.clone(),
            commands: commands.clone(),
            python: None,
            scope: Scope::default(),
        };
        if language == Language::Python {
            worker.interpreter().await?;
        }
        let end = CancellationToken::new();
        let watch = watch(state.clone(), cluster.clone(), epoch);
        let (id, over, stop) = (id.to_owned(), end.clone(), state.stop.clone());
        state.tasks.spawn(async move {
            tokio::select! {
                () = worker.work(orders) => {}
                () = over.cancelled() => {}
                () = stop.cancelled() => {}
                () = watch => tracing::debug!(id, "the context went with its cluster"),
            }
        });
        Ok(Self { cluster, epoch, language, commands, queue, _end: end.drop_guard() })
    }

    /// Whether the cluster still runs and has not been started anew.
    pub(super) fn lives(&self, state: &AppState) -> bool {
        self.epoch.is_some() && state.clusters.epoch(&self.cluster, state.now()) == self.epoch
    }

    pub(super) fn status(&self) -> &'static str {
        if self.queue.is_closed() { "Error" } else { "Running" }
    }

    /// Puts a command at the end of the queue and gives back its id.
    pub(super) fn execute(&self, language: Option<Language>, code: String) -> Result<String, String> {
        let id = ids::hex32();
        let command =
            Command { status: Status::Queued, results: Value::Null, cancel: CancellationToken::new() };
        self.commands.lock().insert(id.clone(), command);
        let order = Order { id: id.clone(), language: language.unwrap_or(self.language), code };
        self.queue.send(order).map_err(|_| "ContextNotFound: the context has ended".to_owned())?;
        Ok(id)
    }

    /// The status and results of a command.
    pub(super) fn view(&self, id: &str) -> Option<Value> {
        let commands = self.commands.lock();
        let command = commands.get(id)?;
        let mut view = json!({ "id": id, "status": command.status });
        if !command.results.is_null() {
            view["results"] = command.results.clone();
        }
        Some(view)
    }

    /// Asks a command to stop; false if there is none of this id.
    pub(super) fn cancel(&self, id: &str) -> bool {
        let mut commands = self.commands.lock();
        let Some(command) = commands.get_mut(id) else { return false };
        match command.status {
            Status::Queued => command.status = Status::Cancelled,
            Status::Running => command.status = Status::Cancelling,
            _ => {}
        }
        command.cancel.cancel();
        true
    }
}

/// Returns once the cluster has stopped or been started anew.
async fn watch(state: AppState, cluster: String, epoch: Option<i64>) {
    while state.clusters.epoch(&cluster, state.now()) == epoch {
        state.clock.sleep(WATCH).await;
    }
}

/// What runs the commands of a context.
struct Worker {
    state: AppState,
    commands: Commands,
    /// Started when the first Python comes; its files go after it.
    python: Option<(Interpreter, TempDir)>,
    scope: Scope,
}

impl Worker {
    async fn work(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            let cancel = {
                let mut commands = self.commands.lock();
                let Some(command) =
                    commands.get_mut(&order.id).filter(|command| command.status == Status::Queued)
                else {
                    continue;
                };
                command.status = Status::Running;
                command.cancel.clone()
            };
            let (status, results) = match order.language {
                Language::Sql => self.sql(&order.code, &cancel).await,
                Language::Python => self.python(&order.code, &cancel).await,
            };
            if let Some(command) = self.commands.lock().get_mut(&order.id) {
                (command.status, command.results) = (status, results);
            }
        }
    }

    async fn interpreter(&mut self) -> Result<&mut Interpreter, String> {
        let started = match self.python.take() {
            Some(started) => started,
            None => {
                let home =
                    tempfile::tempdir().map_err(|cause| format!("no folder for the interpreter: {cause}"))?;
                let setup = Setup { mounts: self.state.mounts(), ..Setup::default() };
                let interpreter = Interpreter::start(&self.state, home.path(), setup).await;
                (interpreter.map_err(|error| error.to_string())?, home)
            }
        };
        Ok(&mut self.python.insert(started).0)
    }

    async fn sql(&mut self, code: &str, cancel: &CancellationToken) -> (Status, Value) {
        let none = Map::new();
        tokio::select! {
            rows = query::run(&self.state, code, &none, &mut self.scope) => match rows {
                Ok(rows) => (Status::Finished, table(&rows.table())),
                Err(message) => (Status::Finished, failure(&message, &message)),
            },
            () = cancel.cancelled() => (Status::Cancelled, Value::Null),
        }
    }

    async fn python(&mut self, code: &str, cancel: &CancellationToken) -> (Status, Value) {
        let interpreter = match self.interpreter().await {
            Ok(interpreter) => interpreter,
            Err(message) => return (Status::Error, failure(&message, &message)),
        };
        let run = run(interpreter, code, cancel).await;
        match run {
            Run::Cancelled => (Status::Cancelled, Value::Null),
            Run::Killed => {
                self.python = None;
                (Status::Cancelled, Value::Null)
            }
            Run::Ended(cell) => {
                if matches!(cell.ending, Ending::Died) {
                    self.python = None;
                }
                python_results(cell)
            }
        }
    }
}

/// How a run of Python came to its end.
enum Run {
    Ended(Cell),
    Cancelled,
    /// Cancelled, but the code did not listen.
    Killed,
}

async fn run(interpreter: &mut Interpreter, code: &str, cancel: &CancellationToken) -> Run {
    let group = interpreter.group();
    let run = interpreter.run(code);
    tokio::pin!(run);
    tokio::select! {
        cell = &mut run => Run::Ended(cell),
        () = cancel.cancelled() => {
            let ask = async {
                loop {
                    // again, because code that has only just begun does not hear it yet
                    group.interrupt();
                    tokio::time::sleep(GRACE / 20).await;
                }
            };
            tokio::select! {
                cell = &mut run => if matches!(cell.ending, Ending::Died) { Run::Killed } else { Run::Cancelled },
                () = ask => Run::Killed,
                () = tokio::time::sleep(GRACE) => Run::Killed,
            }
        }
    }
}

/// What a cell shows, as one result: the API has room for one.
fn python_results(cell: Cell) -> (Status, Value) {
    let text =
        |text: String| json!({ "resultType": "text", "data": text.strip_suffix('\n').unwrap_or(&text) });
    let mut output = cell.output.text;
    if cell.output.truncated {
        output.push_str("\n*** the output was cut off here ***\n");
    }
    let results = match cell.ending {
        Ending::Died => {
            let cause = format!("The Python process has ended. Its output:\n{output}");
            return (
                Status::Error,
                failure("The Python process has ended; the variables of the context are lost.", &cause),
            );
        }
        Ending::Failed(error) => failure(&error.summary, &error.cause),
        Ending::Exit(value) => text(format!("{output}{value}")),
        Ending::Done(shown) => {
            let mut images = Vec::new();
            let mut last_table = None;
            for item in shown {
                match item {
                    Shown::Table(found) => last_table = Some(found),
                    Shown::Image(png) => images.push(format!("data:image/png;base64,{png}")),
                }
            }
            match (last_table, images.as_slice()) {
                (Some(found), _) => table(&found),
                (None, []) => text(output),
                (None, [image]) => json!({ "resultType": "image", "fileName": image }),
                (None, images) => json!({ "resultType": "images", "fileNames": images }),
            }
        }
    };
    (Status::Finished, results)
}

fn table(table: &Table) -> Value {
    json!({
        "resultType": "table",
        "data": table.data,
        "schema": table.schema,
        "truncated": table.truncated,
        "isJsonSchema": true,
    })
}

fn failure(summary: &str, cause: &str) -> Value {
    json!({ "resultType": "error", "summary": summary, "cause": cause })
}
