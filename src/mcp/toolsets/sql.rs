//! SQL statements on a warehouse.

use std::time::Duration;

use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::StartWarehouse;
use crate::mcp::poll::Poll;
use crate::mcp::sql_limits::Planned;
use crate::mcp::{Answer, Compound, Context, Effect, ToolError, sql_effect};
use crate::sql::types::{
    ColumnInfo, ExecuteStatementRequestOnWaitTimeout, ResultData, State, StatementParameterListItem,
    StatementResponse, StatementState,
};

/// SQL on a warehouse, and the warehouses.
#[derive(Debug, Toolset)]
#[toolset(name = "sql", document = "sql")]
pub enum Sql {
    /// Run SQL on a warehouse and answer the rows: count, average, join, select; insert, update, delete, create tables.
    /// When the time is up get_statement reads on. Name tables catalog.schema.table.
    #[tool(title = "Run a SQL query", effect = destroy)]
    ExecuteSql(ExecuteSql),
    /// State and rows of a statement that execute_sql began; reads further rows too.
    #[tool(title = "Status of a SQL statement", effect = read)]
    GetStatement(GetStatement),
    /// Cancel (abort) a running SQL query.
    #[tool(
        title = "Cancel a SQL query",
        operation = "statement_execution_cancel_execution",
        effect = write,
        idempotent,
        done = "The statement is being cancelled. get_statement tells when it has ended."
    )]
    CancelStatement,
    /// List the SQL warehouses with state and size.
    #[tool(
        title = "List SQL warehouses",
        operation = "warehouses_list",
        fields("page_size", "page_token"),
        answer(
            "warehouses.id",
            "warehouses.name",
            "warehouses.state",
            "warehouses.cluster_size",
            "warehouses.warehouse_type",
            "warehouses.auto_stop_mins",
            "next_page_token"
        )
    )]
    ListWarehouses,
    /// Queries that ran on SQL warehouses, newest first: text, status, duration, rows, error. Use it to find slow or
    /// failed queries.
    #[tool(
        operation = "query_history_list",
        fields(
            "filter_by.warehouse_ids",
            "filter_by.statuses",
            "filter_by.query_start_time_range.start_time_ms",
            "filter_by.query_start_time_range.end_time_ms",
            "include_metrics",
            "max_results",
            "page_token"
        ),
        defaults(max_results = 20),
        answer(
            "res.query_id",
            "res.status",
            "res.statement_type",
            "res.query_text",
            "res.user_name",
            "res.warehouse_id",
            "res.query_start_time_ms",
            "res.duration",
            "res.rows_produced",
            "res.error_message",
            "res.metrics",
            "next_page_token"
        )
    )]
    ListQueryHistory,
    /// One SQL warehouse: state, health, size, clusters, auto-stop setting and connection details.
    #[tool(
        title = "Configuration and state of a warehouse",
        operation = "warehouses_get",
        fields("id"),
        answer(
            "id",
            "name",
            "state",
            "health.status",
            "health.summary",
            "health.details",
            "cluster_size",
            "warehouse_type",
            "enable_serverless_compute",
            "min_num_clusters",
            "max_num_clusters",
            "num_clusters",
            "auto_stop_mins",
            "creator_name",
            "odbc_params",
            "jdbc_url"
        )
    )]
    GetWarehouse,
    /// Start a stopped SQL warehouse; waits for it on demand. execute_sql starts one by itself.
    #[tool(title = "Turn on a SQL warehouse", effect = write, idempotent)]
    StartWarehouse(StartWarehouse),
    /// Stop a running SQL warehouse: statements on it fail. It can be started again.
    #[tool(
        operation = "warehouses_stop",
        effect = destroy,
        idempotent,
        done = "The warehouse is stopping. Its settings stay; start_warehouse starts it again."
    )]
    StopWarehouse,
    /// Create a new SQL warehouse of a given size and begin to start it. It costs money while it runs.
    #[tool(
        title = "Create a SQL warehouse",
        operation = "warehouses_create",
        fields(
            "name", "cluster_size", "warehouse_type", "enable_serverless_compute", "max_num_clusters",
            "auto_stop_mins"
        ),
        defaults(auto_stop_mins = 10, max_num_clusters = 1),
        effect = write,
        answer("id")
    )]
    CreateWarehouse,
    /// Change a SQL warehouse: size, scaling, auto-stop. Give all settings, from get_warehouse: what is left out may go
    /// back to its default.
    #[tool(
        title = "Resize, rename or change a warehouse",
        operation = "warehouses_edit",
        fields(
            "id", "name", "cluster_size", "warehouse_type", "enable_serverless_compute", "min_num_clusters",
            "max_num_clusters", "auto_stop_mins"
        ),
        effect = write,
        idempotent,
        done = "The settings are changed; a running warehouse may restart."
    )]
    UpdateWarehouse,
}

