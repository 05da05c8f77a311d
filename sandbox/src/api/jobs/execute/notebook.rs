//! Notebooks as tasks: their cells one after the other, Python in an interpreter and SQL in the engine.

use serde_json::{Map, Value, json};

use super::{Desk, Done, merged, not_there, task_values};
use crate::api::jobs::model::{Output, Run, Shown};
use crate::api::jobs::settings::NotebookTask;
use crate::api::jobs::state::Outcome;
use crate::api::workspace::absolute;
use crate::notebook::{Cell, Kind, Language};
use crate::python::{Ending, Interpreter, Setup, Shown as PythonShown};
use crate::query::{self, Scope};
use crate::state::AppState;

/// How deep `%run` may go.
const DEEPEST: usize = 10;

/// The most characters of a result, as on the service.
const MAX_RESULT: usize = 5 << 20;

pub(super) async fn run(state: &AppState, run: &Run, task: &NotebookTask, desk: &Desk) -> Done {
    let parameters = merged(&[&task.base_parameters, &run.overrides.notebook_params, &run.parameters()]);
    let path = &task.notebook_path;
    let mut cells = Vec::new();
    if let Err(done) = unroll(state, path, 0, &mut cells) {
        return *done;
    }
    let mut notebook = Session { state, run, path, parameters, desk, python: None, scope: Scope::default() };
    for cell in cells {
        let step = notebook.step(&cell).await;
        let (shown, end) = match step {
            Step::On(text) => (text, None),
            Step::Exit(text, value) => (text, Some(Ok(value))),
            Step::Failed(text, error, trace) => (text, Some(Err((error, trace)))),
        };
        desk.progress.lock().cells.push(Shown { code: cell.text, text: shown });
        let output = || std::mem::take(&mut *desk.progress.lock());
        match end {
            None => {}
            Some(Ok(mut value)) => {
                if let Some((at, _)) = value.char_indices().nth(MAX_RESULT) {
                    value.truncate(at);
                }
                return Done::success(Output { notebook_result: Some(value), ..output() });
            }
            Some(Err((error, trace))) => return Done::raised(error, trace, output()),
        }
    }
    Done::success(std::mem::take(&mut *desk.progress.lock()))
}

/// The cells of a notebook, with those of the notebooks that it runs in their place.
fn unroll(state: &AppState, path: &str, depth: usize, cells: &mut Vec<Cell>) -> Result<(), Box<Done>> {
    let notebook = state.objects.notebook(&state.store.workspace, path);
    let notebook = notebook.map_err(|error| Box::new(not_there("notebook", path, &error)))?;
    for cell in notebook.cells() {
        let Kind::Run(other) = &cell.kind else {
            cells.push(cell);
            continue;
        };
        if depth == DEEPEST {
            return Err(Box::new(Done::failed(
                Outcome::Failed,
                format!("%run is nested deeper than {DEEPEST} in {path}"),
            )));
        }
        unroll(state, &beside(path, other), depth + 1, cells)?;
    }
    Ok(())
}

/// A path as seen from another one.
fn beside(path: &str, other: &str) -> String {
    if other.starts_with('/') {
        return other.to_owned();
    }
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    for name in other.split('/') {
        match name {
            "." | "" => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("/")
}

enum Step {
    /// On to the next cell; this is what the cell showed.
    On(String),
    Exit(String, String),
    Failed(String, String, String),
}

impl Step {
    fn failed(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Failed(String::new(), message.clone(), message)
    }
}

/// A notebook on its way through its cells.
struct Session<'a> {
    state: &'a AppState,
    run: &'a Run,
    path: &'a str,
    parameters: Map<String, Value>,
    desk: &'a Desk,
    python: Option<Interpreter>,
    scope: Scope,
}

impl Session<'_> {
    async fn step(&mut self, cell: &Cell) -> Step {
        match &cell.kind {
            Kind::Markdown | Kind::Run(_) => Step::On(String::new()),
            Kind::Code(Language::Python) => self.python(&cell.text).await,
            Kind::Code(Language::Sql) => {
                match query::run(self.state, &cell.text, &self.parameters, &mut self.scope).await {
                    Ok(rows) => Step::On(print(&rows)),
                    Err(message) => Step::failed(message),
                }
            }
            Kind::Code(language) => {
                Step::failed(format!("the sandbox does not run {language:?} cells; it runs Python and SQL"))
            }
            Kind::Magic(name) => Step::failed(format!("the sandbox does not emulate %{name}")),
        }
    }

    async fn python(&mut self, code: &str) -> Step {
        let python = match self.python.take() {
            Some(python) => python,
            None => match self.start().await {
                Ok(python) => python,
                Err(message) => return Step::failed(message),
            },
        };
        let ran = self.python.insert(python).run(code).await;
        let text = ran.output.text;
        self.desk.progress.lock().task_values.extend(ran.task_values);
        match ran.ending {
            Ending::Done(shown) => Step::On(text + &shown.iter().map(describe).collect::<String>()),
            Ending::Exit(value) => Step::Exit(text, value),
            Ending::Failed(failure) => Step::Failed(text, failure.message, failure.cause),
            Ending::Died => Step::Failed(text.clone(), "The Python process has ended".into(), text),
        }
    }

    async fn start(&self) -> Result<Interpreter, String> {
        let area = &self.state.store.workspace;
        let path = absolute(self.path).map_err(|error| error.message)?;
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let setup = Setup {
            widgets: self.parameters.iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect(),
            task_values: task_values(self.run),
            folder: Some(area.on_disk(folder).map_err(|cause| cause.to_string())?),
            mounts: self.state.mounts(),
            ..Setup::default()
        };
        Interpreter::start(self.state, self.desk.home()?, setup).await.map_err(|error| error.to_string())
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A result in plain text, for the export of the run.
fn print(rows: &query::Rows) -> String {
    let header = rows.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("\t");
    let lines = rows
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("null")).collect::<Vec<_>>().join("\t"));
    std::iter::once(header).chain(lines).map(|line| line + "\n").collect()
}

fn describe(shown: &PythonShown) -> String {
    match shown {
        PythonShown::Table(table) => {
            let names: Vec<&str> = table.schema.iter().filter_map(|column| column["name"].as_str()).collect();
            let rows = table.data.iter().map(|row| format!("{row}\n"));
            format!("{}\n{}", names.join("\t"), rows.collect::<String>())
        }
        PythonShown::Image(_) => "[an image]\n".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_notebook() {
        for (other, expected) in
            [("./b", "/x/b"), ("b", "/x/b"), ("../b", "/b"), ("/y/b", "/y/b"), ("./c/../b", "/x/b")]
        {
            assert_eq!(beside("/x/a", other), expected);
        }
    }
}
