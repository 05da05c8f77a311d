//! `CREATE`, `DROP` and `USE`; what changes is in [`super::alter`].

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{Int64Array, RecordBatch};
use datafusion::sql::sqlparser::ast::Query;

use super::catalog::{CatalogError, Column, Common, Kind, Layout, Table, TableKind, TableName, View, Volume};
use super::dml::convert;
use super::error::SqlError;
use super::parse::{Command, CreateTable, CreateView, Name, Options, Version, place};
use super::plan::tables::arrow_schema;
use super::{Output, Run, types};

/// Characters that a table's format does not allow in a column's name.
const FORBIDDEN_IN_COLUMNS: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];

/// The property that lifts that rule.
const COLUMN_MAPPING: &str = "delta.columnMapping.mode";

impl Run<'_> {
    /// Runs a command that defines something.
    pub(super) async fn define(&self, command: Command) -> Result<Output, SqlError> {
        match command {
            Command::CreateCatalog { name, if_not_exists, options } => {
                self.permitted(&["CREATE_CATALOG"], "metastore", crate::api::METASTORE)?;
                let done = self.catalogs().create_catalog(self.common(one_part(&name)?, options));
                tolerate(done, if_not_exists)
            }
            Command::CreateSchema { name, if_not_exists, options } => {
                let full = self.session.schema_name(&name)?;
                self.permitted(&["CREATE_SCHEMA"], "catalog", &full.catalog)?;
                tolerate(
                    self.catalogs().create_schema(&full.catalog, self.common(&full.schema, options)),
                    if_not_exists,
                )
            }
            Command::CreateVolume { name, if_not_exists, options } => {
                let full = self.session.table(&name);
                let storage_location = options.location.clone();
                self.permitted(&["CREATE_VOLUME"], "schema", &format!("{}.{}", full.catalog, full.schema))?;
                let volume = Volume { common: self.common(&full.table, options), storage_location };
                tolerate(self.catalogs().create_volume(&full, volume), if_not_exists)
            }
            Command::CreateTable(create) => self.create_table(*create).await,
            Command::CreateView(create) => self.create_view(*create).await,
            Command::Drop { kind, view, name, if_exists, cascade } => {
                self.drop(kind, view, &name, if_exists, cascade).await
            }
            Command::Alter { kind, view, name, change } => self.alter(kind, view, &name, change).await,
            Command::Comment { kind, name, column, comment } => self.comment(kind, &name, column, comment),
            Command::Use { kind, name } => self.use_(kind, &name),
            other => Err(SqlError::internal(format!("the command {other:?} defines nothing"))),
        }
    }

    async fn create_table(&self, create: CreateTable) -> Result<Output, SqlError> {
        let CreateTable {
            name,
            or_replace,
            if_not_exists,
            mut columns,
            constraints,
            mut options,
            mut query,
            like,
        } = create;
        let full = self.session.table(&name);
        let _turn = self.engine.files.writing().await;
        self.catalogs().schema(&full.schema_name())?;
        self.permitted(&["CREATE_TABLE"], "schema", &format!("{}.{}", full.catalog, full.schema))?;
        let mut copied = None;
        if let Some(like) = like {
            let other = self.session.table(&like.name);
            self.owned("SELECT", &other)?;
            let found = self.engine.table(&other);
            let table = found.map_err(|error| SqlError::from(error).at(like.name.last().and_then(place)))?;
            columns.clone_from(&table.columns);
            options.format =
                options.format.or_else(|| Some(table.format.clone()).filter(|format| !format.is_empty()));
            options.comment = options.comment.or_else(|| table.common.comment.clone());
            if like.rows {
                let version = match like.version {
                    Some(Version::Number(number)) => super::plan::at_version(&table, number)?.0,
                    Some(Version::Time(ms)) => super::plan::at_time(&table, ms)?,
                    None => table.history.len().saturating_sub(1),
                };
                let mut text = format!("SELECT * FROM {}", other.quoted());
                if like.version.is_some() {
                    let (_, then) =
                        super::plan::at_version(&table, i64::try_from(version).unwrap_or(i64::MAX))?;
                    columns.clone_from(&then.columns);
                    text = format!("{text} VERSION AS OF {version}");
                }
                query = Some(Box::new(super::dml::template(&text)?));
                copied = Some(table.files.len());
            }
        }
        let old = self.catalogs().table(&full).ok();
        match &old {
            Some(_) if if_not_exists => return Ok(Output::empty()),
            Some(table) if or_replace && table.view.is_some() => {
                return Err(SqlError::new(
                    "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                    format!("CREATE OR REPLACE TABLE expects a table, but {} is a view", full.quoted()),
                ));
            }
            Some(_) if !or_replace => return Err(already_exists(&full).into()),
            _ => {}
        }
        let location = options.location.clone();
        let format = options.format.clone().unwrap_or_else(|| "DELTA".to_owned());
        if location.is_some() && query.is_some() {
            return Err(SqlError::unsupported(
                "CREATE TABLE … LOCATION … AS SELECT: external storage is not in the sandbox",
            ));
        }
        if location.is_none() && !matches!(format.as_str(), "DELTA" | "PARQUET" | "ICEBERG") {
            return Err(SqlError::unsupported(format!("managed tables of the format {format}")));
        }
        let by_query = query.is_some();
        let layout = Layout {
            partitions: std::mem::take(&mut options.partitions),
            clustering: std::mem::take(&mut options.clustering),
        };
        let (columns, rows) = match query {
            Some(query) if copied.is_some() => {
                let output = self.planner().without_limit().query(*query, self.source).await?;
                (columns, output.batches().to_vec())
            }
            Some(query) => {
                let output = self.planner().without_limit().query(*query, self.source).await?;
                let columns = output
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| Column::new(field.name(), types::catalog_text(field.data_type())))
                    .collect();
                (columns, output.batches().to_vec())
            }
            None => (columns, Vec::new()),
        };
        check_columns(
            &columns,
            options.properties.iter().any(|(key, value)| key == COLUMN_MAPPING && value == "name"),
        )?;
        let kind = if location.is_some() { TableKind::External } else { TableKind::Managed };
        let mut table = Table {
            common: self.common(&full.table, options),
            kind,
            columns,
            format,
            files: Vec::new(),
            view: None,
            storage_location: location,
            sample: false,
            layout,
            constraints: constraints.into_iter().collect(),
            copied: Default::default(),
            history: old.as_ref().map(|old| old.history.clone()).unwrap_or_default(),
        };
        let operation = match (old.is_some(), by_query, copied) {
            (_, _, Some(_)) => "CLONE",
            (false, false, _) => "CREATE TABLE",
            (false, true, _) => "CREATE TABLE AS SELECT",
            (true, false, _) => "CREATE OR REPLACE TABLE",
            (true, true, _) => "CREATE OR REPLACE TABLE AS SELECT",
        };
        let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
        let metrics = [("numOutputRows", count)];
        if let Some(old) = &old {
            table.common.id.clone_from(&old.common.id);
            table.common.created_at = old.common.created_at;
        }
        let schema = arrow_schema(&table)?;
        let rows = rows.iter().map(|batch| {
            let columns = batch
                .columns()
                .iter()
                .zip(schema.fields())
                .map(|(column, field)| convert(column, field))
                .collect::<Result<Vec<_>, _>>()?;
            RecordBatch::try_new(Arc::clone(&schema), columns).map_err(SqlError::internal)
        });
        let rows = rows.collect::<Result<Vec<_>, SqlError>>()?;
        super::catalog::check_name(&full.table)?;
        table.files = self.engine.files.write(self.catalogs(), &full, &schema, &rows)?;
        table.note(self.session.user(), operation, metrics.get(..usize::from(by_query)).unwrap_or_default());
        self.catalogs().put_table(&full, table, or_replace)?;
        if let Some(old) = &old {
            self.engine.files.discard(self.catalogs(), &full, old);
        }
        if let Some(files) = copied {
            return Ok(Output::counts(&[
                ("source_table_size", 0),
                ("source_num_of_files", files),
                ("num_removed_files", 0),
                ("num_copied_files", files),
                ("removed_files_size", 0),
                ("copied_files_size", 0),
            ]));
        }
        // what the service answers to CREATE TABLE AS SELECT: the columns of an insert, and no row
        let none = || Arc::new(Int64Array::from(Vec::<i64>::new())) as _;
        Ok(if by_query {
            Output::columns(vec![("num_affected_rows", none()), ("num_inserted_rows", none())])
        } else {
            Output::empty()
        })
    }

    async fn create_view(&self, create: CreateView) -> Result<Output, SqlError> {
        let CreateView { name, or_replace, if_not_exists, materialized, columns, options, query, text } =
            create;
        let full = self.session.table(&name);
        let _turn = self.engine.files.writing().await;
        self.catalogs().schema(&full.schema_name())?;
        self.permitted(&["CREATE_TABLE"], "schema", &format!("{}.{}", full.catalog, full.schema))?;
        match self.catalogs().table(&full) {
            Ok(_) if if_not_exists => return Ok(Output::empty()),
            Ok(table) if or_replace && table.view.is_none() => {
                return Err(SqlError::new(
                    "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE",
                    format!("CREATE OR REPLACE VIEW expects a view, but {} is a table", full.quoted()),
                ));
            }
            Ok(_) if !or_replace => return Err(already_exists(&full).into()),
            _ => {}
        }
        if !self.session.parameters.is_empty() && text.contains(':') {
            return Err(SqlError::new("UNSUPPORTED_FEATURE", "A view's query cannot hold parameter markers"));
        }
        let mut found = self.view_columns(*query).await?;
        if !columns.is_empty() {
            if columns.len() != found.len() {
                return Err(SqlError::new(
                    "CREATE_VIEW_COLUMN_ARITY_MISMATCH",
                    format!(
                        "Cannot create view {}, the reason is that the view has {} columns and its query {}",
                        full.quoted(),
                        columns.len(),
                        found.len()
                    ),
                ));
            }
            for (column, (name, comment)) in found.iter_mut().zip(columns) {
                column.name = name;
                column.comment = comment;
            }
        }
        check_unique(&found)?;
        let view = View {
            text,
            catalog: self.session.catalog().to_owned(),
            schema: self.session.schema().to_owned(),
        };
        let table = Table {
            common: self.common(&full.table, options),
            kind: if materialized { TableKind::MaterializedView } else { TableKind::View },
            columns: found,
            format: String::new(),
            files: Vec::new(),
            view: Some(view),
            storage_location: None,
            sample: false,
            layout: Layout::default(),
            constraints: BTreeMap::new(),
            copied: Default::default(),
            history: Vec::new(),
        };
        self.catalogs().put_table(&full, table, or_replace)?;
        Ok(Output::empty())
    }

    pub(super) async fn view_columns(&self, query: Query) -> Result<Vec<Column>, SqlError> {
        let planned = self.planner().plan(query, self.source).await?;
        let schema = planned.schema();
        Ok(schema
            .fields()
            .iter()
            .map(|field| Column::new(field.name(), types::catalog_text(field.data_type())))
            .collect())
    }

    async fn drop(
        &self,
        kind: Kind,
        view: bool,
        name: &Name,
        if_exists: bool,
        cascade: bool,
    ) -> Result<Output, SqlError> {
        let _turn = self.engine.files.writing().await;
        self.managed(kind, name)?;
        let catalogs = self.catalogs();
        let done = match kind {
            Kind::Catalog => catalogs.drop_catalog(one_part(name)?, cascade),
            Kind::Schema => catalogs.drop_schema(&self.session.schema_name(name)?, cascade),
            Kind::Volume => catalogs.drop_volume(&self.session.table(name)),
            Kind::Table => {
                let full = self.session.table(name);
                match catalogs.table(&full) {
                    Ok(table) if table.view.is_some() != view => {
                        let (class, is, other) = if view {
                            ("EXPECT_VIEW_NOT_TABLE", "table", "TABLE")
                        } else {
                            ("EXPECT_TABLE_NOT_VIEW", "view", "VIEW")
                        };
                        return Err(SqlError::new(
                            &format!("{class}.NO_ALTERNATIVE"),
                            format!("{} is a {is}: use DROP {other}", full.quoted()),
                        ));
                    }
                    _ => catalogs.drop_table(&full),
                }
            }
        };
        match done {
            Err(error) if if_exists && error.is_not_found() => Ok(Output::empty()),
            Err(error) => {
                Err(SqlError::from(error).at(name.last().and_then(place).filter(|_| kind == Kind::Table)))
            }
            Ok(()) => Ok(Output::empty()),
        }
    }

    /// Every statement is a session of its own here, so `USE` only says whether the name is there.
    fn use_(&self, kind: Kind, name: &Name) -> Result<Output, SqlError> {
        match kind {
            Kind::Catalog => drop(self.catalogs().catalog(one_part(name)?)?),
            _ => drop(self.catalogs().schema(&self.session.schema_name(name)?)?),
        }
        Ok(Output::empty())
    }

    /// A new object with what the statement's clauses say of it.
    fn common(&self, name: &str, options: Options) -> Common {
        Common {
            comment: options.comment,
            properties: options
                .options
                .into_iter()
                .map(|(key, value)| (format!("option.{key}"), value))
                .chain(options.properties)
                .collect(),
            ..Common::new(name, self.session.user())
        }
    }
}

