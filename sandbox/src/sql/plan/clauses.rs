//! Clauses that Spark has and the engine has not, or not everywhere: `SORT BY`, `EXISTS` in a list, `grouping_id()`,
//! `count(DISTINCT a, b)`, `GROUP BY window(…)`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, DuplicateTreatment, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, OrderBy,
    OrderByExpr, OrderByKind, OrderByOptions, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor,
    Value,
};

use super::calls::{call, cast, string};
use crate::sql::error::SqlError;

/// The places of a statement where relations without a name got one.
#[derive(Debug, Default)]
pub(super) struct Nameless(usize);

impl Nameless {
    /// Names a subquery: two without a name could not be told apart where they share columns.
    pub(super) fn name(&mut self, factor: &mut TableFactor) {
        if let TableFactor::Derived { alias: alias @ None, .. } = factor {
            self.0 += 1;
            let name = ast::Ident::new(format!("__derived{}", self.0));
            *alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
        }
    }
}

/// `SORT BY` and `CLUSTER BY` promise an order within each part of the rows, and `DISTRIBUTE BY` says where the parts are:
/// one order over all rows keeps these promises.
pub(super) fn order_parts(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    select.distribute_by.clear();
    let clustered = std::mem::take(&mut select.cluster_by).into_iter().map(|expr| OrderByExpr {
        expr,
        options: OrderByOptions { asc: None, nulls_first: None },
        with_fill: None,
    });
    let sorted: Vec<OrderByExpr> = std::mem::take(&mut select.sort_by).into_iter().chain(clustered).collect();
    if query.order_by.is_none() && !sorted.is_empty() {
        query.order_by = Some(OrderBy { kind: OrderByKind::Expressions(sorted), interpolate: None });
    }
}

/// `EXISTS (…)` among the columns is a count above zero: the engine knows it as a condition only.
pub(super) fn count_existing(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        let _ = ast::visit_expressions_mut(expr, |expr| {
            if let Expr::Exists { subquery, negated } = expr {
                let counted = Expr::Subquery(Box::new(counting(subquery)));
                let op = if *negated { ast::BinaryOperator::Eq } else { ast::BinaryOperator::Gt };
                let compared = Expr::BinaryOp { left: Box::new(counted), op, right: Box::new(number("0")) };
                *expr = Expr::Nested(Box::new(compared));
            }
            ControlFlow::<()>::Continue(())
        });
    }
}

/// The number of a query's rows, as a query.
fn counting(query: &Query) -> Query {
    let mut query = query.clone();
    let count = || vec![SelectItem::UnnamedExpr(call("count", vec![number("1")]))];
    let rows = query.limit_clause.is_none() && query.fetch.is_none();
    match query.body.as_mut() {
        SetExpr::Select(select)
            if rows
                && select.distinct.is_none()
                && select.having.is_none()
                && select.group_by == GroupByExpr::Expressions(Vec::new(), Vec::new()) =>
        {
            select.projection = count();
            query.order_by = None;
            query
        }
        _ => {
            let mut outer = query.clone();
            let Ok(mut around) = crate::sql::dml::template("SELECT count(1) FROM `inner`") else {
                return query;
            };
            std::mem::swap(&mut outer.with, &mut around.with);
            if let SetExpr::Select(select) = around.body.as_mut() {
                let alias = Some(TableAlias {
                    explicit: true,
                    name: ast::Ident::new("__exists"),
                    columns: Vec::new(),
                    at: None,
                });
                select.from[0].relation =
                    TableFactor::Derived { lateral: false, subquery: Box::new(outer), alias, sample: None };
            }
            around
        }
    }
}

fn number(digits: &str) -> Expr {
    Expr::Value(Value::Number(digits.to_owned(), false).into())
}

/// `GROUP BY a, b WITH ROLLUP` is `GROUP BY ROLLUP (a, b)`.
pub(super) fn group_with(select: &mut Select) {
    let GroupByExpr::Expressions(exprs, modifiers) = &mut select.group_by else { return };
    let sets = || exprs.iter().map(|expr| vec![expr.clone()]).collect();
    let whole = match modifiers.as_slice() {
        [ast::GroupByWithModifier::Rollup] => Expr::Rollup(sets()),
        [ast::GroupByWithModifier::Cube] => Expr::Cube(sets()),
        _ => return,
    };
    modifiers.clear();
    *exprs = vec![whole];
}

/// `SEMI JOIN` and `ANTI JOIN` are about the left side, whether they say so or not.
pub(super) fn sided(select: &mut Select) {
    for join in select.from.iter_mut().flat_map(|table| &mut table.joins) {
        join.join_operator = match std::mem::replace(
            &mut join.join_operator,
            ast::JoinOperator::StraightJoin(ast::JoinConstraint::None),
        ) {
            ast::JoinOperator::Semi(on) => ast::JoinOperator::LeftSemi(on),
            ast::JoinOperator::Anti(on) => ast::JoinOperator::LeftAnti(on),
            other => other,
        };
    }
}

