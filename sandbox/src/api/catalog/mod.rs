//! Unity Catalog's REST API over the same catalog that SQL works on: what one makes the other sees.

mod schemas;
mod tables;
mod views;
mod volumes;

use axum::Router;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::paging::{self, Page};
use crate::server::{ApiError, Reply};
use crate::sql::catalog::{CatalogError, Kind, SchemaName, TableName};
use crate::state::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().merge(schemas::routes()).merge(tables::routes()).merge(volumes::routes())
}

/// The service's code for what is missing, and for what is there already.
fn codes(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Catalog => ("CATALOG_DOES_NOT_EXIST", "CATALOG_ALREADY_EXISTS"),
        Kind::Schema => ("SCHEMA_DOES_NOT_EXIST", "SCHEMA_ALREADY_EXISTS"),
        Kind::Table => ("TABLE_DOES_NOT_EXIST", "TABLE_ALREADY_EXISTS"),
        Kind::Volume => ("VOLUME_DOES_NOT_EXIST", "VOLUME_ALREADY_EXISTS"),
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        let message = error.to_string();
        match error {
            CatalogError::NotFound { kind, .. } => Self::new(StatusCode::NOT_FOUND, codes(kind).0, message),
            CatalogError::AlreadyExists { kind, .. } => {
                Self::new(StatusCode::BAD_REQUEST, codes(kind).1, message)
            }
            CatalogError::NotEmpty { kind, name } => {
                let hint = "Delete what is in it first, or pass force=true.";
                Self::invalid_state(format!(
                    "Cannot delete {} '{name}': it is not empty. {hint}",
                    kind.to_string().to_lowercase()
                ))
            }
            CatalogError::InvalidName { .. } => Self::invalid(message),
            CatalogError::ReadOnly { .. } => Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message),
            CatalogError::Io(cause) => Self::internal(cause),
        }
    }
}

/// The part of a query string that cuts a list into pages.
#[derive(Deserialize)]
struct Paging {
    // flattened into a query, where every value arrives as text
    #[serde(default, deserialize_with = "crate::api::lenient::maybe_int")]
    max_results: Option<i64>,
    page_token: Option<String>,
}

impl Paging {
    /// One page of a list. Without `max_results`, or with 0, a page is as long as the service makes it.
    fn answer<T>(&self, all: Vec<T>, name: &str, most: usize, view: impl FnMut(T) -> Value) -> Reply<Value> {
        let size = paging::size(self.max_results, most, most)?;
        let page = Page { prev: None, ..Page::cut(all, self.page_token.as_deref(), size)? };
        Ok(Value::Object(page.answer(name, view)))
    }
}

/// Reads `catalog.schema`.
fn schema_name(full_name: &str) -> Reply<SchemaName> {
    SchemaName::parse(full_name).ok_or_else(|| {
        ApiError::invalid(format!("'{full_name}' is not a full name of the form catalog.schema"))
    })
}

/// Reads `catalog.schema.name`.
fn table_name(full_name: &str) -> Reply<TableName> {
    TableName::parse(full_name).ok_or_else(|| {
        ApiError::invalid(format!("'{full_name}' is not a full name of the form catalog.schema.name"))
    })
}

/// Refuses fields of a request that the sandbox would have to ignore.
fn refuse_rest(rest: &Map<String, Value>) -> Reply<()> {
    let set = rest.iter().find(|(_, value)| !value.is_null());
    set.map_or(Ok(()), |(field, _)| {
        Err(ApiError::not_implemented(format!("the sandbox does not emulate the field '{field}' here")))
    })
}
