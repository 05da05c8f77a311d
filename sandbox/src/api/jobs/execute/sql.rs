//! SQL files as tasks.

use serde_json::{Value, json};

use super::{Done, merged, not_there, script};
use crate::api::jobs::model::{Output, Run};
use crate::api::jobs::settings::SqlTask;
use crate::api::jobs::state::Outcome;
use crate::api::warehouses;
use crate::query::{self, Rows, Scope};
use crate::state::AppState;

/// The most rows that an output holds.
const MAX_ROWS: usize = 1_000;

pub(super) async fn run(state: &AppState, run: &Run, task: &SqlTask) -> Done {
    if let Err(error) = warehouses::use_warehouse(state, &task.warehouse_id) {
        return Done::failed(Outcome::NotFound, error.message);
    }
    let Some(file) = &task.file else {
        return Done::failed(Outcome::NotFound, "the sandbox runs SQL from files only");
    };
    let text = match script::read(state, &file.path) {
        Ok((text, _)) => text,
        Err(error) => return not_there("SQL file", &file.path, &error),
    };
    let parameters = merged(&[&task.parameters, &run.overrides.sql_params, &run.parameters()]);
    match query::run(state, &text, &parameters, &mut Scope::default()).await {
        Ok(rows) => {
            let output = json!({ "file_output": {
                "warehouse_id": task.warehouse_id,
                "query_text": text,
                "sql_statements": [],
                "query_result": result(&rows),
            }});
            Done::success(Output { sql: Some(output), ..Output::default() })
        }
        Err(message) => Done::raised(message.clone(), message, Output::default()),
    }
}

fn result(rows: &Rows) -> Value {
    let columns = rows.columns.iter().map(|(name, _)| json!({ "name": name }));
    let cell = |cell: &Option<String>| {
        cell.as_ref().map_or_else(|| json!({}), |text| json!({ "string_value": text }))
    };
    let shown = rows
        .rows
        .iter()
        .take(MAX_ROWS)
        .map(|row| json!({ "values": row.iter().map(cell).collect::<Vec<_>>() }));
    json!({
        "columns": columns.collect::<Vec<_>>(),
        "rows": shown.collect::<Vec<_>>(),
        "truncated": rows.truncated || rows.rows.len() > MAX_ROWS,
    })
}
