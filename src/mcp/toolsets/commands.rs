//! Code on a cluster, with state kept between commands.

use std::time::Duration;

use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Done;
use super::output::{CommandAnswer, OUTPUT, output};
use crate::compute::types::{CommandStatus, CommandStatusResponse, ContextStatus, Language, State};
use crate::mcp::poll::Poll;
use crate::mcp::{Compound, Context, Effect, Picture, ToolError, sql_effect};

/// Code on a running cluster.
#[derive(Debug, Toolset)]
#[toolset(name = "commands", document = "compute")]
pub enum Commands {
    /// Execute a piece of Python, PySpark, Scala, R or SQL code on a cluster and show its result.
    #[tool(title = "Run a piece of code", effect = destroy)]
    RunCode(RunCode),
    /// Open an interactive Python, Scala or R session (REPL) on a cluster, to run several commands step by step:
    /// variables live on between them.
    #[tool(title = "Open a Python session (REPL)", effect = write)]
    CreateExecutionContext(CreateExecutionContext),
    /// Evaluate the next piece of code in the same REPL session (context_id): df, imports and other variables of
    /// earlier commands are still there.
    #[tool(title = "Run the next code in an open session", effect = destroy)]
    ExecuteCommand(ExecuteCommand),
    /// Check again on a command that execute_command left running: is it done, and its output.
    #[tool(title = "Output of a command that was still running", effect = read)]
    GetCommand(GetCommand),
    /// Stop (interrupt, abort) code (a command or cell) that is still running in a session (REPL) on a cluster; its
    /// context stays.
    #[tool(
        title = "Stop a running command",
        operation = "command_execution_cancel",
        effect = write,
        idempotent,
        done = "The command is being cancelled. get_command tells when it has ended."
    )]
    CancelCommand,
    /// Close (end) a session, REPL or context on a cluster: its variables are gone.
    #[tool(title = "Close a session", effect = write)]
    DestroyExecutionContext(DestroyExecutionContext),
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CodeLanguage {
    Python,
    Sql,
    Scala,
    R,
}

impl CodeLanguage {
    fn or_python(language: Option<Self>) -> Language {
        match language.unwrap_or(Self::Python) {
            Self::Python => Language::Python,
            Self::Sql => Language::Sql,
            Self::Scala => Language::Scala,
            Self::R => Language::R,
        }
    }
}

/// Arguments of `run_code`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RunCode {
    /// The code. Nothing of it stays: for steps that share variables use create_execution_context.
    code: String,
    /// python unless set.
    language: Option<CodeLanguage>,
    /// From list_clusters. Unless set: the configured one, else one that runs.
    cluster_id: Option<String>,
    /// Longest wait in seconds; 300 unless set. Then the command is cancelled.
    #[schemars(range(max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for RunCode {
    type Output = CommandAnswer;
    const UNTRUSTED: &'static [&'static str] = OUTPUT;

    fn pictures(answer: &mut CommandAnswer) -> Vec<Picture> {
        std::mem::take(&mut answer.pictures)
    }

    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        effect_of_code(arguments)
    }

    async fn call(self, context: &Context) -> Result<CommandAnswer, ToolError> {
        let cluster = cluster(context, self.cluster_id).await?;
        let language = CodeLanguage::or_python(self.language);
        let id = open(context, &cluster, language.clone()).await?;
        let timeout = Duration::from_secs(self.timeout_seconds.unwrap_or(300));
        let ran = match execute(context, &cluster, &id, language, self.code).await {
            Ok(command) => wait(context, &cluster, &id, &command, timeout).await,
            Err(error) => Err(error),
        };
        // Destroying the context stops what still runs in it.
        destroy(context, &cluster, &id).await?;
        match ran? {
            (_, Some(status)) => {
                output(status, CommandAnswer { cluster_id: cluster, ..CommandAnswer::default() })
            }
            (_, None) => Err(ToolError::Failed(format!(
                "the code ran for over {} s and was stopped; for longer work use execute_command or submit_run",
                timeout.as_secs()
            ))),
        }
    }
}

