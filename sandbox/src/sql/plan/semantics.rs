//! Spark's types and casts, put into a plan before DataFusion analyses it.
//!
//! DataFusion reads `1` as a BIGINT; Spark reads an INT. What follows from it – the type of `a + 1`, of a table made by a
//! query, of a result's column – is only right if the literals are changed before types are worked out.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;

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
            let rows = rows.map(|row| row.into_iter().map(|expr| Ok(rewrite(expr)?.data)).collect()).collect::<Result<Vec<Vec<Expr>>>>()?;
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
        Expr::Cast(cast) => rewrite_cast(cast, schema, state),
        other => Transformed::no(other),
    }
}

/// Casts that mean something else to Spark than to Arrow.
fn rewrite_cast(cast: Cast, schema: &DFSchema, state: &SessionState) -> Transformed<Expr> {
    let Ok(from) = cast.expr.get_type(schema) else { return Transformed::no(Expr::Cast(cast)) };
    let to = cast.field.data_type();
    let number = |kind: &DataType| kind.is_numeric();
    let function = match (&from, to) {
        (from, to) if from == to => return Transformed::yes(*cast.expr),
        (DataType::Null, _) => None,
        (_, DataType::Utf8) => Some("spark_string"),
        (from, DataType::Timestamp(_, Some(_))) if number(from) => Some("spark_timestamp_seconds"),
        (DataType::Timestamp(..), to) if number(to) => Some("spark_unix_seconds"),
        _ => None,
    };
    let Some(function) = function.and_then(|name| state.scalar_functions().get(name)) else { return Transformed::no(Expr::Cast(cast)) };
    let call = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), vec![*cast.expr]));
    Transformed::yes(if number(to) { Expr::Cast(Cast { expr: Box::new(call), field: cast.field }) } else { call })
}
