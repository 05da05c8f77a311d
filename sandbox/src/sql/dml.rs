//! `UPDATE`, `DELETE` and `TRUNCATE`: new files beside the old ones, then one change of the metadata.
//!
//! Which rows a condition picks is the engine's to say, subqueries and all. So the target is read with its rows numbered,
//! and an UPDATE or DELETE is a query for the numbers (and the new values) of the rows that the condition is true for. No
//! condition is ever turned around, which is where NULLs and subqueries go wrong.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::{
    CastOptions, cast_with_options, concat_batches, filter_record_batch, interleave,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr};

use super::catalog::{Table, TableName};
use super::error::SqlError;
use super::parse::{Delete, Name, Source, Update, place};
use super::plan::tables::arrow_schema;
use super::{Output, Run};

/// The column that numbers the rows of a target.
pub(super) const ROW: &str = "__row";

/// A table that is being changed: its rows in one batch, in order.
pub(super) struct Target {
    pub(super) name: TableName,
    pub(super) table: Arc<Table>,
    pub(super) schema: SchemaRef,
    pub(super) rows: RecordBatch,
}

impl Run<'_> {
    /// The value of an expression without columns, as an array of one.
    pub(super) async fn constant(&self, sql: &str) -> Result<ArrayRef, SqlError> {
        let source = Source::read(&format!("SELECT {sql}"))?;
        let query = super::parse::parse_query(&source)?;
        let output = self.planner().query(*query, &source).await?;
        let column = output.batches().first().and_then(|batch| batch.columns().first().cloned());
        column.ok_or_else(|| SqlError::internal("a default value has no value"))
    }

    pub(super) async fn update(&self, update: Update) -> Result<Output, SqlError> {
        let name = self.session.table(&update.name);
        let _turn = self.engine.files.writing().await;
        let target =
            self.target(&name).await.map_err(|error| error.at(update.name.last().and_then(place)))?;
        let assignments = target.assignments(update.assignments, self.source)?;
        let values = assignments.iter().map(|(_, value)| value.clone());
        let query = pick(&target.name, update.alias.as_ref(), values, update.filter)?;
        let picked = self.over(&target, query).await?;
        let numbers = numbers(&picked)?;
        let mut columns = target.rows.columns().to_vec();
        for (at, (place, _)) in assignments.iter().enumerate() {
            let place = *place;
            let values = convert(picked.column(at + 1), target.schema.field(place))?;
            let mut choice: Vec<(usize, usize)> = (0..target.rows.num_rows()).map(|row| (0, row)).collect();
            for (from, row) in numbers.iter().enumerate() {
                choice[*row] = (1, from);
            }
            columns[place] = interleave(&[columns[place].as_ref(), values.as_ref()], &choice)
                .map_err(SqlError::internal)?;
        }
        let rows = RecordBatch::try_new(Arc::clone(&target.schema), columns).map_err(SqlError::internal)?;
        if !numbers.is_empty() {
            let metrics = [("numUpdatedRows", numbers.len())];
            self.write(&target.name, &target.table, &[rows], false, "UPDATE", &metrics).await?;
        }
        Ok(Output::counts(&[("num_affected_rows", numbers.len())]))
    }

    pub(super) async fn delete(&self, delete: Delete) -> Result<Output, SqlError> {
        let name = self.session.table(&delete.name);
        let _turn = self.engine.files.writing().await;
        let target =
            self.target(&name).await.map_err(|error| error.at(delete.name.last().and_then(place)))?;
        let query = pick(&target.name, delete.alias.as_ref(), [], delete.filter)?;
        let picked = self.over(&target, query).await?;
        let numbers = numbers(&picked)?;
        let mut keep = vec![true; target.rows.num_rows()];
        for row in &numbers {
            keep[*row] = false;
        }
        let rows =
            filter_record_batch(&target.rows, &BooleanArray::from(keep)).map_err(SqlError::internal)?;
        if !numbers.is_empty() {
            let metrics = [("numDeletedRows", numbers.len())];
            self.write(&target.name, &target.table, &[rows], false, "DELETE", &metrics).await?;
        }
        Ok(Output::counts(&[("num_affected_rows", numbers.len())]))
    }

    pub(super) async fn truncate(&self, name: &Name) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        let _turn = self.engine.files.writing().await;
        let table = self.writable(&full).map_err(|error| error.at(name.last().and_then(place)))?;
        self.write(&full, &table, &[], false, "TRUNCATE", &[]).await?;
        Ok(Output::empty())
    }

    /// Reads a table that is to be changed.
    pub(super) async fn target(&self, name: &TableName) -> Result<Target, SqlError> {
        let table = self.writable(name)?;
        let schema = arrow_schema(&table)?;
        let source = Source::read(&format!("SELECT * FROM {}", name.quoted()))?;
        let output = Run { source: &source, ..*self }
            .planner()
            .without_limit()
            .query(*super::parse::parse_query(&source)?, &source)
            .await?;
        let batches = output
            .batches()
            .iter()
            .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
        let batches = batches.collect::<Result<Vec<_>, _>>().map_err(SqlError::internal)?;
        let rows = concat_batches(&schema, &batches).map_err(SqlError::internal)?;
        Ok(Target { name: name.clone(), table, schema, rows })
    }

    /// Runs a query in which the target's rows are numbered, and returns its rows in one batch.
    pub(super) async fn over(&self, target: &Target, query: Query) -> Result<RecordBatch, SqlError> {
        let mut fields: Vec<Field> =
            target.schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(ROW, DataType::UInt64, false));
        let schema = Arc::new(Schema::new(fields));
        let mut columns = target.rows.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from_iter_values(0..target.rows.num_rows() as u64)));
        let numbered = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(SqlError::internal)?;
        let planner =
            self.planner().without_limit().with_table(target.name.clone(), vec![numbered], schema)?;
        let output = planner.query(query, self.source).await?;
        let schema =
            output.batches().first().map_or_else(|| Arc::clone(output.schema()), RecordBatch::schema);
        concat_batches(&schema, output.batches()).map_err(SqlError::internal)
    }

    /// Writes rows into a table, after those that it has or instead of them.
    pub(super) async fn write(
        &self,
        name: &TableName,
        table: &Table,
        rows: &[RecordBatch],
        append: bool,
        operation: &str,
        metrics: &[(&str, usize)],
    ) -> Result<(), SqlError> {
        let rows = &self.generate(name, table, rows).await?;
        check_not_null(table, rows)?;
        for (constraint, text) in &table.constraints {
            self.check(name, table, rows, constraint, text).await?;
        }
        let catalogs = self.catalogs();
        let mut files = self.engine.files.write(catalogs, name, &arrow_schema(table)?, rows)?;
        if append {
            files.splice(0..0, table.files.iter().cloned());
        }
        let user = self.session.user();
        catalogs.update_table(name, |changed| {
            changed.files.clone_from(&files);
            // the numbers that an insert took are taken, whatever comes of the rows
            for (column, counted) in changed.columns.iter_mut().zip(&table.columns) {
                column.identity = counted.identity;
            }
            changed.note(user, operation, metrics);
        })?;
        self.engine.files.discard(catalogs, name, table);
        Ok(())
    }
}

