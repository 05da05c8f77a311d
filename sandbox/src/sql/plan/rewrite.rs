//! What Spark SQL says in other words than DataFusion, changed in the syntax tree before it is planned.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Expr, Function, FunctionArguments, Ident, ObjectName, Query, Select, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::calls::{call, cast, choose, name_fields, order_within, string, typed_numbers, with_unit};
use super::{selects, shapes};
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
    let mut rewriter = Rewriter { source, session, lateral, markers: 0, depth: 0 };
    rewriter.run(query)
}

/// How deep functions of users may call each other.
const DEEPEST: usize = 20;

/// Puts expressions in the place of parameters; NULLs of their types, if there are none.
pub(crate) fn with_arguments(
    mut query: Query,
    parameters: &[(String, String, Option<String>)],
    arguments: Option<&[Expr]>,
) -> Result<Query, SqlError> {
    let mut values = HashMap::new();
    for (at, (name, kind, _)) in parameters.iter().enumerate() {
        let argument = arguments.and_then(|arguments| arguments.get(at)).cloned();
        let argument = argument.unwrap_or_else(|| Expr::Value(Value::Null.into()));
        let value = cast(argument, kind)
            .ok_or_else(|| SqlError::unsupported(format!("parameters of the type {kind}")))?;
        values.insert(name.to_lowercase(), Expr::Nested(Box::new(value)));
    }
    let _ = ast::visit_expressions_mut(&mut query, |expr| {
        let name = match &*expr {
            Expr::Identifier(name) => Some(name),
            // a parameter may be written with its function's name
            Expr::CompoundIdentifier(parts) if parts.len() == 2 => parts.last(),
            _ => None,
        };
        if let Some(value) = name.and_then(|name| values.get(&name.value)) {
            *expr = value.clone();
        }
        ControlFlow::<()>::Continue(())
    });
    Ok(query)
}

impl Rewriter<'_> {
    fn run(&mut self, query: &mut Query) -> Result<(), SqlError> {
        match query.visit(self) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// A call of a function that a user made: its body with the arguments in it.
    fn call_of_routine(&self, function: &Function) -> Result<Option<Expr>, SqlError> {
        let Some(outside) = &self.session.outside else { return Ok(None) };
        let parts: Vec<Ident> = function.name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        if parts.is_empty() || parts.len() > 3 {
            return Ok(None);
        }
        let name = self.session.table(&parts);
        let Some(routine) = outside.routine(&name) else { return Ok(None) };
        let full = name.to_string();
        let schema = format!("{}.{}", name.catalog, name.schema);
        if !outside.may(&["EXECUTE"], "function", &full) && !outside.may(&["EXECUTE"], "schema", &schema) {
            return Err(crate::sql::outside::denied("EXECUTE", "function", &full));
        }
        let FunctionArguments::List(list) = &function.args else { return Ok(None) };
        let arguments: Vec<Expr> = list
            .args
            .iter()
            .filter_map(|argument| match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            })
            .collect();
        if arguments.len() != routine.parameters.len() {
            return Err(SqlError::new(
                "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
                format!(
                    "The `{full}` requires {} parameters but the actual number is {}",
                    routine.parameters.len(),
                    arguments.len()
                ),
            ));
        }
        if self.depth == DEEPEST {
            return Err(SqlError::new(
                "INTERNAL_ERROR",
                format!("The function {full} calls itself without end"),
            ));
        }
        let source = Source::read(&format!("SELECT {}", crate::sql::upkeep::body_of(&routine.body)))?;
        let mut query = *crate::sql::parse::parse_query(&source)?;
        let none = HashSet::new();
        let session = Session {
            catalog: Some(name.catalog.clone()),
            schema: Some(name.schema.clone()),
            parameters: Vec::new(),
            ..self.session.clone()
        };
        Rewriter { source: &source, session: &session, lateral: &none, markers: 0, depth: self.depth + 1 }
            .run(&mut query)?;
        // the arguments are rewritten already, and are the caller's
        let mut query = with_arguments(query, &routine.parameters, Some(&arguments))?;
        let ast::SetExpr::Select(select) = query.body.as_mut() else { return Ok(None) };
        let value = match select.projection.pop() {
            Some(ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. }) => expr,
            _ => return Ok(None),
        };
        Ok(Some(
            cast(Expr::Nested(Box::new(value)), &routine.returns).unwrap_or(Expr::Value(Value::Null.into())),
        ))
    }
}

struct Rewriter<'a> {
    source: &'a Source,
    session: &'a Session,
    lateral: &'a HashSet<String>,
    /// How many `?` were seen.
    markers: usize,
    /// How many functions of users are around this query.
    depth: usize,
}

