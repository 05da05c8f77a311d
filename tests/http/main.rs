//! The server over HTTP, by hand: what a client library would not send is sent too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

mod callers;
mod content;
mod drain;
mod eras;
mod gate;
mod health;
mod support;
mod tasks;
