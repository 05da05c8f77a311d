//! SQL statements: run, waited for, their rows read.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "data")]
use super::spill::Spill;
use crate::mcp::poll::Poll;
use crate::mcp::sql_limits::Planned;
use crate::mcp::{Compound, Context, Effect, LeftOut, ToolError, sql_effect};
use crate::sql::types::{
    ColumnInfo, ExecuteStatementRequestOnWaitTimeout, ResultData, State, StatementParameterListItem,
    StatementResponse, StatementState,
};

/// Rows of an answer unless the caller says otherwise.
const ROWS: i64 = 100;

/// Arguments of `execute_sql`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExecuteSql {
    /// One statement.
    statement: String,
    /// From list_warehouses. Unless set: the configured one, else one that runs, else any.
    warehouse_id: Option<String>,
    /// Catalog for names without one.
    catalog: Option<String>,
    /// Schema for names without one.
    schema: Option<String>,
    /// Values of :name markers.
    #[serde(default)]
    parameters: Vec<Parameter>,
    /// Most rows; 100 unless set.
    #[schemars(range(min = 1, max = 100_000))]
    row_limit: Option<i64>,
    /// File for all rows: x.parquet or .csv.
    #[cfg(feature = "data")]
    out: Option<String>,
    /// Longest wait in seconds; 120 unless set.
    #[schemars(range(max = 3600))]
    timeout_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    /// Without the colon.
    pub(super) name: String,
    /// Value as text; leave out for NULL.
    pub(super) value: Option<String>,
    /// SQL type such as DATE; STRING unless set.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// A statement and, once it has succeeded, its rows.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct StatementAnswer {
    pub(super) statement_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) row_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_row_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_chunk: Option<i64>,
    /// The file that holds all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) columns: Option<Vec<Column>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "rows_of_cells")]
    pub(super) rows: Option<Vec<Vec<Option<String>>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<LeftOut>,
}

/// A column of a result, and what its values are like where all of them were seen.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(super) struct Column {
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nulls: Option<u64>,
    /// Values that differ, about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) distinct: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max: Option<String>,
}

impl Column {
    /// Its name and type alone.
    pub(super) fn new(name: Option<String>, kind: Option<String>) -> Self {
        Self { name, kind, ..Self::default() }
    }
}

/// Lists of texts and nulls; the types of their columns say what they are.
pub(super) fn rows_of_cells(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "array" } })
}

/// What others wrote of an answer.
const ROWS_AND_EXTREMES: &[&str] = &["rows", "columns.min", "columns.max"];

impl Compound for ExecuteSql {
    type Output = StatementAnswer;
    const UNTRUSTED: &'static [&'static str] = ROWS_AND_EXTREMES;
    const MAY_READ: bool = true;

    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        arguments.get("statement").and_then(Value::as_str).map(sql_effect::of)
    }

    async fn call(self, context: &Context) -> Result<StatementAnswer, ToolError> {
        let client = context.workspace();
        let warehouse = match &self.warehouse_id {
            Some(id) => id.clone(),
            None => any_warehouse(context).await?,
        };
        #[cfg(feature = "data")]
        let file = self.out.as_deref().map(|name| context.app().result_folder().place(name)).transpose()?;
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let item = StatementParameterListItem::builder()
                .name(&parameter.name)
                .value(parameter.value.clone())
                .type_(parameter.kind.clone());
            parameters.push(item.build().map_err(argument)?);
        }
        let limits = &context.terms().sql_limits;
        let planned = Planned {
            statement: &self.statement,
            warehouse: &warehouse,
            catalog: self.catalog.as_deref(),
            schema: self.schema.as_deref(),
            parameters: &parameters,
        };
        limits.admit(context, &planned).await?;
        let timeout = Duration::from_secs(self.timeout_seconds.unwrap_or(120));
        let limit = limits.rows_of(self.row_limit.unwrap_or(ROWS));
        #[cfg(feature = "data")]
        let spill = Spill {
            statement: &self.statement,
            warehouse: &warehouse,
            catalog: self.catalog.as_deref(),
            schema: self.schema.as_deref(),
            parameters: &self.parameters,
            // Whoever wants a file wants all of it.
            row_limit: match (&file, limits.rows) {
                (Some(_), None) => self.row_limit,
                _ => Some(limit),
            },
            timeout,
        };
        #[cfg(feature = "data")]
        if let Some(file) = file {
            return spill.to(context, file).await;
        }
        let execute = client.statement_execution().execute_statement();
        let execute = execute
            .statement(&self.statement)
            .warehouse_id(&warehouse)
            .catalog(self.catalog.clone())
            .schema(self.schema.clone())
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
        let finished = wait(context, started, timeout).await?;
        // The service ran it and found the rows too many bytes for an answer: what only reads may run again.
        #[cfg(feature = "data")]
        if is_too_large(&finished) && sql_effect::of(&self.statement) == Effect::Read {
            return spill.to(context, context.app().result_folder().unnamed()?).await;
        }
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
    /// Most rows; 100 unless set.
    #[schemars(range(min = 1, max = 100_000))]
    row_limit: Option<i64>,
    /// Longest wait in seconds; 60 unless set.
    #[schemars(range(max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for GetStatement {
    type Output = StatementAnswer;
    const UNTRUSTED: &'static [&'static str] = ROWS_AND_EXTREMES;

    async fn call(self, context: &Context) -> Result<StatementAnswer, ToolError> {
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

/// Whether a statement failed because its rows do not fit into an answer.
#[cfg(feature = "data")]
fn is_too_large(statement: &StatementResponse) -> bool {
    let error = statement.status.as_ref().and_then(|status| status.error.as_ref());
    error.and_then(|error| error.message.as_deref()).is_some_and(crate::statements::says_too_large)
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
) -> Result<StatementAnswer, ToolError> {
    let id = statement.statement_id.clone().unwrap_or_default();
    let state = state(&statement).cloned();
    let mut answer = StatementAnswer {
        statement_id: id.clone(),
        state: state.as_ref().map(|state| state.as_str().to_owned()),
        ..StatementAnswer::default()
    };
    match state {
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
                context.terms().sql_limits.remark()
            )));
        }
        Some(StatementState::Closed) => {
            return Err(ToolError::Failed(format!("the result of statement {id} is gone; run it again")));
        }
        _ => {
            let hint =
                format!("The statement goes on. Call get_statement with statement_id {id} for its result.");
            answer.next = Some(hint);
        }
    }
    Ok(answer)
}

