//! Why a statement did not give its rows.

use std::time::Duration;

use crate::Error;

/// A statement did not give its rows.
#[derive(Debug, thiserror::Error)]
#[error("statement {statement_id}: {reason}")]
#[non_exhaustive]
pub struct StatementError {
    /// The id, by which the query history knows it.
    pub statement_id: String,
    /// Why.
    #[source]
    pub reason: StatementReason,
}

/// Why a statement did not give its rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementReason {
    /// The warehouse refused or could not run it.
    #[error("failed: {message}{}", sql_state.as_ref().map_or_else(String::new, |state| format!(" (SQLSTATE {state})")))]
    Failed {
        /// The service's code, such as `BAD_REQUEST`.
        code: Option<String>,
        /// What it says.
        message: String,
        /// The SQLSTATE, such as `42P01`.
        sql_state: Option<String>,
    },
    /// It was cancelled, by this program or another.
    #[error("was cancelled")]
    Cancelled,
    /// Its result is gone: results are kept for an hour or less.
    #[error("its result is no longer kept; run it again")]
    Closed,
    /// It ran longer than the caller would wait, and was cancelled.
    #[error("not over after {} s, so it was cancelled; wait longer with `timeout`", .0.as_secs_f64())]
    Timeout(Duration),
    /// A part of the result could not be fetched.
    #[error("chunk {chunk} of its result could not be fetched, {attempts} times: {message}")]
    Chunk {
        /// Which part, from 0.
        chunk: i64,
        /// How often it was tried.
        attempts: u32,
        /// What was wrong the last time.
        message: String,
    },
    /// There are fewer or more rows than the service said.
    #[error("its result should have {expected} rows, but {found} came")]
    RowCount {
        /// As the service said.
        expected: i64,
        /// As they came.
        found: i64,
    },
    /// A value cannot be read as the type of its column.
    #[error("column `{column}` ({sql_type}): {message}")]
    Value {
        /// The column.
        column: String,
        /// Its type.
        sql_type: String,
        /// What is wrong.
        message: String,
    },
    /// A row cannot be read as the type that the caller wants.
    #[error("row {row} cannot be read as {expected}: {message}")]
    Row {
        /// Which row, from 0.
        row: u64,
        /// The Rust type.
        expected: &'static str,
        /// What is wrong, and with which column.
        message: String,
    },
    /// The result has a form that these rows cannot be read from.
    #[error("{0}")]
    Form(String),
}

impl StatementReason {
    pub(super) fn of(self, statement_id: &str) -> Error {
        StatementError { statement_id: statement_id.to_owned(), reason: self }.into()
    }
}

impl From<StatementError> for Error {
    fn from(error: StatementError) -> Self {
        Error::Statement(Box::new(error))
    }
}
