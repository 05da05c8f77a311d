//! Why a file did not go over.

use crate::Error;

/// A file did not go over whole.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
#[non_exhaustive]
pub struct TransferError {
    /// The path, of the service or of this machine.
    pub path: String,
    /// Why.
    #[source]
    pub reason: TransferReason,
}

/// Why a file did not go over whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferReason {
    /// A part could not be sent or fetched.
    #[error("part {part} did not go over, {attempts} times: {message}")]
    Part {
        /// Which part, from 1.
        part: u64,
        /// How often it was tried.
        attempts: u32,
        /// What was wrong the last time.
        message: String,
    },
    /// The file has another length than it should.
    #[error("has {found} bytes, but {expected} were expected")]
    Length {
        /// As it should be.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// The file changed while it was read.
    #[error("changed while it was read; try again")]
    Changed,
    /// The file here and the one there differ.
    #[error("the content differs from that of {0}")]
    Differs(String),
    /// It is not what it should be.
    #[error("{0}")]
    Unfit(String),
}

impl TransferReason {
    pub(super) fn of(self, path: impl ToString) -> Error {
        TransferError { path: path.to_string(), reason: self }.into()
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        Error::Transfer(Box::new(error))
    }
}
