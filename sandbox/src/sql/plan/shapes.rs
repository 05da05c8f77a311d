//! Tables that the FROM clause bends: `PIVOT`, `UNPIVOT` and `TABLESAMPLE`, as queries that the engine knows.

use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, ExceptSelectItem, Expr, ExprWithAlias, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, NullInclusion, ObjectName, PivotValueSource, SelectItem, SetExpr, SetOperator,
    TableAlias, TableFactor, TableSampleKind, TableSampleQuantity, TableSampleUnit,
};
use std::ops::ControlFlow;

use super::calls::{call, call_with, string};
use super::generators;
use crate::sql::dml::template;
use crate::sql::error::SqlError;

/// Puts a query in the place of a table that is bent; nothing if it is none.
pub(super) fn straightened(factor: &mut TableFactor) -> Result<Option<TableFactor>, SqlError> {
    Ok(match factor {
        TableFactor::Pivot { table, aggregate_functions, value_column, value_source, alias, .. } => {
            Some(pivot(table, aggregate_functions, value_column, value_source, alias.clone())?)
        }
        TableFactor::Unpivot { table, value, name, columns, null_inclusion, alias } => {
            let nulls = matches!(null_inclusion, Some(NullInclusion::IncludeNulls));
            Some(unpivot(table, value, name, columns, nulls, alias.clone())?)
        }
        TableFactor::Table { name, args: Some(list), alias, .. } if generators::is_generator(name) => {
            Some(generated(name, &list.args, alias.clone())?)
        }
        TableFactor::Function { name, args, alias, .. } if generators::is_generator(name) => {
            Some(generated(name, args, alias.clone())?)
        }
        TableFactor::Table { sample: sample @ Some(_), .. } => {
            let kind = sample.take();
            Some(sampled(factor, kind)?)
        }
        _ => None,
    })
}

/// `MINUS` is another word for `EXCEPT`.
pub(super) fn minus_is_except(body: &mut SetExpr) {
    if let SetExpr::SetOperation { op, left, right, .. } = body {
        if *op == SetOperator::Minus {
            *op = SetOperator::Except;
        }
        minus_is_except(left);
        minus_is_except(right);
    }
}

/// `FROM explode(a) AS t (c)`: a query that has nothing but the call.
fn generated(
    name: &ObjectName,
    arguments: &[FunctionArg],
    alias: Option<TableAlias>,
) -> Result<TableFactor, SqlError> {
    let mut query = template("SELECT 1")?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::UnnamedExpr(call_with(name, arguments))];
    }
    Ok(derived(query, alias, "__generated"))
}

/// `SELECT * FROM inner`, with a table in its place.
fn around(table: &mut TableFactor, rest: &str) -> Result<ast::Query, SqlError> {
    let mut query = template(&format!("SELECT * FROM `inner`{rest}"))?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        std::mem::swap(&mut select.from[0].relation, table);
    }
    Ok(query)
}

fn derived(query: ast::Query, alias: Option<TableAlias>, name: &str) -> TableFactor {
    let own = || TableAlias { explicit: true, name: Ident::new(name), columns: Vec::new(), at: None };
    TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query),
        alias: Some(alias.unwrap_or_else(own)),
        sample: None,
    }
}

/// Leaves columns out of the `*` of a query.
fn leave_out(select: &mut ast::Select, columns: Vec<Ident>) {
    let mut columns = columns.into_iter();
    let opt_except = columns
        .next()
        .map(|first_element| ExceptSelectItem { first_element, additional_elements: columns.collect() });
    let options = ast::WildcardAdditionalOptions { opt_except, ..Default::default() };
    select.projection = vec![SelectItem::Wildcard(options)];
}

/// The columns that an expression reads.
fn columns_of(expr: &Expr, found: &mut Vec<Ident>) {
    let _ = ast::visit_expressions(expr, |expr| {
        let column = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        if let Some(column) = column.filter(|column| !found.iter().any(|known| known.value == column.value)) {
            found.push(column.clone());
        }
        ControlFlow::<()>::Continue(())
    });
}

