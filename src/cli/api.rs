//! `api`: any operation of the API by its id, by the same tools that agents have for it.

use std::path::{Path, PathBuf};
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
  databricks-mcp api jobs_list --json '{\"limit\": 5}' --output table
  databricks-mcp api jobs_get --each ids.jsonl")]
pub(super) struct Api {
    /// The operation's id, such as jobs_list.
    #[arg(required_unless_present = "search")]
    operation: Option<String>,
    /// Its arguments as a JSON object; `-` reads them from standard input.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    json: String,
    /// Call once for each line of this file, a JSON object with arguments beside those of --json; `-` reads standard
    /// input. What became of each is printed in their order.
    #[arg(long, value_name = "FILE", conflicts_with = "describe")]
    each: Option<PathBuf>,
    /// Fields of the answer to print, such as jobs.job_id; all unless set.
    #[arg(long, value_delimiter = ',', value_name = "PATHS")]
    fields: Vec<String>,
    /// Describe the operation instead of calling it.
    #[arg(long, conflicts_with_all = ["json", "fields"])]
    describe: bool,
    /// Find operations by words instead of calling one.
    #[arg(long, value_name = "WORDS", conflicts_with_all = ["operation", "json", "each", "fields", "describe"])]
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
        if let Some(each) = &self.each {
            arguments["inputs"] = inputs(each)?;
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
        let answer = answer?;
        // Only a call over inputs has it, and then some have failed though others have not.
        let failed = self.each.is_some() && answer.get("failed") != Some(&json!(0));
        self.output.print(&Value::Object(answer), Format::Json)?;
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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

/// The arguments of each line.
fn inputs(file: &Path) -> Result<Value, Failure> {
    let name = file.display();
    let text = match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(file),
    };
    let text = text.map_err(|error| format!("--each {name}: {error}"))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let read = |(line, number): (&str, usize)| match serde_json::from_str(line) {
        Ok(Value::Object(input)) => Ok(Value::Object(input)),
        Ok(_) => Err(format!("--each {name}: line {number} is no JSON object")),
        Err(error) => Err(format!("--each {name}: line {number} is no JSON object: {error}")),
    };
    Ok(Value::Array(lines.map(read).collect::<Result<_, _>>()?))
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
