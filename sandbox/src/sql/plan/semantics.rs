//! Spark's types and casts, put into a plan before DataFusion analyses it.
//!
//! DataFusion reads `1` as a BIGINT; Spark reads an INT. What follows from it – the type of `a + 1`, of a table made by a
//! query, of a result's column – is only right if the literals are changed before types are worked out.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::{BinaryExpr, Cast, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::scalar::ScalarValue;

use crate::sql::types;

/// Rewrites a plan that comes from the SQL planner.
pub(crate) fn apply(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    // the work table of a recursive query has its schema from the planner, so the branches may not change theirs
    if plan.exists(|node| Ok(matches!(node, LogicalPlan::RecursiveQuery(_))))? {
        return Ok(plan);
    }
    let plan = plan.transform_up_with_subqueries(|node| rewrite_node(node, state))?.data;
    // the variables of lambdas took their types from what the literals were
    Ok(plan.resolve_lambda_variables()?.data)
}

fn rewrite_node(node: LogicalPlan, state: &SessionState) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&node.inputs());
    let rewrite = |expr: Expr| expr.transform_up(|expr| Ok(rewrite_expr(expr, &schema, state)));
    match node {
        // the numbers of LIMIT have a type of their own
        LogicalPlan::Limit(_) => Ok(Transformed::no(node)),
        LogicalPlan::Values(values) => {
            let rows = values.values.into_iter();
            let rows = rows
                .map(|row| row.into_iter().map(|expr| Ok(rewrite(expr)?.data)).collect())
                .collect::<Result<Vec<Vec<Expr>>>>()?;
            Ok(Transformed::yes(LogicalPlanBuilder::values(rows)?.build()?))
        }
        node => {
            let names = NamePreserver::new(&node);
            node.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(rewrite(expr)?.update_data(|expr| name.restore(expr)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        }
    }
}

fn rewrite_expr(expr: Expr, schema: &DFSchema, state: &SessionState) -> Transformed<Expr> {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(number)), metadata) => match i32::try_from(number) {
            Ok(number) => Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(number)), metadata)),
            Err(_) => Transformed::no(Expr::Literal(ScalarValue::Int64(Some(number)), metadata)),
        },
        Expr::Cast(cast) => {
            let (expr, field) = (cast.expr, cast.field);
            rewrite_cast(*expr, field.data_type(), false, schema, state).map_or_else(
                |expr| Transformed::no(Expr::Cast(Cast { expr: Box::new(expr), field })),
                Transformed::yes,
            )
        }
        Expr::TryCast(cast) => {
            let (expr, field) = (cast.expr, cast.field);
            rewrite_cast(*expr, field.data_type(), true, schema, state).map_or_else(
                |expr| Transformed::no(Expr::TryCast(TryCast { expr: Box::new(expr), field })),
                Transformed::yes,
            )
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (left, right) = exact(*left, *right, schema);
            Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                left: Box::new(left),
                op,
                right: Box::new(right),
            }))
        }
        Expr::ScalarFunction(mut call) => match (call.func.name(), call.args.len()) {
            ("divide" | "remainder", 2) => {
                if let (Some(right), Some(left)) = (call.args.pop(), call.args.pop()) {
                    let (left, right) = exact(left, right, schema);
                    call.args = vec![left, right];
                }
                Transformed::yes(Expr::ScalarFunction(call))
            }
            // a colon behind a VARIANT yields a VARIANT
            ("spark_json_path", 2)
                if call.args[0].get_type(schema).is_ok_and(|kind| kind == types::variant()) =>
            {
                match state.scalar_functions().get("spark_variant_at") {
                    Some(function) => {
                        let function = Arc::clone(function);
                        Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, call.args)))
                    }
                    None => Transformed::no(Expr::ScalarFunction(call)),
                }
            }
            ("to_json", 1) if call.args[0].get_type(schema).is_ok_and(|kind| kind == types::variant()) => {
                let text = call.args.remove(0);
                Transformed::yes(Expr::Cast(Cast::new(Box::new(text), DataType::Utf8)))
            }
            ("round", 1 | 2) => round(call, schema),
            _ => Transformed::no(Expr::ScalarFunction(call)),
        },
        other => Transformed::no(other),
    }
}