/// Arguments of `create_execution_context`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CreateExecutionContext {
    /// From list_clusters. Unless set: the configured one, else one that runs.
    cluster_id: Option<String>,
    /// python unless set.
    language: Option<CodeLanguage>,
}

/// An open context.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OpenContext {
    cluster_id: String,
    context_id: String,
    language: String,
}

impl Compound for CreateExecutionContext {
    type Output = OpenContext;

    async fn call(self, context: &Context) -> Result<OpenContext, ToolError> {
        let cluster = cluster(context, self.cluster_id).await?;
        let language = CodeLanguage::or_python(self.language);
        let context_id = open(context, &cluster, language.clone()).await?;
        Ok(OpenContext { cluster_id: cluster, context_id, language: language.as_str().to_owned() })
    }
}

/// Arguments of `execute_command`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExecuteCommand {
    /// Id of the cluster.
    cluster_id: String,
    /// Id of the context, from create_execution_context.
    context_id: String,
    /// The code.
    code: String,
    /// Language of the context; python unless set.
    language: Option<CodeLanguage>,
    /// Longest wait in seconds; 300 unless set.
    #[schemars(range(max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for ExecuteCommand {
    type Output = CommandAnswer;
    const UNTRUSTED: &'static [&'static str] = OUTPUT;

    fn pictures(answer: &mut CommandAnswer) -> Vec<Picture> {
        std::mem::take(&mut answer.pictures)
    }

    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        effect_of_code(arguments)
    }

    async fn call(self, context: &Context) -> Result<CommandAnswer, ToolError> {
        let (cluster, id) = (&self.cluster_id, &self.context_id);
        let language = CodeLanguage::or_python(self.language);
        let command = execute(context, cluster, id, language, self.code).await?;
        let timeout = Duration::from_secs(self.timeout_seconds.unwrap_or(300));
        finish(wait(context, cluster, id, &command, timeout).await?, cluster, id, &command)
    }
}

/// Arguments of `get_command`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetCommand {
    /// Id of the cluster.
    cluster_id: String,
    /// Id of the context.
    context_id: String,
    /// Id of the command.
    command_id: String,
    /// Longest wait in seconds; 60 unless set.
    #[schemars(range(max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for GetCommand {
    type Output = CommandAnswer;
    const UNTRUSTED: &'static [&'static str] = OUTPUT;

    fn pictures(answer: &mut CommandAnswer) -> Vec<Picture> {
        std::mem::take(&mut answer.pictures)
    }

    async fn call(self, context: &Context) -> Result<CommandAnswer, ToolError> {
        let timeout = Duration::from_secs(self.timeout_seconds.unwrap_or(60));
        let waited =
            wait_only(context, &self.cluster_id, &self.context_id, &self.command_id, timeout).await?;
        finish(waited, &self.cluster_id, &self.context_id, &self.command_id)
    }
}

/// Arguments of `destroy_execution_context`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DestroyExecutionContext {
    /// Id of the cluster.
    cluster_id: String,
    /// Id of the context.
    context_id: String,
}

impl Compound for DestroyExecutionContext {
    type Output = Done;

    async fn call(self, context: &Context) -> Result<Done, ToolError> {
        destroy(context, &self.cluster_id, &self.context_id).await?;
        Ok(Done::new("The context is destroyed."))
    }
}

/// The named cluster, else the configured one, else one that runs.
async fn cluster(context: &Context, named: Option<String>) -> Result<String, ToolError> {
    if let Some(id) = named.or_else(|| context.workspace().config().cluster_id().map(str::to_owned)) {
        return Ok(id);
    }
    let list = context.workspace().clusters().list().filter_by_cluster_states(vec![State::Running]);
    let clusters = list.send().await?.clusters.unwrap_or_default();
    let running = clusters.into_iter().find(|cluster| cluster.state == Some(State::Running));
    running.and_then(|cluster| cluster.cluster_id).ok_or_else(|| {
        ToolError::Failed(
            "no cluster is running: start_cluster one of list_clusters and name its cluster_id".to_owned(),
        )
    })
}

