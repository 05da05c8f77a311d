//! Reads the vendored documents.
