//! Catalogs and schemas.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Paging, refuse_rest, schema_name, views};
use crate::api::USER;
use crate::server::{Answer, Body, Params};
use crate::sql::catalog::{Common, INFORMATION_SCHEMA, Schema, SchemaName};
use crate::state::AppState;

/// How many come in one page.
const PAGE: usize = 1_000;

pub(super) fn routes() -> Router<AppState> {
    const CATALOGS: &str = "/api/2.1/unity-catalog/catalogs";
    const SCHEMAS: &str = "/api/2.1/unity-catalog/schemas";
    Router::new()
        .route(CATALOGS, get(list_catalogs).post(create_catalog))
        .route(
            &format!("{CATALOGS}/{{name}}"),
            get(show_catalog).patch(update_catalog).delete(delete_catalog),
        )
        .route(SCHEMAS, get(list_schemas).post(create_schema))
        .route(&format!("{SCHEMAS}/{{name}}"), get(show_schema).patch(update_schema).delete(delete_schema))
}

/// What a new catalog or schema is to be.
#[derive(Deserialize)]
struct Create {
    name: String,
    comment: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Create {
    fn common(self) -> Common {
        Common { comment: self.comment, properties: self.properties, ..Common::new(&self.name, USER) }
    }
}

/// What is to change.
#[derive(Deserialize)]
struct Update {
    new_name: Option<String>,
    comment: Option<String>,
    owner: Option<String>,
    properties: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Update {
    fn apply(&self, common: &mut Common) {
        if let Some(comment) = &self.comment {
            common.comment = Some(comment.clone()).filter(|comment| !comment.is_empty());
        }
        if let Some(owner) = &self.owner {
            common.owner.clone_from(owner);
        }
        if let Some(properties) = &self.properties {
            common.properties.clone_from(properties);
        }
    }

    /// The new name, if it is another.
    fn rename(&self, old: &str) -> Option<String> {
        self.new_name.as_ref().map(|name| name.to_lowercase()).filter(|name| name != old)
    }
}

#[derive(Deserialize)]
struct Force {
    #[serde(default)]
    force: bool,
}

async fn list_catalogs(State(state): State<AppState>, Params(paging): Params<Paging>) -> Answer {
    let all = state.sql.catalogs().catalogs()?;
    paging.answer(all, "catalogs", PAGE, |catalog| views::catalog(&catalog)).map(Json)
}

async fn create_catalog(State(state): State<AppState>, Body(create): Body<Create>) -> Answer {
    refuse_rest(&create.rest)?;
    let common = create.common();
    let name = common.name.clone();
    state.sql.catalogs().create_catalog(common)?;
    Ok(Json(views::catalog(&state.sql.catalogs().catalog(&name)?)))
}

async fn show_catalog(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    Ok(Json(views::catalog(&state.sql.catalogs().catalog(&name.to_lowercase())?)))
}

async fn update_catalog(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(update): Body<Update>,
) -> Answer {
    refuse_rest(&update.rest)?;
    let (catalogs, mut name) = (state.sql.catalogs(), name.to_lowercase());
    catalogs.update_common(&name, None, |common| update.apply(common))?;
    if let Some(new) = update.rename(&name) {
        catalogs.rename_catalog(&name, &new)?;
        name = new;
    }
    Ok(Json(views::catalog(&catalogs.catalog(&name)?)))
}

async fn delete_catalog(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Params(query): Params<Force>,
) -> Answer {
    state.sql.catalogs().drop_catalog(&name.to_lowercase(), query.force)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct In {
    catalog_name: String,
    #[serde(flatten)]
    paging: Paging,
}

async fn list_schemas(State(state): State<AppState>, Params(query): Params<In>) -> Answer {
    let catalogs = state.sql.catalogs();
    let catalog = catalogs.catalog(&query.catalog_name.to_lowercase())?.common;
    let mut all = catalogs.schemas(&catalog.name)?;
    let common = Common {
        name: INFORMATION_SCHEMA.to_owned(),
        properties: BTreeMap::new(),
        comment: None,
        ..catalog.clone()
    };
    all.push(Schema { common, tables: BTreeMap::new(), volumes: BTreeMap::new() });
    all.sort_by(|a, b| a.common.name.cmp(&b.common.name));
    query.paging.answer(all, "schemas", PAGE, |schema| views::schema(&catalog.name, &schema)).map(Json)
}

#[derive(Deserialize)]
struct CreateIn {
    catalog_name: String,
    #[serde(flatten)]
    create: Create,
}

async fn create_schema(State(state): State<AppState>, Body(body): Body<CreateIn>) -> Answer {
    refuse_rest(&body.create.rest)?;
    let name = SchemaName::new(&body.catalog_name, &body.create.name);
    state.sql.catalogs().create_schema(&name.catalog, body.create.common())?;
    Ok(Json(views::schema(&name.catalog, &state.sql.catalogs().schema(&name)?)))
}

async fn show_schema(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    let name = schema_name(&name)?;
    Ok(Json(views::schema(&name.catalog, &state.sql.catalogs().schema(&name)?)))
}

async fn update_schema(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(update): Body<Update>,
) -> Answer {
    refuse_rest(&update.rest)?;
    let (catalogs, mut name) = (state.sql.catalogs(), schema_name(&name)?);
    catalogs.update_common(&name.catalog, Some(&name.schema), |common| update.apply(common))?;
    if let Some(new) = update.rename(&name.schema) {
        catalogs.rename_schema(&name, &new)?;
        name.schema = new;
    }
    Ok(Json(views::schema(&name.catalog, &catalogs.schema(&name)?)))
}

async fn delete_schema(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Params(query): Params<Force>,
) -> Answer {
    state.sql.catalogs().drop_schema(&schema_name(&name)?, query.force)?;
    Ok(Json(json!({})))
}