/// SQL says what it does. Of other code nobody can tell: it may do anything that the cluster may, and
/// a person who were asked about each of its calls would soon say yes to all.
fn effect_of_code(arguments: &Map<String, Value>) -> Option<Effect> {
    match (arguments.get("language").and_then(Value::as_str), arguments.get("code").and_then(Value::as_str)) {
        (Some("sql"), Some(code)) => Some(sql_effect::of(code)),
        _ => Some(Effect::Write),
    }
}

/// Opens a context and waits until it takes commands.
async fn open(context: &Context, cluster: &str, language: Language) -> Result<String, ToolError> {
    let client = context.workspace();
    let created = client.command_execution().create().cluster_id(cluster).language(language).send().await?;
    let id =
        created.id.ok_or_else(|| ToolError::Failed("the workspace gave the new context no id".to_owned()))?;
    context.opened(cluster, &id);
    let mut poll = Poll::new(context, Duration::from_secs(120));
    loop {
        let status =
            client.command_execution().context_status().cluster_id(cluster).context_id(&id).send().await?;
        match status.status {
            Some(ContextStatus::Running) => return Ok(id),
            Some(ContextStatus::Error) => {
                destroy(context, cluster, &id).await?;
                return Err(ToolError::Failed(format!("cluster {cluster} could not open a context")));
            }
            _ => {
                let waited = poll.again("opening a context").await;
                if !matches!(waited, Ok(true)) {
                    destroy(context, cluster, &id).await?;
                    waited?;
                    return Err(ToolError::Failed(format!(
                        "cluster {cluster} did not open a context in time"
                    )));
                }
            }
        }
    }
}

async fn execute(
    context: &Context,
    cluster: &str,
    id: &str,
    language: Language,
    code: String,
) -> Result<String, ToolError> {
    let execute = context.workspace().command_execution().execute();
    let execute = execute.cluster_id(cluster).context_id(id).language(language).command(code);
    let created = execute.send().await?;
    created.id.ok_or_else(|| ToolError::Failed("the workspace gave the command no id".to_owned()))
}

/// A state, and the whole status once the command has ended.
type Waited = (String, Option<CommandStatusResponse>);

/// Waits for the end; when the client cancels, the command is cancelled too.
async fn wait(
    context: &Context,
    cluster: &str,
    id: &str,
    command: &str,
    timeout: Duration,
) -> Result<Waited, ToolError> {
    let waited = wait_only(context, cluster, id, command, timeout).await;
    if let Err(ToolError::Cancelled) = waited {
        let cancel = context.workspace().command_execution().cancel();
        cancel.cluster_id(cluster).context_id(id).command_id(command).send().await?;
    }
    waited
}

async fn wait_only(
    context: &Context,
    cluster: &str,
    id: &str,
    command: &str,
    timeout: Duration,
) -> Result<Waited, ToolError> {
    let mut poll = Poll::new(context, timeout);
    loop {
        let get = context.workspace().command_execution().command_status();
        let status = get.cluster_id(cluster).context_id(id).command_id(command).send().await?;
        let state = status.status.as_ref().map_or_else(|| "Unknown".to_owned(), ToString::to_string);
        if matches!(
            status.status,
            Some(CommandStatus::Finished | CommandStatus::Cancelled | CommandStatus::Error)
        ) {
            return Ok((state, Some(status)));
        }
        if !poll.again(&state).await? {
            return Ok((state, None));
        }
    }
}

fn finish(
    (state, ended): Waited,
    cluster: &str,
    id: &str,
    command: &str,
) -> Result<CommandAnswer, ToolError> {
    let answer = CommandAnswer {
        cluster_id: cluster.to_owned(),
        context_id: Some(id.to_owned()),
        command_id: Some(command.to_owned()),
        ..CommandAnswer::default()
    };
    match ended {
        Some(status) => output(status, answer),
        None => Ok(CommandAnswer {
            status: Some(state),
            next: Some("The command goes on. Call get_command with these ids.".to_owned()),
            ..answer
        }),
    }
}

async fn destroy(context: &Context, cluster: &str, id: &str) -> Result<(), ToolError> {
    context.workspace().command_execution().destroy().cluster_id(cluster).context_id(id).send().await?;
    context.destroyed(cluster, id);
    Ok(())
}
