//! A typed client for the Databricks REST API, generated from the OpenAPI documents in `openapi/`.
//!
//! ```no_run
//! # async fn example() -> databricks_toolkit::Result<()> {
//! let workspace = databricks_toolkit::Workspace::from_env()?;
//! let clusters = workspace.compute().clusters_list().page_size(20).send().await?;
//! for cluster in clusters.clusters.unwrap_or_default() {
//!     println!("{:?} is {:?}", cluster.cluster_name, cluster.state);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! One module a document, behind a Cargo feature of the same name. A call is built with named
//! setters and sent with `send()`; what fails is an [`Error`].

pub mod auth;
#[cfg(feature = "cli")]
pub mod cli;
mod client;
pub mod config;
pub mod decode;
pub mod error;
#[cfg(feature = "mcp")]
pub mod mcp;

mod services;
pub mod transport;

pub use client::{Workspace, WorkspaceBuilder};
pub use config::Config;
pub use error::{ApiError, Error, ErrorKind, Result};
pub use services::*;

/// The README's examples, compiled.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
