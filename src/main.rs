//! `databricks-mcp`: the MCP server and its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    databricks_toolkit::cli::main()
}
