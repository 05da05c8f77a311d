//! Settings and logins, each against a counterpart on loopback or a program in a folder of its own.
//! No test reads or changes the environment of the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod azure;
mod browser;
mod chain;
mod docs;
mod federation;
mod google;
mod oauth;
mod programs;
mod settings;
mod support;
mod tokens;
