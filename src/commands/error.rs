//! Why a command gave no output.

use std::time::Duration;

use crate::Error;

/// A command on a cluster gave no output.
#[derive(Debug, thiserror::Error)]
#[error("cluster {cluster_id}: {reason}")]
#[non_exhaustive]
pub struct CommandError {
    /// The cluster.
    pub cluster_id: String,
    /// Why.
    #[source]
    pub reason: CommandReason,
}

/// Why a command gave no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandReason {
    /// The code failed.
    #[error("{summary}")]
    Failed {
        /// What the language says in a line, such as `NameError: name 'x' is not defined`.
        summary: String,
        /// The whole trace, where there is one.
        cause: Option<String>,
    },
    /// It was cancelled, by this program or another.
    #[error("the command was cancelled")]
    Cancelled,
    /// It ran longer than the caller would wait, and was cancelled.
    #[error("the command was not over after {} s, so it was cancelled; wait longer with `timeout`", .0.as_secs_f64())]
    Timeout(Duration),
    /// The context went, with all its variables, while the command ran: nobody knows how far it came.
    #[error(
        "the context was lost while the command ran, with its variables; it is not known how far the command came"
    )]
    Lost,
    /// The cluster does not run, and will not by itself.
    #[error("{0}")]
    Cluster(String),
}

impl CommandReason {
    pub(super) fn of(self, cluster_id: &str) -> Error {
        Error::Command(Box::new(CommandError { cluster_id: cluster_id.to_owned(), reason: self }))
    }
}
