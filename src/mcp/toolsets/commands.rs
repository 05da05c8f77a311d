//! Code on a cluster, with state kept between commands.

use std::time::Duration;

use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::compute::types::{
    CommandStatus, CommandStatusResponse, ContextStatus, Language, ResultType, Results, State,
};
use crate::mcp::poll::Poll;
use crate::mcp::{Answer, Compound, Context, Effect, ToolError, sql_effect};

/// Code on a running cluster.
#[derive(Debug, Toolset)]
#[toolset(name = "commands", document = "compute")]
pub enum Commands {
    /// Execute Python (PySpark), SQL, Scala or R code once on a cluster and answer its output. For steps that share
    /// variables use create_execution_context.
    #[tool(title = "Run Python or other code", effect = destroy)]
    RunCode(RunCode),
    /// Open a session (context) on a running cluster: variables and imports live on between its commands, until the
    /// server ends.
    #[tool(title = "Start an interactive session", effect = write)]
    CreateExecutionContext(CreateExecutionContext),
    /// Run code in an open session (REPL context) and answer its output: variables and dataframes are kept. When the
    /// time is up get_command reads on.
    #[tool(title = "Run code in an open session", effect = destroy)]
    ExecuteCommand(ExecuteCommand),
    /// Whether a command that execute_command began is done, and its output.
    #[tool(title = "Read a command's state and output", effect = read)]
    GetCommand(GetCommand),
    /// Interrupt a running command on a cluster; its context stays.
    #[tool(
        title = "Stop a running command",
        operation = "command_execution_cancel",
        effect = write,
        idempotent,
        done = "The command is being cancelled. get_command tells when it has ended."
    )]
    CancelCommand,
    /// Close a session (context) on a cluster: its variables are gone, its memory is free.
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
    /// The code.
    code: String,
    /// python unless set.
    language: Option<CodeLanguage>,
    /// Id of the cluster, from list_clusters. Unless set: the configured one, else one that runs.
    cluster_id: Option<String>,
    /// Longest wait in seconds; 300 unless set. Then the command is cancelled.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for RunCode {
    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        effect_of_code(arguments)
    }

    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
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
            (_, Some(status)) => answer(status, &[("cluster_id", &cluster)]),
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
    /// Id of the cluster, from list_clusters. Unless set: the configured one, else one that runs.
    cluster_id: Option<String>,
    /// python unless set.
    language: Option<CodeLanguage>,
}

impl Compound for CreateExecutionContext {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let cluster = cluster(context, self.cluster_id).await?;
        let language = CodeLanguage::or_python(self.language);
        let id = open(context, &cluster, language.clone()).await?;
        Ok(Answer::new(json!({ "cluster_id": cluster, "context_id": id, "language": language })))
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
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for ExecuteCommand {
    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        effect_of_code(arguments)
    }

    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
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
    /// Longest wait in seconds for a command that has not ended; 60 unless set.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for GetCommand {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
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
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        destroy(context, &self.cluster_id, &self.context_id).await?;
        Answer::done("The context is destroyed.")
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

fn finish((state, ended): Waited, cluster: &str, id: &str, command: &str) -> Result<Answer, ToolError> {
    let ids = [("cluster_id", cluster), ("context_id", id), ("command_id", command)];
    match ended {
        Some(status) => answer(status, &ids),
        None => {
            let mut value =
                json!({ "status": state, "next": "The command goes on. Call get_command with these ids." });
            for (name, id) in ids {
                value[name] = json!(id);
            }
            Ok(Answer::new(value))
        }
    }
}

async fn destroy(context: &Context, cluster: &str, id: &str) -> Result<(), ToolError> {
    context.workspace().command_execution().destroy().cluster_id(cluster).context_id(id).send().await?;
    context.destroyed(cluster, id);
    Ok(())
}

fn answer(status: CommandStatusResponse, ids: &[(&str, &str)]) -> Result<Answer, ToolError> {
    let results = status.results.unwrap_or_default();
    if results.result_type == Some(ResultType::Error) {
        return Err(ToolError::Failed(failure(&results)));
    }
    let mut value = Map::new();
    for (name, id) in ids {
        value.insert((*name).to_owned(), json!(id));
    }
    value.insert("status".to_owned(), json!(status.status));
    value.insert("result_type".to_owned(), json!(results.result_type));
    if let Some(schema) = results.schema {
        value.insert("schema".to_owned(), json!(schema));
    }
    if let Some(data) = results.data {
        value.insert("result".to_owned(), data);
    }
    if results.truncated == Some(true) {
        value.insert("truncated".to_owned(), json!(true));
    }
    Ok(Answer::new(Value::Object(value)))
}

/// The summary of an error, and its trace where that says more.
fn failure(results: &Results) -> String {
    let summary = results.summary.as_deref().unwrap_or("the command failed");
    match results.cause.as_deref().filter(|cause| !cause.is_empty() && *cause != summary) {
        Some(cause) => format!("{summary}\n{cause}"),
        None => summary.to_owned(),
    }
}
