//! `INSERT`, `UPDATE`, `DELETE` and `TRUNCATE`: new files beside the old ones, then one change of the metadata.
//!
//! Which rows a condition picks is the engine's to say, subqueries and all. So the target is read with its rows numbered,
//! and an UPDATE or DELETE is a query for the numbers (and the new values) of the rows that the condition is true for. No
//! condition is ever turned around, which is where NULLs and subqueries go wrong.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt64Array, new_null_array,
};
use datafusion::arrow::compute::{
    CastOptions, cast_with_options, concat_batches, filter_record_batch, interleave,
};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef, UInt64Type};
use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr};

use super::catalog::{Identity, Table, TableName};
use super::error::SqlError;
use super::parse::{Delete, Insert, Name, Source, Update, place};
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
    pub(super) async fn insert(&self, insert: Insert) -> Result<Output, SqlError> {
        let name = self.session.table(&insert.name);
        let at = insert.name.last().and_then(place);
        let _turn = self.engine.files.writing().await;
        let table = self.writable(&name).map_err(|error| error.at(at))?;
        let data = self.planner().query(*insert.query, self.source).await?;
        let listed: Vec<String> = if insert.by_name {
            data.schema().fields().iter().map(|field| field.name().clone()).collect()
        } else if insert.columns.is_empty() {
            table.columns.iter().map(|column| column.name.clone()).collect()
        } else {
            insert.columns.iter().map(|column| self.source.spelling(column).to_owned()).collect()
        };
        let mut table = Table::clone(&table);
        let listed = counted(
            &table,
            listed,
            data.schema().fields().len(),
            insert.columns.is_empty() && !insert.by_name,
        )?;
        let rows = self.arrange(&name, &mut table, &listed, &data).await?;
        let inserted: usize = rows.iter().map(RecordBatch::num_rows).sum();
        let metrics = [("numOutputRows", inserted)];
        self.write(&name, &table, &rows, !insert.overwrite, "WRITE", &metrics).await?;
        Ok(Output::counts(&[("num_affected_rows", inserted), ("num_inserted_rows", inserted)]))
    }

    /// Puts the columns of some data where the table has them, in its types, and fills the rest with defaults.
    async fn arrange(
        &self,
        name: &TableName,
        table: &mut Table,
        listed: &[String],
        data: &Output,
    ) -> Result<Vec<RecordBatch>, SqlError> {
        let width = data.schema().fields().len();
        if listed.len() != width {
            let (sub, reason) = if listed.len() > width {
                ("NOT_ENOUGH_DATA_COLUMNS", "not enough data columns")
            } else {
                ("TOO_MANY_DATA_COLUMNS", "too many data columns")
            };
            let quote = |names: Vec<String>| {
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            };
            return Err(SqlError::new(
                &format!("INSERT_COLUMN_ARITY_MISMATCH.{sub}"),
                format!(
                    "Cannot write to {}, the reason is {reason}:\nTable columns: {}.\nData columns: {}",
                    name.quoted(),
                    quote(listed.to_vec()),
                    quote(data.schema().fields().iter().map(|field| field.name().clone()).collect())
                ),
            ));
        }
        let mut places = HashMap::new();
        for (at, column) in listed.iter().enumerate() {
            if table.column(column).is_none() {
                let known: Vec<String> =
                    table.columns.iter().map(|column| format!("`{}`", column.name)).collect();
                return Err(SqlError::new(
                    "UNRESOLVED_COLUMN.WITH_SUGGESTION",
                    format!(
                        "A column, variable, or function parameter with name `{column}` cannot be resolved. Did you mean one of the following? [{}]",
                        known.join(", ")
                    ),
                ));
            }
            if places.insert(column.to_lowercase(), at).is_some() {
                return Err(SqlError::new(
                    "COLUMN_ALREADY_EXISTS",
                    format!("The column `{column}` is given twice"),
                ));
            }
        }
        let schema = arrow_schema(table)?;
        let mut defaults: HashMap<String, ArrayRef> = HashMap::new();
        for column in table.columns.iter().filter(|column| !places.contains_key(&column.name.to_lowercase()))
        {
            if let Some(sql) = &column.default {
                defaults.insert(column.name.clone(), self.constant(sql).await?);
            }
        }
        let mut arranged = Vec::new();
        let mut identities: HashMap<usize, Identity> = table
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| Some((at, column.identity?)))
            .collect();
        for batch in data.batches() {
            let columns =
                table.columns.iter().zip(schema.fields()).enumerate().map(|(at, (column, field))| {
                    let given = places.get(&column.name.to_lowercase());
                    let values = match (given, identities.get_mut(&at), defaults.get(column.name.as_str())) {
                        (Some(at), ..) => Arc::clone(batch.column(*at)),
                        (None, Some(identity), _) => count(identity, batch.num_rows()),
                        (None, None, Some(value)) => repeat(value, batch.num_rows())?,
                        (None, None, None) => new_null_array(field.data_type(), batch.num_rows()),
                    };
                    convert(&values, field)
                });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            arranged.push(RecordBatch::try_new(Arc::clone(&schema), columns).map_err(SqlError::internal)?);
        }
        for (at, identity) in identities {
            table.columns[at].identity = Some(identity);
        }
        Ok(arranged)
    }

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
        for (column, _) in &update.assignments {
            target.position(column, self.source)?;
        }
        let values = update.assignments.iter().map(|(_, value)| value.clone());
        let query = pick(&target.name, update.alias.as_ref(), values, update.filter)?;
        let picked = self.over(&target, query).await?;
        let numbers = numbers(&picked)?;
        let mut columns = target.rows.columns().to_vec();
        for (at, (column, _)) in update.assignments.iter().enumerate() {
            let place = target.position(column, self.source)?;
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
        fields.push(Field::new(ROW, datafusion::arrow::datatypes::DataType::UInt64, false));
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
        self.engine.files.discard(catalogs, name, table, &files);
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

/// `SELECT __row, value, … FROM target WHERE filter`
fn pick(
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
fn numbers(picked: &RecordBatch) -> Result<Vec<usize>, SqlError> {
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

/// The next numbers of a column that counts.
fn count(identity: &mut Identity, rows: usize) -> ArrayRef {
    let numbers = (0..rows).map(|_| {
        let number = identity.next;
        identity.next = number.wrapping_add(identity.step);
        number
    });
    Arc::new(Int64Array::from_iter_values(numbers))
}

/// The columns that an insert fills: without a list, those that do not count by themselves if the data has no more.
fn counted(table: &Table, listed: Vec<String>, width: usize, all: bool) -> Result<Vec<String>, SqlError> {
    let always =
        |name: &String| table.column(name).and_then(|column| column.identity).is_some_and(|it| it.always);
    if all {
        let others: Vec<String> = listed
            .iter()
            .filter(|name| table.column(name).is_some_and(|it| it.identity.is_none()))
            .cloned()
            .collect();
        if others.len() == width {
            return Ok(others);
        }
    }
    match listed.iter().find(|name| always(name)) {
        Some(column) => Err(SqlError::new(
            "DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED",
            format!("Providing values for GENERATED ALWAYS AS IDENTITY column {column} is not supported"),
        )),
        None => Ok(listed),
    }
}

fn repeat(value: &ArrayRef, times: usize) -> Result<ArrayRef, SqlError> {
    interleave(&[value.as_ref()], &vec![(0, 0); times]).map_err(SqlError::internal)
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
