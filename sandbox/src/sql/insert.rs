//! `INSERT`: the columns of some rows put where the table has them, with defaults, counters and computed columns.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, new_null_array};
use datafusion::arrow::compute::{concat, concat_batches, filter_record_batch, interleave};
use datafusion::arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, Query, SelectItem, SetExpr, TableAlias, TableFactor,
};

use super::catalog::{Column, Identity, Table, TableName};
use super::dml::{convert, numbers, pick, template};
use super::error::SqlError;
use super::parse::{Insert, Source, place};
use super::plan::tables::arrow_schema;
use super::{Output, Run, types};

impl Run<'_> {
    pub(super) async fn insert(&self, insert: Insert) -> Result<Output, SqlError> {
        let Insert { name, columns, overwrite, by_name, query, partition, replace, evolve } = insert;
        let mut query = *query;
        let at = name.last().and_then(place);
        let name = self.session.table(&name);
        let _turn = self.engine.files.writing().await;
        let mut stored = self.writable(&name).map_err(|error| error.at(at))?;
        // values that the statement gives to all rows are further columns of the query
        let fixed: Vec<(Ident, Expr)> =
            partition.iter().filter_map(|(column, value)| Some((column.clone(), value.clone()?))).collect();
        let spelled = |column: &Ident| self.source.spelling(column).to_owned();
        let mut listed: Vec<String> = if columns.is_empty() {
            let all = stored.columns.iter().map(|column| column.name.clone());
            all.filter(|known| !fixed.iter().any(|(column, _)| known.to_lowercase() == column.value))
                .collect()
        } else {
            columns.iter().map(spelled).collect()
        };
        if let SetExpr::Values(values) = query.body.as_mut() {
            let given = values.rows.first().map_or(0, |row| row.content.len());
            let into = counted(&stored, listed.clone(), given, columns.is_empty())?;
            for row in &mut values.rows {
                for (value, column) in row.content.iter_mut().zip(&into) {
                    fill_default(value, &stored, column)?;
                    // rows may spell a value in different ways, which the column decides on
                    let kind = stored.column(column).and_then(|column| types::parse(&column.kind));
                    if let Some(kind) = kind.filter(|kind| !kind.is_nested())
                        && let Some(cast) = super::plan::cast(value.clone(), &types::text(&kind))
                    {
                        *value = cast;
                    }
                }
            }
        }
        if !fixed.is_empty() {
            query = beside(query, fixed.iter().map(|(_, value)| value.clone()))?;
        }
        let data = self.planner().query(query, self.source).await?;
        if by_name {
            listed = data.schema().fields().iter().map(|field| field.name().clone()).collect();
        }
        let width = data.schema().fields().len().saturating_sub(fixed.len());
        if evolve {
            let (names, kinds) = (listed.iter(), data.schema().fields().iter());
            stored = self.evolve(
                &name,
                stored,
                names.map(String::as_str).zip(kinds.map(|field| field.data_type())),
            )?;
        }
        let mut table = Table::clone(&stored);
        listed = counted(&table, listed, width, columns.is_empty() && !by_name)?;
        listed.extend(fixed.iter().map(|(column, _)| spelled(column)));
        let rows = self.arrange(&name, &mut table, &listed, &data).await?;
        let inserted: usize = rows.iter().map(RecordBatch::num_rows).sum();
        let metrics = [("numOutputRows", inserted)];
        let condition = match replace {
            Some(condition) => Some(condition),
            None if overwrite => equal(&fixed),
            None => None,
        };
        match condition {
            Some(condition) => {
                let kept = self.kept(&name, condition).await?;
                let rows: Vec<RecordBatch> = kept.into_iter().chain(rows).collect();
                self.write(&name, &table, &rows, false, "WRITE", &metrics).await?;
            }
            None => self.write(&name, &table, &rows, !overwrite, "WRITE", &metrics).await?,
        }
        Ok(Output::counts(&[("num_affected_rows", inserted), ("num_inserted_rows", inserted)]))
    }

    /// The rows of a table that a condition is not true for.
    async fn kept(&self, name: &TableName, condition: Expr) -> Result<Option<RecordBatch>, SqlError> {
        let target = self.target(name).await?;
        let picked = self.over(&target, pick(name, None, [], Some(condition))?).await?;
        let mut keep = vec![true; target.rows.num_rows()];
        for row in numbers(&picked)? {
            keep[row] = false;
        }
        filter_record_batch(&target.rows, &BooleanArray::from(keep)).map(Some).map_err(SqlError::internal)
    }

    /// Adds columns that the data has and the table has not.
    pub(super) fn evolve<'n>(
        &self,
        name: &TableName,
        table: Arc<Table>,
        data: impl Iterator<Item = (&'n str, &'n DataType)>,
    ) -> Result<Arc<Table>, SqlError> {
        let mut columns = table.columns.clone();
        for (column, kind) in data.filter(|(column, _)| table.column(column).is_none()) {
            columns.push(Column::new(column, types::catalog_text(kind)));
        }
        if columns.len() == table.columns.len() {
            return Ok(table);
        }
        super::ddl::check_columns(&columns, super::ddl::mapped(&table))?;
        self.catalogs().update_table(name, |table| table.columns = columns)?;
        Ok(self.catalogs().table(name)?)
    }

    /// The rows with the values of columns that come from others.
    pub(super) async fn generate(
        &self,
        name: &TableName,
        table: &Table,
        rows: &[RecordBatch],
    ) -> Result<Vec<RecordBatch>, SqlError> {
        let made: Vec<_> = table
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| Some((at, column.generated.as_ref()?)))
            .collect();
        if made.is_empty() {
            return Ok(rows.to_vec());
        }
        let schema = arrow_schema(table)?;
        let all = concat_batches(&schema, rows).map_err(SqlError::internal)?;
        let mut columns = all.columns().to_vec();
        for (at, sql) in made {
            let source = Source::read(&format!("SELECT {sql} AS `made` FROM {}", name.quoted()))?;
            let planner = Run { source: &source, ..*self }.planner().without_limit();
            let planner = planner.with_table(name.clone(), vec![all.clone()], Arc::clone(&schema))?;
            let output = planner.query(*super::parse::parse_query(&source)?, &source).await?;
            let values: Vec<&dyn Array> =
                output.batches().iter().map(|batch| batch.column(0).as_ref()).collect();
            if !values.is_empty() {
                columns[at] = convert(&concat(&values).map_err(SqlError::internal)?, schema.field(at))?;
            }
        }
        Ok(vec![RecordBatch::try_new(schema, columns).map_err(SqlError::internal)?])
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

