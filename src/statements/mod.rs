//! SQL statements whose results may have any size: submitted, waited for, streamed, and cancelled
//! when nobody waits any more.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace) -> databricks_toolkit::Result<()> {
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Trip {
//!     pickup_zip: i32,
//!     fare_amount: f64,
//! }
//!
//! let mut trips = workspace
//!     .statement("SELECT pickup_zip, fare_amount FROM samples.nyctaxi.trips WHERE fare_amount > :least")
//!     .warehouse("1234567890abcdef")
//!     .param("least", 10)
//!     .execute()
//!     .await?
//!     .rows::<Trip>();
//! while let Some(trip) = trips.next().await {
//!     let trip = trip?;
//!     println!("{} {}", trip.pickup_zip, trip.fare_amount);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A result comes in chunks. Those of a large one lie in the cloud's storage, where the service
//! gives addresses to that are good for some minutes: they are fetched ahead, some at a time, each
//! checked before it is read, and asked for anew when an address has expired. They are never sent
//! our credentials. What is in memory at once is the chunks in flight, whatever the size of the
//! result.

#[cfg(feature = "data")]
pub mod arrow;
mod chunk;
mod de;
#[cfg(test)]
mod de_tests;
mod error;
mod fetch;
mod parameter;
mod request;
mod results;
mod run;
mod script;
mod text;
mod types;
mod value;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use de::Row;
pub use error::{StatementError, StatementReason};
pub use parameter::{IntoParameter, Parameter};
pub use request::{Delivery, Statement};
pub use results::Results;
#[cfg(all(feature = "data", feature = "mcp"))]
pub(crate) use run::says_too_large;
pub use script::split;
pub use types::{Column, SqlType};
pub use value::Value;

/// How far a statement is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Progress {
    /// The state, as the service names it: `PENDING`, `RUNNING`, `SUCCEEDED`.
    pub state: String,
    /// The time since the statement was submitted.
    pub elapsed: Duration,
    /// Rows that were read.
    pub rows: u64,
    /// Rows of the whole result, where that is known already.
    pub total_rows: Option<u64>,
    /// Bytes that were fetched.
    pub bytes: u64,
    /// Chunks that were read.
    pub chunks: u64,
    /// Chunks of the whole result, where that is known already.
    pub total_chunks: Option<u64>,
}

/// Who is told how far it is.
#[derive(Clone)]
struct Listener(Arc<dyn Fn(&Progress) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}
