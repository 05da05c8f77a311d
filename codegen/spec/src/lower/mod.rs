//! One operation as the JSON Schema of a tool: inlined, closed, every field described.
//!
//! Agents' clients stumble over `$ref`, over combinators at the root and over bare booleans, so a
//! tool's schema has none of them: what the document names is written out in place.

mod answers;
mod inputs;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use self::answers::{answer, output};
pub use self::inputs::input;

/// Which part of an operation a tool exposes.
#[derive(Debug, Default, Clone)]
pub struct Exposure {
    /// Dotted paths of parameters and body fields, through lists and maps alike; all where empty.
    pub fields: Vec<String>,
    /// Values for what the caller leaves out.
    pub defaults: BTreeMap<String, Value>,
}

/// An operation lowered to a tool.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The input schema: an object with `properties`.
    pub schema: Map<String, Value>,
    /// The exposed parameters of path, query and header.
    pub parameters: Vec<LoweredParameter>,
    /// The Rust name of the body's type, relative to the module's `types`.
    pub body: Option<String>,
}

/// A parameter as the builder takes it.
#[derive(Debug, Clone)]
pub struct LoweredParameter {
    /// The name in JSON and on the wire.
    pub name: String,
    /// The builder's setter.
    pub setter: String,
    /// The Rust type, where `types::X` is relative to the module.
    pub rust_type: String,
}
