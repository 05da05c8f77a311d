//! Tables and views.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::views::{self, Omit};
use super::{Paging, refuse_rest, table_name};
use crate::api::USER;
use crate::server::{Answer, ApiError, Body, Params, Reply};
use crate::sql::catalog::{Column, Common, SchemaName, Table, TableKind};
use crate::sql::types;
use crate::state::AppState;

/// How many come in one page.
const PAGE: usize = 50;
const SUMMARIES: usize = 10_000;

pub(super) fn routes() -> Router<AppState> {
    const TABLES: &str = "/api/2.1/unity-catalog/tables";
    Router::new()
        .route(TABLES, get(list).post(create))
        .route(&format!("{TABLES}/{{name}}"), get(show).patch(update).delete(delete))
        .route(&format!("{TABLES}/{{name}}/exists"), get(exists))
        .route("/api/2.1/unity-catalog/table-summaries", get(summaries))
}

#[derive(Deserialize)]
struct List {
    catalog_name: String,
    schema_name: String,
    #[serde(default)]
    omit_columns: bool,
    #[serde(default)]
    omit_properties: bool,
    #[serde(default)]
    omit_username: bool,
    #[serde(flatten)]
    paging: Paging,
}

async fn list(State(state): State<AppState>, Params(query): Params<List>) -> Answer {
    let name = SchemaName::new(&query.catalog_name, &query.schema_name);
    let omit = Omit {
        columns: query.omit_columns,
        properties: query.omit_properties,
        username: query.omit_username,
    };
    let all = state.sql.tables(&name)?;
    query.paging.answer(all, "tables", PAGE, |table| views::table(&name, &table, omit)).map(Json)
}

/// What a new table is to be. Over REST, as on the service, tables are external; managed ones are made by SQL.
#[derive(Deserialize)]
struct Create {
    name: String,
    catalog_name: String,
    schema_name: String,
    table_type: String,
    data_source_format: String,
    storage_location: String,
    #[serde(default)]
    columns: Vec<NewColumn>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    comment: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct NewColumn {
    name: String,
    type_text: String,
    #[serde(default = "nullable")]
    nullable: bool,
    comment: Option<String>,
}

fn nullable() -> bool {
    true
}

impl NewColumn {
    fn column(self) -> Reply<Column> {
        if types::parse(&self.type_text).is_none() {
            return Err(ApiError::invalid(format!(
                "The column '{}' has the type '{}', which the sandbox does not know",
                self.name, self.type_text
            )));
        }
        Ok(Column {
            nullable: self.nullable,
            comment: self.comment,
            ..Column::new(self.name, self.type_text.to_lowercase())
        })
    }
}

async fn create(State(state): State<AppState>, Body(create): Body<Create>) -> Answer {
    // an owner in a request to create is ignored by the service too
    let mut rest = create.rest;
    rest.shift_remove("owner");
    refuse_rest(&rest)?;
    if create.table_type != "EXTERNAL" {
        return Err(ApiError::invalid(format!(
            "Tables of the type {} cannot be created by this API; use SQL.",
            create.table_type
        )));
    }
    let schema = SchemaName::new(&create.catalog_name, &create.schema_name);
    let name = schema.table(&create.name);
    let table = Table {
        common: Common {
            comment: create.comment,
            properties: create.properties,
            ..Common::new(&create.name, USER)
        },
        kind: TableKind::External,
        columns: create.columns.into_iter().map(NewColumn::column).collect::<Reply<_>>()?,
        format: create.data_source_format,
        files: Vec::new(),
        view: None,
        storage_location: Some(create.storage_location),
        sample: false,
        layout: Default::default(),
        constraints: Default::default(),
        copied: Default::default(),
        history: Vec::new(),
    };
    state.sql.catalogs().put_table(&name, table, false)?;
    Ok(Json(views::table(&schema, &*state.sql.catalogs().table(&name)?, Omit::default())))
}

async fn show(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    let name = table_name(&name)?;
    Ok(Json(views::table(&name.schema_name(), &*state.sql.table(&name)?, Omit::default())))
}

async fn exists(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    let name = table_name(&name)?;
    match state.sql.table(&name) {
        Ok(_) => Ok(Json(json!({ "table_exists": true }))),
        Err(error) if error.is_not_found() => Ok(Json(json!({ "table_exists": false }))),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Update {
    owner: Option<String>,
    comment: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

async fn update(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(update): Body<Update>,
) -> Answer {
    refuse_rest(&update.rest)?;
    state.sql.catalogs().update_table(&table_name(&name)?, |table| {
        if let Some(owner) = update.owner {
            table.common.owner = owner;
        }
        if let Some(comment) = update.comment {
            table.common.comment = Some(comment).filter(|comment| !comment.is_empty());
        }
    })?;
    Ok(Json(json!({})))
}

async fn delete(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    state.sql.catalogs().drop_table(&table_name(&name)?)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Summaries {
    catalog_name: String,
    schema_name_pattern: Option<String>,
    table_name_pattern: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

async fn summaries(State(state): State<AppState>, Params(query): Params<Summaries>) -> Answer {
    let catalog = query.catalog_name.to_lowercase();
    let mut all: Vec<(SchemaName, Arc<Table>)> = Vec::new();
    for schema in state.sql.catalogs().schemas(&catalog)? {
        if !like(query.schema_name_pattern.as_deref(), &schema.common.name) {
            continue;
        }
        let name = SchemaName::new(&catalog, &schema.common.name);
        let tables = state.sql.catalogs().tables(&name)?.into_iter();
        all.extend(
            tables
                .filter(|table| like(query.table_name_pattern.as_deref(), &table.common.name))
                .map(|table| (name.clone(), table)),
        );
    }
    query.paging.answer(all, "tables", SUMMARIES, |(schema, table)| {
        json!({ "full_name": schema.table(&table.common.name).to_string(), "table_type": table.kind.text() })
    }).map(Json)
}

/// SQL's LIKE: `%` is any text, `_` any one character.
fn like(pattern: Option<&str>, text: &str) -> bool {
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
            Some((c, rest)) => text
                .split_first()
                .is_some_and(|(first, left)| (c == first || *c == '_') && matches(rest, left)),
        }
    }
    pattern.is_none_or(|pattern| {
        matches(&pattern.to_lowercase().chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, text, expected) in [
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("a_c", "abc", true),
            ("a_", "abc", false),
            ("%", "", true),
            ("A%", "abc", true),
        ] {
            assert_eq!(like(Some(pattern), text), expected, "{pattern} {text}");
        }
        assert!(like(None, "anything"));
    }
}
