//! Statement execution: a statement runs in the background, its caller waits for it or comes back for it.
//!
//! The task that runs a statement owns nothing but its id; what it comes to is put into a watch channel that the
//! requests look at. A cancel drops the engine's future, which stops the work.

mod chunks;
mod links;
mod request;
mod sessions;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::outside::Desk;
use super::plain::Caller;
use super::warehouses;
use crate::ids;
use crate::server::{Answer, ApiError, Body, Reply};
use crate::sql::{Session, SqlError};
use crate::state::AppState;
use chunks::Answered;
use links::Links;
use request::{Disposition, OnTimeout, Order, Request};

/// How long a result can be fetched.
const KEPT_MS: i64 = 3_600_000;

/// How many statements are remembered, and how many bytes their results may have together.
const MOST_STATEMENTS: usize = 1_000;
const MOST_BYTES: usize = 512 << 20;

/// How many links come in one answer. A client that has them all need not ask for them while it fetches.
const MOST_LINKS: usize = 32;

/// What a statement has come to.
#[derive(Clone)]
enum Status {
    Pending,
    Running,
    Succeeded(Arc<Answered>),
    Failed { code: &'static str, message: String, sqlstate: Option<&'static str> },
    Canceled,
}

impl Status {
    fn ended(&self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    fn view(&self) -> Value {
        match self {
            Self::Pending => json!({ "state": "PENDING" }),
            Self::Running => json!({ "state": "RUNNING" }),
            Self::Succeeded(_) => json!({ "state": "SUCCEEDED" }),
            Self::Canceled => json!({ "state": "CANCELED" }),
            Self::Failed { code, message, sqlstate } => {
                let mut view =
                    json!({ "state": "FAILED", "error": { "error_code": code, "message": message } });
                if let Some(sqlstate) = sqlstate {
                    view["sql_state"] = json!(sqlstate);
                }
                view
            }
        }
    }
}

impl From<SqlError> for Status {
    fn from(error: SqlError) -> Self {
        Self::Failed {
            code: "BAD_REQUEST",
            message: error.message().to_owned(),
            sqlstate: Some(error.sqlstate()),
        }
    }
}

/// A statement that was sent.
struct Statement {
    id: String,
    order: Order,
    status: watch::Sender<Status>,
    cancel: CancellationToken,
    created: i64,
    /// When it ended; 0 until then.
    ended: AtomicI64,
    /// Who sent it.
    caller: Caller,
}

impl Statement {
    fn bytes(&self) -> usize {
        match &*self.status.borrow() {
            Status::Succeeded(answered) => answered.bytes(),
            _ => 0,
        }
    }

    /// The entry of the history.
    fn entry(&self, now: i64) -> Map<String, Value> {
        let status = self.status.borrow().clone();
        let (word, error) = match &status {
            Status::Pending => ("QUEUED", None),
            Status::Running => ("RUNNING", None),
            Status::Succeeded(_) => ("FINISHED", None),
            Status::Failed { message, .. } => ("FAILED", Some(message)),
            Status::Canceled => ("CANCELED", None),
        };
        let ended = Some(self.ended.load(Ordering::Relaxed)).filter(|ended| *ended > 0);
        let text = &self.order.text;
        let first = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        let kind = match first.as_str() {
            "WITH" | "VALUES" => "SELECT",
            "DESC" => "DESCRIBE",
            word @ ("ALTER" | "CREATE" | "DELETE" | "DESCRIBE" | "DROP" | "EXPLAIN" | "GRANT" | "INSERT"
            | "MERGE" | "REVOKE" | "SELECT" | "SET" | "SHOW" | "TRUNCATE" | "UPDATE" | "USE") => word,
            _ => "OTHER",
        };
        let mut entry = Map::new();
        let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        put("query_id", json!(self.id));
        put("query_text", json!(text));
        put("statement_type", json!(kind));
        put("status", json!(word));
        put("is_final", json!(status.ended()));
        put("warehouse_id", json!(self.order.warehouse));
        put("endpoint_id", json!(self.order.warehouse));
        for (id, name) in [("user_id", "user_name"), ("executed_as_user_id", "executed_as_user_name")] {
            put(id, json!(self.caller.id.parse::<i64>().unwrap_or_default()));
            put(name, json!(self.caller.name));
        }
        put("query_start_time_ms", json!(self.created));
        put("duration", json!(ended.unwrap_or(now) - self.created));
        if let Some(ended) = ended {
            put("query_end_time_ms", json!(ended));
            put("execution_end_time_ms", json!(ended));
        }
        if let Some(error) = error {
            put("error_message", json!(error));
        }
        if let Status::Succeeded(answered) = &status {
            put("rows_produced", json!(answered.total()));
        }
        entry
    }