/// Rows of an answer unless the caller says otherwise.
const ROWS: i64 = 100;

/// Arguments of `execute_sql`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExecuteSql {
    /// One statement. Markers such as :name take their values from parameters.
    statement: String,
    /// Id of the warehouse, from list_warehouses. Unless set: the configured one, else one that runs, else any.
    warehouse_id: Option<String>,
    /// Catalog for names without one.
    catalog: Option<String>,
    /// Schema for names without one.
    schema: Option<String>,
    /// Values for the markers.
    #[serde(default)]
    parameters: Vec<Parameter>,
    /// Most rows to answer; 100 unless set.
    #[schemars(range(min = 1, max = 100_000))]
    row_limit: Option<i64>,
    /// Longest wait in seconds; 120 unless set.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameter {
    /// Name of the marker, without the colon.
    name: String,
    /// Value as text; leave out for NULL.
    value: Option<String>,
    /// SQL type such as INT or DATE; STRING unless set.
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Compound for ExecuteSql {
    const MAY_READ: bool = true;

    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        arguments.get("statement").and_then(Value::as_str).map(sql_effect::of)
    }

    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let client = context.workspace();
        let warehouse = match &self.warehouse_id {
            Some(id) => id.clone(),
            None => any_warehouse(context).await?,
        };
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for parameter in self.parameters {
            let item = StatementParameterListItem::builder()
                .name(parameter.name)
                .value(parameter.value)
                .type_(parameter.kind);
            parameters.push(item.build().map_err(argument)?);
        }
        let limits = context.app().sql_limits();
        let planned = Planned {
            statement: &self.statement,
            warehouse: &warehouse,
            catalog: self.catalog.as_deref(),
            schema: self.schema.as_deref(),
            parameters: &parameters,
        };
        limits.admit(context, &planned).await?;
        let limit = limits.rows_of(self.row_limit.unwrap_or(ROWS));
        let execute = client.statement_execution().execute_statement();
        let execute = execute
            .statement(self.statement)
            .warehouse_id(warehouse)
            .catalog(self.catalog)
            .schema(self.schema)
            .parameters((!parameters.is_empty()).then_some(parameters))
            .row_limit(limit)
            .byte_limit(limits.bytes)
            // Long enough for most, short enough to notice that the client cancelled.
            .wait_timeout("5s".to_owned())
            .on_wait_timeout(ExecuteStatementRequestOnWaitTimeout::Continue);
        let started = execute.send().await?;
        if let (Some(id), Some(StatementState::Pending | StatementState::Running)) =
            (&started.statement_id, state(&started))
        {
            limits.watch(context, id);
        }
        let timeout = Duration::from_secs(self.timeout_seconds.unwrap_or(120));
        let finished = wait(context, started, timeout).await?;
        answer(context, finished, 0, limit).await
    }
}

/// Arguments of `get_statement`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetStatement {
    /// Id of the statement.
    statement_id: String,
    /// First chunk of rows to read, from next_chunk of an earlier answer; 0 unless set.
    #[schemars(range(min = 0))]
    chunk: Option<i64>,
    /// Most rows to answer; 100 unless set.
    #[schemars(range(min = 1, max = 100_000))]
    row_limit: Option<i64>,
    /// Longest wait in seconds for a statement that has not ended; 60 unless set.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for GetStatement {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let get = context.workspace().statement_execution().get_statement().statement_id(&self.statement_id);
        let statement = get.send().await?;
        let timeout = Duration::from_secs(self.timeout_seconds.unwrap_or(60));
        let finished = wait_only(context, statement, timeout).await?;
        answer(context, finished, self.chunk.unwrap_or(0), self.row_limit.unwrap_or(ROWS)).await
    }
}

/// The configured warehouse, else one that runs, else any.
pub(super) async fn any_warehouse(context: &Context) -> Result<String, ToolError> {
    if let Some(id) = context.workspace().config().warehouse_id() {
        return Ok(id.to_owned());
    }
    let listed = context.workspace().warehouses().list().send().await?;
    let warehouses = listed.warehouses.unwrap_or_default();
    let running = warehouses.iter().find(|warehouse| warehouse.state == Some(State::Running));
    running.or_else(|| warehouses.first()).and_then(|warehouse| warehouse.id.clone()).ok_or_else(|| {
        ToolError::Failed(
            "there is no SQL warehouse to run on, or the caller may use none: create one first".to_owned(),
        )
    })
}

