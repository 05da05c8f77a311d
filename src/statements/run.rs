//! From a statement to the beginning of its result: submit, look, and cancel if nobody waits.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::fetch::Fetcher;
use super::{Delivery, Listener, Progress, Results, Statement, StatementReason};
use crate::last_word::at_last;
use crate::paging::Boxed;
use crate::sql::types::{
    Disposition, ExecuteStatementRequestOnWaitTimeout, Format, StatementResponse, StatementState,
};
use crate::{Error, Result, Workspace};

/// How long the service holds its answer back: long enough for most statements, which then need
/// one call. Once it is over, a statement that runs on is looked at again and again.
const HOLD: &str = "5s";

/// The pauses between two looks: short for a statement of seconds, gentle to one of hours.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn execute(statement: Statement) -> Result<Results> {
    let began = Instant::now();
    let delivery = statement.chosen();
    match attempt(&statement, delivery, began).await {
        // The limits of the caller did not keep it small enough: the service ran it for nothing.
        Err(error)
            if statement.delivery == Delivery::Auto && is_too_large(&error) && statement.is_query() =>
        {
            let other = if cfg!(feature = "data") { Delivery::Arrow } else { Delivery::Json };
            attempt(&statement, other, began).await
        }
        result => result,
    }
}

fn is_too_large(error: &Error) -> bool {
    let Error::Statement(error) = error else { return false };
    matches!(&error.reason, StatementReason::Failed { message, .. } if says_too_large(message))
}

/// Whether the service says that a result does not fit into an answer.
pub(crate) fn says_too_large(message: &str) -> bool {
    message.contains("byte limit exceeded")
}

async fn attempt(statement: &Statement, delivery: Delivery, began: Instant) -> Result<Results> {
    let mut running = Running::submit(statement, delivery)?;
    let until = statement.until.clone();
    let look = look(statement, &mut running, began);
    let ended = match (statement.timeout, until) {
        (None, None) => Ok(look.await),
        (timeout, until) => {
            let left = timeout.map(|timeout| timeout.saturating_sub(began.elapsed()));
            tokio::select! {
                biased;
                ended = look => Ok(ended),
                () = maybe(until.map(|until| Box::pin(until) as Boxed<()>)) => Err(StatementReason::Cancelled),
                () = maybe(left.map(|left| Box::pin(tokio::time::sleep(left)) as Boxed<()>)) => {
                    Err(StatementReason::Timeout(timeout.unwrap_or_default()))
                }
            }
        }
    };
    let response = match ended {
        Ok(response) => response?,
        Err(reason) => {
            let id = running.cancel().await?;
            return Err(reason.of(&id));
        }
    };
    running.over = true;
    let id = response.statement_id.clone().unwrap_or_default();
    let state = state(&response).cloned();
    match state {
        Some(StatementState::Succeeded) => {
            let fetcher = Fetcher::new(statement, id, delivery, response.result.as_deref())?;
            Ok(Results::new(fetcher, response, statement, began))
        }
        Some(StatementState::Canceled) => Err(StatementReason::Cancelled.of(&id)),
        Some(StatementState::Closed) => Err(StatementReason::Closed.of(&id)),
        _ => {
            let status = response.status.map(|status| *status).unwrap_or_default();
            let (code, message) =
                status.error.map_or((None, None), |error| (error.error_code, error.message));
            let code = code.map(|code| code.as_str().to_owned());
            let message = message.unwrap_or_else(|| {
                let state = state.as_ref().map_or("no state", StatementState::as_str);
                format!("no reason was given, and the state is {state}")
            });
            Err(StatementReason::Failed { code, message, sql_state: status.sql_state }.of(&id))
        }
    }
}