/// `grouping_id()` without arguments is about everything that is grouped by.
pub(super) fn number_groups(select: &mut Select) {
    let GroupByExpr::Expressions(exprs, _) = &select.group_by else { return };
    let mut grouped: Vec<Expr> = Vec::new();
    for expr in exprs {
        match expr {
            Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                for expr in sets.iter().flatten().filter(|expr| !matches!(expr, Expr::Tuple(_))) {
                    if !grouped.contains(expr) {
                        grouped.push(expr.clone());
                    }
                }
            }
            other => grouped.push(other.clone()),
        }
    }
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        let _ = ast::visit_expressions_mut(expr, |expr| {
            if let Expr::Function(function) = expr
                && function.name.to_string().eq_ignore_ascii_case("grouping_id")
            {
                let given = plain(&function.args).filter(|given| !given.is_empty());
                let all = call("grouping", given.unwrap_or_else(|| grouped.clone()));
                if let Some(long) = cast(all, "BIGINT") {
                    *expr = long;
                }
            }
            ControlFlow::<()>::Continue(())
        });
    }
}

fn plain(arguments: &FunctionArguments) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = arguments else { return None };
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}

/// `count(DISTINCT a, b)` counts the pairs in which nothing is NULL.
pub(super) fn count_tuples(function: &mut ast::Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    if list.duplicate_treatment != Some(DuplicateTreatment::Distinct) || list.args.len() < 2 {
        return;
    }
    let arguments = FunctionArguments::List(list.clone());
    let Some(values) = plain(&arguments) else { return };
    let known = values.iter().map(|value| Expr::IsNotNull(Box::new(value.clone()))).reduce(|left, right| {
        Expr::BinaryOp { left: Box::new(left), op: ast::BinaryOperator::And, right: Box::new(right) }
    });
    let Some(condition) = known else { return };
    let named =
        values.into_iter().zip(1..).flat_map(|(value, n)| [string(&format!("col{n}")), value]).collect();
    let token = ast::helpers::attached_token::AttachedToken::empty;
    let tuple = Expr::Case {
        case_token: token(),
        end_token: token(),
        operand: None,
        conditions: vec![ast::CaseWhen { condition, result: call("named_struct", named) }],
        else_result: None,
    };
    list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(tuple))];
}

/// `GROUP BY window(time, '1 day')`: the time's window, as a struct of its start and its end, wherever the select names it.
pub(super) fn windows(select: &mut Select) -> Result<(), SqlError> {
    let GroupByExpr::Expressions(exprs, _) = &mut select.group_by else { return Ok(()) };
    let mut found = None;
    for expr in exprs.iter_mut() {
        if let Expr::Function(function) = expr
            && function.name.to_string() == "window"
        {
            let (start, end) = bounds(function)?;
            let named = vec![string("start"), start.clone(), string("end"), end.clone()];
            *expr = call("named_struct", named);
            found = Some((start, end, expr.clone()));
        }
    }
    let Some((start, end, whole)) = found else { return Ok(()) };
    let _ = ast::visit_expressions_mut(&mut select.projection, |expr| {
        let changed = match &*expr {
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [window, field] if window.value == "window" && field.value == "start" => Some(&start),
                [window, field] if window.value == "window" && field.value == "end" => Some(&end),
                _ => None,
            },
            Expr::Identifier(name) if name.value == "window" => Some(&whole),
            Expr::Function(function) if function.name.to_string() == "window" => Some(&whole),
            _ => None,
        };
        if let Some(changed) = changed {
            *expr = changed.clone();
        }
        ControlFlow::<()>::Continue(())
    });
    // what is grouped by is the whole struct, of which the parts are functions; the engine wants to see the parts
    if let GroupByExpr::Expressions(exprs, _) = &mut select.group_by {
        exprs.push(start);
        exprs.push(end);
    }
    Ok(())
}

fn bounds(function: &ast::Function) -> Result<(Expr, Expr), SqlError> {
    let arguments = plain(&function.args).unwrap_or_default();
    let [time, Expr::Value(width)] = arguments.as_slice() else {
        return Err(SqlError::unsupported("window with anything but a time and its length"));
    };
    let width = width.value.clone().into_string().unwrap_or_default();
    let width = width.trim().strip_prefix("interval ").unwrap_or(width.trim()).to_owned();
    let length = |width: &str| {
        let (amount, unit) = width.split_once(' ')?;
        amount.parse::<f64>().ok()?;
        let field = match unit.trim().trim_end_matches('s').to_lowercase().as_str() {
            "second" => ast::DateTimeField::Second,
            "minute" => ast::DateTimeField::Minute,
            "hour" => ast::DateTimeField::Hour,
            "day" => ast::DateTimeField::Day,
            "week" => ast::DateTimeField::Week(None),
            _ => return None,
        };
        Some(Expr::Interval(ast::Interval {
            value: Box::new(string(amount)),
            leading_field: Some(field),
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        }))
    };
    let length =
        length(&width).ok_or_else(|| SqlError::unsupported(format!("window with the length '{width}'")))?;
    let time = cast(time.clone(), "TIMESTAMP").ok_or_else(|| SqlError::internal("no TIMESTAMP"))?;
    let start = call("date_bin", vec![length.clone(), time]);
    let end = Expr::BinaryOp {
        left: Box::new(start.clone()),
        op: ast::BinaryOperator::Plus,
        right: Box::new(length),
    };
    Ok((start, end))
}
