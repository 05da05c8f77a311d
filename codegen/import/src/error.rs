//! What can go wrong, always with the place: a file, and for Python source the class, the method and the line.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a wheel and a folder of documents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The wheel is not a zip archive, or not a whole one.
    #[error("{} is not a readable wheel; was it cut short?", path.display())]
    Zip {
        /// The wheel.
        path: PathBuf,
        /// What its reader says.
        #[source]
        source: zip::result::ZipError,
    },
    /// The wheel is not the one that was asked for.
    #[error("{} has the sha256 {actual}, but {expected} was asked for", path.display())]
    Digest {
        /// The wheel.
        path: PathBuf,
        /// Its digest.
        actual: String,
        /// The digest that was asked for.
        expected: String,
    },
    /// The wheel is a zip archive but not the SDK's.
    #[error("{}: {message}", path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// What is missing or odd.
        message: String,
    },
    /// The wheel could not be downloaded.
    #[error("cannot download databricks-sdk {version}: {message}")]
    Fetch {
        /// The version that was asked for.
        version: String,
        /// What pip says.
        message: String,
    },
    /// The source has something that the importer does not know. Nothing is guessed: teach the importer, or add a
    /// line with a reason to its table of known exceptions.
    #[error("{} in the SDK's source not understood:{}", count(.0.len(), "place"), list(.0))]
    NotUnderstood(Vec<Problem>),
    /// A regular expression of the importer is wrong.
    #[error("the importer is broken")]
    Pattern(#[from] regex::Error),
    /// The documents do not hold together.
    #[error("{} in the documents:{}", count(.0.len(), "fault"), list(.0))]
    Invalid(Vec<validate::Fault>),
    /// A file is not JSON, or not of the expected shape.
    #[error("{}: not the expected JSON", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The folder's documents are not those that its `lock.json` records.
    #[error("{}: {message}", path.display())]
    Lock {
        /// The file that differs.
        path: PathBuf,
        /// In what.
        message: String,
    },
}

use crate::validate;

/// A place in the SDK's source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Place {
    /// The file, relative to the SDK's package.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The class, if the place is in one.
    pub class: Option<String>,
    /// The method, if the place is in one.
    pub method: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match (&self.class, &self.method) {
            (Some(class), Some(method)) => write!(f, " ({class}.{method})"),
            (Some(class), None) => write!(f, " ({class})"),
            (None, Some(method)) => write!(f, " ({method})"),
            (None, None) => Ok(()),
        }
    }
}

/// Something in the SDK's source that the importer does not understand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {message}")]
#[non_exhaustive]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and what would be understood.
    pub message: String,
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Error::Io { action, path: path.to_owned(), source }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error::NotUnderstood(vec![problem])
    }
}

/// "1 place", "2 places".
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}
