//! Settings and logins, each against a counterpart on loopback or a program in a folder of its own.
//! No test reads or changes the environment of the process. Whatever is secret in one has `s3cret` in it,
//! by which `secrets` finds it where it must not be; that test runs all the others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod azure;
mod browser;
mod chain;
mod docs;
mod federation;
mod google;
mod host;
mod oauth;
mod programs;
mod secrets;
mod settings;
mod support;
mod tokens;
