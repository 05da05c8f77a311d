//! `information_schema`: what the catalog holds, as tables. `system.information_schema` shows all catalogs.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};

use super::catalog::{
    Catalog, CatalogError, Catalogs, Column, Common, INFORMATION_SCHEMA, Kind, Layout,
    Schema as CatalogSchema, SchemaName, Table, TableKind, TableName, Volume,
};
use super::error::SqlError;
use super::outside::{Grant, Outside, Routine};
use super::types;

/// A cell.
enum Cell {
    Text(Option<String>),
    Number(Option<i32>),
    Time(i64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&Option<String>> for Cell {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}

type Columns<T> = &'static [(&'static str, fn(&T) -> Cell)];

/// A securable, and the catalog and schema that it is in.
struct Row<T> {
    catalog: String,
    schema: String,
    item: T,
}

struct ColumnOf {
    table: String,
    place: usize,
    column: Column,
}

impl ColumnOf {
    fn kind(&self) -> Option<DataType> {
        types::parse(&self.column.kind)
    }
}

/// The columns that all securables have, and a kind's own before them.
macro_rules! columns {
    ($name:ident, $item:ty, [$($column:literal => $cell:expr),* $(,)?]) => {
        const $name: Columns<Row<$item>> = &[$(($column, $cell)),*];
    };
}

fn created(common: &Common) -> Cell {
    Cell::Time(common.created_at)
}

columns!(CATALOGS, Catalog, [
    "catalog_name" => |row| row.item.common.name.as_str().into(),
    "catalog_owner" => |row| row.item.common.owner.as_str().into(),
    "comment" => |row| (&row.item.common.comment).into(),
    "created" => |row| created(&row.item.common),
    "created_by" => |row| row.item.common.created_by.as_str().into(),
    "last_altered" => |row| Cell::Time(row.item.common.updated_at),
    "last_altered_by" => |row| row.item.common.updated_by.as_str().into(),
]);

columns!(SCHEMATA, CatalogSchema, [
    "catalog_name" => |row| row.catalog.as_str().into(),
    "schema_name" => |row| row.item.common.name.as_str().into(),
    "schema_owner" => |row| row.item.common.owner.as_str().into(),
    "comment" => |row| (&row.item.common.comment).into(),
    "created" => |row| created(&row.item.common),
    "created_by" => |row| row.item.common.created_by.as_str().into(),
    "last_altered" => |row| Cell::Time(row.item.common.updated_at),
    "last_altered_by" => |row| row.item.common.updated_by.as_str().into(),
]);

columns!(TABLES, Arc<Table>, [
    "table_catalog" => |row| row.catalog.as_str().into(),
    "table_schema" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.common.name.as_str().into(),
    "table_type" => |row| row.item.kind.text().into(),
    "is_insertable_into" => |row| if row.item.view.is_some() { "NO" } else { "YES" }.into(),
    "table_owner" => |row| row.item.common.owner.as_str().into(),
    "comment" => |row| (&row.item.common.comment).into(),
    "created" => |row| created(&row.item.common),
    "created_by" => |row| row.item.common.created_by.as_str().into(),
    "last_altered" => |row| Cell::Time(row.item.common.updated_at),
    "last_altered_by" => |row| row.item.common.updated_by.as_str().into(),
    "data_source_format" => |row| Cell::Text((!row.item.format.is_empty()).then(|| row.item.format.clone())),
]);

columns!(VIEWS, Arc<Table>, [
    "table_catalog" => |row| row.catalog.as_str().into(),
    "table_schema" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.common.name.as_str().into(),
    "view_definition" => |row| Cell::Text(row.item.view.as_ref().map(|view| view.text.clone())),
    "check_option" => |_| "NONE".into(),
    "is_updatable" => |_| "NO".into(),
    "is_insertable_into" => |_| "NO".into(),
]);

