//! Lists of clusters and of what happened to them.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{Cluster, Event, State as ClusterState};
use crate::api::lenient;
use crate::api::paging::{self, Page};
use crate::server::{Answer, ApiError, Body, Params};
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct List {
    page_size: Option<i64>,
    page_token: Option<String>,
    #[serde(default, rename = "filter_by.cluster_sources")]
    sources: Vec<String>,
    #[serde(default, rename = "filter_by.cluster_states")]
    states: Vec<ClusterState>,
    #[serde(rename = "filter_by.is_pinned")]
    pinned: Option<bool>,
    #[serde(rename = "filter_by.policy_id")]
    policy: Option<String>,
    #[serde(rename = "sort_by.field")]
    field: Option<Field>,
    #[serde(rename = "sort_by.direction")]
    direction: Option<Order>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Field {
    ClusterName,
    Default,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Order {
    Asc,
    Desc,
}

pub(super) async fn list(State(state): State<AppState>, uri: Uri, Params(query): Params<List>) -> Answer {
    let now = state.now();
    let mut clusters = state.clusters.0.all();
    for cluster in &mut clusters {
        cluster.settle(now);
    }
    clusters.retain(|cluster| {
        (query.states.is_empty() || query.states.contains(&cluster.state))
            && (query.sources.is_empty() || query.sources.iter().any(|source| source == "API"))
            && query.pinned.is_none_or(|pinned| pinned == cluster.pinned)
            && query.policy.as_ref().is_none_or(|policy| cluster.spec.policy_id.as_ref() == Some(policy))
    });
    let name = |cluster: &Cluster| cluster.spec.cluster_name.clone();
    match query.field.unwrap_or(Field::Default) {
        Field::ClusterName => clusters.sort_by_key(name),
        // pinned first, then those that run, then the newest
        Field::Default => clusters.sort_by_key(|cluster| {
            (!cluster.pinned, cluster.state == ClusterState::Terminated, Reverse(cluster.created))
        }),
    }
    if query.direction == Some(Order::Desc) {
        clusters.reverse();
    }
    // version 2.0 knows no pages
    let old = uri.path().starts_with("/api/2.0/");
    let size = if old { usize::MAX } else { paging::size(query.page_size, 20, 100)? };
    let page = Page::cut(clusters, query.page_token.as_deref(), size)?;
    Ok(Json(Value::Object(page.answer("clusters", |cluster| cluster.view()))))
}

#[derive(Deserialize)]
pub(super) struct Events {
    cluster_id: String,
    #[serde(default)]
    event_types: Vec<String>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    end_time: Option<i64>,
    #[serde(default)]
    order: Option<Order>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    limit: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    offset: Option<i64>,
    page_size: Option<i64>,
    page_token: Option<String>,
}

pub(super) async fn events(State(state): State<AppState>, Body(query): Body<Events>) -> Answer {
    let cluster = state.clusters.get(&query.cluster_id, state.now())?;
    let mut events = cluster.events;
    events.retain(|event| {
        (query.event_types.is_empty() || query.event_types.contains(&event.r#type))
            && query.start_time.is_none_or(|start| event.timestamp >= start)
            && query.end_time.is_none_or(|end| event.timestamp <= end)
    });
    if query.order != Some(Order::Asc) {
        events.reverse();
    }
    let total = events.len();
    let size = paging::size(query.page_size.or(query.limit), 50, 500)?;
    let offset = usize::try_from(query.offset.unwrap_or(0));
    let offset = offset.map_err(|_| ApiError::invalid("offset must not be negative"))?;
    let page = match &query.page_token {
        Some(token) => Page::cut(events, Some(token), size)?,
        None => Page::at(events, offset, size),
    };
    let more = page.next.is_some();
    let mut answer = page.answer("events", |event| view(&cluster.id, event));
    answer.insert("total_count".into(), json!(total));
    if more {
        let next = json!({ "cluster_id": cluster.id, "offset": offset + size, "limit": size });
        answer.insert("next_page".into(), next);
    }
    Ok(Json(Value::Object(answer)))
}

fn view(id: &str, event: Event) -> Value {
    json!({ "cluster_id": id, "timestamp": event.timestamp, "type": event.r#type, "details": event.details })
}
