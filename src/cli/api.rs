//! `api`: any operation of the API by its id, by the same tools that agents have for it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::file::File;
use super::output::{Format, Output, object};
use super::{Failure, Where, target::Target};
use crate::mcp::{App, Context, Destructive, Policy, Registry, Selection};
use crate::{Config, Workspace};

/// Options of `api`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp api --search 'permissions of a job'
  databricks-mcp api jobs_list --describe
  databricks-mcp api jobs_list --json '{\"limit\": 5}' --output table")]
pub(super) struct Api {
    /// The operation's id, such as jobs_list.
    #[arg(required_unless_present = "search")]
    operation: Option<String>,
    /// Its arguments as a JSON object; `-` reads them from standard input.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    json: String,
    /// Fields of the answer to print, such as jobs.job_id; all unless set.
    #[arg(long, value_delimiter = ',', value_name = "PATHS")]
    fields: Vec<String>,
    /// Describe the operation instead of calling it.
    #[arg(long, conflicts_with_all = ["json", "fields"])]
    describe: bool,
    /// Find operations by words instead of calling one.
    #[arg(long, value_name = "WORDS", conflicts_with_all = ["operation", "json", "fields", "describe"])]
    search: Option<String>,
    /// Refuse what would change something.
    #[arg(long)]
    read_only: bool,
    /// A settings file (TOML) whose rules hold here too.
    #[arg(long, env = "DATABRICKS_MCP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Where,
}

impl Api {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let operation = self.operation.as_deref().unwrap_or_default();
        if let Some(words) = &self.search {
            return self.look("api_search", json!({ "query": words })).await;
        }
        if self.describe {
            return self.look("api_describe", json!({ "operation": operation })).await;
        }
        let mut arguments = json!({ "operation": operation, "arguments": object(&self.json)? });
        if !self.fields.is_empty() {
            arguments["fields"] = json!(self.fields);
        }
        let file = self.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let target = Target::open(&self.place, &file.profiles).await?;
        // Whoever types a command has decided to run it, but for what the file says.
        let policy = Policy {
            read_only: self.read_only || file.read_only,
            destructive: file.destructive.unwrap_or(Destructive::Allow),
            rules: file.rules,
        };
        let answer = ask(target.app().with_policy(policy), "api_call", arguments);
        let answer = tokio::select! {
            answer = answer => answer,
            () = super::stopped() => {
                Err("stopped before the answer came; what the call changes may be changed".into())
            }
        };
        target.close().await;
        self.output.print(&Value::Object(answer?), Format::Json)?;
        Ok(ExitCode::SUCCESS)
    }

    /// What the documents in the binary tell: no workspace is needed, and none is asked.
    async fn look(&self, tool: &str, arguments: Value) -> Result<ExitCode, Failure> {
        let nowhere = Workspace::builder().config(Config::default()).host("http://127.0.0.1:9").token("-");
        let mut answer = ask(App::new(nowhere.build()?), tool, arguments).await?;
        if self.output.wanted().is_some() {
            self.output.print(&Value::Object(answer), Format::Json)?;
            return Ok(ExitCode::SUCCESS);
        }
        // What to call next is said in the words of tools.
        answer.shift_remove("next");
        for (name, value) in &answer {
            match value {
                Value::Array(lines) if lines.iter().all(Value::is_string) => {
                    super::say(format_args!("{name}:"))?;
                    for line in lines.iter().filter_map(Value::as_str) {
                        super::say(format_args!("  {line}"))?;
                    }
                }
                Value::String(text) => super::say(format_args!("{name}: {text}"))?,
                other => super::say(format_args!("{name}: {other}"))?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn ask(app: App, tool: &str, arguments: Value) -> Result<Map<String, Value>, Failure> {
    let registry = Registry::select(&Selection { toolsets: vec!["api".to_owned()], ..Selection::default() })?;
    let Value::Object(arguments) = arguments else { return Err("arguments are an object".into()) };
    // No agent has to read it: it is printed whole.
    let context = Context::new(app.with_answer_tokens(None), CancellationToken::new(), None);
    match registry.call(tool, arguments, &context).await {
        Ok(answer) => Ok(answer.fitted().structured),
        Err(error) => Err(error.explain().into()),
    }
}
