//! What stands between a program and a workspace and writes down what they say.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::replay::client;
use super::server::{Received, Server};
use super::{Answer, Exchange, Request, TestingError};
use crate::transport::Transport;
use crate::transport::shown::Secrets;
use crate::{Result, Workspace};

/// Stands between a program and a workspace, and writes each request and its answer into a file, as long
/// as it is held.
///
/// ```no_run
/// # use databricks_toolkit::{Workspace, testing::Recorder};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let recorder = Recorder::start(Workspace::from_env()?, "tests/jobs.jsonl").await?;
/// let workspace = recorder.workspace()?;
/// // … what the test does, with this workspace.
/// # Ok(())
/// # }
/// ```
///
/// The credentials are those of the given workspace; neither they nor any other header of a request are
/// written. Members of a body that are secret by their name are written as `***`, and idempotency tokens,
/// which are new each time, not at all. **Read the file before you commit it**: a query's rows, or a
/// file's content, are written as they are.
#[derive(Debug)]
pub struct Recorder {
    server: Server,
}

/// Headers of answers that callers read.
const KEPT: [&str; 6] =
    ["content-type", "etag", "last-modified", "retry-after", "x-databricks-request-id", "x-request-id"];

impl Recorder {
    /// Writes what is asked of this workspace from now on into this file, in the place of what it holds.
    ///
    /// # Errors
    /// [`TestingError`] where the file cannot be made, or nobody can listen on loopback.
    pub async fn start(workspace: Workspace, file: impl AsRef<Path>) -> Result<Self, TestingError> {
        let file = file.as_ref();
        let failed = |source| TestingError::File { file: file.to_owned(), source };
        let out = Arc::new(Mutex::new(File::create(file).map_err(failed)?));
        let record = move |received: Received| {
            let (transport, out) = (workspace.transport().clone(), out.clone());
            Box::pin(async move {
                let asked = without_tokens(received.request.clone());
                let answer = match forward(&transport, received).await {
                    Ok(answer) => answer,
                    // Not written: it is no answer of the workspace.
                    Err(error) => return failure(&error.to_string()),
                };
                match write(&out, Exchange::new(asked, hidden(answer.clone()))) {
                    Ok(()) => answer,
                    Err(error) => failure(&format!("the recording cannot be written: {error}")),
                }
            }) as super::server::Answering
        };
        Ok(Self { server: Server::start(Arc::new(record)).await? })
    }

    /// The address, for a program that makes its own client; any token will do.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// A client of it.
    ///
    /// # Errors
    /// As [`Builder::build`](crate::Builder::build).
    pub fn workspace(&self) -> Result<Workspace> {
        client(self.url())
    }
}

fn failure(message: &str) -> Answer {
    Answer::json(json!({"error_code": "NOT_RECORDED", "message": message})).status(501)
}

async fn forward(transport: &Transport, received: Received) -> Result<Answer> {
    let Received { request, content_type, bytes } = received;
    let response = transport
        .forward(&request.method, &request.path, &request.query, content_type.as_deref(), bytes)
        .await?;
    let mut answer = Answer { status: response.status().as_u16(), ..Answer::default() };
    for name in KEPT {
        if let Some(value) = response.headers().get(name).and_then(|value| value.to_str().ok()) {
            answer.headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let bytes = response.bytes().await.map_err(crate::Error::request)?;
    Ok(answer.with_content(&bytes))
}

fn write(out: &Mutex<File>, exchange: Exchange) -> std::io::Result<()> {
    let line = serde_json::to_string(&exchange)?;
    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(out, "{line}")?;
    out.flush()
}

/// Without what is new each time and would keep the same request from being known again.
fn without_tokens(mut request: Request) -> Request {
    if let Some(Value::Object(members)) = &mut request.body {
        members.retain(|name, _| name != "idempotency_token");
    }
    // What is secret cannot be asked for again, so that whatever stands there will do.
    if let Some(body) = &mut request.body {
        Secrets::Left.hide(body);
    }
    request
}

/// With stars in the place of what is secret, so that the answer can still be read.
fn hidden(mut answer: Answer) -> Answer {
    if let Some(body) = &mut answer.body {
        Secrets::Starred.hide(body);
    }
    answer
}
