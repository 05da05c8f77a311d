//! Why a tool has no answer, in words an agent can act on.

use crate::Error;

/// Why a tool has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// An argument cannot be used.
    #[error("invalid argument {0}")]
    Argument(String),
    /// A call to the workspace failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// The tool did its calls and cannot go on.
    #[error("{0}")]
    Failed(String),
    /// The client cancelled the call.
    #[error("cancelled")]
    Cancelled,
}

impl ToolError {
    /// The error and what to do about it.
    pub fn explain(&self) -> String {
        let help = match self {
            ToolError::Call(error) => error.help(),
            _ => None,
        };
        match help {
            Some(help) => format!("{self}\n{}", sentence(help)),
            None => self.to_string(),
        }
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
