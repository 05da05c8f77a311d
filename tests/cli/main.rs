//! The commands for every day, as a person meets them: no workspace but one that the test plays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

mod api;
mod auth;
mod docs;
mod doctor;
#[cfg(unix)]
mod serve;
mod setup;
mod shell;

use std::path::Path;
use std::process::{Command, Output};

/// The binary, without the settings of whoever runs the tests, at home in this folder.
fn binary(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
    command.env_clear().env("HOME", home).env("USERPROFILE", home).env("APPDATA", home.join("AppData"));
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    binary(home).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command that must succeed prints.
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// What a command that must fail with this code complains of.
fn complaint(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}
