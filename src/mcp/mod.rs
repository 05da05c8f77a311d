//! The MCP server: tools over the generated client.
//!
//! The way of a call: arguments → validated against the tool's schema → operation → typed call →
//! shaped to what an agent can take → answer. A toolset is an enum with `#[derive(Toolset)]`; the
//! macro lowers schemas and writes the dispatch, see [`toolsets`].

mod answer;
mod api;
mod arguments;
mod completions;
mod confirm;
mod context;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod limits;
#[cfg(feature = "http")]
pub mod metrics;
mod names;
mod observe;
mod policy;
mod poll;
mod prompts;
mod registry;
mod resources;
#[cfg(feature = "data")]
mod result_folder;
mod selection;
mod server;
pub(crate) mod sql_effect;
mod sql_limits;
mod stdio;
mod tool;
pub mod toolsets;
mod validate;
mod view;
mod workspaces;

pub use answer::{ANSWER_TOKENS, Answer, Fitted, KeptAnswer, LEAST_ANSWER_TOKENS, LeftOut, Picture};
#[cfg(feature = "cli")]
pub(crate) use answer::{LEFT_OUT, UNTRUSTED};
pub use api::effect_of;
pub use arguments::Arguments;
pub use context::{App, Context, Progress, Terms};
pub use error::ToolError;
pub use limits::Limits;
pub use observe::{ToolEnded, ToolObserver, ToolOutcome};
pub use policy::{Decision, Destructive, Pattern, PatternError, Policy, Rule};
pub use registry::Registry;
#[cfg(feature = "data")]
pub use result_folder::ResultFolder;
pub use selection::{Selection, SelectionError};
pub(crate) use server::described;
pub use server::{Server, serve_stdio};
pub use sql_limits::SqlLimits;
pub use tool::{Compound, Each, Effect, Schema, ToolFuture, ToolSpec, Toolset};
pub use workspaces::Workspaces;

#[doc(hidden)]
pub use answer::Projection;
#[doc(hidden)]
pub use tool::{derived_output, derived_schema};