    /// Waits until the statement has ended, or not longer than this.
    async fn wait(&self, span: Duration) {
        let mut status = self.status.subscribe();
        // an error means that the time is up; the caller looks at the state anyway
        let _ = tokio::time::timeout(span, status.wait_for(Status::ended)).await;
    }
}

/// The statements of the last hour, and the links to their results.
#[derive(Default)]
pub(crate) struct Statements {
    all: Mutex<HashMap<String, Arc<Statement>>>,
    links: Links,
    sessions: sessions::Sessions,
}

impl Statements {
    fn find(&self, id: &str, now: i64) -> Reply<Arc<Statement>> {
        let all = self.all.lock();
        let found = all.get(id).filter(|statement| statement.created + KEPT_MS > now);
        found.cloned().ok_or_else(|| ApiError::not_found(format!("The statement {id} was not found.")))
    }

    /// The statements that are remembered, the latest first, as the history of queries shows them.
    pub(crate) fn history(&self, now: i64) -> Vec<Map<String, Value>> {
        let mut all: Vec<_> =
            self.all.lock().values().filter(|it| it.created + KEPT_MS > now).cloned().collect();
        all.sort_by_key(|statement| std::cmp::Reverse(statement.created));
        all.iter().map(|statement| statement.entry(now)).collect()
    }