/// One aggregate for each value, over the rows that have it; all other columns are what is grouped by.
fn pivot(
    table: &mut TableFactor,
    aggregates: &[ExprWithAlias],
    columns: &[Expr],
    source: &PivotValueSource,
    alias: Option<TableAlias>,
) -> Result<TableFactor, SqlError> {
    let PivotValueSource::List(values) = source else {
        return Err(SqlError::unsupported("PIVOT over values that are not listed"));
    };
    let mut used = Vec::new();
    for expr in columns.iter().chain(aggregates.iter().map(|aggregate| &aggregate.expr)) {
        columns_of(expr, &mut used);
    }
    let mut query = around(table, " GROUP BY ALL")?;
    let SetExpr::Select(select) = query.body.as_mut() else { return Err(SqlError::internal("no select")) };
    leave_out(select, used);
    for value in values {
        let held = match (&value.expr, columns) {
            (Expr::Tuple(parts), columns) => {
                parts.iter().zip(columns).map(|(part, column)| same(column, part)).collect()
            }
            (single, [column]) => vec![same(column, single)],
            _ => return Err(SqlError::unsupported("PIVOT over several columns with single values")),
        };
        let condition = held.into_iter().reduce(|left, right| Expr::BinaryOp {
            left: Box::new(left),
            op: BinaryOperator::And,
            right: Box::new(right),
        });
        let Some(condition) = condition else { continue };
        let name = value.alias.as_ref().map_or_else(|| plain(&value.expr), |alias| alias.value.clone());
        for aggregate in aggregates {
            let name = match &aggregate.alias {
                Some(alias) if aggregates.len() > 1 => format!("{name}_{}", alias.value),
                None if aggregates.len() > 1 => format!("{name}_{}", aggregate.expr),
                _ => name.clone(),
            };
            let mut expr = aggregate.expr.clone();
            let Expr::Function(function) = &mut expr else {
                return Err(SqlError::unsupported("PIVOT over anything but a call of an aggregate"));
            };
            if let FunctionArguments::List(list) = &mut function.args
                && let [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] = list.args.as_slice()
            {
                list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(
                    ast::Value::Number("1".into(), false).into(),
                )))];
            }
            function.filter = Some(Box::new(condition.clone()));
            select.projection.push(SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', name) });
        }
    }
    Ok(derived(query, alias, "__pivot"))
}

fn same(column: &Expr, value: &Expr) -> Expr {
    Expr::BinaryOp {
        left: Box::new(column.clone()),
        op: BinaryOperator::Spaceship,
        right: Box::new(value.clone()),
    }
}

/// How a value names a column.
fn plain(value: &Expr) -> String {
    match value {
        Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        Expr::Tuple(parts) => parts.iter().map(plain).collect::<Vec<_>>().join("_"),
        other => other.to_string(),
    }
}

/// One row for each of some columns: its name and its value.
fn unpivot(
    table: &mut TableFactor,
    value: &Expr,
    name: &Ident,
    columns: &[ExprWithAlias],
    nulls: bool,
    alias: Option<TableAlias>,
) -> Result<TableFactor, SqlError> {
    let Expr::Identifier(value) = value else {
        return Err(SqlError::unsupported("UNPIVOT into several columns"));
    };
    let mut used = Vec::new();
    columns.iter().for_each(|column| columns_of(&column.expr, &mut used));
    let label = |column: &ExprWithAlias| {
        column.alias.as_ref().map_or_else(|| plain(&column.expr), |it| it.value.clone())
    };
    let labels = columns.iter().map(|column| string(&label(column))).collect();
    let values = columns.iter().map(|column| column.expr.clone()).collect();
    let mut query = around(table, "")?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        leave_out(select, used);
        for (alias, items) in [(name, labels), (value, values)] {
            let expr = call("unnest", vec![call("array", items)]);
            select.projection.push(SelectItem::ExprWithAlias { expr, alias: alias.clone() });
        }
    }
    if nulls {
        return Ok(derived(query, alias, "__unpivot"));
    }
    let mut filtered = template("SELECT * FROM `inner`")?;
    if let SetExpr::Select(select) = filtered.body.as_mut() {
        select.from[0].relation = derived(query, None, "__unpivot");
        select.selection = Some(Expr::IsNotNull(Box::new(Expr::Identifier(value.clone()))));
    }
    Ok(derived(filtered, alias, "__unpivot"))
}

/// A part of a table's rows: so many, or each with some chance.
fn sampled(table: &mut TableFactor, kind: Option<TableSampleKind>) -> Result<TableFactor, SqlError> {
    let (TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) =
        kind.ok_or_else(|| SqlError::internal("no sample"))?;
    let Some(TableSampleQuantity { value, unit, .. }) = sample.quantity else {
        return Err(SqlError::unsupported("TABLESAMPLE by buckets"));
    };
    let alias = match table {
        TableFactor::Table { alias, name, .. } => alias.clone().or_else(|| {
            let name = name.0.last()?.as_ident()?.clone();
            Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None })
        }),
        _ => None,
    };
    let number = value.to_string().trim_matches('\'').parse::<f64>();
    let number = number.map_err(|_| SqlError::unsupported(format!("TABLESAMPLE ({value})")))?;
    let query = match unit {
        Some(TableSampleUnit::Rows) => around(table, &format!(" LIMIT {number:.0}"))?,
        _ if (0.0..=100.0).contains(&number) => {
            around(table, &format!(" WHERE rand() < CAST('{}' AS DOUBLE)", number / 100.0))?
        }
        _ => {
            return Err(SqlError::new(
                "INVALID_PARAMETER_VALUE",
                format!("The percentage of TABLESAMPLE must be a number from 0 to 100, not {number}"),
            ));
        }
    };
    Ok(derived(query, alias, "__sample"))
}
