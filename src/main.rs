//! The MCP server and command line.
fn main() {}
