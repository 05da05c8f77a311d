//! One test binary for the importer; a file per part of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which the lints' own exception for tests does not see"
)]

mod documents;
mod drift;
mod errors;
mod folder;
mod real;
mod sdk;
mod validate;