/// A whole number beside a DECIMAL is a DECIMAL of as many digits as it has, which keeps the result's precision small.
fn exact(left: Expr, right: Expr, schema: &DFSchema) -> (Expr, Expr) {
    let decimal =
        |expr: &Expr| expr.get_type(schema).is_ok_and(|kind| matches!(kind, DataType::Decimal128(..)));
    let fit = |expr: Expr| match whole(&expr) {
        Some(number) => {
            let digits = u8::try_from(number.unsigned_abs().to_string().len()).unwrap_or(20);
            lit(ScalarValue::Decimal128(Some(i128::from(number)), digits, 0))
        }
        None => expr,
    };
    if decimal(&left) {
        (left, fit(right))
    } else if decimal(&right) {
        (fit(left), right)
    } else {
        (left, right)
    }
}

fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int32(Some(number)), _) => Some(i64::from(*number)),
        Expr::Literal(ScalarValue::Int64(Some(number)), _) => Some(*number),
        _ => None,
    }
}

/// A DECIMAL that is rounded to fewer digits has no more of them.
fn round(call: ScalarFunction, schema: &DFSchema) -> Transformed<Expr> {
    let digits = call.args.get(1).map_or(Some(0), whole).and_then(|digits| i8::try_from(digits).ok());
    let kind = call.args.first().and_then(|value| value.get_type(schema).ok());
    match (kind, digits) {
        (Some(DataType::Decimal128(precision, scale)), Some(digits)) if (0..scale).contains(&digits) => {
            let precision = i16::from(precision) - i16::from(scale) + 1 + i16::from(digits);
            let kind = DataType::Decimal128(u8::try_from(precision).unwrap_or(38).clamp(1, 38), digits);
            Transformed::yes(Expr::Cast(Cast::new(Box::new(Expr::ScalarFunction(call)), kind)))
        }
        _ => Transformed::no(Expr::ScalarFunction(call)),
    }
}

/// Casts that mean something else to Spark than to Arrow. An `Err` is the expression, to be cast as it was.
fn rewrite_cast(
    expr: Expr,
    to: &DataType,
    lenient: bool,
    schema: &DFSchema,
    state: &SessionState,
) -> std::result::Result<Expr, Expr> {
    let Ok(from) = expr.get_type(schema) else { return Err(expr) };
    let text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::Utf8View);
    let (name, then) = match (&from, to) {
        (from, to) if from == to => return Ok(expr),
        (DataType::Null, _) => return Err(expr),
        (from, DataType::Utf8) if *from == types::variant() => ("spark_variant_text", None),
        (from, to) if *from == types::variant() && to.is_nested() => {
            let functions = state.scalar_functions();
            let Some(function) = functions.get("from_json") else { return Err(expr) };
            let text = Expr::Cast(Cast::new(Box::new(expr), DataType::Utf8));
            let arguments = vec![text, lit(types::text(to))];
            return Ok(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), arguments)));
        }
        (from, to) if *from == types::variant() => {
            let text = Expr::Cast(Cast::new(Box::new(expr), DataType::Utf8));
            let Ok(text) = text.transform_up(|expr| Ok(rewrite_expr(expr, schema, state))) else {
                return Err(lit(ScalarValue::Null));
            };
            let field = Arc::new(datafusion::arrow::datatypes::Field::new("", to.clone(), true));
            let cast = match lenient {
                true => Expr::TryCast(TryCast { expr: Box::new(text.data), field }),
                false => Expr::Cast(Cast { expr: Box::new(text.data), field }),
            };
            return Ok(cast);
        }
        (from, to) if *to == types::variant() && !text(from) => ("to_variant_object", None),
        (_, DataType::Utf8) => ("spark_string", None),
        (from, DataType::Timestamp(..)) if text(from) => {
            ("spark_to_timestamp", (*to != types::timestamp()).then_some(to))
        }
        (from, DataType::Timestamp(_, Some(_))) if from.is_numeric() => ("spark_timestamp_seconds", None),
        (DataType::Timestamp(..), to) if to.is_numeric() => ("spark_unix_seconds", Some(to)),
        _ => return Err(expr),
    };
    let Some(function) = state.scalar_functions().get(name) else { return Err(expr) };
    let mut arguments = vec![expr];
    if name == "spark_to_timestamp" {
        arguments.push(lit(lenient));
    }
    let call = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), arguments));
    Ok(match then {
        Some(kind) => Expr::Cast(Cast::new(Box::new(call), kind.clone())),
        None => call,
    })
}