    /// Adds a statement, and forgets old ones beyond the bounds; those that run are never forgotten.
    fn add(&self, statement: Arc<Statement>, now: i64) {
        let mut all = self.all.lock();
        all.retain(|_, old| old.created + KEPT_MS > now || !old.status.borrow().ended());
        let mut oldest: Vec<Arc<Statement>> =
            all.values().filter(|old| old.status.borrow().ended()).cloned().collect();
        oldest.sort_by_key(|old| std::cmp::Reverse(old.created));
        let mut bytes: usize = oldest.iter().map(|old| old.bytes()).sum();
        while let Some(old) = oldest.pop().filter(|_| all.len() >= MOST_STATEMENTS || bytes > MOST_BYTES) {
            bytes -= old.bytes();
            all.remove(&old.id);
        }
        all.insert(statement.id.clone(), statement);
    }
}

pub(crate) fn routes() -> Router<AppState> {
    const ALL: &str = "/api/2.0/sql/statements";
    Router::new()
        .route(ALL, post(execute))
        .merge(sessions::routes())
        .route(&format!("{ALL}/{{id}}"), get(show).delete(close))
        .route(&format!("{ALL}/{{id}}/cancel"), post(cancel))
        .route(&format!("{ALL}/{{id}}/result/chunks/{{index}}"), get(chunk))
}

/// The addresses of results, which must be fetched without the token.
pub(crate) fn public_routes() -> Router<AppState> {
    links::routes()
}

async fn execute(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<Request>,
) -> Answer {
    let mut order = request.check()?;
    warehouses::use_warehouse(&state, &order.warehouse)?;
    if let Some(id) = &order.session_id {
        let scope = state.statements.sessions.scope(id, &caller)?;
        order.session.variables = scope.variables;
        if order.session.catalog.is_none() && order.session.schema.is_none() {
            order.session.catalog = scope.catalog;
        }
        order.session.schema = order.session.schema.or(scope.schema);
    }
    let statement = Arc::new(Statement {
        id: ids::uuid(),
        order,
        status: watch::Sender::new(Status::Pending),
        cancel: state.stop.child_token(),
        created: state.now(),
        ended: AtomicI64::new(0),
        caller,
    });
    state.statements.add(Arc::clone(&statement), state.now());
    state.tasks.spawn(run(state.clone(), Arc::clone(&statement)));
    if !statement.order.wait.is_zero() {
        statement.wait(statement.order.wait).await;
        if statement.order.on_timeout == OnTimeout::Cancel && !statement.status.borrow().ended() {
            statement.cancel.cancel();
            statement.wait(Duration::from_secs(1)).await;
        }
    }
    Ok(Json(view(&state, &statement)))
}

/// Runs a statement to its end, or to its cancellation. It runs in a task of its own, so that a panic in the engine fails
/// the statement and not its caller's wait for it.
async fn run(state: AppState, statement: Arc<Statement>) {
    statement.status.send_replace(Status::Running);
    let (engine, order) = (state.clone(), Arc::clone(&statement));
    let work =
        AbortOnDropHandle::new(tokio::spawn(
            async move { answer(&engine, &order.order, &order.caller).await },
        ));
    let ended = tokio::select! {
        biased;
        () = statement.cancel.cancelled() => Status::Canceled,
        ended = work => ended.unwrap_or_else(|cause| SqlError::internal(format!("the engine stopped: {cause}")).into()),
    };
    if let (Some(id), Status::Succeeded(_)) = (&statement.order.session_id, &ended) {
        state.statements.sessions.follow(id, &statement.order.text);
    }
    statement.ended.store(state.now(), Ordering::Relaxed);
    statement.status.send_replace(ended);
}

async fn answer(state: &AppState, order: &Order, caller: &Caller) -> Status {
    if let Err(error) = check_session(state, &order.session) {
        return error.into();
    }
    // made here and not kept, since the state keeps the statement
    let desk = Desk { state: state.clone(), caller: caller.clone() };
    let mut session = order.session.clone();
    session.outside = Some(Arc::new(desk));
    match state.sql.execute(&order.text, &session).await {
        Err(error) => error.into(),
        Ok(output) => match chunks::cut(&output, order) {
            Ok(answered) => Status::Succeeded(Arc::new(answered)),
            Err(chunks::TooLarge) => Status::Failed {
                code: "RESOURCE_EXHAUSTED",
                message: format!(
                    "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most {} bytes. \
                     Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result.",
                    chunks::INLINE_LIMIT
                ),
                sqlstate: None,
            },
        },
    }
}

/// A catalog or schema that the request names must be there, whether the statement uses it or not.
fn check_session(state: &AppState, session: &Session) -> Result<(), SqlError> {
    let catalog = session.catalog.as_deref().unwrap_or("main").to_lowercase();
    if session.catalog.is_some() {
        state.sql.catalogs().catalog(&catalog)?;
    }
    if let Some(schema) = &session.schema
        && schema != crate::sql::catalog::INFORMATION_SCHEMA
    {
        state.sql.catalogs().schema(&crate::sql::catalog::SchemaName::new(&catalog, schema))?;
    }
    Ok(())
}

/// A statement as the service shows it, with the first chunk once there is one.
fn view(state: &AppState, statement: &Statement) -> Value {
    let status = statement.status.borrow().clone();
    let mut view = Map::new();
    view.insert("statement_id".into(), json!(statement.id));
    view.insert("status".into(), status.view());
    if let Status::Succeeded(answered) = status {
        view.insert("manifest".into(), answered.manifest(statement.order.format));
        view.insert(
            "result".into(),
            result(state, statement, &answered, 0)
                .unwrap_or_else(|| answered.nothing(statement.order.disposition)),
        );
    }
    Value::Object(view)
}

/// One chunk with its rows, or the links to it and those after it.
fn result(state: &AppState, statement: &Statement, answered: &Arc<Answered>, index: usize) -> Option<Value> {
    if statement.order.disposition == Disposition::ExternalLinks {
        let links: Vec<_> = (index..answered.count())
            .take(MOST_LINKS)
            .map_while(|index| {
                let mut chunk = piece(statement, answered, index)?;
                let link = state.statements.links.make(answered, index, statement.order.format, state.now());
                chunk.insert("external_link".into(), json!(format!("{}{}", state.url, link.path)));
                chunk.insert("expiration".into(), json!(link.expiration));
                Some(chunk)
            })
            .collect();
        return (!links.is_empty()).then(|| json!({ "external_links": links }));
    }
    let mut chunk = piece(statement, answered, index)?;
    chunk.insert("data_array".into(), json!(answered.rows(index)));
    Some(Value::Object(chunk))
}

/// A chunk without its rows, and where the next one is.
fn piece(statement: &Statement, answered: &Answered, index: usize) -> Option<Map<String, Value>> {
    let mut chunk = answered.describe(index)?;
    if index + 1 < answered.count() {
        chunk.insert("next_chunk_index".into(), json!(index + 1));
        let link = format!("/api/2.0/sql/statements/{}/result/chunks/{}", statement.id, index + 1);
        chunk.insert("next_chunk_internal_link".into(), json!(link));
    }
    Some(chunk)
}

async fn show(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    let statement = state.statements.find(&id, state.now())?;
    Ok(Json(view(&state, &statement)))
}

/// Forgets a statement and its rows.
async fn close(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    state.statements.find(&id, state.now())?.cancel.cancel();
    state.statements.all.lock().remove(&id);
    Ok(Json(json!({})))
}

async fn cancel(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    state.statements.find(&id, state.now())?.cancel.cancel();
    Ok(Json(json!({})))
}

async fn chunk(State(state): State<AppState>, Path((id, index)): Path<(String, String)>) -> Answer {
    let statement = state.statements.find(&id, state.now())?;
    let index: usize =
        index.parse().map_err(|_| ApiError::invalid(format!("Invalid chunk index: {index}")))?;
    let status = statement.status.borrow().clone();
    let Status::Succeeded(answered) = status else {
        return Err(ApiError::invalid_state(format!(
            "The statement {id} has no result: its state is {}.",
            status.view()["state"].as_str().unwrap_or_default()
        )));
    };
    let found = result(&state, &statement, &answered, index);
    found.map(Json).ok_or_else(|| {
        ApiError::invalid(format!(
            "The statement {id} has {} chunks, so there is no chunk {index}.",
            answered.count()
        ))
    })
}
