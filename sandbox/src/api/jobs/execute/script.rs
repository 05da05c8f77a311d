//! Python files as tasks.

use std::path::PathBuf;

use super::{Desk, Done, not_there, task_values};
use crate::api::jobs::model::{Output, Run};
use crate::api::jobs::settings::SparkPythonTask;
use crate::api::jobs::state::Outcome;
use crate::api::workspace::absolute;
use crate::python::{Ending, Interpreter, Setup};
use crate::server::{ApiError, Reply};
use crate::state::AppState;
use crate::store::Area;

pub(super) async fn run(state: &AppState, run: &Run, task: &SparkPythonTask, desk: &Desk) -> Done {
    let path = &task.python_file;
    let (code_of_file, folder) = match read(state, path) {
        Ok(found) => found,
        Err(error) => return not_there("Python file", path, &error),
    };
    let arguments =
        if run.overrides.python_params.is_empty() { &task.parameters } else { &run.overrides.python_params };
    let setup = Setup {
        arguments: arguments.clone(),
        task_values: task_values(run),
        file: Some(path.clone()),
        folder,
        mounts: state.mounts(),
        ..Setup::default()
    };
    code(state, &code_of_file, setup, desk).await
}

/// Runs Python of a task to its end.
pub(super) async fn code(state: &AppState, code: &str, setup: Setup, desk: &Desk) -> Done {
    let started = match desk.home() {
        Ok(home) => Interpreter::start(state, home, setup).await.map_err(|error| error.to_string()),
        Err(cause) => Err(cause),
    };
    let cell = match started {
        Ok(mut python) => python.run(code).await,
        Err(message) => return Done::failed(Outcome::InternalError, message),
    };
    let output = Output {
        logs: Some(cell.output.text),
        logs_truncated: cell.output.truncated,
        task_values: cell.task_values,
        ..Output::default()
    };
    match cell.ending {
        Ending::Done(_) | Ending::Exit(_) => Done::success(output),
        Ending::Failed(failure) => Done::raised(failure.message, failure.cause, output),
        Ending::Died => Done::raised("The Python process has ended".into(), String::new(), output),
    }
}

/// The text of a file, wherever it lies, and its folder on this machine.
pub(super) fn read(state: &AppState, path: &str) -> Reply<(String, Option<PathBuf>)> {
    let plain = path.strip_prefix("dbfs:").unwrap_or(path);
    if let Some(inner) = plain.strip_prefix("/Volumes/") {
        return open(&state.store.volumes, inner, path);
    }
    if plain.len() < path.len() {
        return open(&state.store.dbfs, plain, path);
    }
    if let Some(inner) = path.strip_prefix("/dbfs/") {
        return open(&state.store.dbfs, inner, path);
    }
    if path.contains("://") {
        return Err(ApiError::not_implemented(
            "the sandbox reads files of its workspace, of volumes and of DBFS only",
        ));
    }
    let inner = absolute(path)?;
    let (text, folder) = (
        state.objects.text(&state.store.workspace, &inner)?,
        inner.rsplit_once('/').map(|(folder, _)| folder),
    );
    Ok((text, folder.and_then(|folder| state.store.workspace.on_disk(folder).ok())))
}

fn open(area: &Area, inner: &str, path: &str) -> Reply<(String, Option<PathBuf>)> {
    let content =
        area.read(inner).map_err(|cause| ApiError::not_found(format!("{path} cannot be read: {cause}")))?;
    let folder = inner.rsplit_once('/').map_or("", |(folder, _)| folder);
    Ok((String::from_utf8_lossy(&content).into_owned(), area.on_disk(folder).ok()))
}
