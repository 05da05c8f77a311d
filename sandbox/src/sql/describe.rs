//! `DESCRIBE`.

use datafusion::sql::sqlparser::ast::{Ident, Query};

use super::catalog::{Common, TableKind};
use super::error::SqlError;
use super::parse::{Name, place};
use super::{Output, Run, types};

const COLUMNS: [&str; 3] = ["col_name", "data_type", "comment"];

type Row = Vec<Option<String>>;

fn row(name: &str, value: impl Into<String>, comment: Option<String>) -> Row {
    vec![Some(name.to_owned()), Some(value.into()), comment]
}

/// A time as `DESCRIBE` shows it.
fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .format("%a %b %d %H:%M:%S UTC %Y")
        .to_string()
}

/// `[key=value,…]`
fn properties(common: &Common) -> String {
    let all: Vec<String> = common.properties.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("[{}]", all.join(","))
}

impl Run<'_> {
    pub(super) fn describe_table(&self, name: &Name, extended: bool) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        if full.schema == super::catalog::INFORMATION_SCHEMA {
            let batch =
                super::information_schema::table(self.catalogs(), self.session.outside.as_deref(), &full)?;
            let rows = batch
                .schema()
                .fields()
                .iter()
                .map(|field| row(field.name(), types::catalog_text(field.data_type()), None))
                .collect();
            return Ok(Output::strings(&COLUMNS, rows));
        }
        let table = self
            .catalogs()
            .table(&full)
            .map_err(|error| SqlError::from(error).at(name.last().and_then(place)))?;
        let mut rows: Vec<Row> = table
            .columns
            .iter()
            .map(|column| row(&column.name, &column.kind, column.comment.clone()))
            .collect();
        if !table.layout.partitions.is_empty() {
            rows.push(row("# Partition Information", "", Some(String::new())));
            rows.push(row("# col_name", "data_type", Some("comment".to_owned())));
            let columns = table.layout.partitions.iter().filter_map(|name| table.column(name));
            rows.extend(columns.map(|column| row(&column.name, &column.kind, column.comment.clone())));
        }
        if extended {
            let blank = || Some(String::new());
            rows.push(row("", "", blank()));
            rows.push(row("# Detailed Table Information", "", blank()));
            let mut detail = |name: &str, value: String| rows.push(row(name, value, blank()));
            detail("Catalog", full.catalog.clone());
            detail("Database", full.schema.clone());
            detail("Table", full.table.clone());
            detail("Created Time", time(table.common.created_at));
            detail("Last Access", "UNKNOWN".to_owned());
            detail("Created By", table.common.created_by.clone());
            detail("Type", table.kind.text().to_owned());
            if let Some(comment) = &table.common.comment {
                detail("Comment", comment.clone());
            }
            match &table.view {
                Some(view) => {
                    detail("View Text", view.text.clone());
                    detail("View Catalog and Namespace", format!("{}.{}", view.catalog, view.schema));
                }
                None => detail("Provider", table.format.to_lowercase()),
            }
            if let Some(location) = &table.storage_location {
                detail("Location", location.clone());
            }
            detail("Owner", table.common.owner.clone());
            if table.kind == TableKind::Managed {
                detail("Is_managed_location", "true".to_owned());
            }
            detail("Table Properties", properties(&table.common));
            if !table.constraints.is_empty() {
                rows.push(row("", "", blank()));
                rows.push(row("# Constraints", "", blank()));
                rows.extend(table.constraints.iter().map(|(name, text)| row(name, text.clone(), blank())));
            }
        }
        Ok(Output::strings(&COLUMNS, rows))
    }

    /// One column of a table.
    pub(super) fn describe_column(&self, name: &Name, column: &Ident) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        let table = self
            .engine
            .table(&full)
            .map_err(|error| SqlError::from(error).at(name.last().and_then(place)))?;
        let Some(found) = table.column(&column.value) else {
            return Err(SqlError::new(
                "COLUMN_NOT_FOUND",
                format!("The column {} cannot be found. Verify the spelling", self.source.spelling(column)),
            )
            .at(place(column)));
        };
        let rows = [
            ("col_name", found.name.clone()),
            ("data_type", found.kind.clone()),
            ("comment", found.comment.clone().unwrap_or_else(|| "NULL".to_owned())),
        ];
        Ok(info(["info_name", "info_value"], rows))
    }

    pub(super) async fn describe_query(&self, query: Query) -> Result<Output, SqlError> {
        let planned = self.planner().plan(query, self.source).await?;
        let rows = planned
            .schema()
            .fields()
            .iter()
            .map(|field| row(field.name(), types::catalog_text(field.data_type()), None))
            .collect();
        Ok(Output::strings(&COLUMNS, rows))
    }

    pub(super) fn describe_catalog(&self, name: &Name) -> Result<Output, SqlError> {
        let [name] = name.as_slice() else {
            return Err(SqlError::new("INVALID_IDENTIFIER", "The name of a catalog has one part"));
        };
        let common = self.catalogs().catalog(&name.value)?.common;
        let rows = [
            ("Catalog Name", common.name.clone()),
            ("Comment", common.comment.clone().unwrap_or_default()),
            ("Owner", common.owner.clone()),
        ];
        Ok(info(["info_name", "info_value"], rows))
    }

    pub(super) fn describe_schema(&self, name: &Name, extended: bool) -> Result<Output, SqlError> {
        let full = self.session.schema_name(name)?;
        let common = self.catalogs().schema(&full)?.common;
        let mut rows = vec![
            ("Catalog Name", full.catalog),
            ("Namespace Name", common.name.clone()),
            ("Comment", common.comment.clone().unwrap_or_default()),
            ("Location", String::new()),
            ("Owner", common.owner.clone()),
        ];
        if extended {
            rows.push(("Properties", properties(&common)));
        }
        Ok(info(["database_description_item", "database_description_value"], rows))
    }

    pub(super) fn describe_volume(&self, name: &Name) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        let volume = self.catalogs().volume(&full)?;
        let kind = if volume.storage_location.is_some() { "EXTERNAL" } else { "MANAGED" };
        let cells = [
            full.table,
            full.catalog,
            full.schema,
            volume.common.owner,
            volume.storage_location.unwrap_or_default(),
            volume.common.comment.unwrap_or_default(),
            kind.to_owned(),
        ];
        let names = ["name", "catalog", "database", "owner", "storageLocation", "comment", "volumeType"];
        Ok(Output::strings(&names, vec![cells.into_iter().map(Some).collect()]))
    }
}

fn info<'a>(names: [&str; 2], rows: impl IntoIterator<Item = (&'a str, String)>) -> Output {
    Output::strings(
        &names,
        rows.into_iter().map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect(),
    )
}
