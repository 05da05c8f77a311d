//! What a SQL statement may cost: rows and bytes of its result, its time, and what it reads.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, ToolError};
use crate::sql::types::{
    ExecuteStatementRequestOnWaitTimeout, StatementParameterListItem, StatementResponse, StatementState,
};

/// What a SQL statement may cost; without a limit the workspace's own hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SqlLimits {
    /// Most rows of a result, whatever a call asks for.
    pub rows: Option<i64>,
    /// Most bytes of a result; what is beyond is cut off by the workspace.
    pub bytes: Option<i64>,
    /// Seconds that a statement may run; then it is cancelled.
    pub seconds: Option<u64>,
    /// Most bytes that a statement may read, by the estimate of its plan, which `EXPLAIN COST` tells before it runs.
    pub scanned_bytes: Option<u64>,
}

/// A statement before it runs.
pub(crate) struct Planned<'a> {
    pub(crate) statement: &'a str,
    pub(crate) warehouse: &'a str,
    pub(crate) catalog: Option<&'a str>,
    pub(crate) schema: Option<&'a str>,
    pub(crate) parameters: &'a [StatementParameterListItem],
}

impl SqlLimits {
    /// The rows that a call gets that asks for so many.
    pub(crate) fn rows_of(&self, asked: i64) -> i64 {
        self.rows.map_or(asked, |most| asked.min(most))
    }

    /// Refuses a statement that would read too much. One that cannot be explained is let through: what is wrong with
    /// it, its own run says.
    ///
    /// # Errors
    /// How much it would read, and what may be read.
    pub(crate) async fn admit(&self, context: &Context, planned: &Planned<'_>) -> Result<(), ToolError> {
        let Some(most) = self.scanned_bytes else { return Ok(()) };
        let parameters = planned.parameters;
        let explain = context.workspace().statement_execution().execute_statement();
        let explain = explain
            .statement(format!("EXPLAIN COST {}", planned.statement))
            .warehouse_id(planned.warehouse)
            .catalog(planned.catalog.map(str::to_owned))
            .schema(planned.schema.map(str::to_owned))
            .parameters((!parameters.is_empty()).then(|| parameters.to_vec()))
            .wait_timeout("50s".to_owned())
            .on_wait_timeout(ExecuteStatementRequestOnWaitTimeout::Cancel);
        let explained = match explain.send().await {
            Ok(explained) => explained,
            Err(error) => {
                tracing::debug!(%error, "a statement cannot be explained");
                return Ok(());
            }
        };
        match scanned(&plan(explained)) {
            Some(bytes) if bytes > most as f64 => Err(ToolError::Failed(format!(
                "the statement was not run: by its plan it reads about {:.1} GB, and this server lets one read {:.1} \
                 GB. Filter on partition or clustering columns, or read fewer tables.",
                bytes / 1e9,
                most as f64 / 1e9
            ))),
            _ => Ok(()),
        }
    }

    /// Cancels a statement when its time is up, also when nobody waits for it any more.
    pub(crate) fn watch(&self, context: &Context, id: &str) {
        let Some(seconds) = self.seconds else { return };
        let (workspace, id) = (context.workspace().clone(), id.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let statements = workspace.statement_execution();
            let look = statements.get_statement().statement_id(&id).send().await;
            let state = look.ok().and_then(|statement| statement.status).and_then(|status| status.state);
            if matches!(state, Some(StatementState::Pending | StatementState::Running)) {
                tracing::info!(id, seconds, "cancels a statement whose time is up");
                if let Err(error) = statements.cancel_execution().statement_id(&id).send().await {
                    tracing::warn!(id, %error, "a statement runs on though its time is up");
                }
            }
        });
    }

    /// What to say beside that a statement was cancelled.
    pub(crate) fn remark(&self) -> String {
        self.seconds
            .map_or_else(String::new, |seconds| format!("; this server lets a statement run for {seconds} s"))
    }
}

/// The text of a plan.
fn plan(explained: StatementResponse) -> String {
    let rows = explained.result.and_then(|result| result.data_array).unwrap_or_default();
    rows.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n")
}

/// The bytes that the tables of a plan hold after what the plan prunes; `None` where it does not say.
fn scanned(plan: &str) -> Option<f64> {
    let tables = plan.lines().filter(|line| line.contains("Relation "));
    let sizes = tables.filter_map(|line| size(line.split_once("sizeInBytes=")?.1));
    sizes.reduce(|all, size| all + size)
}

