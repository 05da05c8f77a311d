//! Generated modules over a transport that sends nothing: built by `tests/golden/runtime.rs`.
//!
//! `decode`, `transport/operation.rs` and `transport/path.rs` beside this file are the project's own.

// What the project allows its generated modules, and nothing more.
#![deny(warnings)]
#![allow(missing_docs, unused_mut, unused_imports, unreachable_pub, dead_code, non_camel_case_types)]

pub mod decode;
pub mod generated;
pub mod transport;

#[cfg(test)]
mod behaviour;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where a call ends here: at the latest when it is handed to the transport.
#[derive(Debug)]
pub enum Error {
    /// What the call would have sent.
    Sent(Box<reqwest::Request>),
    Invalid(String),
}

impl Error {
    pub(crate) fn invalid_request(message: String) -> Self {
        Error::Invalid(message)
    }

    pub(crate) fn request(source: reqwest::Error) -> Self {
        Error::Invalid(source.to_string())
    }
}
