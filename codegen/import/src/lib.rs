//! The importer: the official Python SDK's wheel → one OpenAPI 3.0.3 document per service.
//!
//! Databricks publishes no OpenAPI document, but its Python SDK is generated from one, so regularly that the
//! facts can be read back from its source text: method, path, parameters, fields, types, required-ness, enum
//! values, paging, waiters and long-running operations. Nothing of the wheel is imported or run, and no sentence
//! of its documentation is copied: docstrings are asked for two facts only, the pattern of a resource name and a
//! mark of deprecation.
//!
//! The way of the data: [`wheel`] → `python` (syntax) → `model` (classes) → `methods` (operations) → `paths`
//! (resource names) → `place` (one template per call) → `emit` (documents) → [`mod@validate`] → [`lock`] (files).
//! What the importer does not understand is an [`Error`] that names file, class, method and line; it never guesses.
//!
//! ```no_run
//! # fn main() -> Result<(), databricks_toolkit_import::Error> {
//! use databricks_toolkit_import as import;
//! let path = import::fetch("0.162.0", None)?;
//! let imported = import::import(&import::Wheel::open(&path, None)?)?;
//! let old = import::read(std::path::Path::new("openapi"))?;
//! println!("{}", import::drift(&old, &imported.documents, &[]));
//! import::write(&imported, std::path::Path::new("openapi"))?;
//! # Ok(())
//! # }
//! ```

mod answers;
mod clients;
mod components;
mod docstrings;
mod emit;
mod error;
mod methods;
mod model;
mod names;
mod paging;
mod paths;
mod place;
mod python;
mod query;
mod records;
mod scim;
mod statements;
mod types;
mod waiters;

pub mod drift;
pub mod lock;
pub mod report;
pub mod validate;
pub mod wheel;

use std::collections::BTreeMap;

use serde_json::Value;

pub use drift::{Curated, Drift, drift};
pub use error::{Error, Place, Problem, Result};
pub use lock::{Lock, check, read, write};
pub use report::Report;
pub use validate::validate;
pub use wheel::{Wheel, fetch, latest};

/// Documents by the name of their service, which is the name of their file without `.json`.
pub type Documents = BTreeMap<String, Value>;

/// What was read from a wheel.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Import {
    /// The version of the SDK.
    pub version: String,
    /// The wheel's SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// One OpenAPI document per service.
    pub documents: Documents,
    /// What was found, and what was left out and why.
    pub report: Report,
}

/// Reads all of the wheel's services into documents, and validates them.
pub fn import(wheel: &Wheel) -> Result<Import> {
    let world = model::World::read(wheel)?;
    let (documents, report) = emit::documents(&world)?;
    validate(&documents)?;
    Ok(Import { version: world.version, sha256: world.sha256, documents, report })
}
