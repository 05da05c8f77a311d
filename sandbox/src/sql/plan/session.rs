//! DataFusion's session with Spark's settings and functions: made once, when the first statement comes.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, FieldRef};
use datafusion::common::Result;
use datafusion::common::config::Dialect;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::prelude::SessionConfig;
use datafusion::sql::sqlparser::ast;
use datafusion_spark::SessionStateBuilderSpark;

use crate::sql::{functions, types};

/// A session that plans and runs Spark SQL.
pub(crate) fn state() -> SessionState {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().min(4));
    let mut config = SessionConfig::new().with_target_partitions(threads);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.enable_ansi_mode = true;
    options.execution.parquet.schema_force_view_types = false;
    let parser = &mut options.sql_parser;
    parser.dialect = Dialect::Databricks;
    parser.parse_float_as_decimal = true;
    parser.map_string_types_to_utf8view = false;
    parser.default_null_ordering = "nulls_min".to_owned();
    let mut builder =
        SessionStateBuilder::new().with_config(config).with_default_features().with_spark_features();
    functions::plan_operators(builder.expr_planners().get_or_insert_with(Vec::new));
    let mut state = builder.build();
    functions::register(&mut state);
    state
}

/// Gives the types of `CAST` and of typed literals Spark's meaning.
#[derive(Debug)]
pub(super) struct SparkTypes;

impl TypePlanner for SparkTypes {
    fn plan_type_field(&self, sql_type: &ast::DataType) -> Result<Option<FieldRef>> {
        Ok(types::parse(&sql_type.to_string()).map(|kind| Arc::new(Field::new("", kind, true)) as FieldRef))
    }
}
