//! Everything that can go wrong with a call, in one enum, each with what to do about it.

mod api;
pub mod details;
mod kind;

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::decode::place;
use crate::transport::{Operation, shown};
use crate::wait::{WaitError, WaitReason};

pub use api::ApiError;
pub(crate) use api::request_id;
pub use details::Detail;
pub use kind::ErrorKind;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not give a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings do not make a workspace.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No valid credentials could be had.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The call was not sent: a value is missing or cannot be sent.
    #[error("invalid request: {message}")]
    InvalidRequest {
        /// Which value and why.
        message: String,
    },
    /// The service could not be reached, or the connection broke.
    #[error(transparent)]
    Transport(#[from] Box<TransportError>),
    /// The service answered with an error.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The service answered with something that is not what the document says.
    #[error(transparent)]
    Decode(#[from] Box<DecodeError>),
    /// Waiting for what a call started ended without it.
    #[error(transparent)]
    Wait(Box<WaitError>),
    /// A statement did not give its rows.
    #[cfg(feature = "sql")]
    #[error(transparent)]
    Statement(Box<crate::statements::StatementError>),
    /// A command on a cluster gave no output.
    #[cfg(feature = "compute")]
    #[error(transparent)]
    Command(Box<crate::commands::CommandError>),
    /// A file did not go over whole.
    #[cfg(all(feature = "files", feature = "workspace"))]
    #[error(transparent)]
    Transfer(Box<crate::transfer::TransferError>),
    /// A file of this machine could not be read or written.
    #[cfg(any(feature = "data", all(feature = "files", feature = "workspace")))]
    #[error(transparent)]
    Local(Box<crate::local::LocalError>),
    /// The service answered well by the document, but what it says cannot be.
    #[error("unexpected answer: {message}")]
    Unexpected {
        /// What cannot be.
        message: String,
    },
    /// A call took longer, with all its attempts, than the caller allows.
    #[error("{operation}: no answer within {} s", limit.as_secs_f64())]
    Timeout {
        /// The `operationId`.
        operation: &'static str,
        /// The longest time that was allowed.
        limit: Duration,
    },
    /// An answer is larger than the caller wants.
    #[error("the answer has {} bytes, the limit is {limit}", size.map_or("more".to_owned(), |size| size.to_string()))]
    TooLarge {
        /// Bytes, where they are known.
        size: Option<u64>,
        /// Most bytes that were asked for.
        limit: u64,
    },
}

/// A setting is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting that is needed is not there.
    #[error("no {attribute} is set; set {variable}")]
    Missing {
        /// The setting.
        attribute: &'static str,
        /// The environment variable for it.
        variable: &'static str,
    },
    /// A setting has a value that cannot be used.
    #[error("{attribute} `{value}` cannot be used: expected {expected}")]
    Invalid {
        /// The setting.
        attribute: &'static str,
        /// Its value; `***` for a secret.
        value: String,
        /// What would do.
        expected: String,
    },
    /// A file of profiles cannot be used.
    #[error("{file}: {message}")]
    Profile {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// There are two ways to log in, and nothing says which one is meant.
    #[error(
        "more than one way to log in is set: {settings}; remove all but one, or set DATABRICKS_AUTH_TYPE"
    )]
    Conflict {
        /// The settings, each with the ways it belongs to and where it comes from.
        settings: String,
    },
    /// No way to log in fits the settings.
    #[error("no way to log in: set DATABRICKS_TOKEN, or what another auth_type needs; tried {tried}")]
    NoCredentials {
        /// The ways that were looked at, each with what it lacks.
        tried: String,
    },
}

/// Credentials could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{auth_type}: {message}")]
#[non_exhaustive]
pub struct AuthError {
    /// Which kind of credentials.
    pub auth_type: &'static str,
    /// What went wrong.
    pub message: String,
    /// Why.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl AuthError {
    /// Says what went wrong with this kind of credentials.
    pub fn new(auth_type: &'static str, message: impl Into<String>) -> Self {
        Self { auth_type, message: message.into(), source: None }
    }
}

/// The service could not be reached, or the connection broke.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {} {host}{}", if source.is_connect() { "cannot reach" } else { "lost the connection to" }, describe(*attempts, source))]
#[non_exhaustive]
pub struct TransportError {
    /// The `operationId`.
    pub operation: &'static str,
    /// The workspace's address.
    pub host: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why, without the address and its query.
    #[source]
    pub source: reqwest::Error,
}

