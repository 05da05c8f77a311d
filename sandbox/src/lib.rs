//! A Databricks workspace in a process.
//!
//! [`Sandbox`] serves the workspace's REST API on a loopback port, so that whatever speaks to Databricks – this
//! repository's SDK, the official ones, `curl` – can be run and tested without an account. It does what it says: SQL
//! runs in an engine, Python in an interpreter, files are files, and clusters and jobs move through their states on a
//! [`Clock`] that a test can step. What it does not emulate answers 501 and says so.
//!
//! ```no_run
//! # async fn run() -> Result<(), databricks_sandbox::Error> {
//! let sandbox = databricks_sandbox::Sandbox::builder().start().await?;
//! println!("{} {}", sandbox.url(), sandbox.token());
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # No security boundary
//!
//! Python that is sent to the sandbox runs as the user who started it, with that user's rights. The bearer token and the
//! loopback address keep other users of the machine out; they do not contain the code you send.

mod api;
mod clock;
mod error;
mod ids;
mod notebook;
mod python;
mod query;
mod sandbox;
mod server;
#[cfg(feature = "sql")]
pub mod sql;
mod state;
mod store;

pub use clock::Clock;
pub use error::Error;
pub use sandbox::{Builder, Sandbox};