/// Never comes if there is nothing to wait for.
async fn maybe(future: Option<Boxed<()>>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

fn state(response: &StatementResponse) -> Option<&StatementState> {
    response.status.as_ref().and_then(|status| status.state.as_ref())
}

/// Looks until the statement is over.
async fn look(statement: &Statement, running: &mut Running, began: Instant) -> Result<StatementResponse> {
    let mut response = running.submitted().await?;
    let mut pause = FIRST_PAUSE;
    while let Some(now @ (StatementState::Pending | StatementState::Running)) = state(&response) {
        if let Some(Listener(listener)) = &statement.listener {
            let state = now.as_str().to_owned();
            listener(&Progress { state, elapsed: began.elapsed(), ..Progress::default() });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        let id = running.id.clone().unwrap_or_default();
        response = statement.workspace.statement_execution().get_statement().statement_id(id).send().await?;
    }
    Ok(response)
}

/// A statement that may be running. Unless it is over, dropping it cancels it.
struct Running {
    workspace: Workspace,
    /// A task of its own: the id must be learnt even if nobody waits any more, since without it the
    /// statement could not be cancelled.
    submit: Option<JoinHandle<Result<StatementResponse>>>,
    id: Option<String>,
    over: bool,
}

impl Running {
    fn submit(statement: &Statement, delivery: Delivery) -> Result<Self> {
        let (disposition, format) = match delivery {
            Delivery::Auto | Delivery::Inline => (Disposition::Inline, Format::JsonArray),
            Delivery::Arrow => (Disposition::ExternalLinks, Format::ArrowStream),
            Delivery::Json => (Disposition::ExternalLinks, Format::JsonArray),
            Delivery::Csv => (Disposition::ExternalLinks, Format::Csv),
        };
        let execute = statement.workspace.statement_execution().execute_statement();
        let execute = execute
            .statement(&statement.text)
            .warehouse_id(statement.warehouse_id()?)
            .catalog(statement.catalog.clone())
            .schema(statement.schema.clone())
            .parameters(statement.items()?)
            .row_limit(statement.row_limit)
            .byte_limit(statement.byte_limit)
            .disposition(disposition)
            .format(format)
            .wait_timeout(HOLD)
            .on_wait_timeout(ExecuteStatementRequestOnWaitTimeout::Continue);
        let submit = Some(tokio::spawn(execute.send()));
        Ok(Self { workspace: statement.workspace.clone(), submit, id: None, over: false })
    }

    /// The first answer, which says the id.
    async fn submitted(&mut self) -> Result<StatementResponse> {
        let Some(submit) = &mut self.submit else { return Err(stopped("it was submitted before")) };
        let response = submit.await;
        self.submit = None;
        let response = response.map_err(|error| stopped(&error.to_string()))??;
        self.id = response.statement_id.clone();
        match self.id {
            Some(_) => Ok(response),
            None => Err(stopped("the service gave it no id")),
        }
    }

    /// Cancels it and gives its id.
    async fn cancel(mut self) -> Result<String> {
        let (submit, id) = (self.submit.take(), self.id.take());
        self.over = true;
        cancel(self.workspace.clone(), submit, id).await
    }
}

fn stopped(why: &str) -> Error {
    Error::Unexpected { message: format!("the statement cannot be followed: {why}") }
}

async fn cancel(
    workspace: Workspace,
    submit: Option<JoinHandle<Result<StatementResponse>>>,
    id: Option<String>,
) -> Result<String> {
    let id = match (id, submit) {
        (Some(id), _) => id,
        (None, Some(submit)) => {
            let response = submit.await.map_err(|error| stopped(&error.to_string()))??;
            response.statement_id.unwrap_or_default()
        }
        (None, None) => return Ok(String::new()),
    };
    workspace.statement_execution().cancel_execution().statement_id(&id).send().await?;
    Ok(id)
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over || (self.submit.is_none() && self.id.is_none()) {
            return;
        }
        let (submit, id) = (self.submit.take(), self.id.take());
        let workspace = self.workspace.clone();
        at_last(async move {
            match cancel(workspace, submit, id).await {
                Ok(id) => tracing::debug!(statement_id = id, "cancelled, since nobody waits for it"),
                Err(error) => tracing::warn!(%error, "a statement could not be cancelled"),
            }
        });
    }
}
