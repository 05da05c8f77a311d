//! The sandbox over HTTP, one module per area.

// helpers are no `#[test]` functions themselves, so the exemption of clippy.toml does not reach them
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "sql")]
mod catalog;
mod clusters;
mod commands;
mod crash;
mod dbfs;
#[cfg(feature = "sql")]
mod dialect;
#[cfg(feature = "sql")]
mod drivers;
mod files;
mod iterations;
mod jobs;
mod plain;
mod runs;
mod server;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "sql")]
mod statements;
mod support;
#[cfg(feature = "sql")]
mod upkeep;
mod warehouses;
mod workspace;
