//! A notebook that ran, as a page to read.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::model::Shown;
use super::runs::one_task;
use crate::api::lenient;
use crate::server::{Answer, ApiError, Params};
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct Query {
    #[serde(deserialize_with = "lenient::int")]
    run_id: i64,
    views_to_export: Option<String>,
}

pub(super) async fn export(State(state): State<AppState>, Params(query): Params<Query>) -> Answer {
    let views = query.views_to_export.as_deref().unwrap_or("CODE");
    if !["CODE", "DASHBOARDS", "ALL"].contains(&views) {
        return Err(ApiError::invalid(format!(
            "views_to_export must be CODE, DASHBOARDS or ALL, not '{views}'."
        )));
    }
    let (_, task) = one_task(&state, query.run_id)?;
    let notebook = task.task.notebook_task.as_ref();
    let notebook = notebook.ok_or_else(|| ApiError::invalid("Only runs of notebooks can be exported."))?;
    let name = notebook.notebook_path.rsplit('/').next().unwrap_or_default();
    let view = json!({ "name": name, "type": "NOTEBOOK", "content": page(name, &task.output.cells) });
    // a dashboard is something that notebooks here do not have
    Ok(Json(json!({ "views": if views == "DASHBOARDS" { vec![] } else { vec![view] } })))
}

fn page(name: &str, cells: &[Shown]) -> String {
    let cell = |cell: &Shown| {
        format!(
            "<pre class=\"code\">{}</pre>\n<pre class=\"output\">{}</pre>\n",
            escape(&cell.code),
            escape(&cell.text)
        )
    };
    let name = escape(name);
    let cells: String = cells.iter().map(cell).collect();
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{name}</title></head>\n<body>\n<h1>{name}</h1>\n{cells}</body></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
