//! The sandbox over HTTP, one module per area.

mod clusters;
mod commands;
mod dbfs;
mod files;
mod jobs;
mod runs;
mod server;
mod support;
mod warehouses;
mod workspace;
