//! `CREATE`, `DROP`, `ALTER`, `COMMENT ON` and `USE`.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Int64Array, RecordBatch};
use datafusion::sql::sqlparser::ast::{Ident, Query};

use super::catalog::{CatalogError, Column, Common, Kind, Table, TableKind, TableName, View, Volume};
use super::dml::convert;
use super::error::SqlError;
use super::parse::{Change, Command, CreateTable, CreateView, Name, Options, place};
use super::plan::tables::arrow_schema;
use super::{Output, Run, USER, types};

/// Characters that a table's format does not allow in a column's name.
const FORBIDDEN_IN_COLUMNS: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];

impl Run<'_> {
    /// Runs a command that defines something.
    pub(super) async fn define(&self, command: Command) -> Result<Output, SqlError> {
        match command {
            Command::CreateCatalog { name, if_not_exists, options } => {
                let done = self.catalogs().create_catalog(common(one_part(&name)?, options));
                tolerate(done, if_not_exists)
            }
            Command::CreateSchema { name, if_not_exists, options } => {
                let full = self.session.schema_name(&name)?;
                tolerate(self.catalogs().create_schema(&full.catalog, common(&full.schema, options)), if_not_exists)
            }
            Command::CreateVolume { name, if_not_exists, options } => {
                let full = self.session.table(&name);
                let storage_location = options.location.clone();
                let volume = Volume { common: common(&full.table, options), storage_location };
                tolerate(self.catalogs().create_volume(&full, volume), if_not_exists)
            }
            Command::CreateTable(create) => self.create_table(*create).await,
            Command::CreateView(create) => self.create_view(*create).await,
            Command::Drop { kind, view, name, if_exists, cascade } => self.drop(kind, view, &name, if_exists, cascade).await,
            Command::Alter { kind, view, name, change } => self.alter(kind, view, &name, change).await,
            Command::Comment { kind, name, column, comment } => self.comment(kind, &name, column, comment),
            Command::Use { kind, name } => self.use_(kind, &name),
            other => Err(SqlError::internal(format!("the command {other:?} defines nothing"))),
        }
    }

    async fn create_table(&self, create: CreateTable) -> Result<Output, SqlError> {
        let CreateTable { name, or_replace, if_not_exists, columns, options, query } = create;
        let full = self.session.table(&name);
        let _turn = self.engine.files.writing().await;
        self.catalogs().schema(&full.schema_name())?;
        let old = self.catalogs().table(&full).ok();
        match &old {
            Some(_) if if_not_exists => return Ok(Output::empty()),
            Some(table) if or_replace && table.view.is_some() => {
                return Err(SqlError::new("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", format!("CREATE OR REPLACE TABLE expects a table, but {} is a view", full.quoted())));
            }
            Some(_) if !or_replace => return Err(already_exists(&full).into()),
            _ => {}
        }
        let location = options.location.clone();
        let format = options.format.clone().unwrap_or_else(|| "DELTA".to_owned());
        if location.is_some() && query.is_some() {
            return Err(SqlError::unsupported("CREATE TABLE … LOCATION … AS SELECT: external storage is not in the sandbox"));
        }
        if location.is_none() && !matches!(format.as_str(), "DELTA" | "PARQUET" | "ICEBERG") {
            return Err(SqlError::unsupported(format!("managed tables of the format {format}")));
        }
        let by_query = query.is_some();
        let (columns, rows) = match query {
            Some(query) => {
                let output = self.planner().without_limit().query(*query, self.source).await?;
                let columns = output.schema().fields().iter()
                    .map(|field| Column::new(field.name(), types::catalog_text(field.data_type())))
                    .collect();
                (columns, output.batches().to_vec())
            }
            None => (columns, Vec::new()),
        };
        check_columns(&columns)?;
        let kind = if location.is_some() { TableKind::External } else { TableKind::Managed };
        let mut table = Table { common: common(&full.table, options), kind, columns, format, files: Vec::new(), view: None, storage_location: location, sample: false };
        if let Some(old) = &old {
            table.common.id.clone_from(&old.common.id);
            table.common.created_at = old.common.created_at;
        }
        let schema = arrow_schema(&table)?;
        let rows = rows.iter().map(|batch| {
            let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| convert(column, field)).collect::<Result<Vec<_>, _>>()?;
            RecordBatch::try_new(Arc::clone(&schema), columns).map_err(SqlError::internal)
        });
        let rows = rows.collect::<Result<Vec<_>, SqlError>>()?;
        super::catalog::check_name(&full.table)?;
        table.files = self.engine.files.write(self.catalogs(), &full, &schema, &rows)?;
        let files = table.files.clone();
        self.catalogs().put_table(&full, table, or_replace)?;
        if let Some(old) = &old {
            self.engine.files.discard(self.catalogs(), &full, old, &files);
        }
        // what the service answers to CREATE TABLE AS SELECT: the columns of an insert, and no row
        let none = || Arc::new(Int64Array::from(Vec::<i64>::new())) as _;
        Ok(if by_query { Output::columns(vec![("num_affected_rows", none()), ("num_inserted_rows", none())]) } else { Output::empty() })
    }

    async fn create_view(&self, create: CreateView) -> Result<Output, SqlError> {
        let CreateView { name, or_replace, if_not_exists, columns, options, query, text } = create;
        let full = self.session.table(&name);
        let _turn = self.engine.files.writing().await;
        self.catalogs().schema(&full.schema_name())?;
        match self.catalogs().table(&full) {
            Ok(_) if if_not_exists => return Ok(Output::empty()),
            Ok(table) if or_replace && table.view.is_none() => {
                return Err(SqlError::new("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", format!("CREATE OR REPLACE VIEW expects a view, but {} is a table", full.quoted())));
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
                    format!("Cannot create view {}, the reason is that the view has {} columns and its query {}", full.quoted(), columns.len(), found.len()),
                ));
            }
            for (column, (name, comment)) in found.iter_mut().zip(columns) {
                column.name = name;
                column.comment = comment;
            }
        }
        check_unique(&found)?;
        let view = View { text, catalog: self.session.catalog().to_owned(), schema: self.session.schema().to_owned() };
        let table = Table {
            common: common(&full.table, options), kind: TableKind::View, columns: found, format: String::new(), files: Vec::new(),
            view: Some(view), storage_location: None, sample: false,
        };
        self.catalogs().put_table(&full, table, or_replace)?;
        Ok(Output::empty())
    }

    async fn view_columns(&self, query: Query) -> Result<Vec<Column>, SqlError> {
        let planned = self.planner().plan(query, self.source).await?;
        let schema = planned.schema();
        Ok(schema.fields().iter().map(|field| Column::new(field.name(), types::catalog_text(field.data_type()))).collect())
    }

    async fn drop(&self, kind: Kind, view: bool, name: &Name, if_exists: bool, cascade: bool) -> Result<Output, SqlError> {
        let _turn = self.engine.files.writing().await;
        let catalogs = self.catalogs();
        let done = match kind {
            Kind::Catalog => catalogs.drop_catalog(one_part(name)?, cascade),
            Kind::Schema => catalogs.drop_schema(&self.session.schema_name(name)?, cascade),
            Kind::Volume => catalogs.drop_volume(&self.session.table(name)),
            Kind::Table => {
                let full = self.session.table(name);
                match catalogs.table(&full) {
                    Ok(table) if table.view.is_some() != view => {
                        let (class, is, other) = if view { ("EXPECT_VIEW_NOT_TABLE", "table", "TABLE") } else { ("EXPECT_TABLE_NOT_VIEW", "view", "VIEW") };
                        return Err(SqlError::new(&format!("{class}.NO_ALTERNATIVE"), format!("{} is a {is}: use DROP {other}", full.quoted())));
                    }
                    _ => catalogs.drop_table(&full),
                }
            }
        };
        match done {
            Err(error) if if_exists && error.is_not_found() => Ok(Output::empty()),
            Err(error) => Err(SqlError::from(error).at(name.last().and_then(place).filter(|_| kind == Kind::Table))),
            Ok(()) => Ok(Output::empty()),
        }
    }

    async fn alter(&self, kind: Kind, view: bool, name: &Name, change: Change) -> Result<Output, SqlError> {
        let _turn = self.engine.files.writing().await;
        let catalogs = self.catalogs();
        match kind {
            Kind::Catalog => catalogs.update_common(one_part(name)?, None, common_change(change)?)?,
            Kind::Schema => {
                let full = self.session.schema_name(name)?;
                catalogs.update_common(&full.catalog, Some(&full.schema), common_change(change)?)?;
            }
            Kind::Volume => {
                let change = common_change(change)?;
                catalogs.update_volume(&self.session.table(name), |volume| change(&mut volume.common))?;
            }
            Kind::Table => self.alter_table(name, view, change).await?,
        }
        Ok(Output::empty())
    }

    async fn alter_table(&self, name: &Name, view: bool, change: Change) -> Result<(), SqlError> {
        let full = self.session.table(name);
        let catalogs = self.catalogs();
        let table = catalogs.table(&full).map_err(|error| SqlError::from(error).at(name.last().and_then(place)))?;
        if view && table.view.is_none() {
            return Err(SqlError::new("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", format!("ALTER VIEW expects a view, but {} is a table", full.quoted())));
        }
        match change {
            Change::RenameTo(to) => {
                let to = match to.as_slice() {
                    [table] => full.schema_name().table(&table.value),
                    _ => self.session.table(&to),
                };
                if to.catalog != full.catalog {
                    return Err(SqlError::unsupported("renaming a table into another catalog"));
                }
                catalogs.rename_table(&full, &to)?;
            }
            Change::AddColumns(added) => {
                self.writable(&full)?;
                if added.iter().any(|column| !column.nullable) {
                    return Err(SqlError::unsupported("adding a NOT NULL column to a table"));
                }
                let mut columns = table.columns.clone();
                columns.extend(added);
                check_columns(&columns)?;
                catalogs.update_table(&full, |table| table.columns = columns)?;
            }
            Change::DropColumns { names, if_exists } => {
                let mut keep: Vec<usize> = (0..table.columns.len()).collect();
                for name in names {
                    match position(&table, &name) {
                        Some(at) => keep.retain(|kept| *kept != at),
                        None if if_exists => {}
                        None => return Err(no_column(&table, self.source.spelling(&name))),
                    }
                }
                if keep.is_empty() {
                    return Err(SqlError::unsupported("dropping all columns of a table"));
                }
                self.reshape(&full, &keep, |_, column| column).await?;
            }
            Change::RenameColumn { from, to } => {
                let Some(place) = position(&table, &from) else { return Err(no_column(&table, self.source.spelling(&from))) };
                let keep: Vec<usize> = (0..table.columns.len()).collect();
                self.reshape(&full, &keep, |at, column| if at == place { Column { name: to.clone(), ..column } } else { column }).await?;
            }
            Change::CommentColumn { name, comment } => self.change_column(&full, &table, &name, |column| column.comment = comment)?,
            Change::SetNullable { name, nullable } => {
                if !nullable {
                    let target = self.target(&full).await?;
                    let at = target.position(&name, self.source)?;
                    if datafusion::arrow::array::Array::null_count(target.rows.column(at)) > 0 {
                        return Err(SqlError::new("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", format!("NOT NULL constraint violated for column: {}", self.source.spelling(&name))));
                    }
                }
                self.change_column(&full, &table, &name, |column| column.nullable = nullable)?;
            }
            Change::SetQuery { query, text } => {
                let columns = self.view_columns(*query).await?;
                let view = View { text, catalog: self.session.catalog().to_owned(), schema: self.session.schema().to_owned() };
                catalogs.update_table(&full, |table| {
                    table.view = Some(view);
                    table.columns = columns;
                })?;
            }
            other => {
                let change = common_change(other)?;
                catalogs.update_table(&full, |table| change(&mut table.common))?;
            }
        }
        Ok(())
    }

    fn change_column(&self, full: &TableName, table: &Table, name: &Ident, change: impl FnOnce(&mut Column)) -> Result<(), SqlError> {
        let Some(at) = position(table, name) else { return Err(no_column(table, self.source.spelling(name))) };
        Ok(self.catalogs().update_table(full, |table| change(&mut table.columns[at]))?)
    }

    /// Rewrites a table with some of its columns, under other names: the files know columns by their names.
    async fn reshape(&self, full: &TableName, keep: &[usize], rename: impl Fn(usize, Column) -> Column) -> Result<(), SqlError> {
        let target = self.target(full).await?;
        let columns: Vec<Column> = keep.iter().map(|at| rename(*at, target.table.columns[*at].clone())).collect();
        check_columns(&columns)?;
        let rows = target.rows.project(keep).map_err(SqlError::internal)?;
        let mut changed = Table { columns, ..Table::clone(&target.table) };
        let schema = arrow_schema(&changed)?;
        let rows = RecordBatch::try_new(Arc::clone(&schema), rows.columns().to_vec()).map_err(SqlError::internal)?;
        changed.files = self.engine.files.write(self.catalogs(), full, &schema, &[rows])?;
        changed.common.touch();
        let files = changed.files.clone();
        self.catalogs().put_table(full, changed, true)?;
        self.engine.files.discard(self.catalogs(), full, &target.table, &files);
        Ok(())
    }

    fn comment(&self, kind: Kind, name: &Name, column: Option<Ident>, comment: Option<String>) -> Result<Output, SqlError> {
        let catalogs = self.catalogs();
        match (kind, column) {
            (Kind::Catalog, _) => catalogs.update_common(one_part(name)?, None, |common| common.comment = comment)?,
            (Kind::Schema, _) => {
                let full = self.session.schema_name(name)?;
                catalogs.update_common(&full.catalog, Some(&full.schema), |common| common.comment = comment)?;
            }
            (Kind::Volume, _) => catalogs.update_volume(&self.session.table(name), |volume| volume.common.comment = comment)?,
            (Kind::Table, None) => catalogs.update_table(&self.session.table(name), |table| table.common.comment = comment)?,
            (Kind::Table, Some(column)) => {
                let full = self.session.table(name);
                let table = catalogs.table(&full)?;
                self.change_column(&full, &table, &column, |column| column.comment = comment)?;
            }
        }
        Ok(Output::empty())
    }

    /// Every statement is a session of its own here, so `USE` only says whether the name is there.
    fn use_(&self, kind: Kind, name: &Name) -> Result<Output, SqlError> {
        match kind {
            Kind::Catalog => drop(self.catalogs().catalog(one_part(name)?)?),
            _ => drop(self.catalogs().schema(&self.session.schema_name(name)?)?),
        }
        Ok(Output::empty())
    }
}

