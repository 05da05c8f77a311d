//! The flags that choose the tools and say what they may do, over the settings file.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use toml::Spanned;

use super::Failure;
use super::file::File;
#[cfg(feature = "data")]
use crate::mcp::ResultFolder;
use crate::mcp::{ANSWER_TOKENS, Destructive, Limits, Policy, Registry, Selection, SqlLimits, Terms};

/// Which tools, and what they may do.
#[derive(Debug, Clone, Args)]
pub(super) struct Choice {
    /// A settings file (TOML) with what these flags say, and with rules for calls.
    #[arg(long, env = "DATABRICKS_MCP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Toolsets to have, such as sql,jobs; `all` is every one, `default` the usual tools [default: default].
    #[arg(long, value_delimiter = ',', env = "DATABRICKS_MCP_TOOLSETS", value_name = "NAMES")]
    toolsets: Vec<String>,
    /// Tools to have beside those of the toolsets.
    #[arg(long, value_delimiter = ',', env = "DATABRICKS_MCP_TOOLS", value_name = "NAMES")]
    tools: Vec<String>,
    /// Tools not to have. read_answer, which reads what other answers leave out, is there unless it is named here.
    #[arg(long, value_delimiter = ',', env = "DATABRICKS_MCP_EXCLUDE_TOOLS", value_name = "NAMES")]
    exclude_tools: Vec<String>,
    /// Have only tools that read, whatever else is said. execute_sql and api_call stay, for calls that only read;
    /// run_code, of which nobody can tell, does not. No flag takes back what the settings file says.
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

/// Where results go that are no answers.
#[cfg(feature = "data")]
#[derive(Debug, Clone, Args)]
pub(super) struct Results {
    /// Folder for results that are too large for an answer, or that a call wants as a file. Unless set: for `serve` a
    /// temporary one that is gone with the server, for `call` the current one.
    #[arg(long, env = "DATABRICKS_MCP_RESULT_FOLDER", value_name = "FOLDER")]
    result_folder: Option<PathBuf>,
}

#[cfg(feature = "data")]
impl Results {
    /// The folder, if one is named.
    pub(super) fn folder(&self) -> Result<Option<ResultFolder>, Failure> {
        let named = |folder: &PathBuf| {
            let name = folder.display();
            ResultFolder::named(folder)
                .map_err(|error| format!("--result-folder `{name}` cannot be used: {error}"))
        };
        Ok(self.result_folder.as_ref().map(named).transpose()?)
    }
}

/// The flags over the file.
pub(super) struct Chosen {
    selection: Selection,
    file: File,
}

impl Choice {
    /// What is wanted in all.
    pub(super) fn load(&self) -> Result<Chosen, Failure> {
        let file = match &self.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let selection = Selection {
            toolsets: over(&self.toolsets, &file.toolsets),
            tools: over(&self.tools, &file.tools),
            exclude: over(&self.exclude_tools, &file.exclude_tools),
            read_only: self.read_only || file.read_only,
        };
        Ok(Chosen { selection, file })
    }

    /// The settings file.
    pub(super) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

impl Chosen {
    /// The tools; where nothing was said, the default ones.
    pub(super) fn registry(&self) -> Result<Registry, Failure> {
        Ok(Registry::select(&self.selection)?)
    }

    /// The same, but where nothing was said every tool there is.
    pub(super) fn registry_or_all(&self) -> Result<Registry, Failure> {
        match self.selection.is_default() {
            true => Ok(Registry::select(&Selection::all())?),
            false => self.registry(),
        }
    }

    /// What calls may do. On the command line a person has said what they want: there `otherwise` is to allow it.
    pub(super) fn policy(&self, destructive: Option<Destructive>, otherwise: Destructive) -> Policy {
        Policy {
            read_only: self.selection.read_only,
            destructive: destructive.or(self.file.destructive).unwrap_or(otherwise),
            rules: self.file.rules.clone(),
        }
    }

    /// How long calls may take.
    pub(super) fn limits(&self, longest: Option<u64>) -> Limits {
        let mut limits = Limits::default();
        if let Some(seconds) = longest.or(self.file.tool_timeout.map(NonZeroU64::get)) {
            limits.longest = Duration::from_secs(seconds);
        }
        let by_tool = self.file.tool_timeouts.iter();
        limits.by_tool = by_tool
            .map(|(tool, seconds)| (tool.as_ref().to_owned(), Duration::from_secs(seconds.get())))
            .collect();
        limits
    }

    /// What calls of a server may do and cost.
    pub(super) fn terms(&self, destructive: Option<Destructive>, answer_tokens: Option<usize>) -> Terms {
        let tokens = answer_tokens.or(self.file.answer_tokens.map(|tokens| tokens.0));
        Terms {
            policy: self.policy(destructive, Destructive::Ask),
            sql_limits: self.sql_limits(),
            answer_tokens: Some(tokens.unwrap_or(ANSWER_TOKENS)),
        }
    }

    /// What SQL statements may cost.
    pub(super) fn sql_limits(&self) -> SqlLimits {
        self.file.sql.clone()
    }

    /// The profiles that the file names.
    pub(super) fn profiles(&self) -> &[String] {
        &self.file.profiles
    }
}

/// What the flag says, or else the file.
fn over(flag: &[String], file: &[Spanned<String>]) -> Vec<String> {
    let flag = words(flag);
    if flag.is_empty() { file.iter().map(|word| word.get_ref().clone()).collect() } else { flag }
}

/// Without blanks, and without what a comma at the end or an empty variable leaves.
fn words(given: &[String]) -> Vec<String> {
    given.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
