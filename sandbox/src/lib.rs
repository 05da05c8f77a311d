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
//! # What is there
//!
//! | area | what it does | what it does not |
//! |---|---|---|
//! | clusters | all states on the clock, autotermination, events, pages and filters | no Spark runs on them |
//! | warehouses | all states, auto stop; statements start a stopped one | |
//! | statements, Unity Catalog | SQL on DataFusion; catalogs, schemas, tables, volumes | needs the feature `sql` |
//! | command execution 1.2 | Python in a process per context, SQL on the engine | Scala and R |
//! | workspace | notebooks and files; SOURCE, JUPYTER, AUTO and RAW | HTML, DBC and whole folders |
//! | DBFS, files of volumes | whole, in parts, in ranges | |
//! | jobs | notebook, Python file, SQL file, condition, run-job and for-each tasks; schedules, retries, timeouts, queue, repair | triggers other than schedules and periods |
//! | identity | users, groups, service principals, tokens, OAuth for machines, permissions, grants | single sign-on |
//! | secrets, experiments, model registry | whole | artifacts |
//! | pools, policies, pipelines, serving, dashboards, alerts, apps, sharing, settings, the account | kept, checked, listed | what they would do |
//!
//! `docs/sandbox.md` of the repository says it for every API, in a table made from the API's documents.
//!
//! Notebooks find `dbutils.widgets`, `dbutils.fs`, `dbutils.notebook.exit`, `dbutils.jobs.taskValues`, `display`, and the
//! paths `/Volumes`, `/Workspace` and `/dbfs` (for whatever opens files by Python's own functions). There is no `spark`.
//!
//! # No security boundary
//!
//! Python that is sent to the sandbox runs as the user who started it, with that user's rights. The bearer token and the
//! loopback address keep other users of the machine out; they do not contain the code you send.

mod access;
mod api;
mod archive;
mod clock;
mod error;
mod ids;
mod notebook;
mod python;
mod query;
mod sandbox;
mod server;
mod spec;
#[cfg(feature = "sql")]
pub mod sql;
mod state;
mod store;

pub use archive::{export, import};
pub use clock::Clock;
pub use error::Error;
pub use sandbox::{Builder, Sandbox};
