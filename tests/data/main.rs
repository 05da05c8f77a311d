//! Results and files of any size: against the sandbox where all goes well, and against servers that
//! cut off, forget and refuse.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

mod cli;
mod commands;
mod cuts;
mod export;
mod faults;
mod files;
mod spill;
mod statements;
mod support;
mod work;
