//! The clients: where each keeps its servers, and in what form.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::super::{Failure, Usage};
use super::editor::Editor;
use super::json::Json;
use super::toml::Toml;

/// A client that starts MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Client {
    /// Claude Desktop.
    ClaudeDesktop,
    /// Claude Code.
    ClaudeCode,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    Vscode,
    /// Codex.
    Codex,
    /// Zed.
    Zed,
    /// Windsurf.
    Windsurf,
}

/// How an entry says that a variable of the client's environment is handed on.
#[derive(Debug, Clone, Copy)]
enum HandsOn {
    /// It cannot be said.
    Never,
    /// As the value of a variable: what is before and after the name.
    Spelled(&'static str, &'static str),
    /// In a list of names beside `env`.
    Listed(&'static str),
}

/// What tells one client from another.
struct Facts {
    title: &'static str,
    /// The member that holds the servers.
    servers: &'static str,
    /// Of the language of the file.
    editor: &'static dyn Editor,
    /// Whether an entry says `"type": "stdio"`.
    typed: bool,
    hands_on: HandsOn,
    /// The file of a project, from the project's folder.
    project: Option<&'static str>,
    /// What makes the client read the file.
    next: &'static str,
}

/// The folders of a user.
#[derive(Debug)]
pub(super) struct Folders {
    pub home: PathBuf,
    /// Where programs keep their settings: `~/.config`, `~/Library/Application Support` or `%APPDATA%`.
    pub settings: PathBuf,
}

impl Folders {
    pub(super) fn of_user() -> Result<Self, Failure> {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.ok_or("the home folder is not known: set HOME, or give --file")?;
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let settings = match std::env::consts::OS {
            "macos" => home.join("Library").join("Application Support"),
            "windows" => folder("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming")),
            _ => folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        };
        Ok(Self { home, settings })
    }
}

/// What the client is to start.
#[derive(Debug)]
pub(super) struct Entry {
    pub command: String,
    pub args: Vec<String>,
    pub profile: Option<String>,
    /// Names of variables whose values the client hands on.
    pub variables: Vec<String>,
}

impl Client {
    const fn facts(self) -> Facts {
        let common = Facts {
            title: "",
            servers: "mcpServers",
            editor: &Json,
            typed: false,
            hands_on: HandsOn::Spelled("${env:", "}"),
            project: None,
            next: "",
        };
        match self {
            Self::ClaudeDesktop => Facts {
                title: "Claude Desktop",
                hands_on: HandsOn::Never,
                next: "Quit Claude Desktop and start it again.",
                ..common
            },
            Self::ClaudeCode => Facts {
                title: "Claude Code",
                typed: true,
                hands_on: HandsOn::Spelled("${", "}"),
                project: Some(".mcp.json"),
                next: "Start a new session of claude; /mcp shows the server.",
                ..common
            },
            Self::Cursor => Facts {
                title: "Cursor",
                project: Some(".cursor/mcp.json"),
                next: "Switch the server on in Cursor's settings, under MCP.",
                ..common
            },
            Self::Vscode => Facts {
                title: "VS Code",
                servers: "servers",
                typed: true,
                project: Some(".vscode/mcp.json"),
                next: "Run `MCP: List Servers` in VS Code and start the server.",
                ..common
            },
            Self::Codex => Facts {
                title: "Codex",
                servers: "mcp_servers",
                editor: &Toml,
                hands_on: HandsOn::Listed("env_vars"),
                project: Some(".codex/config.toml"),
                next: "Start a new session of codex; /mcp shows the server.",
                ..common
            },
            Self::Zed => Facts {
                title: "Zed",
                servers: "context_servers",
                hands_on: HandsOn::Never,
                project: Some(".zed/settings.json"),
                next: "The agent panel's settings in Zed show the server.",
                ..common
            },
            Self::Windsurf => Facts {
                title: "Windsurf",
                next: "Refresh the MCP servers in Windsurf's Cascade panel.",
                ..common
            },
        }
    }

    pub(super) fn title(self) -> &'static str {
        self.facts().title
    }

    pub(super) fn servers(self) -> &'static str {
        self.facts().servers
    }

    pub(super) fn editor(self) -> &'static dyn Editor {
        self.facts().editor
    }

    pub(super) fn next(self) -> &'static str {
        self.facts().next
    }

    /// The file of the user, or that of the project in this folder.
    pub(super) fn file(self, project: Option<&Path>) -> Result<PathBuf, Failure> {
        if let Some(folder) = project {
            let file = self.facts().project.ok_or_else(|| {
                Usage(format!("{} has no settings for a project: leave --project out", self.title()))
            })?;
            return Ok(folder.join(file));
        }
        let Folders { home, settings } = Folders::of_user()?;
        let variable =
            |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Ok(match self {
            Self::ClaudeDesktop => settings.join("Claude").join("claude_desktop_config.json"),
            Self::ClaudeCode => match variable("CLAUDE_CONFIG_DIR") {
                Some(folder) => folder.join(".claude.json"),
                None => home.join(".claude.json"),
            },
            Self::Cursor => home.join(".cursor").join("mcp.json"),
            Self::Vscode => settings.join("Code").join("User").join("mcp.json"),
            Self::Codex => variable("CODEX_HOME").unwrap_or_else(|| home.join(".codex")).join("config.toml"),
            // On a Mac too, Zed's settings are where those of Unix programs are.
            Self::Zed if cfg!(target_os = "macos") => home.join(".config").join("zed").join("settings.json"),
            Self::Zed if cfg!(windows) => settings.join("Zed").join("settings.json"),
            Self::Zed => settings.join("zed").join("settings.json"),
            Self::Windsurf => home.join(".codeium").join("windsurf").join("mcp_config.json"),
        })
    }

    /// The members of the entry, in the client's form.
    pub(super) fn members(self, entry: &Entry) -> Result<Map<String, Value>, Failure> {
        let facts = self.facts();
        let mut members = Map::new();
        if facts.typed {
            members.insert("type".to_owned(), json!("stdio"));
        }
        members.insert("command".to_owned(), json!(entry.command));
        members.insert("args".to_owned(), json!(entry.args));
        let mut env = Map::new();
        if let Some(profile) = &entry.profile {
            env.insert("DATABRICKS_CONFIG_PROFILE".to_owned(), json!(profile));
        }
        match facts.hands_on {
            _ if entry.variables.is_empty() => {}
            HandsOn::Never => {
                let message = format!(
                    "{} cannot hand on variables of its environment: use --profile, with the login in .databrickscfg",
                    facts.title
                );
                return Err(Usage(message).into());
            }
            HandsOn::Spelled(before, after) => {
                for name in &entry.variables {
                    env.insert(name.clone(), json!(format!("{before}{name}{after}")));
                }
            }
            HandsOn::Listed(member) => {
                members.insert(member.to_owned(), json!(entry.variables));
            }
        }
        if !env.is_empty() {
            members.insert("env".to_owned(), Value::Object(env));
        }
        Ok(members)
    }
}
