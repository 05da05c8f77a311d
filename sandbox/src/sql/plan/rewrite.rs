//! What Spark SQL says in other words than DataFusion, changed in the syntax tree before it is planned.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Expr, Function, FunctionArguments, Ident, ObjectName, Query, Select, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::calls::{call, cast, choose, name_fields, order_within, string, typed_numbers, with_unit};
use super::selects;
use crate::sql::Session;
use crate::sql::error::SqlError;
use crate::sql::functions::{RENAMED, macros};
use crate::sql::parse::{Source, place_of};
use crate::sql::types;

/// Changes a query in place. `lateral` are the aliases that stand for their expressions in the same select list.
pub(crate) fn query(
    query: &mut Query,
    source: &Source,
    session: &Session,
    lateral: &HashSet<String>,
) -> Result<(), SqlError> {
    let mut rewriter = Rewriter { source, session, lateral };
    match query.visit(&mut rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Rewriter<'a> {
    source: &'a Source,
    session: &'a Session,
    lateral: &'a HashSet<String>,
}

impl VisitorMut for Rewriter<'_> {
    type Break = SqlError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        selects::name_columns(select, self.source);
        if !self.lateral.is_empty() {
            selects::resolve_aliases(select, self.lateral);
        }
        match selects::lateral_views(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        match factor {
            TableFactor::Derived { subquery, alias, .. } => selects::name_values(subquery, alias),
            TableFactor::Table { sample: Some(_), .. } => {
                return ControlFlow::Break(SqlError::unsupported("TABLESAMPLE"));
            }
            TableFactor::Table { version: Some(_), .. } => {
                return ControlFlow::Break(SqlError::unsupported("queries on the history of a table"));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        match self.expr(expr) {
            Ok(Some(changed)) => {
                *expr = changed;
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Rewriter<'_> {
    fn expr(&self, expr: &mut Expr) -> Result<Option<Expr>, SqlError> {
        Ok(match expr {
            Expr::Value(value) => match &value.value {
                Value::Placeholder(marker) => Some(self.parameter(marker)?),
                _ => None,
            },
            Expr::Function(function) => self.function(function),
            Expr::Identifier(name) if name.quote_style.is_none() => self.constant(&name.value),
            Expr::Cast { data_type, .. } => {
                if types::parse(&data_type.to_string()).is_none() {
                    return Err(SqlError::new(
                        "UNSUPPORTED_DATATYPE",
                        format!("Unsupported data type \"{}\"", data_type.to_string().to_uppercase()),
                    )
                    .at(place_of(expr)));
                }
                None
            }
            Expr::UnaryOp { op: op @ ast::UnaryOperator::BangNot, .. } => {
                *op = ast::UnaryOperator::Not;
                None
            }
            Expr::UnaryOp { op: ast::UnaryOperator::BitwiseNot, expr } => {
                Some(call("bitwise_not", vec![expr.as_ref().clone()]))
            }
            // the parser knows STRUCT(…) as a literal
            Expr::Struct { values, fields } if fields.is_empty() => {
                let mut function = match call("struct", std::mem::take(values)) {
                    Expr::Function(function) => function,
                    other => return Ok(Some(other)),
                };
                typed_numbers(&mut function);
                name_fields(&mut function);
                Some(Expr::Function(function))
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                let call = call("regexp_like", vec![expr.as_ref().clone(), pattern.as_ref().clone()]);
                Some(if *negated {
                    Expr::UnaryOp { op: ast::UnaryOperator::Not, expr: Box::new(call) }
                } else {
                    call
                })
            }
            _ => None,
        })
    }

    fn function(&self, function: &mut Function) -> Option<Expr> {
        let name = function.name.to_string().replace('`', "");
        let bare = name.strip_prefix("system.builtin.").unwrap_or(&name);
        let no_arguments = match &function.args {
            FunctionArguments::List(list) => list.args.is_empty(),
            _ => true,
        };
        if no_arguments && let Some(constant) = self.constant(bare) {
            return Some(constant);
        }
        let bare = bare.to_owned();
        typed_numbers(function);
        match bare.as_str() {
            "struct" => name_fields(function),
            "decode" => {
                if let Some(choice) = choose(function) {
                    return Some(choice);
                }
            }
            "listagg" | "string_agg" => order_within(function),
            _ => {}
        }
        if let Some(expanded) = with_unit(&bare, function).or_else(|| macros::expand(&bare, function)) {
            return Some(expanded);
        }
        let renamed =
            RENAMED.iter().find(|(spark, _)| *spark == bare).map_or(bare.as_str(), |(_, ours)| ours);
        if renamed != name {
            function.name = ObjectName::from(vec![Ident::new(renamed)]);
        }
        None
    }

    /// What the session knows: `current_user`, `current_catalog`, …, with or without parentheses.
    fn constant(&self, name: &str) -> Option<Expr> {
        let text = match name {
            "current_user" | "session_user" | "user" => self.session.user(),
            "current_catalog" => self.session.catalog(),
            "current_schema" | "current_database" => self.session.schema(),
            "current_timezone" => "UTC",
            _ => return None,
        };
        Some(string(text))
    }

    /// The value of `:name`, as a literal of its type.
    fn parameter(&self, marker: &str) -> Result<Expr, SqlError> {
        let name = marker.trim_start_matches(':');
        let found = self.session.parameters.iter().find(|parameter| parameter.name.to_lowercase() == name);
        let Some(parameter) = found else {
            return Err(SqlError::new(
                "UNBOUND_SQL_PARAMETER",
                format!(
                    "Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to either a SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`"
                ),
            ));
        };
        let type_name = parameter.type_name.as_deref().unwrap_or("STRING").to_uppercase();
        let invalid = || {
            SqlError::new(
                "INVALID_PARAMETER_VALUE",
                format!("The value of the parameter '{name}' is not a valid {type_name}"),
            )
        };
        let Some(kind) = types::parse(&type_name) else {
            return Err(SqlError::new(
                "UNSUPPORTED_DATATYPE",
                format!("Unsupported data type \"{type_name}\""),
            ));
        };
        match &parameter.value {
            Some(value) if kind.is_integer() => {
                let number = value.trim().parse::<i64>().map_err(|_| invalid())?;
                let digits = Expr::Value(Value::Number(number.unsigned_abs().to_string(), false).into());
                // a bare number, so that it can also stand behind LIMIT
                Ok(if number < 0 {
                    Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr: Box::new(digits) }
                } else {
                    digits
                })
            }
            Some(value) if kind == datafusion::arrow::datatypes::DataType::Utf8 => Ok(string(value)),
            Some(value) => cast(string(value), &type_name).ok_or_else(invalid),
            None => cast(Expr::Value(Value::Null.into()), &type_name).ok_or_else(invalid),
        }
    }
}
