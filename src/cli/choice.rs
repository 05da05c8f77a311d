//! The flags that choose the tools.

use clap::Args;

use super::Failure;
use crate::mcp::{Registry, Selection};

/// Which tools.
#[derive(Debug, Clone, Args)]
pub(super) struct Choice {
    /// Toolsets to have, such as sql,jobs; `all` is every one, `default` the usual tools [default: default].
    #[arg(long, value_delimiter = ',', env = "DATABRICKS_MCP_TOOLSETS", value_name = "NAMES")]
    toolsets: Vec<String>,
    /// Tools to have beside those of the toolsets.
    #[arg(long, value_delimiter = ',', env = "DATABRICKS_MCP_TOOLS", value_name = "NAMES")]
    tools: Vec<String>,
    /// Tools not to have. read_answer, which reads what other answers leave out, is there unless it is named here.
    #[arg(long, value_delimiter = ',', env = "DATABRICKS_MCP_EXCLUDE_TOOLS", value_name = "NAMES")]
    exclude_tools: Vec<String>,
    /// Have only tools that read, whatever else is said. Leaves out execute_sql and run_code too, which can write.
    #[arg(
        long,
        env = "DATABRICKS_MCP_READ_ONLY",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true,
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    read_only: bool,
}

impl Choice {
    /// The tools of the flags; without any, the default ones.
    pub(super) fn registry(&self) -> Result<Registry, Failure> {
        Ok(Registry::select(&self.selection())?)
    }

    /// The same, but without any flag every tool there is.
    pub(super) fn registry_or_all(&self) -> Result<Registry, Failure> {
        let chosen = self.selection();
        let chosen = if chosen.is_default() { Selection::all() } else { chosen };
        Ok(Registry::select(&chosen)?)
    }

    /// Whether only reads are wanted.
    pub(super) fn read_only(&self) -> bool {
        self.read_only
    }

    fn selection(&self) -> Selection {
        Selection {
            toolsets: words(&self.toolsets),
            tools: words(&self.tools),
            exclude: words(&self.exclude_tools),
            read_only: self.read_only,
        }
    }
}

/// Without blanks, and without what a comma at the end or an empty variable leaves.
fn words(given: &[String]) -> Vec<String> {
    given.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