impl Run<'_> {
    /// Refuses rows that a `CHECK` is false for. Keys are not enforced, here as on the service.
    pub(super) async fn check(
        &self,
        name: &TableName,
        table: &Table,
        rows: &[RecordBatch],
        constraint: &str,
        text: &str,
    ) -> Result<(), SqlError> {
        let Some(condition) =
            text.get(..5).filter(|word| word.eq_ignore_ascii_case("check")).map(|_| &text[5..])
        else {
            return Ok(());
        };
        let source =
            Source::read(&format!("SELECT 1 FROM {} WHERE NOT ({condition}) LIMIT 1", name.quoted()))?;
        let planner = Run { source: &source, ..*self }.planner().without_limit().with_table(
            name.clone(),
            rows.to_vec(),
            arrow_schema(table)?,
        )?;
        let broken = planner.query(*super::parse::parse_query(&source)?, &source).await?;
        if broken.row_count() == 0 {
            return Ok(());
        }
        Err(SqlError::new(
            "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES",
            format!("CHECK constraint {constraint} {condition} violated by a row"),
        ))
    }
}

impl Target {
    /// The places of the columns that change, with their values: defaults filled in, and whole structs where a field changes.
    pub(super) fn assignments(
        &self,
        assignments: Vec<(Name, Expr)>,
        source: &Source,
    ) -> Result<Vec<(usize, Expr)>, SqlError> {
        let mut all: Vec<(usize, Expr)> = Vec::new();
        for (path, mut value) in assignments {
            // what qualifies the column can only be the target, unless it is a struct itself
            let structs = |name: &Ident| {
                let found = self.position(name, source).ok()?;
                matches!(self.schema.field(found).data_type(), DataType::Struct(_)).then_some(found)
            };
            let start = (0..path.len().saturating_sub(1)).find(|at| structs(&path[*at]).is_some());
            let Some(start) = start else {
                let Some(column) = path.last() else { continue };
                let place = self.position(column, source)?;
                super::insert::fill_default(&mut value, &self.table, &column.value)?;
                all.push((place, value));
                continue;
            };
            let place = self.position(&path[start], source)?;
            // a struct of which another field has changed already goes on from there
            let earlier = all.iter().position(|(known, _)| *known == place).map(|at| all.remove(at).1);
            let whole = earlier.unwrap_or_else(|| Expr::Identifier(path[start].clone()));
            all.push((
                place,
                changed(whole, self.schema.field(place).data_type(), &path[start + 1..], value)?,
            ));
        }
        Ok(all)
    }

