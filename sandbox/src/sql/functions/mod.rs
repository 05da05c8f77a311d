//! Functions and operators where Spark and DataFusion differ, over those of `datafusion-spark`.
//!
//! From the cheapest to the dearest: another name ([`RENAMED`]), an expression over other functions ([`macros`]), one of
//! two functions by type (`dispatch`), and code.

mod arithmetic;
mod bytes;
mod datetime;
mod dispatch;
mod from_json;
mod hash;
mod higher;
mod json;
pub(crate) mod macros;
mod masks;
mod mode;
mod round;
mod scalar;
mod sort;
mod string;
mod times;
mod variant;
mod vectors;

use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::registry::FunctionRegistry;

/// Spark's name of a function and DataFusion's.
pub(crate) const RENAMED: &[(&str, &str)] = &[
    ("any", "bool_or"),
    ("approx_count_distinct", "approx_distinct"),
    ("arrays_overlap", "array_has_any"),
    ("char_length", "character_length"),
    ("every", "bool_and"),
    ("exists", "array_any_match"),
    ("explode", "unnest"),
    ("filter", "array_filter"),
    ("first", "first_value"),
    ("iff", "if"),
    ("last", "last_value"),
    ("lcase", "lower"),
    ("listagg", "string_agg"),
    ("reduce", "aggregate"),
    ("some", "bool_or"),
    ("std", "stddev_samp"),
    ("transform", "array_transform"),
    ("ucase", "upper"),
    ("variance", "var_samp"),
];

/// Functions that the engine below has under a name that means something else in Spark: better unknown than wrong.
pub(crate) const FOREIGN: &[&str] = &["json_tuple", "to_char"];

/// Adds the functions to a session. The only failure is a registry that takes none, which this is not.
pub(crate) fn register(state: &mut SessionState) {
    let own = [
        datetime::functions(),
        json::functions(),
        hash::functions(),
        variant::functions(),
        vec![from_json::function(), mode::function(), round::function()],
        string::functions(),
        bytes::functions(),
        masks::functions(),
        times::functions(),
        vectors::functions(),
        arithmetic::functions(),
        dispatch::functions(state),
    ];
    for function in own.into_iter().flatten() {
        let _ = state.register_udf(Arc::new(function));
    }
    for function in higher::functions().into_iter().chain([sort::function()]) {
        let _ = state.register_higher_order_function(Arc::new(function));
    }
    // that of datafusion-spark makes a DOUBLE of a DECIMAL, which Spark does not
    let _ = state.register_udaf(datafusion::functions_aggregate::average::avg_udaf());
}

/// Adds the operators before those of others, which would take them first.
pub(crate) fn plan_operators(planners: &mut Vec<Arc<dyn ExprPlanner>>) {
    planners.insert(0, Arc::new(arithmetic::SparkOperators));
}
