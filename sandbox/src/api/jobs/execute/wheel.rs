//! Python wheels as tasks: the wheels that the task lists as libraries are put on the path, and one of their functions is called.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Desk, Done, not_there, script, task_values};
use crate::api::jobs::model::Run;
use crate::api::jobs::settings::{PythonWheelTask, Task};
use crate::api::workspace::absolute;
use crate::python::Setup;
use crate::server::{ApiError, Reply};
use crate::state::AppState;

/// Calls the entry point that the package's metadata names, or else the function of that name in the package.
const CALL: &str = r"
import importlib, sys
from importlib import metadata
sys.path[0:0] = WHEELS
importlib.invalidate_caches()
try:
    found = [point for point in metadata.distribution(PACKAGE).entry_points if point.name == ENTRY]
except metadata.PackageNotFoundError:
    found = []
function = found[0].load() if found else getattr(importlib.import_module(PACKAGE), ENTRY)
function()
";

pub(super) async fn run(
    state: &AppState,
    run: &Run,
    whole: &Task,
    task: &PythonWheelTask,
    desk: &Desk,
) -> Done {
    let home = match desk.home() {
        Ok(home) => home.to_owned(),
        Err(message) => return Done::failed(crate::api::jobs::state::Outcome::InternalError, message),
    };
    let mut wheels: Vec<PathBuf> = Vec::new();
    let libraries = whole.rest.get("libraries").and_then(Value::as_array);
    for path in libraries.into_iter().flatten().filter_map(|library| library["whl"].as_str()) {
        // a copy, so that the interpreter is led to nothing but the wheel
        let name = path.rsplit('/').next().unwrap_or_default();
        let copied = content(state, path)
            .and_then(|bytes| std::fs::write(home.join(name), bytes).map_err(ApiError::internal));
        if let Err(error) = copied {
            return not_there("library", path, &error);
        }
        wheels.push(home.join(name));
    }
    let named = task.named_parameters.iter().map(|(name, value)| {
        format!("--{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let own: Vec<String> = task.parameters.iter().cloned().chain(named).collect();
    let arguments =
        if run.overrides.python_params.is_empty() { own } else { run.overrides.python_params.clone() };
    let setup = Setup {
        arguments,
        task_values: task_values(run),
        file: Some(task.package_name.clone()),
        mounts: state.mounts(),
        ..Setup::default()
    };
    // JSON of texts is Python too
    let code = format!(
        "WHEELS, PACKAGE, ENTRY = {}, {}, {}\n{CALL}",
        json!(wheels.iter().map(|wheel| wheel.to_string_lossy()).collect::<Vec<_>>()),
        json!(task.package_name),
        json!(task.entry_point)
    );
    script::code(state, &code, setup, desk).await
}

/// The bytes of a wheel, wherever it lies.
fn content(state: &AppState, path: &str) -> Reply<Vec<u8>> {
    let plain = path.strip_prefix("dbfs:").unwrap_or(path);
    let read = if let Some(inner) = plain.strip_prefix("/Volumes/") {
        state.store.volumes.read(inner)
    } else if plain.len() < path.len() {
        state.store.dbfs.read(plain)
    } else if let Some(inner) = path.strip_prefix("/dbfs/") {
        state.store.dbfs.read(inner)
    } else if path.contains("://") {
        return Err(ApiError::not_implemented(
            "the sandbox reads files of its workspace, of volumes and of DBFS only",
        ));
    } else {
        state.store.workspace.read(&absolute(path)?)
    };
    read.map_err(|cause| ApiError::not_found(format!("{path} cannot be read: {cause}")))
}
