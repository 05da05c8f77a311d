//! Volumes; their files are another API's.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Paging, refuse_rest, table_name, views};
use crate::api::USER;
use crate::server::{Answer, ApiError, Body, Params};
use crate::sql::catalog::{Common, SchemaName, TableName, Volume};
use crate::state::AppState;

/// How many come in one page.
const PAGE: usize = 10_000;

pub(super) fn routes() -> Router<AppState> {
    const VOLUMES: &str = "/api/2.1/unity-catalog/volumes";
    Router::new()
        .route(VOLUMES, get(list).post(create))
        .route(&format!("{VOLUMES}/{{name}}"), get(show).patch(update).delete(delete))
}

#[derive(Deserialize)]
struct List {
    catalog_name: String,
    schema_name: String,
    #[serde(flatten)]
    paging: Paging,
}

async fn list(State(state): State<AppState>, Params(query): Params<List>) -> Answer {
    let name = SchemaName::new(&query.catalog_name, &query.schema_name);
    let all = state.sql.catalogs().volumes(&name)?;
    query
        .paging
        .answer(all, "volumes", PAGE, |volume| views::volume(&name.table(&volume.common.name), &volume))
        .map(Json)
}

#[derive(Deserialize)]
struct Create {
    name: String,
    catalog_name: String,
    schema_name: String,
    volume_type: Kind,
    comment: Option<String>,
    storage_location: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Managed,
    External,
}

async fn create(State(state): State<AppState>, Body(create): Body<Create>) -> Answer {
    refuse_rest(&create.rest)?;
    if (create.volume_type == Kind::External) != create.storage_location.is_some() {
        return Err(ApiError::invalid("storage_location is for volumes of the type EXTERNAL, which need it"));
    }
    let name = TableName::new(&create.catalog_name, &create.schema_name, &create.name);
    let common = Common { comment: create.comment, ..Common::new(&create.name, USER) };
    state
        .sql
        .catalogs()
        .create_volume(&name, Volume { common, storage_location: create.storage_location })?;
    Ok(Json(views::volume(&name, &state.sql.catalogs().volume(&name)?)))
}

async fn show(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    let name = table_name(&name)?;
    Ok(Json(views::volume(&name, &state.sql.catalogs().volume(&name)?)))
}

#[derive(Deserialize)]
struct Update {
    new_name: Option<String>,
    comment: Option<String>,
    owner: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

async fn update(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(update): Body<Update>,
) -> Answer {
    refuse_rest(&update.rest)?;
    let name = table_name(&name)?;
    let new = update.new_name.map_or_else(|| name.clone(), |new| name.schema_name().table(&new));
    state.sql.catalogs().update_volume(&name, |volume| {
        volume.common.name.clone_from(&new.table);
        if let Some(comment) = update.comment {
            volume.common.comment = Some(comment).filter(|comment| !comment.is_empty());
        }
        if let Some(owner) = update.owner {
            volume.common.owner = owner;
        }
    })?;
    Ok(Json(views::volume(&new, &state.sql.catalogs().volume(&new)?)))
}

async fn delete(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    state.sql.catalogs().drop_volume(&table_name(&name)?)?;
    Ok(Json(json!({})))
}