impl VisitorMut for Rewriter<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        shapes::minus_is_except(&mut query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        selects::lateral_functions(select);
        if let Err(error) = selects::expand_generators(select) {
            return ControlFlow::Break(error);
        }
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
        match shapes::straightened(factor) {
            Ok(Some(straight)) => *factor = straight,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        if let TableFactor::Derived { subquery, alias, .. } = factor {
            selects::name_values(subquery, alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        // a field is no column, so it is taken from the eyes of whatever looks at names
        if let Expr::CompoundFieldAccess { access_chain, .. } = expr {
            for access in access_chain {
                if let ast::AccessExpr::Dot(field) = access
                    && let Expr::Identifier(name) = &*field
                {
                    *field = string(&name.value);
                }
            }
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
    fn expr(&mut self, expr: &mut Expr) -> Result<Option<Expr>, SqlError> {
        Ok(match expr {
            Expr::Value(value) => match &value.value {
                Value::Placeholder(marker) if marker == "?" => {
                    let marker = format!("?{}", self.markers);
                    self.markers += 1;
                    Some(self.parameter(&marker)?)
                }
                Value::Placeholder(marker) => Some(self.parameter(marker)?),
                _ => None,
            },
            Expr::Function(function) => match self.function(function) {
                Some(changed) => Some(changed),
                None => self.call_of_routine(function)?,
            },
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
            Expr::JsonAccess { value, path } => {
                Some(call("spark_json_path", vec![value.as_ref().clone(), string(&json_path(path))]))
            }
            Expr::Like { any: false, pattern, .. } | Expr::ILike { any: false, pattern, .. } if matches!(pattern.as_ref(), Expr::Function(function) if function.name.to_string() == "all") => {
                each_pattern(expr, ast::BinaryOperator::And)
            }
            Expr::Like { any: true, .. } | Expr::ILike { any: true, .. } => {
                each_pattern(expr, ast::BinaryOperator::Or)
            }
            Expr::Interval(interval) => spanned(interval),
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
            "transform" | "filter" if has_places(function) => {
                function.name = ObjectName::from(vec![Ident::new(format!("spark_{bare}"))]);
                return None;
            }
            "forall" => return for_all(function),
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

/// Whether a lambda takes the place of an element beside the element.
fn has_places(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    list.args.iter().any(|argument| {
        matches!(argument, ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(Expr::Lambda(lambda)))
            if matches!(&lambda.params, ast::OneOrManyWithParens::Many(names) if names.len() == 2))
    })
}

/// A condition holds for all elements if there is none for which it does not.
fn for_all(function: &Function) -> Option<Expr> {
    let mut exists = function.clone();
    exists.name = ObjectName::from(vec![Ident::new("array_any_match")]);
    let FunctionArguments::List(list) = &mut exists.args else { return None };
    let Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(Expr::Lambda(lambda)))) =
        list.args.last_mut()
    else {
        return None;
    };
    let body = Expr::Nested(lambda.body.clone());
    *lambda.body = Expr::UnaryOp { op: ast::UnaryOperator::Not, expr: Box::new(body) };
    Some(Expr::UnaryOp { op: ast::UnaryOperator::Not, expr: Box::new(Expr::Function(exists)) })
}

/// `a.b[0]['c']` behind a colon, as a path of `get_json_object`.
fn json_path(path: &ast::JsonPath) -> String {
    let steps = path.path.iter().map(|step| match step {
        ast::JsonPathElem::Dot { key, quoted: false } => format!(".{key}"),
        ast::JsonPathElem::Dot { key, quoted: true } => format!("['{key}']"),
        ast::JsonPathElem::Bracket { key } | ast::JsonPathElem::ColonBracket { key } => match key {
            Expr::Identifier(name) => format!("['{}']", name.value),
            other => format!("[{other}]"),
        },
    });
    format!("${}", steps.collect::<String>())
}

/// `x LIKE ANY (a, b)` and `x LIKE ALL (a, b)`: one comparison for each pattern.
fn each_pattern(expr: &Expr, joined: ast::BinaryOperator) -> Option<Expr> {
    let (Expr::Like { pattern, .. } | Expr::ILike { pattern, .. }) = expr else { return None };
    let patterns = match pattern.as_ref() {
        Expr::Tuple(patterns) => patterns.clone(),
        Expr::Nested(pattern) => vec![pattern.as_ref().clone()],
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => list
                .args
                .iter()
                .map(|argument| match argument {
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                    _ => None,
                })
                .collect::<Option<_>>()?,
            _ => return None,
        },
        single => vec![single.clone()],
    };
    let one = |single: Expr| {
        let mut one = expr.clone();
        if let Expr::Like { any, pattern, .. } | Expr::ILike { any, pattern, .. } = &mut one {
            (*any, **pattern) = (false, single);
        }
        one
    };
    let whole = patterns.into_iter().map(one).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: joined.clone(),
        right: Box::new(right),
    })?;
    Some(Expr::Nested(Box::new(whole)))
}

/// `INTERVAL '1-2' YEAR TO MONTH` in its smaller unit.
fn spanned(interval: &ast::Interval) -> Option<Expr> {
    let (from, to) = (interval.leading_field.as_ref()?, interval.last_field.as_ref()?);
    let Expr::Value(value) = interval.value.as_ref() else { return None };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let (sign, text) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.trim().trim_start_matches('+')),
    };
    /// The units of a day and less, with their seconds.
    const UNITS: [(ast::DateTimeField, f64); 4] = [
        (ast::DateTimeField::Day, 86_400.0),
        (ast::DateTimeField::Hour, 3_600.0),
        (ast::DateTimeField::Minute, 60.0),
        (ast::DateTimeField::Second, 1.0),
    ];
    let numbers =
        text.split([' ', ':', '-']).filter(|part| !part.is_empty()).map(|part| part.parse::<f64>().ok());
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let (amount, unit) = if *from == ast::DateTimeField::Year && *to == ast::DateTimeField::Month {
        let [years, months] = numbers.as_slice() else { return None };
        (years * 12.0 + months, ast::DateTimeField::Month)
    } else {
        let place = |field: &ast::DateTimeField| UNITS.iter().position(|(unit, _)| unit == field);
        let units = UNITS.get(place(from)?..=place(to)?)?;
        if units.len() != numbers.len() {
            return None;
        }
        (
            units.iter().zip(&numbers).map(|((_, seconds), number)| seconds * number).sum(),
            ast::DateTimeField::Second,
        )
    };
    Some(Expr::Interval(ast::Interval {
        value: Box::new(string(&(sign * amount).to_string())),
        leading_field: Some(unit),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    }))
}