columns!(COLUMNS, ColumnOf, [
    "table_catalog" => |row| row.catalog.as_str().into(),
    "table_schema" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.table.as_str().into(),
    "column_name" => |row| row.item.column.name.as_str().into(),
    "ordinal_position" => |row| Cell::Number(i32::try_from(row.item.place).ok()),
    "column_default" => |row| (&row.item.column.default).into(),
    "is_nullable" => |row| if row.item.column.nullable { "YES" } else { "NO" }.into(),
    "full_data_type" => |row| row.item.column.kind.as_str().into(),
    "data_type" => |row| Cell::Text(row.item.kind().map(|kind| types::name(&kind).to_owned())),
    "numeric_precision" => |row| Cell::Number(row.item.kind().and_then(|kind| types::precision(&kind)).map(|(precision, _)| i32::from(precision))),
    "numeric_scale" => |row| Cell::Number(row.item.kind().and_then(|kind| types::precision(&kind)).map(|(_, scale)| i32::from(scale))),
    "comment" => |row| (&row.item.column.comment).into(),
]);

columns!(VOLUMES, Volume, [
    "volume_catalog" => |row| row.catalog.as_str().into(),
    "volume_schema" => |row| row.schema.as_str().into(),
    "volume_name" => |row| row.item.common.name.as_str().into(),
    "volume_type" => |row| if row.item.storage_location.is_some() { "EXTERNAL" } else { "MANAGED" }.into(),
    "volume_owner" => |row| row.item.common.owner.as_str().into(),
    "comment" => |row| (&row.item.common.comment).into(),
    "storage_location" => |row| (&row.item.storage_location).into(),
    "created" => |row| created(&row.item.common),
    "created_by" => |row| row.item.common.created_by.as_str().into(),
    "last_altered" => |row| Cell::Time(row.item.common.updated_at),
    "last_altered_by" => |row| row.item.common.updated_by.as_str().into(),
]);

/// A tag of a table or of one of its columns.
struct TagOf {
    table: String,
    column: Option<String>,
    name: String,
    value: String,
}

columns!(TABLE_TAGS, TagOf, [
    "catalog_name" => |row| row.catalog.as_str().into(),
    "schema_name" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.table.as_str().into(),
    "tag_name" => |row| row.item.name.as_str().into(),
    "tag_value" => |row| row.item.value.as_str().into(),
]);

columns!(COLUMN_TAGS, TagOf, [
    "catalog_name" => |row| row.catalog.as_str().into(),
    "schema_name" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.table.as_str().into(),
    "column_name" => |row| (&row.item.column).into(),
    "tag_name" => |row| row.item.name.as_str().into(),
    "tag_value" => |row| row.item.value.as_str().into(),
]);

/// A constraint of a table: its name and what it says.
struct ConstraintOf {
    table: String,
    name: String,
    text: String,
}

columns!(TABLE_CONSTRAINTS, ConstraintOf, [
    "constraint_catalog" => |row| row.catalog.as_str().into(),
    "constraint_schema" => |row| row.schema.as_str().into(),
    "constraint_name" => |row| row.item.name.as_str().into(),
    "table_catalog" => |row| row.catalog.as_str().into(),
    "table_schema" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.table.as_str().into(),
    "constraint_type" => |row| row.item.text.split('(').next().unwrap_or_default().trim().to_uppercase().as_str().into(),
    "is_deferrable" => |_| "YES".into(),
    "initially_deferred" => |_| "YES".into(),
    "enforced" => |_| "NO".into(),
    "comment" => |_| Cell::Text(None),
]);

