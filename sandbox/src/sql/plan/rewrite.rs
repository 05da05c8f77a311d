//! What Spark SQL says in other words than DataFusion, changed in the syntax tree before it is planned.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Expr, Function, FunctionArguments, Ident, ObjectName, Query, Select, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::calls::{
    call, cast, choose, name_fields, order_within, string, typed_numbers, typed_variant, with_unit,
};
use super::{clauses, selects, shapes};
use crate::sql::Session;
use crate::sql::error::SqlError;
use crate::sql::files::Files;
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
    let mut rewriter =
        Rewriter { source, session, lateral, markers: 0, depth: 0, nameless: clauses::Nameless::default() };
    rewriter.run(query)
}

impl Rewriter<'_> {
    pub(super) fn run(&mut self, query: &mut Query) -> Result<(), SqlError> {
        match query.visit(self) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }
}

/// One query on its way.
pub(super) struct Rewriter<'a> {
    pub(super) source: &'a Source,
    pub(super) session: &'a Session,
    pub(super) lateral: &'a HashSet<String>,
    /// How many `?` were seen.
    pub(super) markers: usize,
    /// How many functions of users are around this query.
    pub(super) depth: usize,
    /// Names for subqueries that have none.
    pub(super) nameless: clauses::Nameless,
}

impl VisitorMut for Rewriter<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        shapes::minus_is_except(&mut query.body);
        clauses::order_parts(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        selects::all_columns(select);
        selects::lateral_functions(select);
        clauses::sided(select);
        clauses::group_with(select);
        clauses::count_existing(select);
        clauses::number_groups(select);
        if let Err(error) = clauses::windows(select) {
            return ControlFlow::Break(error);
        }
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
        match Files::named(factor, self.source)
            .and_then(|files| files.map(|files| files.as_name()).transpose())
        {
            Ok(Some(named)) => {
                if let TableFactor::Table { name, args, alias, .. } = factor {
                    alias.get_or_insert_with(|| ast::TableAlias {
                        explicit: true,
                        name: Ident::new("files"),
                        columns: Vec::new(),
                        at: None,
                    });
                    (*name, *args) = (named, None);
                }
            }
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        match self.table_of_routine(factor) {
            Ok(Some(table)) => *factor = table,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        match shapes::straightened(factor) {
            Ok(Some(straight)) => *factor = straight,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        if let TableFactor::Derived { subquery, alias, .. } = factor {
            selects::name_values(subquery, alias);
        }
        self.nameless.name(factor);
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
            "array_sort" if has_places(function) => {
                function.name = ObjectName::from(vec![Ident::new("spark_sort_by")]);
                return None;
            }
            "forall" => return for_all(function),
            "count" => clauses::count_tuples(function),
            "variant_get" | "try_variant_get" => {
                if let Some(typed) = typed_variant(&bare, function) {
                    return Some(typed);
                }
            }
            "is_member" | "is_account_group_member" => return self.membership(function),
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

    /// `is_member('group')`: whether whoever runs the statement is in a group.
    fn membership(&self, function: &Function) -> Option<Expr> {
        let FunctionArguments::List(list) = &function.args else { return None };
        let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(Expr::Value(group)))] =
            list.args.as_slice()
        else {
            return None;
        };
        let group = group.value.clone().into_string()?;
        let held = self.session.outside.as_ref().is_some_and(|outside| outside.is_member(&group));
        Some(Expr::Value(Value::Boolean(held).into()))
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
