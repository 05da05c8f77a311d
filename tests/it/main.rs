//! What users see, from outside: the client against a server that misbehaves, and the binary over
//! MCP and from a shell. One binary, since linking is what takes time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

mod api;
mod breadth;
mod cli;
mod client;
mod confirm;
mod mcp;
mod policy;
mod sdk;
mod session;
mod snapshots;
mod support;
mod toolsets;