columns!(ROUTINES, Routine, [
    "specific_catalog" => |row| row.catalog.as_str().into(),
    "specific_schema" => |row| row.schema.as_str().into(),
    "specific_name" => |row| row.item.name.table.as_str().into(),
    "routine_catalog" => |row| row.catalog.as_str().into(),
    "routine_schema" => |row| row.schema.as_str().into(),
    "routine_name" => |row| row.item.name.table.as_str().into(),
    "routine_type" => |_| "FUNCTION".into(),
    "data_type" => |row| Cell::Text(types::parse(&row.item.returns).map(|kind| types::name(&kind).to_owned())),
    "full_data_type" => |row| row.item.returns.to_lowercase().as_str().into(),
    "routine_body" => |_| "SQL".into(),
    "routine_definition" => |row| row.item.body.as_str().into(),
    "external_language" => |_| Cell::Text(None),
    "security_type" => |_| "DEFINER".into(),
    "comment" => |row| (&row.item.comment).into(),
]);

columns!(TABLE_PRIVILEGES, PrivilegeOf, [
    "grantor" => |_| Cell::Text(None),
    "grantee" => |row| row.item.grant.principal.as_str().into(),
    "table_catalog" => |row| row.catalog.as_str().into(),
    "table_schema" => |row| row.schema.as_str().into(),
    "table_name" => |row| row.item.table.as_str().into(),
    "privilege_type" => |row| row.item.grant.privilege.as_str().into(),
    "is_grantable" => |_| "NO".into(),
    "inherited_from" => |row| if row.item.grant.kind.eq_ignore_ascii_case("table") { "NONE" } else { row.item.grant.kind.as_str() }.to_uppercase().as_str().into(),
]);

columns!(SCHEMA_PRIVILEGES, Grant, [
    "grantor" => |_| Cell::Text(None),
    "grantee" => |row| row.item.principal.as_str().into(),
    "catalog_name" => |row| row.catalog.as_str().into(),
    "schema_name" => |row| row.schema.as_str().into(),
    "privilege_type" => |row| row.item.privilege.as_str().into(),
    "is_grantable" => |_| "NO".into(),
    "inherited_from" => |row| if row.item.kind.eq_ignore_ascii_case("schema") { "NONE" } else { row.item.kind.as_str() }.to_uppercase().as_str().into(),
]);

/// A grant on a table, or above it.
struct PrivilegeOf {
    table: String,
    grant: Grant,
}

/// The tables that there are.
const ALL: &[&str] = &[
    "catalogs",
    "column_tags",
    "columns",
    "routines",
    "schema_privileges",
    "schemata",
    "table_constraints",
    "table_privileges",
    "table_tags",
    "tables",
    "views",
    "volumes",
];

/// The rows of a table of `information_schema`.
pub(crate) fn table(
    catalogs: &Catalogs,
    outside: Option<&dyn Outside>,
    name: &TableName,
) -> Result<RecordBatch, SqlError> {
    rows(catalogs, outside, name)?
        .ok_or_else(|| CatalogError::NotFound { kind: Kind::Table, name: name.to_string() }.into())
}

/// The tables themselves, as the catalog describes tables.
pub(crate) fn describe(catalogs: &Catalogs, name: &SchemaName) -> Result<Vec<Arc<Table>>, CatalogError> {
    let common = catalogs.catalog(&name.catalog)?.common;
    let mut tables = Vec::new();
    for table in ALL {
        let Some(rows) = rows(catalogs, None, &name.table(table))? else { continue };
        let columns = rows
            .schema()
            .fields()
            .iter()
            .map(|field| Column::new(field.name(), types::catalog_text(field.data_type())))
            .collect();
        let common = Common {
            name: (*table).to_owned(),
            comment: None,
            properties: Default::default(),
            ..common.clone()
        };
        let kind = TableKind::View;
        tables.push(Arc::new(Table {
            common,
            kind,
            columns,
            format: "UNITY_CATALOG".to_owned(),
            files: Vec::new(),
            view: None,
            storage_location: None,
            sample: true,
            layout: Layout::default(),
            constraints: Default::default(),
            copied: Default::default(),
            history: Vec::new(),
        }));
    }
    Ok(tables)
}