/// `12.3 GiB, rowCount=…` in bytes.
fn size(text: &str) -> Option<f64> {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let end = text.find([',', ')'])?;
    let (number, unit) = text[..end].trim().split_once(' ')?;
    let power = UNITS.iter().position(|it| *it == unit)?;
    Some(number.parse::<f64>().ok()? * 1024_f64.powi(i32::try_from(power).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio_util::sync::CancellationToken;
    use wiremock::matchers::{body_partial_json, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::Workspace;
    use crate::mcp::toolsets::Sql;
    use crate::mcp::{App, Registry};

    const STATEMENTS: &str = "/api/2.0/sql/statements";

    async fn execute(server: &MockServer, limits: SqlLimits, arguments: Value) -> Result<(), String> {
        let workspace = Workspace::builder().host(server.uri()).token("x").build().unwrap();
        let app = App::new(workspace).with_sql_limits(limits);
        let context = Context::new(app, CancellationToken::new(), None);
        let Value::Object(arguments) = arguments else { panic!("an object") };
        let call = Registry::of::<Sql>().call("execute_sql", arguments, &context).await;
        call.map(drop).map_err(|error| error.to_string())
    }

    fn answers(body: Value) -> ResponseTemplate {
        ResponseTemplate::new(200).set_body_json(body)
    }

    #[tokio::test]
    async fn what_reads_too_much_does_not_run() {
        let server = MockServer::start().await;
        let plan = "Relation main.s.t[a#1] parquet, Statistics(sizeInBytes=3.0 TiB)";
        let explained = json!({ "status": { "state": "SUCCEEDED" }, "result": { "data_array": [[plan]] } });
        Mock::given(path(STATEMENTS))
            .and(body_partial_json(
                json!({ "statement": "EXPLAIN COST SELECT * FROM main.s.t", "schema": "s" }),
            ))
            .respond_with(answers(explained))
            .expect(2)
            .mount(&server)
            .await;
        let ran =
            json!({ "statement_id": "i", "status": { "state": "SUCCEEDED" }, "manifest": {}, "result": {} });
        Mock::given(path(STATEMENTS))
            .and(body_partial_json(
                json!({ "statement": "SELECT * FROM main.s.t", "row_limit": 7, "byte_limit": 9 }),
            ))
            .respond_with(answers(ran))
            .expect(1)
            .mount(&server)
            .await;
        let arguments = json!({ "statement": "SELECT * FROM main.s.t", "warehouse_id": "w", "schema": "s" });
        let limits = |scanned| SqlLimits {
            rows: Some(7),
            bytes: Some(9),
            scanned_bytes: Some(scanned),
            seconds: None,
        };
        let refused = execute(&server, limits(1_000_000_000_000), arguments.clone()).await.unwrap_err();
        assert!(
            refused.contains("reads about 3298.5 GB, and this server lets one read 1000.0 GB"),
            "{refused}"
        );
        execute(&server, limits(4_000_000_000_000), arguments).await.unwrap();
    }

    #[tokio::test]
    async fn a_statement_whose_time_is_up_is_cancelled_though_nobody_waits() {
        let server = MockServer::start().await;
        let running = json!({ "statement_id": "i", "status": { "state": "RUNNING" } });
        Mock::given(method("POST"))
            .and(path(STATEMENTS))
            .respond_with(answers(running.clone()))
            .mount(&server)
            .await;
        Mock::given(method("GET"))
            .and(path(format!("{STATEMENTS}/i")))
            .respond_with(answers(running))
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .and(path(format!("{STATEMENTS}/i/cancel")))
            .respond_with(answers(json!({})))
            .expect(1)
            .mount(&server)
            .await;
        let limits = SqlLimits { seconds: Some(2), ..SqlLimits::default() };
        let arguments = json!({ "statement": "SELECT 1", "warehouse_id": "w", "timeout_seconds": 1 });
        execute(&server, limits, arguments).await.unwrap();
        for _ in 0..50 {
            let sent = server.received_requests().await.unwrap();
            if sent.iter().any(|request| request.url.path().ends_with("/cancel")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the statement was not cancelled");
    }

    #[test]
    fn a_plan_tells_what_it_reads() {
        let plan = "== Optimized Logical Plan ==\n\
            Join Inner, (a#1 = b#2), Statistics(sizeInBytes=8.0 EiB)\n\
            :- Filter isnotnull(a#1), Statistics(sizeInBytes=2.0 GiB, rowCount=3)\n\
            :  +- Relation main.s.t[a#1] parquet, Statistics(sizeInBytes=2.0 GiB, rowCount=5.00E+8)\n\
            +- Relation main.s.u[b#2] parquet, Statistics(sizeInBytes=512.0 MiB)\n\
            == Physical Plan ==\n";
        assert_eq!(scanned(plan), Some(2.5 * 1024_f64.powi(3)));
        assert_eq!(scanned("OneRowRelation"), None);
    }

    #[test]
    fn a_call_gets_no_more_rows_than_the_server_lets_it() {
        let limits = SqlLimits { rows: Some(10), ..SqlLimits::default() };
        assert_eq!((limits.rows_of(5), limits.rows_of(500)), (5, 10));
        assert_eq!(SqlLimits::default().rows_of(500), 500);
    }
}