pub(super) fn one_part(name: &Name) -> Result<&str, SqlError> {
    match name.as_slice() {
        [name] => Ok(&name.value),
        _ => Err(SqlError::new("INVALID_IDENTIFIER", "The name of a catalog has one part")),
    }
}

fn already_exists(name: &TableName) -> CatalogError {
    CatalogError::AlreadyExists { kind: Kind::Table, name: name.to_string() }
}

fn tolerate(done: Result<(), CatalogError>, if_not_exists: bool) -> Result<Output, SqlError> {
    match done {
        Err(CatalogError::AlreadyExists { .. }) if if_not_exists => Ok(Output::empty()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Output::empty()),
    }
}

fn check_unique(columns: &[Column]) -> Result<(), SqlError> {
    let mut seen = HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.name.to_lowercase())) {
        Some(twice) => Err(SqlError::new(
            "COLUMN_ALREADY_EXISTS",
            format!(
                "The column `{}` already exists. Choose another name or rename the existing column",
                twice.name.to_lowercase()
            ),
        )),
        None => Ok(()),
    }
}

/// Whether a table keeps its columns' names apart from its files, which allows any name.
pub(super) fn mapped(table: &Table) -> bool {
    table.common.properties.get(COLUMN_MAPPING).is_some_and(|mode| mode == "name")
}

pub(super) fn check_columns(columns: &[Column], mapped: bool) -> Result<(), SqlError> {
    check_unique(columns)?;
    match columns.iter().find(|column| !mapped && column.name.contains(FORBIDDEN_IN_COLUMNS)) {
        Some(bad) => Err(SqlError::new(
            "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
            format!(
                "Found invalid character(s) among ' ,;{{}}()\\n\\t=' in the column names of your schema.\nInvalid column names: {}.\nPlease use other characters and try again, or give the column an alias",
                bad.name
            ),
        )),
        None => Ok(()),
    }
}