    /// The place of a column.
    pub(super) fn position(&self, column: &Ident, source: &Source) -> Result<usize, SqlError> {
        let names = &self.table.columns;
        names.iter().position(|known| known.name.to_lowercase() == column.value).ok_or_else(|| {
            let known: Vec<String> = names.iter().map(|column| format!("`{}`", column.name)).collect();
            SqlError::new(
                "UNRESOLVED_COLUMN.WITH_SUGGESTION",
                format!("A column, variable, or function parameter with name `{}` cannot be resolved. Did you mean one of the following? [{}]", source.spelling(column), known.join(", ")),
            )
            .at(place(column))
        })
    }
}

/// A struct with another value in one of its fields.
fn changed(whole: Expr, kind: &DataType, path: &[Ident], value: Expr) -> Result<Expr, SqlError> {
    let Some((field, rest)) = path.split_first() else { return Ok(value) };
    let DataType::Struct(fields) = kind else {
        return Err(SqlError::new(
            "INVALID_EXTRACT_BASE_FIELD_TYPE",
            format!("`{}` is no field of a struct", field.value),
        ));
    };
    if fields.find(&field.value).is_none() {
        return Err(SqlError::new("FIELD_NOT_FOUND", format!("No such struct field `{}`", field.value)));
    }
    let mut arguments = Vec::new();
    for known in fields {
        let old = super::plan::field_of(whole.clone(), known.name());
        arguments.push(super::plan::text_literal(known.name()));
        arguments.push(if *known.name() == field.value {
            changed(old, known.data_type(), rest, value.clone())?
        } else {
            old
        });
    }
    Ok(super::plan::call("named_struct", arguments))
}

/// `SELECT __row, value, … FROM target WHERE filter`
pub(super) fn pick(
    name: &TableName,
    alias: Option<&Ident>,
    values: impl IntoIterator<Item = Expr>,
    filter: Option<Expr>,
) -> Result<Query, SqlError> {
    let alias = alias.map_or(String::new(), |alias| format!(" AS `{}`", alias.value));
    let mut query = template(&format!("SELECT `{ROW}` FROM {}{alias}", name.quoted()))?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection.extend(aliased(values));
        select.selection = filter;
    }
    Ok(query)
}

/// Select items with names of their own.
pub(super) fn aliased(values: impl IntoIterator<Item = Expr>) -> impl Iterator<Item = SelectItem> {
    let name = |at: usize| Ident::with_quote('`', format!("__value{at}"));
    values.into_iter().enumerate().map(move |(at, expr)| SelectItem::ExprWithAlias { expr, alias: name(at) })
}

/// A query from text of our own, to put parts of the statement's syntax tree into.
pub(crate) fn template(sql: &str) -> Result<Query, SqlError> {
    Ok(*super::parse::parse_query(&Source::read(sql)?)?)
}

/// The numbers of the picked rows.
pub(super) fn numbers(picked: &RecordBatch) -> Result<Vec<usize>, SqlError> {
    let Some(column) = picked.columns().first() else { return Ok(Vec::new()) };
    let numbers = column
        .as_primitive_opt::<UInt64Type>()
        .ok_or_else(|| SqlError::internal("the rows are not numbered"))?;
    Ok(numbers.values().iter().filter_map(|number| usize::try_from(*number).ok()).collect())
}

/// Values in a column's type, or the error of a failed cast.
pub(super) fn convert(values: &ArrayRef, field: &Field) -> Result<ArrayRef, SqlError> {
    if values.data_type() == field.data_type() {
        return Ok(Arc::clone(values));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(values, field.data_type(), &strict).map_err(super::plan::explain_arrow)
}

fn check_not_null(table: &Table, rows: &[RecordBatch]) -> Result<(), SqlError> {
    for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| !column.nullable) {
        if rows.iter().any(|batch| batch.column(at).null_count() > 0) {
            return Err(SqlError::new(
                "DELTA_NOT_NULL_CONSTRAINT_VIOLATED",
                format!("NOT NULL constraint violated for column: {}", column.name),
            ));
        }
    }
    Ok(())
}
