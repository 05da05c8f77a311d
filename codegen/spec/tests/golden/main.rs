//! What the generator makes of documents: small ones, each about one trap, and whole services.

mod cut;
mod documents;
mod names;
mod runtime;
mod traps;