async fn rows(
    context: &Context,
    statement: StatementResponse,
    chunk: i64,
    limit: i64,
    answer: &mut StatementAnswer,
) -> Result<(), ToolError> {
    let manifest = statement.manifest.unwrap_or_default();
    let columns = manifest.schema.and_then(|schema| schema.columns).unwrap_or_default();
    answer.columns = Some(columns.iter().map(column).collect());
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
    let total = manifest.total_row_count;
    let before = data.row_offset.unwrap_or(0);
    let mut rows = Vec::new();
    loop {
        let next = data.next_chunk_index;
        rows.append(&mut cells(data));
        match next {
            Some(next) if (rows.len() as i64) < limit => data = read(next).await?,
            Some(next) => {
                answer.next_chunk = Some(next);
                let note = LeftOut::new("rows of further chunks", "get_statement with chunk = next_chunk");
                let rest = total.map(|total| total - before - rows.len() as i64);
                answer
                    .left_out
                    .push(LeftOut { count: rest.and_then(|rest| u64::try_from(rest).ok()), ..note });
                break;
            }
            None => break,
        }
    }
    if manifest.truncated == Some(true) {
        answer.left_out.push(LeftOut::new(
            format!("rows beyond {}", total.unwrap_or(limit)),
            "execute_sql with a larger row_limit, or aggregate or filter in SQL",
        ));
    }
    answer.row_count = Some(rows.len() as u64);
    answer.total_row_count = total;
    answer.rows = Some(rows);
    Ok(())
}

/// The rows of a short query on a warehouse that runs, for a tool that asks by the way: within so many seconds, and
/// never by starting one.
pub(super) async fn ask(
    context: &Context,
    warehouse: &str,
    statement: &str,
    parameters: &[(&str, &str)],
    limit: i64,
) -> Result<(Vec<Column>, Vec<Vec<Option<String>>>), ToolError> {
    let mut values = Vec::with_capacity(parameters.len());
    for (name, value) in parameters {
        values.push(StatementParameterListItem::builder().name(*name).value((*value).to_owned()).build()?);
    }
    let execute = context.workspace().statement_execution().execute_statement().statement(statement);
    let execute = execute
        .warehouse_id(warehouse)
        .parameters((!values.is_empty()).then_some(values))
        .row_limit(limit)
        .wait_timeout("30s".to_owned())
        .on_wait_timeout(ExecuteStatementRequestOnWaitTimeout::Cancel);
    let ended = execute.send().await?;
    if state(&ended) != Some(&StatementState::Succeeded) {
        let error = ended.status.and_then(|status| status.error).and_then(|error| error.message);
        return Err(ToolError::Failed(error.unwrap_or_else(|| "it took over 30 s".to_owned())));
    }
    let columns = ended.manifest.and_then(|manifest| manifest.schema).and_then(|schema| schema.columns);
    let columns = columns.unwrap_or_default().iter().map(column).collect();
    Ok((columns, ended.result.map(|data| cells(*data)).unwrap_or_default()))
}

/// The configured warehouse, else one that runs; `None` where neither is there.
pub(super) async fn running_warehouse(context: &Context) -> Result<Option<String>, ToolError> {
    let warehouses = context.workspace().warehouses().list().send().await?.warehouses.unwrap_or_default();
    let mut running = warehouses.into_iter().filter(|warehouse| warehouse.state == Some(State::Running));
    let configured = context.workspace().config().warehouse_id();
    let found = match configured {
        Some(id) => running.find(|warehouse| warehouse.id.as_deref() == Some(id)),
        None => running.next(),
    };
    Ok(found.and_then(|warehouse| warehouse.id))
}

fn cells(data: ResultData) -> Vec<Vec<Option<String>>> {
    data.data_array.unwrap_or_default()
}

fn column(column: &ColumnInfo) -> Column {
    Column::new(column.name.clone(), column.type_text.clone())
}

fn argument(error: impl std::fmt::Display) -> ToolError {
    ToolError::Argument(error.to_string())
}
