//! The tools, one file a toolset.
//!
//! To add one that is an operation, add a variant: name the operation and say what it is for. To
//! add one of several calls, give the variant a payload and implement [`Compound`](super::Compound)
//! for it. A tool that is renamed gets a line in `RENAMED`.

mod access;
mod answers;
mod api;
mod apps;
mod ask_genie;
mod catalog;
mod clusters;
mod commands;
mod dashboards;
mod database;
mod describe;
mod explain;
mod files;
mod find;
mod genie;
mod identity;
mod jobs;
mod ml;
mod output;
mod pipelines;
mod runs;
mod secrets;
mod serving;
#[cfg(feature = "data")]
mod spill;
mod sql;
mod starts;
mod statements;
mod tasks;
mod vector_search;
mod workspace;

pub use access::{UpdateGrants, UpdatePermissions};
pub use answers::{Answers, ReadAnswer};
pub use api::{Api, ApiCall, ApiDescribe, ApiSearch};
pub use apps::Apps;
pub use ask_genie::AskGenie;
pub use catalog::Catalog;
pub use clusters::Clusters;
pub use commands::{
    Commands, CreateExecutionContext, DestroyExecutionContext, ExecuteCommand, GetCommand, RunCode,
};
pub use dashboards::Dashboards;
pub use database::Database;
pub use describe::DescribeTable;
pub use explain::ExplainRun;
pub use files::{Files, ListFiles, ReadFile, WriteFile};
pub use find::FindByName;
pub use genie::Genie;
pub use identity::Identity;
pub use jobs::Jobs;
pub use ml::Ml;
pub use output::CommandAnswer;
pub use pipelines::Pipelines;
pub use runs::WaitForRun;
pub use secrets::Secrets;
pub use serving::Serving;
pub use sql::Sql;
pub use starts::{StartCluster, StartWarehouse};
pub use statements::{ExecuteSql, GetStatement};
pub use tasks::{CreateJob, SubmitRun};
pub use vector_search::VectorSearch;
pub use workspace::{ReadWorkspaceFile, Workspace, WriteWorkspaceFile};

use schemars::JsonSchema;
use serde::Serialize;

use super::{ToolSpec, Toolset};

/// What was done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {
    done: &'static str,
}

impl Done {
    fn new(done: &'static str) -> Self {
        Self { done }
    }
}

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
        Secrets::tools(),
        Pipelines::tools(),
        Serving::tools(),
        Genie::tools(),
        Dashboards::tools(),
        Ml::tools(),
        VectorSearch::tools(),
        Apps::tools(),
        Database::tools(),
        Answers::tools(),
        Api::tools(),
    ]
    .concat()
}

/// Tools that have another name than before: old, new. Calls and flags know both.
const RENAMED: &[(&str, &str)] = &[
    #[cfg(test)]
    ("run_python", "run_code"),
];

/// The tool that notes of what was left out name; so it is there whatever else is chosen.
pub(crate) const READ_ANSWER: &str = "read_answer";

/// The tools that say of themselves that they take `max_tokens`, which all do.
pub(crate) const SIZED: &[&str] = &[READ_ANSWER];

/// The tools of the default list that take `fields` without saying so, since all others of it have to stay within its
/// tokens: `left_out` of their answers tells.
pub(crate) const UNSAID: &[&str] =
    &["list_warehouses", "list_catalogs", "list_schemas", "list_workspace", "who_am_i", "get_run_output"];

/// The name that a tool has now.
pub(crate) fn current_name(name: &str) -> &str {
    RENAMED.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| *new)
}

/// The tools of a server that is told nothing else: the common path, within 6,000 tokens.
pub(crate) const DEFAULT: &[&str] = &[
    // sql
    "execute_sql",
    "get_statement",
    "list_warehouses",
    // catalog
    "list_catalogs",
    "list_schemas",
    "list_tables",
    "describe_table",
    "find_by_name",
    // clusters
    "list_clusters",
    "get_cluster",
    "create_cluster",
    "start_cluster",
    "terminate_cluster",
    // commands
    "run_code",
    "create_execution_context",
    "execute_command",
    "get_command",
    "destroy_execution_context",
    // jobs
    "list_jobs",
    "get_job",
    "create_job",
    "delete_job",
    "run_job",
    "submit_run",
    "list_runs",
    "get_run",
    "wait_for_run",
    "get_run_output",
    "explain_run",
    "cancel_run",
    // workspace
    "list_workspace",
    "read_workspace_file",
    "write_workspace_file",
    "delete_workspace_object",
    // files
    "list_files",
    "read_file",
    "write_file",
    // identity
    "who_am_i",
    // answers
    READ_ANSWER,
    // all the rest
    "api_search",
    "api_describe",
    "api_call",
];