/// The columns that an insert fills: without a list, those that do not fill themselves if the data has no more.
fn counted(table: &Table, listed: Vec<String>, width: usize, all: bool) -> Result<Vec<String>, SqlError> {
    let always =
        |name: &String| table.column(name).and_then(|column| column.identity).is_some_and(|it| it.always);
    if all {
        let others: Vec<String> = listed
            .iter()
            .filter(|name| {
                table.column(name).is_some_and(|it| it.identity.is_none() && it.generated.is_none())
            })
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

/// Puts a column's default in the place of the word `DEFAULT`.
pub(super) fn fill_default(value: &mut Expr, table: &Table, column: &str) -> Result<(), SqlError> {
    let asked =
        matches!(value, Expr::Identifier(name) if name.quote_style.is_none() && name.value == "default");
    if !asked {
        return Ok(());
    }
    let sql = table.column(column).and_then(|column| column.default.as_deref()).unwrap_or("NULL");
    let query = template(&format!("SELECT {sql}"))?;
    if let SetExpr::Select(mut select) = *query.body
        && let Some(SelectItem::UnnamedExpr(expr)) = select.projection.pop()
    {
        *value = Expr::Nested(Box::new(expr));
    }
    Ok(())
}

/// A query with values beside each of its rows.
fn beside(query: Query, values: impl Iterator<Item = Expr>) -> Result<Query, SqlError> {
    let mut outer = template("SELECT * FROM `inner`")?;
    if let SetExpr::Select(select) = outer.body.as_mut() {
        let name = Ident::new("__rows");
        let alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
        select.from[0].relation =
            TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None };
        select.projection.extend(super::dml::aliased(values));
    }
    Ok(outer)
}

/// Whether columns have these values.
fn equal(fixed: &[(Ident, Expr)]) -> Option<Expr> {
    let each = fixed.iter().map(|(column, value)| Expr::BinaryOp {
        left: Box::new(Expr::Identifier(column.clone())),
        op: BinaryOperator::Spaceship,
        right: Box::new(value.clone()),
    });
    each.reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}