fn rows(
    catalogs: &Catalogs,
    outside: Option<&dyn Outside>,
    name: &TableName,
) -> Result<Option<RecordBatch>, CatalogError> {
    let within = Within { catalogs, outside, catalog: catalogs.catalog(&name.catalog)?.common.name };
    let batch = match name.table.as_str() {
        "catalogs" => batch(CATALOGS, &within.catalogs()?),
        "schemata" => batch(SCHEMATA, &within.schemas()?),
        "tables" => batch(TABLES, &within.tables()?),
        "views" => batch(
            VIEWS,
            &within.tables()?.into_iter().filter(|row| row.item.view.is_some()).collect::<Vec<_>>(),
        ),
        "columns" => batch(COLUMNS, &within.columns()?),
        "table_tags" => batch(TABLE_TAGS, &within.tags(false)?),
        "column_tags" => batch(COLUMN_TAGS, &within.tags(true)?),
        "table_constraints" => batch(TABLE_CONSTRAINTS, &within.keys()?),
        "volumes" => batch(VOLUMES, &within.volumes()?),
        "routines" => batch(ROUTINES, &within.routines()?),
        "table_privileges" => batch(TABLE_PRIVILEGES, &within.table_privileges()?),
        "schema_privileges" => batch(SCHEMA_PRIVILEGES, &within.schema_privileges()?),
        _ => return Ok(None),
    };
    Ok(Some(batch))
}

