//! A typed client for the Databricks REST API, generated from the OpenAPI documents in `openapi/`.
//!
//! ```no_run
//! # async fn example() -> databricks_toolkit::Result<()> {
//! use databricks_toolkit::Workspace;
//!
//! let workspace = Workspace::from_env()?;
//! let mut clusters = workspace.clusters().list().page_size(50).stream();
//! while let Some(cluster) = clusters.next().await {
//!     let cluster = cluster?;
//!     println!("{:?} is {:?}", cluster.cluster_name, cluster.state);
//! }
//! let run = workspace.jobs().run_now().job_id(7).and_wait().await?;
//! println!("{:?}", run.state);
//! # Ok(())
//! # }
//! ```
//!
//! - A [`Workspace`] and an [`Account`] have one accessor an API, whose methods are calls: named
//!   setters, then `send()`. The setters take what is [`fields::IntoField`]; what fails is an
//!   [`Error`].
//! - Lists have `stream()` ([`paging`]), calls that start something have `and_wait()` ([`wait`]).
//! - One module a document, behind a Cargo feature of the same name, holds the types of its calls.
//!   Fields and enum values that the document does not know survive a read and a write; what a
//!   type has no field for goes through its `extra`, and so does a `null` that the service means
//!   something by.

pub mod auth;
pub mod batch;
#[cfg(any(feature = "sql", all(feature = "files", feature = "workspace")))]
mod buffers;
pub mod cache;
#[cfg(feature = "cli")]
pub mod cli;
mod client;
#[cfg(feature = "compute")]
pub mod commands;
pub mod config;
pub mod decode;
pub mod error;
#[cfg(feature = "mcp")]
pub mod mcp;

#[cfg(feature = "data")]
pub mod export;
pub mod fields;
#[cfg(any(feature = "compute", feature = "sql"))]
mod last_word;
#[cfg(any(feature = "data", all(feature = "files", feature = "workspace")))]
mod local;
// Some forms of calling, paging and waiting are used by one document only.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
pub mod paging;
mod services;
#[cfg(feature = "sql")]
pub mod statements;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(all(feature = "files", feature = "workspace"))]
pub mod transfer;
#[cfg_attr(not(feature = "full"), allow(dead_code))]
pub mod transport;
#[cfg_attr(not(feature = "full"), allow(dead_code, unused_imports))]
pub mod wait;
pub mod watch;

pub use batch::Batch;
pub use client::{Account, Builder, Target, Workspace};
pub use config::Config;
pub use error::{ApiError, Error, ErrorKind, Result};
#[cfg(any(feature = "data", all(feature = "files", feature = "workspace")))]
pub use local::LocalError;
/// What an upload sends: bytes, text, or a stream by [`Body::wrap_stream`]. A stream is sent once and
/// never tried again.
pub use reqwest::Body;
pub use services::*;

/// The README's examples, compiled.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The examples of `docs/data.md`, compiled.
#[cfg(all(doctest, feature = "cli", feature = "data"))]
#[doc = include_str!("../docs/data.md")]
pub struct Data;

/// The examples of the book, compiled.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../docs/sdk.md")]
pub struct Guide;
