//! The sandbox over HTTP, one module per area.

// helpers are no `#[test]` functions themselves, so the exemption of clippy.toml does not reach them
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "sql")]
mod bench;
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
#[cfg(feature = "sql")]
mod errors;
mod files;
#[cfg(feature = "sql")]
mod ingest;
mod iterations;
mod jobs;
mod plain;
#[cfg(feature = "sql")]
mod queries;
#[cfg(feature = "sql")]
mod routines;
mod runs;
mod server;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "sql")]
mod statements;
mod support;
#[cfg(feature = "sql")]
mod tables;
#[cfg(feature = "sql")]
mod tpch;
#[cfg(feature = "sql")]
mod upkeep;
#[cfg(feature = "sql")]
mod variant;
mod warehouses;
mod wheels;
mod workspace;
