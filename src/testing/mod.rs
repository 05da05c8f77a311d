//! For tests of programs that use this crate: a workspace that answers what was recorded.
//!
//! [`Recorder`] stands between a program and a real workspace and writes what they say to each other into
//! a file, a line of JSON each, without secrets. [`Replay`] answers from it, so that the test needs no
//! workspace, no network and no credentials. Lines are easily written by hand, too:
//!
//! ```
//! use databricks_toolkit::testing::{Exchange, Replay};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recorded = r#"
//! {"request": {"method": "GET", "path": "/api/2.2/jobs/get", "query": "job_id=7"}, "response": {"body": {"job_id": 7}}}
//! {"request": {"method": "GET", "path": "/api/2.2/jobs/get", "query": "job_id=8"}, "response": {"status": 404, "body": {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no job 8"}}}
//! "#;
//! let replay = Replay::start(Exchange::read(recorded)?).await?;
//! let workspace = replay.workspace()?;
//! # #[cfg(feature = "jobs")]
//! # {
//! assert_eq!(workspace.jobs().get().job_id(7).send().await?.job_id, Some(7));
//! assert!(workspace.jobs().get().job_id(8).send().await.is_err());
//! // That all of it was asked for, and nothing else.
//! replay.verify()?;
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! Where a test wants a workspace that behaves and not one that repeats, there is the sandbox, the crate
//! `databricks-sandbox`: it runs SQL, Python and jobs.
//!
//! ```text
//! let sandbox = databricks_sandbox::Sandbox::builder().start().await?;
//! let workspace = Workspace::builder().host(sandbox.url()).token(sandbox.token()).build()?;
//! ```

mod exchange;
mod record;
mod replay;
mod server;

use std::path::PathBuf;

pub use exchange::{Answer, Exchange, Request};
pub use record::Recorder;
pub use replay::{Mismatch, Replay};

/// Why nothing can be recorded or replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestingError {
    /// A line is no exchange.
    #[error("line {line} is no exchange: {source}")]
    Line {
        /// Its number, from one on.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody can listen on loopback.
    #[error("no server on loopback: {0}")]
    Server(#[from] std::io::Error),
}
