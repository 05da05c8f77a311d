//! The history of statements on warehouses: those of the last hour, the latest first.

use serde_json::{Map, Value, json};

use super::plain::{Call, Route, paged, text};
use crate::server::Reply;
use crate::store::Change;

pub(super) const ROUTES: &[Route] =
    &[Route::new("query_history_list", list).lacks("the last hour's statements, without metrics")];

fn list(call: &Call, _: &mut Change) -> Reply<Value> {
    let wanted = |name: &str| -> Vec<&str> {
        let name = format!("filter_by.{name}");
        call.query.iter().filter(|(key, _)| *key == name).flat_map(|(_, value)| value.split(',')).collect()
    };
    let time = |name: &str| {
        wanted(&format!("query_start_time_range.{name}")).first().and_then(|it| it.parse::<i64>().ok())
    };
    let (since, until) = (time("start_time_ms").unwrap_or(0), time("end_time_ms").unwrap_or(i64::MAX));
    let lists = [
        ("statement_ids", "query_id"),
        ("statuses", "status"),
        ("user_ids", "user_id"),
        ("warehouse_ids", "warehouse_id"),
    ]
    .map(|(name, field)| (field, wanted(name)));
    let kept: Vec<Map<String, Value>> = entries(call)
        .into_iter()
        .filter(|entry| {
            let start = entry.get("query_start_time_ms").and_then(Value::as_i64).unwrap_or_default();
            (since..=until).contains(&start)
                && lists.iter().all(|(field, wanted)| {
                    wanted.is_empty()
                        || entry.get(*field).is_some_and(|it| wanted.contains(&text(it).as_str()))
                })
        })
        .collect();
    let mut answer = paged(call, kept)?;
    answer["has_next_page"] = json!(answer.get("next_page_token").is_some());
    Ok(answer)
}

#[cfg(feature = "sql")]
fn entries(call: &Call) -> Vec<Map<String, Value>> {
    call.state.statements.history(call.now)
}

#[cfg(not(feature = "sql"))]
fn entries(_: &Call) -> Vec<Map<String, Value>> {
    Vec::new()
}
