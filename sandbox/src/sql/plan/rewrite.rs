//! What Spark SQL says in other words than DataFusion, changed in the syntax tree before it is planned.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query, Select, SelectItem,
    SetExpr, TableFactor, TableAlias, TableAliasColumnDef, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::naming;
use crate::sql::Session;
use crate::sql::error::SqlError;
use crate::sql::functions::RENAMED;
use crate::sql::parse::{Source, place_of};
use crate::sql::types;

/// Changes a query in place.
pub(crate) fn query(query: &mut Query, source: &Source, session: &Session) -> Result<(), SqlError> {
    let mut rewriter = Rewriter { source, session };
    match query.visit(&mut rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Rewriter<'a> {
    source: &'a Source,
    session: &'a Session,
}

impl VisitorMut for Rewriter<'_> {
    type Break = SqlError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        self.name_columns(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        if let TableFactor::Derived { subquery, alias, .. } = factor {
            name_values(subquery, alias);
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

/// The columns of a nameless list of rows are `col1`, `col2`, …
fn name_values(subquery: &Query, alias: &mut Option<TableAlias>) {
    let SetExpr::Values(values) = subquery.body.as_ref() else { return };
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let columns = || (1..=width).map(|n| TableAliasColumnDef { name: Ident::new(format!("col{n}")), data_type: None }).collect();
    match alias {
        Some(alias) if alias.columns.is_empty() => alias.columns = columns(),
        Some(_) => {}
        None => *alias = Some(TableAlias { explicit: true, name: Ident::new("__values"), columns: columns(), at: None }),
    }
}

impl Rewriter<'_> {
    /// Gives every computed column its Spark name, so that queries around this one can refer to it, and makes equal names
    /// different, which the engine demands; the names that users see are worked out apart from this.
    fn name_columns(&self, select: &mut Select) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for item in &mut select.projection {
            let (name, expr) = match item {
                SelectItem::UnnamedExpr(expr) if qualified(expr) => continue,
                SelectItem::UnnamedExpr(expr) => (naming::name(expr, self.source).to_lowercase(), expr.clone()),
                SelectItem::ExprWithAlias { expr, alias } => (alias.value.clone(), expr.clone()),
                _ => continue,
            };
            let times = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(0);
            let alias = match *times {
                0 if matches!(expr, Expr::Identifier(_)) => continue,
                0 => name,
                n => format!("{name}#{n}"),
            };
            *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', alias) };
        }
    }

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
                    return Err(SqlError::new("UNSUPPORTED_DATATYPE", format!("Unsupported data type \"{}\"", data_type.to_string().to_uppercase())).at(place_of(expr)));
                }
                None
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                let call = call("regexp_like", vec![expr.as_ref().clone(), pattern.as_ref().clone()]);
                Some(if *negated { Expr::UnaryOp { op: ast::UnaryOperator::Not, expr: Box::new(call) } } else { call })
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
        let renamed = RENAMED.iter().find(|(spark, _)| *spark == bare).map_or(bare, |(_, ours)| ours);
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
                format!("Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to either a SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`"),
            ));
        };
        let type_name = parameter.type_name.as_deref().unwrap_or("STRING").to_uppercase();
        let invalid = || SqlError::new("INVALID_PARAMETER_VALUE", format!("The value of the parameter '{name}' is not a valid {type_name}"));
        let Some(kind) = types::parse(&type_name) else {
            return Err(SqlError::new("UNSUPPORTED_DATATYPE", format!("Unsupported data type \"{type_name}\"")));
        };
        match &parameter.value {
            Some(value) if kind.is_integer() => {
                let number = value.trim().parse::<i64>().map_err(|_| invalid())?;
                let digits = Expr::Value(Value::Number(number.unsigned_abs().to_string(), false).into());
                // a bare number, so that it can also stand behind LIMIT
                Ok(if number < 0 { Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr: Box::new(digits) } } else { digits })
            }
            Some(value) if kind == datafusion::arrow::datatypes::DataType::Utf8 => Ok(string(value)),
            Some(value) => cast(string(value), &type_name).ok_or_else(invalid),
            None => cast(Expr::Value(Value::Null.into()), &type_name).ok_or_else(invalid),
        }
    }
}

/// Whether it is a plain column with its table's name, which stays as it is: two tables may have a column of one name.
fn qualified(expr: &Expr) -> bool {
    matches!(expr, Expr::CompoundIdentifier(_))
}

/// A string literal.
pub(crate) fn string(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

/// A call of a function with plain arguments.
pub(crate) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(ast::FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn cast(expr: Expr, type_name: &str) -> Option<Expr> {
    let dialect = datafusion::sql::sqlparser::dialect::DatabricksDialect {};
    let data_type = Parser::new(&dialect).try_with_sql(type_name).ok()?.parse_data_type().ok()?;
    Some(Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None })
}
