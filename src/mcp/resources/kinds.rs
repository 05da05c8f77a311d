//! The kinds of resources, as data.

use crate::mcp::names::List;

/// A kind of resource, and the tool that reads it.
pub(super) struct Kind {
    /// The first part of the address.
    pub(super) name: &'static str,
    pub(super) template: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) mime: &'static str,
    pub(super) tool: &'static str,
    /// The variable of the template, which is the argument of the tool.
    pub(super) argument: &'static str,
    pub(super) id: Id,
    pub(super) shown: Shown,
    /// How long a client may keep what it read.
    pub(super) fresh_ms: u64,
}

/// What stands in the address.
pub(super) enum Id {
    Text,
    /// A path of the workspace, without its first slash.
    Path,
    Number,
    /// An id or a name.
    Named(List),
    /// A number or a name.
    NumberNamed(List),
}

/// What is shown of the tool's answer.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    /// All, as JSON.
    Json,
    /// One field as it is; another tells what it is.
    Field { text: &'static str, file_type: &'static str },
}

const JSON: &str = "application/json";

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "table",
        template: "databricks://table/{full_name}",
        title: "Table or view",
        description: "Columns with types and comments, keys, owner, format and properties of catalog.schema.table.",
        mime: JSON,
        tool: "describe_table",
        argument: "full_name",
        id: Id::Text,
        shown: Shown::Json,
        fresh_ms: 60_000,
    },
    Kind {
        name: "notebook",
        template: "databricks://notebook/{+path}",
        title: "Notebook or file",
        description: "Source of a notebook, text of a file of the workspace, by its path.",
        mime: "text/plain",
        tool: "read_workspace_file",
        argument: "path",
        id: Id::Path,
        shown: Shown::Field { text: "content", file_type: "file_type" },
        fresh_ms: 5_000,
    },
    Kind {
        name: "job",
        template: "databricks://job/{job_id}",
        title: "Job",
        description: "Tasks, schedule, parameters and compute of a job, by its id or name.",
        mime: JSON,
        tool: "get_job",
        argument: "job_id",
        id: Id::NumberNamed(List::Jobs),
        shown: Shown::Json,
        fresh_ms: 60_000,
    },
    Kind {
        name: "run",
        template: "databricks://run/{run_id}",
        title: "Run of a job",
        description: "State of a run and of each task; error, trace and end of the log of those that failed.",
        mime: JSON,
        tool: "explain_run",
        argument: "run_id",
        id: Id::Number,
        shown: Shown::Json,
        fresh_ms: 5_000,
    },
    Kind {
        name: "cluster",
        template: "databricks://cluster/{cluster_id}",
        title: "Cluster",
        description: "State, size, runtime and settings of a cluster, by its id or name.",
        mime: JSON,
        tool: "get_cluster",
        argument: "cluster_id",
        id: Id::Named(List::Clusters),
        shown: Shown::Json,
        fresh_ms: 5_000,
    },
];

/// The media type of a file of the workspace.
pub(super) fn mime(file_type: &str) -> &'static str {
    match file_type.to_ascii_lowercase().as_str() {
        "py" | "python" => "text/x-python",
        "sql" => "application/sql",
        "scala" => "text/x-scala",
        "r" => "text/x-r",
        "md" => "text/markdown",
        "json" => JSON,
        "ipynb" | "jupyter" => "application/x-ipynb+json",
        "yml" | "yaml" => "application/yaml",
        _ => "text/plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::{Effect, toolsets};

    #[test]
    fn each_kind_is_read_by_a_tool_that_only_reads_and_takes_its_variable() {
        for kind in KINDS {
            let all = toolsets::all();
            let spec = all.iter().find(|spec| spec.name == kind.tool).unwrap();
            assert_eq!(spec.effect, Effect::Read, "{}", kind.name);
            let schema = spec.input_schema();
            assert_eq!(schema["required"], serde_json::json!([kind.argument]), "{}", kind.name);
            let variable = kind.template.split(['{', '}']).nth(1).unwrap().trim_start_matches('+');
            assert_eq!(variable, kind.argument);
            assert!(kind.template.starts_with(&format!("databricks://{}/", kind.name)));
        }
    }
}
