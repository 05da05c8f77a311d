//! The tools, one file a toolset.
//!
//! To add one that is an operation, add a variant: name the operation and say what it is for. To
//! add one of several calls, give the variant a payload and implement [`Compound`](super::Compound)
//! for it.

mod api;
mod catalog;
mod clusters;
mod commands;
mod files;
mod identity;
mod jobs;
mod sql;
mod workspace;

pub use api::{Api, ApiCall, ApiDescribe, ApiSearch};
pub use catalog::Catalog;
pub use clusters::Clusters;
pub use commands::{
    Commands, CreateExecutionContext, DestroyExecutionContext, ExecuteCommand, GetCommand, RunCode,
};
pub use files::{Files, ListFiles, ReadFile, WriteFile};
pub use identity::Identity;
pub use jobs::{Jobs, WaitForRun};
pub use sql::{ExecuteSql, GetStatement, Sql};
pub use workspace::{ReadWorkspaceFile, Workspace, WriteWorkspaceFile};

use super::{ToolSpec, Toolset};

/// All tools, in the order in which clients see them.
pub(crate) fn all() -> Vec<ToolSpec> {
    [
        Sql::tools(),
        Catalog::tools(),
        Clusters::tools(),
        Commands::tools(),
        Jobs::tools(),
        Workspace::tools(),
        Files::tools(),
        Identity::tools(),
        Api::tools(),
    ]
    .concat()
}
