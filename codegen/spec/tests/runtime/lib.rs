//! Generated modules over a transport that sends nothing: built by `tests/golden/runtime.rs`.
//!
//! `decode`, `fields`, `paging`, `wait`, and `transport/{operation,path,request}.rs` beside this file are the project's own.

// What the project allows its generated modules, and nothing more.
#![deny(warnings)]
#![allow(missing_docs, unused_mut, unused_imports, unreachable_pub, dead_code, non_camel_case_types)]

pub mod decode;
pub mod fields;
pub mod generated;
pub mod paging;
pub mod transport;
pub mod wait;

#[cfg(test)]
mod behaviour;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where a call ends here: at the latest when it is handed to the transport.
#[derive(Debug)]
pub enum Error {
    /// What the call would have sent.
    Sent(Box<reqwest::Request>),
    Invalid(String),
    Unexpected { message: String },
    Wait(Box<wait::WaitError>),
    Api(Box<ApiError>),
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{self:?}")
    }
}

/// An error that an operation ended with.
#[derive(Debug)]
pub struct ApiError(pub serde_json::Value);

impl ApiError {
    pub(crate) fn of_operation(_: &'static str, error: &serde_json::Value) -> Self {
        Self(error.clone())
    }
}

impl Error {
    pub(crate) fn invalid_request(message: String) -> Self {
        Error::Invalid(message)
    }
}
