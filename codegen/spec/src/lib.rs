//! From a vendored OpenAPI document to code and to tool schemas.
//!
//! The way of the data, one module a step:
//!
//! 1. [`Document`] reads a file of `openapi/`, [`Overlay`] lays our own descriptions over it.
//! 2. [`normalise`] rewrites the document into the subset that the generator gets right.
//! 3. `generate` (feature of the same name) runs progenitor over it and refines what comes out.
//! 4. [`lower`] turns one operation into the JSON Schema of a tool.
//! 5. [`pack`] writes all operations small, for the tools that reach any of them.
//!
//! Every step is a function of its input alone: no step reads a clock, the network or another
//! step's files, so that the same documents always give the same code.

mod api;
mod document;
mod error;
#[cfg(feature = "generate")]
mod generate;
pub mod lower;
pub mod names;
pub mod normalise;
mod overlay;
pub mod pack;
#[cfg(feature = "generate")]
pub mod refine;
/// Whether the name of a field says that it holds a secret.
pub mod secret;
/// Where the search for a token begins in the table of a vocabulary.
pub mod slot;
pub mod vocabulary;

pub use api::{Api, Level};
pub use document::{Document, Operation, Parameter, ParameterPlace};
pub use error::{Error, Result};
#[cfg(feature = "generate")]
pub use generate::generate;
pub use overlay::Overlay;

/// The rule for [secret names](secret) as code, for the build to copy to where it is needed.
pub const SECRET_RULE: &str = include_str!("secret.rs");

/// The rule for [places of tokens](slot) as code, likewise.
pub const SLOT_RULE: &str = include_str!("slot.rs");
