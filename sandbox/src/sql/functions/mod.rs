//! Functions and operators where Spark and DataFusion differ, over those of `datafusion-spark`.

mod arithmetic;
mod string;

use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::registry::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;

/// Spark's name of a function and DataFusion's.
pub(crate) const RENAMED: &[(&str, &str)] = &[
    ("aggregate", "array_reduce"),
    ("array_size", "cardinality"),
    ("arrays_overlap", "array_has_any"),
    ("char_length", "character_length"),
    ("explode", "unnest"),
    ("first", "first_value"),
    ("last", "last_value"),
    ("filter", "array_filter"),
    ("listagg", "string_agg"),
    ("nvl2", "nvl2"),
    ("std", "stddev_samp"),
    ("transform", "array_transform"),
    ("ucase", "upper"),
    ("lcase", "lower"),
    ("variance", "var_samp"),
];

/// Adds the functions to a session.
pub(crate) fn register(state: &mut SessionState) {
    for function in [to_string()] {
        // the only failure is a registry that takes no functions
        let _ = state.register_udf(Arc::new(function));
    }
    let _ = state.register_expr_planner(Arc::new(arithmetic::SparkOperators));
}

/// `CAST(… AS STRING)`.
pub(crate) fn to_string() -> ScalarUDF {
    ScalarUDF::from(string::ToString::default())
}
