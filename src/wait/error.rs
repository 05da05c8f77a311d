//! Why waiting ended without what was waited for.

use std::fmt;
use std::time::Duration;

use crate::Error;

/// Waiting ended without what was waited for.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {reason}{}", in_state(state))]
#[non_exhaustive]
pub struct WaitError {
    /// The `operationId` of the call that started it.
    pub operation: &'static str,
    /// The last state that was seen, as the service names it.
    pub state: Option<String>,
    /// Why.
    pub reason: WaitReason,
}

/// Why waiting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// It came to a state from which there is no way to the one that was waited for; with what the
    /// service says of it.
    Failed(Option<String>),
    /// It took longer than the caller would wait. It goes on.
    Timeout(Duration),
    /// The caller stopped waiting. It goes on.
    Cancelled,
}

impl WaitError {
    pub(super) fn new(operation: &'static str, state: Option<String>, reason: WaitReason) -> Self {
        Self { operation, state, reason }
    }
}

impl From<WaitError> for Error {
    fn from(error: WaitError) -> Self {
        Error::Wait(Box::new(error))
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(Some(message)) => write!(formatter, "failed: {message}"),
            Self::Failed(None) => formatter.write_str("failed"),
            Self::Timeout(after) => write!(formatter, "not over after {} s", after.as_secs()),
            Self::Cancelled => formatter.write_str("the waiting was cancelled"),
        }
    }
}

fn in_state(state: &Option<String>) -> String {
    state.as_ref().map_or_else(String::new, |state| format!(" (state {state})"))
}
