//! `completions` and `man`: what a shell and a manual know about the command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure};

/// Options of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp completions bash > ~/.local/share/bash-completion/completions/databricks-mcp
  databricks-mcp completions zsh > ~/.zfunc/_databricks-mcp
  databricks-mcp completions fish > ~/.config/fish/completions/databricks-mcp.fish")]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "databricks-mcp", &mut script);
        super::say(String::from_utf8(script)?.trim_end())
    }
}

/// Options of `man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder to write the pages to, one a command.
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> Result<(), Failure> {
        let failed = |error| format!("the pages cannot be written to {}: {error}", self.folder.display());
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        clap_mangen::generate_to(Cli::command(), &self.folder).map_err(failed)?;
        Ok(())
    }
}