fn state(statement: &StatementResponse) -> Option<&StatementState> {
    statement.status.as_ref().and_then(|status| status.state.as_ref())
}

/// Waits for the end; when the client cancels, the statement is cancelled too.
async fn wait(
    context: &Context,
    statement: StatementResponse,
    timeout: Duration,
) -> Result<StatementResponse, ToolError> {
    let id = statement.statement_id.clone().unwrap_or_default();
    let waited = wait_only(context, statement, timeout).await;
    if let Err(ToolError::Cancelled) = waited {
        context.workspace().statement_execution().cancel_execution().statement_id(&id).send().await?;
    }
    waited
}

async fn wait_only(
    context: &Context,
    mut statement: StatementResponse,
    timeout: Duration,
) -> Result<StatementResponse, ToolError> {
    let id = statement.statement_id.clone().unwrap_or_default();
    let mut poll = Poll::new(context, timeout);
    while let Some(state @ (StatementState::Pending | StatementState::Running)) = state(&statement) {
        if context.is_cancelled() {
            return Err(ToolError::Cancelled);
        }
        if !poll.again(state.as_str()).await? {
            break;
        }
        statement =
            context.workspace().statement_execution().get_statement().statement_id(&id).send().await?;
    }
    Ok(statement)
}

async fn answer(
    context: &Context,
    statement: StatementResponse,
    chunk: i64,
    limit: i64,
) -> Result<Answer, ToolError> {
    let id = statement.statement_id.clone().unwrap_or_default();
    let mut answer = Map::new();
    answer.insert("statement_id".to_owned(), json!(id));
    answer.insert("state".to_owned(), json!(state(&statement)));
    match state(&statement) {
        Some(StatementState::Succeeded) => rows(context, statement, chunk, limit, &mut answer).await?,
        Some(StatementState::Failed) => {
            let error = statement.status.and_then(|status| status.error);
            let message =
                error.and_then(|error| error.message).unwrap_or_else(|| "no reason given".to_owned());
            return Err(ToolError::Failed(format!("the statement failed: {message}")));
        }
        Some(StatementState::Canceled) => {
            return Err(ToolError::Failed(format!(
                "statement {id} was cancelled{}",
                context.app().sql_limits().remark()
            )));
        }
        Some(StatementState::Closed) => {
            return Err(ToolError::Failed(format!("the result of statement {id} is gone; run it again")));
        }
        _ => {
            let hint =
                format!("The statement goes on. Call get_statement with statement_id {id} for its result.");
            answer.insert("next".to_owned(), json!(hint));
        }
    }
    Ok(Answer::new(Value::Object(answer)))
}

async fn rows(
    context: &Context,
    statement: StatementResponse,
    chunk: i64,
    limit: i64,
    answer: &mut Map<String, Value>,
) -> Result<(), ToolError> {
    let manifest = statement.manifest.unwrap_or_default();
    let columns = manifest.schema.and_then(|schema| schema.columns).unwrap_or_default();
    answer.insert("columns".to_owned(), columns.iter().map(column).collect());
    let client = context.workspace();
    let id = statement.statement_id.unwrap_or_default();
    let read = async |chunk: i64| {
        client
            .statement_execution()
            .get_statement_result_chunk_n()
            .statement_id(&id)
            .chunk_index(chunk)
            .send()
            .await
    };
    let mut data = match chunk {
        0 => statement.result.map(|data| *data).unwrap_or_default(),
        chunk => read(chunk).await?,
    };
    let mut rows = Vec::new();
    loop {
        let next = data.next_chunk_index;
        rows.append(&mut cells(data));
        match next {
            Some(next) if (rows.len() as i64) < limit => data = read(next).await?,
            Some(next) => {
                answer.insert("next_chunk".to_owned(), json!(next));
                break;
            }
            None => break,
        }
    }
    answer.insert("row_count".to_owned(), json!(rows.len()));
    answer.insert("rows".to_owned(), json!(rows));
    answer.insert("total_row_count".to_owned(), json!(manifest.total_row_count));
    if manifest.truncated == Some(true) {
        answer.insert(
            "truncated".to_owned(),
            json!(format!(
                "The result has more than {limit} rows: raise row_limit, or aggregate or filter in SQL."
            )),
        );
    }
    Ok(())
}

fn cells(data: ResultData) -> Vec<Vec<Option<String>>> {
    data.data_array.unwrap_or_default()
}

fn column(column: &ColumnInfo) -> Value {
    json!({ "name": column.name, "type": column.type_text })
}

fn argument(error: impl std::fmt::Display) -> ToolError {
    ToolError::Argument(error.to_string())
}
