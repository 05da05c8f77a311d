//! Why the catalog refused. SQL and REST word the same refusal differently, so it stays typed until then.

use std::io;

use super::object::Kind;

/// A refusal of the catalog.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CatalogError {
    /// There is no such object.
    #[error("{kind} '{name}' does not exist.")]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// Its full name.
        name: String,
    },
    /// The name is taken.
    #[error("{kind} '{name}' already exists")]
    AlreadyExists {
        /// What was to be made.
        kind: Kind,
        /// Its full name.
        name: String,
    },
    /// It still holds other objects.
    #[error("{kind} '{name}' is not empty")]
    NotEmpty {
        /// What was to be removed.
        kind: Kind,
        /// Its full name.
        name: String,
    },
    /// The text cannot be a name.
    #[error("'{name}' is not a valid name: {problem}")]
    InvalidName {
        /// The text.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The catalog is part of the sandbox itself.
    #[error("the catalog '{catalog}' is read-only")]
    ReadOnly {
        /// The catalog's name.
        catalog: String,
    },
    /// The folder cannot be read or written.
    #[error("the catalog's folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

impl CatalogError {
    pub(super) fn not_found(kind: Kind, name: impl ToString) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    pub(super) fn exists(kind: Kind, name: impl ToString) -> Self {
        Self::AlreadyExists { kind, name: name.to_string() }
    }

    pub(super) fn not_empty(kind: Kind, name: impl ToString) -> Self {
        Self::NotEmpty { kind, name: name.to_string() }
    }

    /// Whether it says that something is missing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
