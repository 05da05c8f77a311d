//! `#[derive(Toolset)]`: an enum whose variants are MCP tools.
//!
//! ```ignore
//! /// Start and stop clusters.
//! #[derive(Toolset)]
//! #[toolset(name = "clusters", document = "compute")]
//! pub enum Clusters {
//!     /// List clusters, newest first.
//!     #[tool(operation = "clusters_list", fields("page_size", "page_token"), defaults(page_size = 20))]
//!     ListClusters,
//!     /// Run a command and wait for its result.
//!     #[tool(effect = write)]
//!     RunCommand(RunCommand),
//! }
//! ```
//!
//! `answer("…")` names the fields of the answer that are shown unless the caller names others; the tool's output schema
//! has these. `untrusted("…")` names those whose content others wrote.
//!
//! A variant without a payload is one operation of a document: its schema is lowered here, at
//! compile time, and its call goes through the generated builder. A variant with a payload is a
//! tool of several calls: the payload's type gives the schema (schemars) and makes the calls. The
//! doc comment is the tool's description.
//!
//! Everything a variant says is checked against the document; a mistake is a compile error at the
//! very word, with the nearest name suggested.

mod attributes;
mod expand;
mod operation;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes an enum a toolset: see the crate's documentation.
#[proc_macro_derive(Toolset, attributes(toolset, tool))]
pub fn derive_toolset(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::toolset(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}
