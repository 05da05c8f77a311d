//! A table described in one call: columns, keys, owner, size, lineage and some rows.
//!
//! What the catalog does not say is asked for in SQL, on a warehouse that runs: none is started for it. A part that cannot
//! be had is named with the reason, and the others are answered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statements::{Column, ask, rows_of_cells, running_warehouse};
use crate::catalog::types::{TableConstraint, TableInfo};
use crate::mcp::{Compound, Context, LeftOut, ToolError};

/// Rows of the sample unless the caller says otherwise.
const ROWS: i64 = 5;
/// Most tables of a lineage.
const TABLES: i64 = 200;
/// How a reason is cut.
const REASON: usize = 200;

const LINEAGE: &str = "SELECT DISTINCT 'upstream' AS side, source_table_full_name AS name \
    FROM system.access.table_lineage WHERE target_table_full_name = :name AND source_table_full_name IS NOT NULL \
    AND event_date > current_date() - INTERVAL 90 DAYS UNION ALL \
    SELECT DISTINCT 'downstream' AS side, target_table_full_name AS name \
    FROM system.access.table_lineage WHERE source_table_full_name = :name AND target_table_full_name IS NOT NULL \
    AND event_date > current_date() - INTERVAL 90 DAYS";

/// Arguments of `describe_table`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DescribeTable {
    /// catalog.schema.table
    full_name: String,
    /// Rows to show, 5 unless set; 0 asks no warehouse, so no size and lineage either.
    #[schemars(range(min = 0, max = 100))]
    sample_rows: Option<i64>,
}

/// A table or view.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Table {
    full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_source_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view_definition: Option<String>,
    columns: Vec<TableColumn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    primary_key: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    foreign_keys: Vec<ForeignKey>,
    /// Tables that it is made from, of the last 90 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<Vec<String>>,
    /// Tables that are made from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    downstream: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<Sample>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TableColumn {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nullable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_index: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ForeignKey {
    columns: Vec<String>,
    parent_table: String,
    parent_columns: Vec<String>,
}

/// Some rows.
#[derive(Debug, Serialize, JsonSchema)]
struct Sample {
    columns: Vec<Column>,
    #[schemars(schema_with = "rows_of_cells")]
    rows: Vec<Vec<Option<String>>>,
}

impl Compound for DescribeTable {
    type Output = Table;
    const UNTRUSTED: &'static [&'static str] = &["sample.rows"];
    const TAKES_FIELDS: bool = true;

    async fn call(self, context: &Context) -> Result<Table, ToolError> {
        let found = context.workspace().tables().get().full_name(&self.full_name).send().await?;
        let name = quoted(&found).unwrap_or_else(|| self.full_name.clone());
        let full_name = found.full_name.clone().unwrap_or(self.full_name);
        let is_stored = found.data_source_format.is_some() && found.view_definition.is_none();
        let mut table = Table { full_name, ..catalogued(found) };
        let rows = self.sample_rows.unwrap_or(ROWS);
        if rows == 0 {
            return Ok(table);
        }
        match running_warehouse(context).await {
            Ok(Some(warehouse)) => table.ask(context, &warehouse, &name, is_stored, rows).await,
            Ok(None) => {
                table.lacks("size, lineage and rows", "no warehouse runs: start_warehouse, then call again");
            }
            Err(error) => table.lacks("size, lineage and rows", &format!("not available: {error}")),
        }
        Ok(table)
    }
}

impl Table {
    /// What the catalog does not say.
    async fn ask(&mut self, context: &Context, warehouse: &str, name: &str, is_stored: bool, rows: i64) {
        let detail = format!("DESCRIBE DETAIL {name}");
        let sample = format!("SELECT * FROM {name} LIMIT {rows}");
        let named = [("name", self.full_name.as_str())];
        let size = async {
            match is_stored {
                true => Some(ask(context, warehouse, &detail, &[], 1).await),
                false => None,
            }
        };
        let lineage = ask(context, warehouse, LINEAGE, &named, TABLES);
        let sample = ask(context, warehouse, &sample, &[], rows);
        let (size, lineage, sample) = tokio::join!(size, lineage, sample);
        match size {
            Some(Ok((columns, rows))) => {
                let number = |name: &str| {
                    let at = columns.iter().position(|column| column.name.as_deref() == Some(name))?;
                    rows.first()?.get(at)?.as_ref()?.parse().ok()
                };
                (self.size_bytes, self.files) = (number("sizeInBytes"), number("numFiles"));
            }
            Some(Err(error)) => self.lacks("size", &format!("not available: {error}")),
            None => {}
        }
        match lineage {
            Ok((_, rows)) => {
                let side = |side: &str| {
                    let of =
                        rows.iter().filter(|row| row.first().is_some_and(|it| it.as_deref() == Some(side)));
                    Some(of.filter_map(|row| row.get(1)?.clone()).collect())
                };
                (self.upstream, self.downstream) = (side("upstream"), side("downstream"));
            }
            Err(error) => self.lacks("lineage", &format!("not available: {error}")),
        }
        match sample {
            Ok((columns, rows)) => self.sample = Some(Sample { columns, rows }),
            Err(error) => self.lacks("rows", &format!("not available: {error}")),
        }
    }

    fn lacks(&mut self, what: &str, reason: &str) {
        let line = reason.lines().next().unwrap_or_default();
        self.left_out.push(LeftOut::new(what, line.chars().take(REASON).collect::<String>()));
    }
}

/// The name as SQL takes it, whatever is in it.
fn quoted(table: &TableInfo) -> Option<String> {
    let parts = [table.catalog_name.as_ref()?, table.schema_name.as_ref()?, table.name.as_ref()?];
    Some(parts.map(|part| format!("`{}`", part.replace('`', "``"))).join("."))
}

fn catalogued(table: TableInfo) -> Table {
    let columns = table.columns.unwrap_or_default().into_iter().map(|column| TableColumn {
        name: column.name.unwrap_or_default(),
        kind: column.type_text.unwrap_or_default(),
        nullable: column.nullable,
        comment: column.comment,
        partition_index: column.partition_index,
    });
    let constraints: Vec<TableConstraint> = table.table_constraints.unwrap_or_default();
    let keys = constraints.iter().filter_map(|constraint| constraint.primary_key_constraint.as_ref());
    let foreign = constraints.iter().filter_map(|constraint| constraint.foreign_key_constraint.as_ref());
    Table {
        table_type: table.table_type.map(|kind| kind.as_str().to_owned()),
        data_source_format: table.data_source_format.map(|format| format.as_str().to_owned()),
        comment: table.comment,
        owner: table.owner,
        created_at: table.created_at,
        updated_at: table.updated_at,
        properties: table.properties.unwrap_or_default().into_iter().collect(),
        view_definition: table.view_definition,
        columns: columns.collect(),
        primary_key: keys.filter_map(|key| key.child_columns.clone()).flatten().collect(),
        foreign_keys: foreign
            .map(|key| ForeignKey {
                columns: key.child_columns.clone().unwrap_or_default(),
                parent_table: key.parent_table.clone().unwrap_or_default(),
                parent_columns: key.parent_columns.clone().unwrap_or_default(),
            })
            .collect(),
        ..Table::default()
    }
}
