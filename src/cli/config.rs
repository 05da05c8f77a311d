//! `config`: what can be set, and whether a settings file can be used.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::file::File;
use super::output::{Format, Output};
use super::{Failure, settings};

/// Options of `config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp config list
  databricks-mcp config schema > settings.schema.json
  databricks-mcp config check settings.toml")]
pub(super) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List all settings of the server: flag, variable, key of the file, and what it says.
    List(Output),
    /// Print the JSON schema of the settings file, for editors.
    Schema,
    /// Say whether a settings file can be used; what is wrong is named with line and column.
    Check {
        /// The file.
        file: PathBuf,
    },
}

impl Config {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.what {
            What::List(output) => {
                let rows = settings::all().iter().map(settings::Setting::row).collect();
                output.print(&Value::Array(rows), Format::Table)
            }
            What::Schema => super::say(serde_json::to_string_pretty(&settings::schema())?),
            What::Check { file } => {
                File::read(&file)?;
                super::say(format_args!("{} can be used", file.display()))
            }
        }
    }
}