impl TransportError {
    /// Whether there was no connection at all, so that nothing can have happened.
    pub fn is_connect(&self) -> bool {
        self.source.is_connect()
    }

    /// Whether the service was silent for too long.
    pub fn is_timeout(&self) -> bool {
        self.source.is_timeout()
    }
}

fn describe(attempts: u32, source: &reqwest::Error) -> String {
    let times = if attempts > 1 { format!(" after {attempts} attempts") } else { String::new() };
    match (source.is_timeout(), innermost(source)) {
        (true, _) => format!("{times}: no answer in time"),
        (false, Some(reason)) => format!("{times}: {reason}"),
        (false, None) => times,
    }
}

/// The last source of an error is the one that says what happened, such as "connection refused".
fn innermost(error: &reqwest::Error) -> Option<String> {
    let mut source = std::error::Error::source(error)?;
    while let Some(next) = source.source() {
        source = next;
    }
    Some(source.to_string())
}

/// An answer that cannot be read as the document says.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: the answer cannot be read at `{path}`: {source}; it begins {snippet:?}")]
#[non_exhaustive]
pub struct DecodeError {
    /// The `operationId`.
    pub operation: &'static str,
    /// Where in the JSON.
    pub path: String,
    /// The beginning of the body.
    pub snippet: String,
    /// The Rust type that was expected.
    pub expected: &'static str,
    /// What the parser says.
    #[source]
    pub source: serde_json::Error,
}

impl Error {
    /// A value that a call needs is missing or cannot be sent.
    pub(crate) fn invalid_request(message: String) -> Self {
        Error::InvalidRequest { message: plain(&message) }
    }

    /// A request that reqwest refuses to build.
    pub(crate) fn request(source: reqwest::Error) -> Self {
        Error::InvalidRequest { message: source.without_url().to_string() }
    }

    /// The kind of an error that the service answered.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Error::Api(api) => Some(api.kind()),
            _ => None,
        }
    }

    /// Whether the same call may succeed later. Whether it is safe to send it again is another
    /// question: a write may have taken effect.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Transport(_) | Error::Timeout { .. } => true,
            Error::Api(api) => api.kind().is_retryable(),
            _ => false,
        }
    }

    /// The service's id of the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Error::Api(api) => api.request_id(),
            _ => None,
        }
    }

    /// The wait that the service asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Api(api) => api.retry_after(),
            _ => None,
        }
    }

    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Error::Config(_) => {
                Some("`databricks-mcp check` shows the settings; docs/authentication.md explains them")
            }
            Error::Transport(error) if error.is_timeout() => {
                Some("the service was silent for too long; try again, or raise the timeout")
            }
            Error::Transport(_) => Some("check the host, the network and the proxy settings"),
            Error::Api(api) => api.kind().help(),
            Error::Wait(wait) if matches!(wait.reason, WaitReason::Timeout(_)) => {
                Some("it goes on by itself; ask for its state later, or wait longer with `timeout`")
            }
            _ => None,
        }
    }
}

/// The words progenitor uses for a setter that was not called, as a person would say it.
fn plain(message: &str) -> String {
    match message
        .strip_suffix(" was not initialized")
        .or_else(|| message.strip_prefix("no value supplied for "))
    {
        Some(name) => format!("`{name}` is required"),
        None => message.to_owned(),
    }
}

pub(crate) fn transport(operation: &Operation, host: &str, attempts: u32, source: reqwest::Error) -> Error {
    Error::Transport(Box::new(TransportError {
        operation: operation.id,
        host: host.to_owned(),
        attempts,
        source: source.without_url(),
    }))
}

pub(crate) fn decode(
    operation: &Operation,
    headers: &HeaderMap,
    body: &[u8],
    expected: &'static str,
    source: serde_json::Error,
) -> Error {
    let html = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/html"));
    let (path, source) = match html {
        true => (
            "$".to_owned(),
            serde::de::Error::custom("a web page and not JSON; is this the host of a workspace?"),
        ),
        false => (place::path(body, &source), source),
    };
    let snippet = shown::body(body, 200);
    Error::Decode(Box::new(DecodeError { operation: operation.id, path, snippet, expected, source }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_named() {
        let error = Error::invalid_request("cluster_id was not initialized".to_owned());
        assert_eq!(error.to_string(), "invalid request: `cluster_id` is required");
    }

    #[test]
    fn errors_cross_threads_and_stay_small() {
        fn sendable<T: Send + Sync + 'static>() {}
        sendable::<Error>();
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }
}
