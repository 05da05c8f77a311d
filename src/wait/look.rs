//! What one poll says: which state, and whether that is the end.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Waiter;
use crate::{Error, Result};

/// One look at what is waited for.
pub(crate) struct Look<'a> {
    pub(crate) state: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
    pub(crate) finished: Option<Finished>,
}

/// How it ended.
pub(crate) enum Finished {
    Well,
    Badly,
}

impl<'a> Look<'a> {
    /// A state by the document's lists of final ones.
    pub(super) fn at(waiter: &Waiter, (state, message): (Option<&'a str>, Option<&'a str>)) -> Self {
        let is_in = |states: &[&str]| state.is_some_and(|state| states.contains(&state));
        let finished = match (is_in(waiter.success), is_in(waiter.failure)) {
            (true, _) => Some(Finished::Well),
            (false, true) => Some(Finished::Badly),
            (false, false) => None,
        };
        Self { state, message, finished }
    }

    /// An operation, whose result or error is read at the end.
    pub(super) fn done(done: bool) -> Self {
        let state = if done { "DONE" } else { "RUNNING" };
        Self { state: Some(state), message: None, finished: done.then_some(Finished::Well) }
    }
}

/// The result of an operation that is done.
pub(crate) fn finished<T: DeserializeOwned>(
    operation: &'static str,
    response: Option<Map<String, Value>>,
) -> Result<T> {
    let response = Value::Object(response.unwrap_or_default());
    serde_json::from_value(response).map_err(|error| Error::Unexpected {
        message: format!("{operation} is done, but its result cannot be read: {error}"),
    })
}

/// The error of an operation that is done.
pub(crate) fn failed(operation: &'static str, error: &impl Serialize) -> Error {
    match serde_json::to_value(error) {
        Ok(error) => Error::Api(Box::new(crate::ApiError::of_operation(operation, &error))),
        Err(error) => Error::Unexpected { message: format!("{operation} failed: {error}") },
    }
}
