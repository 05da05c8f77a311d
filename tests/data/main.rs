//! Results and files of any size: against the sandbox where all goes well, and against servers that
//! cut off, forget and refuse.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

mod export;
mod faults;
mod statements;
mod support;
