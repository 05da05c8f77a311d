//! What can be wrong with a document or an overlay, always with the place.

use std::path::PathBuf;

/// The result of reading or rewriting a document.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with a document, an overlay, or the wish to use an operation of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A document is not JSON.
    #[error("{}: not a JSON document", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// An overlay is not YAML of the shape that OpenAPI Overlay 1.0 gives.
    #[error("{}: not an OpenAPI overlay: {message}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Where and why, as the parser words it.
        message: String,
    },
    /// An overlay does not fit its document.
    #[error("{}: action {action} ({target}): {message}", path.display())]
    Overlay {
        /// The overlay's file.
        path: PathBuf,
        /// Which action, from 1.
        action: usize,
        /// Its target.
        target: String,
        /// What does not fit.
        message: String,
    },
    /// A document uses something that the generator does not know.
    #[error("{document}: {place}: {message}")]
    Unsupported {
        /// The document's name.
        document: String,
        /// Where in it.
        place: String,
        /// What is not known, and what is.
        message: String,
    },
    /// Two things of a document would get the same name in Rust.
    #[error("{document}: {first} and {second} would both be called {name} in Rust")]
    Clash {
        /// The document's name.
        document: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The name.
        name: String,
    },
    /// A name that the document does not have.
    #[error("{document} has no {kind} `{name}`{}", suggestion(near))]
    Unknown {
        /// The document's name.
        document: String,
        /// What kind of thing was looked for.
        kind: &'static str,
        /// The name.
        name: String,
        /// The nearest names that exist.
        near: Vec<String>,
    },
    /// A field that a tool exposes does not say what it is.
    #[error("{place} has no description; add one to openapi/overlays/{document}.yaml")]
    Undescribed {
        /// The document's name.
        document: String,
        /// Which field.
        place: String,
    },
    /// Progenitor refuses the normalised document.
    #[error("{document}: progenitor: {message}")]
    Progenitor {
        /// The document's name.
        document: String,
        /// What it says.
        message: String,
    },
    /// Generated code does not have the shape that the refine pass expects.
    #[error("{document}: refine: {place}: {message}")]
    Refine {
        /// The document's name.
        document: String,
        /// Which generated item.
        place: String,
        /// What was expected of it.
        message: String,
    },
}

fn suggestion(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        many => format!("; did you mean one of `{}`?", many.join("`, `")),
    }
}

impl Error {
    /// An unknown name among those that exist, with the nearest of them suggested.
    pub fn unknown<'a>(
        document: &str,
        kind: &'static str,
        name: &str,
        existing: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Error::Unknown {
            document: document.to_owned(),
            kind,
            name: name.to_owned(),
            near: crate::names::nearest(name, existing),
        }
    }
}
