//! What the generator makes of documents: small ones, each about one trap, and whole services, against which the
//! exchanges of others are held.

// A helper of a test fails as the test does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cut;
mod documents;
mod exchanges;
mod names;
mod runtime;
mod traps;
