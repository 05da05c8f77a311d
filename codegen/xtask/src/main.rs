//! The one entrance for maintainers.
fn main() {}