fn batch<T>(columns: Columns<T>, rows: &[T]) -> RecordBatch {
    let arrays: Vec<ArrayRef> =
        columns.iter().map(|(_, cell)| array(rows.iter().map(cell).collect())).collect();
    let fields = columns
        .iter()
        .zip(&arrays)
        .map(|((name, _), array)| Field::new(*name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    // the arrays were made from the same rows, so their lengths agree
    RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap_or_else(|_| RecordBatch::new_empty(schema))
}

/// A column is of the kind of its first cell; an empty one is text.
fn array(cells: Vec<Cell>) -> ArrayRef {
    match cells.first() {
        Some(Cell::Number(_)) => Arc::new(Int32Array::from_iter(
            cells.iter().map(|cell| if let Cell::Number(number) = cell { *number } else { None }),
        )),
        Some(Cell::Time(_)) => {
            let micros =
                cells.iter().map(|cell| if let Cell::Time(ms) = cell { Some(ms * 1_000) } else { None });
            Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
        }
        _ => Arc::new(StringArray::from_iter(
            cells.iter().map(|cell| if let Cell::Text(text) = cell { text.as_deref() } else { None }),
        )),
    }
}

/// What one catalog's `information_schema` shows; that of `system` shows everything.
struct Within<'a> {
    catalogs: &'a Catalogs,
    /// The workspace that has grants and functions, if there is one.
    outside: Option<&'a dyn Outside>,
    catalog: String,
}

impl Within<'_> {
    fn catalogs(&self) -> Result<Vec<Row<Catalog>>, CatalogError> {
        let all = self
            .catalogs
            .catalogs()?
            .into_iter()
            .filter(|catalog| self.catalog == "system" || catalog.common.name == self.catalog);
        Ok(all.map(|item| Row { catalog: item.common.name.clone(), schema: String::new(), item }).collect())
    }

    fn schemas(&self) -> Result<Vec<Row<CatalogSchema>>, CatalogError> {
        let mut rows = Vec::new();
        for catalog in self.catalogs()? {
            let information = CatalogSchema {
                common: Common { name: INFORMATION_SCHEMA.to_owned(), ..catalog.item.common.clone() },
                tables: Default::default(),
                volumes: Default::default(),
            };
            for item in self.catalogs.schemas(&catalog.catalog)?.into_iter().chain([information]) {
                rows.push(Row { catalog: catalog.catalog.clone(), schema: item.common.name.clone(), item });
            }
        }
        Ok(rows)
    }

    fn each<T>(
        &self,
        items: impl Fn(&SchemaName) -> Result<Vec<T>, CatalogError>,
    ) -> Result<Vec<Row<T>>, CatalogError> {
        let mut rows = Vec::new();
        for schema in self.schemas()?.into_iter().filter(|row| row.schema != INFORMATION_SCHEMA) {
            for item in items(&SchemaName::new(&schema.catalog, &schema.schema))? {
                rows.push(Row { catalog: schema.catalog.clone(), schema: schema.schema.clone(), item });
            }
        }
        Ok(rows)
    }

    fn tables(&self) -> Result<Vec<Row<Arc<Table>>>, CatalogError> {
        self.each(|schema| self.catalogs.tables(schema))
    }

    /// The tags of tables, or of their columns.
    fn tags(&self, of_columns: bool) -> Result<Vec<Row<TagOf>>, CatalogError> {
        let mut rows = Vec::new();
        for row in self.tables()? {
            let table = &row.item;
            let own = [(None, &table.common.tags)];
            let of_each = table.columns.iter().map(|column| (Some(column.name.clone()), &column.tags));
            let tagged = own.into_iter().filter(|_| !of_columns).chain(of_each.filter(|_| of_columns));
            for (column, tags) in tagged {
                rows.extend(tags.iter().map(|(name, value)| Row {
                    catalog: row.catalog.clone(),
                    schema: row.schema.clone(),
                    item: TagOf {
                        table: table.common.name.clone(),
                        column: column.clone(),
                        name: name.clone(),
                        value: value.clone(),
                    },
                }));
            }
        }
        Ok(rows)
    }

    /// The primary and foreign keys; a CHECK is a property of its table.
    fn keys(&self) -> Result<Vec<Row<ConstraintOf>>, CatalogError> {
        let of = |row: Row<Arc<Table>>| {
            let all = row.item.constraints.clone();
            let keys = all.into_iter().filter(|(_, text)| !text.to_lowercase().starts_with("check"));
            keys.map(move |(name, text)| Row {
                catalog: row.catalog.clone(),
                schema: row.schema.clone(),
                item: ConstraintOf { table: row.item.common.name.clone(), name, text },
            })
        };
        Ok(self.tables()?.into_iter().flat_map(of).collect())
    }

    fn routines(&self) -> Result<Vec<Row<Routine>>, CatalogError> {
        self.each(|schema| {
            Ok(self.outside.map(|it| it.routines(&schema.catalog, &schema.schema)).unwrap_or_default())
        })
    }

    /// The grants on a securable; whoever may not see them sees none.
    fn grants(&self, kind: &str, name: &str) -> Vec<Grant> {
        self.outside.and_then(|outside| outside.grants(kind, name).ok()).unwrap_or_default()
    }

    fn table_privileges(&self) -> Result<Vec<Row<PrivilegeOf>>, CatalogError> {
        self.each(|schema| {
            let mut all = Vec::new();
            for table in self.catalogs.tables(schema)? {
                let table = table.common.name.clone();
                let grants = self.grants("table", &schema.table(&table).to_string());
                all.extend(grants.into_iter().map(|grant| PrivilegeOf { table: table.clone(), grant }));
            }
            Ok(all)
        })
    }

    fn schema_privileges(&self) -> Result<Vec<Row<Grant>>, CatalogError> {
        self.each(|schema| Ok(self.grants("schema", &format!("{}.{}", schema.catalog, schema.schema))))
    }

    fn volumes(&self) -> Result<Vec<Row<Volume>>, CatalogError> {
        self.each(|schema| self.catalogs.volumes(schema))
    }

    fn columns(&self) -> Result<Vec<Row<ColumnOf>>, CatalogError> {
        let of = |row: Row<Arc<Table>>| {
            let columns = row.item.columns.clone();
            columns.into_iter().enumerate().map(move |(place, column)| Row {
                catalog: row.catalog.clone(),
                schema: row.schema.clone(),
                item: ColumnOf { table: row.item.common.name.clone(), place, column },
            })
        };
        Ok(self.tables()?.into_iter().flat_map(of).collect())
    }
}
