//! Spark's types and casts, put into a plan before DataFusion analyses it.
//!
//! DataFusion reads `1` as a BIGINT; Spark reads an INT. What follows from it – the type of `a + 1`, of a table made by a
//! query, of a result's column – is only right if the literals are changed before types are worked out.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF};
use datafusion::scalar::ScalarValue;

use crate::sql::functions;

/// Rewrites a plan that comes from the SQL planner.
pub(crate) fn apply(plan: LogicalPlan) -> Result<LogicalPlan> {
    // the work table of a recursive query has its schema from the planner, so the branches may not change theirs
    if plan.exists(|node| Ok(matches!(node, LogicalPlan::RecursiveQuery(_))))? {
        return Ok(plan);
    }
    let to_string = Arc::new(functions::to_string());
    let plan = plan.transform_up_with_subqueries(|node| rewrite_node(node, &to_string))?.data;
    // the variables of lambdas took their types from what the literals were
    Ok(plan.resolve_lambda_variables()?.data)
}

fn rewrite_node(node: LogicalPlan, to_string: &Arc<ScalarUDF>) -> Result<Transformed<LogicalPlan>> {
    let rewrite = |expr: Expr| expr.transform_up(|expr| Ok(rewrite_expr(expr, to_string)));
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

fn rewrite_expr(expr: Expr, to_string: &Arc<ScalarUDF>) -> Transformed<Expr> {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(number)), metadata) => match i32::try_from(number) {
            Ok(number) => Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(number)), metadata)),
            Err(_) => Transformed::no(Expr::Literal(ScalarValue::Int64(Some(number)), metadata)),
        },
        Expr::Cast(Cast { expr, field }) if *field.data_type() == DataType::Utf8 => {
            let call = ScalarFunction::new_udf(Arc::clone(to_string), vec![*expr]);
            Transformed::yes(Expr::ScalarFunction(call))
        }
        other => Transformed::no(other),
    }
}