/// A new object with what the statement's clauses say of it.
fn common(name: &str, options: Options) -> Common {
    Common { comment: options.comment, properties: options.properties.into_iter().collect(), ..Common::new(name, USER) }
}

/// A change that all kinds of objects know.
fn common_change(change: Change) -> Result<Box<dyn FnOnce(&mut Common) + Send>, SqlError> {
    Ok(match change {
        Change::SetProperties(properties) => Box::new(|common: &mut Common| common.properties.extend(properties)),
        Change::UnsetProperties(keys) => Box::new(move |common: &mut Common| keys.iter().for_each(|key| drop(common.properties.remove(key)))),
        Change::SetOwner(owner) => Box::new(|common: &mut Common| common.owner = owner),
        _ => return Err(SqlError::unsupported("this form of ALTER")),
    })
}

fn one_part(name: &Name) -> Result<&str, SqlError> {
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

fn position(table: &Table, name: &Ident) -> Option<usize> {
    table.columns.iter().position(|column| column.name.to_lowercase() == name.value.to_lowercase())
}

fn no_column(table: &Table, name: &str) -> SqlError {
    let known: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    SqlError::new("COLUMN_NOT_FOUND", format!("The column {name} cannot be found. Verify the spelling. The table has the columns {}", known.join(", ")))
}

fn check_unique(columns: &[Column]) -> Result<(), SqlError> {
    let mut seen = HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.name.to_lowercase())) {
        Some(twice) => Err(SqlError::new("COLUMN_ALREADY_EXISTS", format!("The column `{}` already exists. Choose another name or rename the existing column", twice.name.to_lowercase()))),
        None => Ok(()),
    }
}

fn check_columns(columns: &[Column]) -> Result<(), SqlError> {
    check_unique(columns)?;
    match columns.iter().find(|column| column.name.contains(FORBIDDEN_IN_COLUMNS)) {
        Some(bad) => Err(SqlError::new(
            "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
            format!("Found invalid character(s) among ' ,;{{}}()\\n\\t=' in the column names of your schema.\nInvalid column names: {}.\nPlease use other characters and try again, or give the column an alias", bad.name),
        )),
        None => Ok(()),
    }
}
