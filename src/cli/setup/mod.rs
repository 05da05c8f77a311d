//! `setup`: puts the server into the settings of a client.
//!
//! The client's file keeps all that is not ours. What is written is a command and, at most, the name of a
//! profile or of variables: a file that is copied and committed is no place for a token.

mod clients;
mod editor;
pub(super) mod files;
pub(super) mod hidden;
mod json;
mod toml;

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::{Args, Parser};
use similar::{ChangeTag, TextDiff};

use super::{Cli, Failure, Usage};
use clients::{Client, Entry};

/// Set by a launcher such as that of npm: the words that start it, since what it started lies in a cache.
const LAUNCHER: &str = "DATABRICKS_MCP_LAUNCHER";

/// Options of `setup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp setup claude-desktop --profile work
  databricks-mcp setup cursor --print -- --toolsets sql,jobs --read-only
  databricks-mcp setup vscode --project --env DATABRICKS_HOST,DATABRICKS_TOKEN
  databricks-mcp setup codex --remove

The file that was there is kept beside the new one, as FILE.<time>.bak. No token is ever written: the client gets the
name of a profile of ~/.databrickscfg, or names of variables that it hands on.")]
pub(super) struct Setup {
    /// The client.
    #[arg(value_enum)]
    client: Client,
    /// The profile of .databrickscfg that the server uses.
    #[arg(long, value_name = "NAME", conflicts_with = "env")]
    profile: Option<String>,
    /// Names of variables that the client hands on to the server, such as DATABRICKS_HOST,DATABRICKS_TOKEN.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    env: Vec<String>,
    /// Write the file of the project in this folder instead of the user's.
    #[arg(long)]
    project: bool,
    /// Write this file instead of the one where the client looks.
    #[arg(long, value_name = "FILE", conflicts_with = "project")]
    file: Option<PathBuf>,
    /// What the server is called in the client.
    #[arg(long, default_value = "databricks", value_name = "NAME")]
    name: String,
    /// The program to start; this very one unless set.
    #[arg(long, value_name = "PATH")]
    command: Option<String>,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    print: bool,
    /// Take the server out again.
    #[arg(long, conflicts_with_all = ["profile", "env", "command", "serve"])]
    remove: bool,
    /// Options of `serve`, after `--`.
    #[arg(last = true, value_name = "OPTIONS OF SERVE")]
    serve: Vec<String>,
}

/// The name of a variable. Its value would be a secret in a file; and clap, which shows what it refuses, would show it.
fn variable(name: &str) -> Result<String, String> {
    let name = name.trim();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    match name.split_once('=') {
        Some((name, _)) => {
            Err(format!("name the variable alone, `{name}`: its value is not written into a file"))
        }
        None if name.is_empty() || !name.chars().all(fits) => {
            Err("a variable's name has letters, digits and underscores".to_owned())
        }
        None => Ok(name.to_owned()),
    }
}

impl Setup {
    pub(super) fn run(self) -> Result<(), Failure> {
        let file = match &self.file {
            Some(file) => file.clone(),
            None => {
                let project = self.project.then(std::env::current_dir).transpose()?;
                self.client.file(project.as_deref())?
            }
        };
        let before = files::read(&file)?;
        let old = before.as_deref().unwrap_or_default();
        let failed = |message: String| format!("{} cannot be changed: {message}", file.display());
        let (client, servers, name) = (self.client, self.client.servers(), self.name.as_str());
        let new = match self.remove {
            true => match client.editor().remove(old, servers, name).map_err(failed)? {
                Some(text) => text,
                None => return super::say(format_args!("{} has no server `{name}`.", file.display())),
            },
            false => {
                let members = client.members(&self.entry()?)?;
                client.editor().set(old, servers, name, &members).map_err(failed)?
            }
        };
        if new == old {
            return super::say(format_args!("{} has the server `{name}` as it should be.", file.display()));
        }
        self.show(&file.display().to_string(), old, &new).map_err(|error| failed(error.to_string()))?;
        if self.print {
            return super::say("\nNothing was written: leave --print out to write it.");
        }
        let kept = files::keep(&file)?;
        files::replace(&file, &new)?;
        super::say(format_args!("\n{} is written.", file.display()))?;
        if let Some(kept) = kept {
            super::say(format_args!("What was there is kept in {}.", kept.display()))?;
        }
        match self.remove {
            true => Ok(()),
            false => self.say_next(),
        }
    }

    fn entry(&self) -> Result<Entry, Failure> {
        let serve = ["databricks-mcp", "serve"].into_iter().chain(self.serve.iter().map(String::as_str));
        // Such a server is started by itself; and its token would be in a file.
        if let Some(flag) = self.serve.iter().find(|word| word.starts_with("--http")) {
            let flag = flag.split('=').next().unwrap_or_default();
            return Err(
                Usage(format!("{flag}: a client starts the server over standard input and output")).into()
            );
        }
        Cli::try_parse_from(serve)
            .map_err(|error| Usage(format!("the options of serve do not fit: {}", error.render())))?;
        let launcher = std::env::var(LAUNCHER).unwrap_or_default();
        let mut words = launcher.split_whitespace().map(str::to_owned);
        let (command, mut args) = match (&self.command, words.next()) {
            (Some(command), _) => (command.clone(), Vec::new()),
            (None, Some(first)) => (first, words.collect()),
            // Clients that are started from a desktop do not have the PATH of a shell.
            (None, None) => (std::env::current_exe()?.display().to_string(), Vec::new()),
        };
        args.push("serve".to_owned());
        args.extend(self.serve.iter().cloned());
        let variables = self.env.iter().map(|name| variable(name)).collect::<Result<_, _>>();
        let variables = variables.map_err(|error| Usage(format!("--env: {error}")))?;
        Ok(Entry { command, args, profile: self.profile.clone(), variables })
    }

    /// The difference, with secrets and other servers' values masked.
    fn show(&self, file: &str, old: &str, new: &str) -> Result<(), Failure> {
        let shown = |text: &str| self.client.editor().shown(text, self.client.servers(), &self.name);
        let (old, new) = (shown(old)?, shown(new)?);
        super::say(format_args!("--- {file}\n+++ {file}"))?;
        for group in TextDiff::from_lines(&old, &new).grouped_ops(2) {
            super::say("@@")?;
            let diff = TextDiff::from_lines(&old, &new);
            for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                let (sign, style) = match change.tag() {
                    ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                    ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
                    ChangeTag::Equal => (' ', Style::new()),
                };
                let line = change.value().trim_end_matches(['\r', '\n']);
                super::say(format_args!("{style}{sign}{line}{style:#}"))?;
            }
        }
        Ok(())
    }

    fn say_next(&self) -> Result<(), Failure> {
        super::say(self.client.next())?;
        if self.profile.is_none() && self.env.is_empty() && !self.serve.iter().any(|word| word == "--sandbox")
        {
            super::say(
                "The server reads DATABRICKS_* where the client has them, else the profile DEFAULT of .databrickscfg; \
                 --profile names another.",
            )?;
        }
        Ok(())
    }
}

/// The clients that have a server of this command, and the file that says so: for a report.
pub(super) fn found() -> Vec<serde_json::Value> {
    use clap::ValueEnum;
    let mut found = Vec::new();
    for client in Client::value_variants() {
        let Ok(file) = client.file(None) else { continue };
        let Ok(Some(text)) = files::read(&file) else { continue };
        found.push(serde_json::json!({
            "client": client.title(),
            "mentions_this_server": text.contains("databricks-mcp") || text.contains("databricks-toolkit-mcp"),
        }));
    }
    found
}
