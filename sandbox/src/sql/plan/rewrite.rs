//! What Spark SQL says in other words than DataFusion, changed in the syntax tree before it is planned.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Join, JoinConstraint, JoinOperator, ObjectName,
    Query, Select, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::naming;
use crate::sql::Session;
use crate::sql::error::SqlError;
use crate::sql::functions::{RENAMED, macros};
use crate::sql::parse::{Source, place_of};
use crate::sql::types;

/// Changes a query in place. `lateral` are the aliases that stand for their expressions in the same select list.
pub(crate) fn query(query: &mut Query, source: &Source, session: &Session, lateral: &HashSet<String>) -> Result<(), SqlError> {
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
        self.name_columns(select);
        if !self.lateral.is_empty() {
            resolve_aliases(select, self.lateral);
        }
        match lateral_views(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        match factor {
            TableFactor::Derived { subquery, alias, .. } => name_values(subquery, alias),
            TableFactor::Table { sample: Some(_), .. } => return ControlFlow::Break(SqlError::unsupported("TABLESAMPLE")),
            TableFactor::Table { version: Some(_), .. } => return ControlFlow::Break(SqlError::unsupported("queries on the history of a table")),
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

/// Puts the expressions of earlier columns in the place of their aliases: `SELECT a + 1 AS b, b * 2`.
fn resolve_aliases(select: &mut Select, lateral: &HashSet<String>) {
    let mut known: HashMap<String, Expr> = HashMap::new();
    for item in &mut select.projection {
        let (SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)) = item else { continue };
        let _ = ast::visit_expressions_mut(expr, |expr| {
            if let Expr::Identifier(name) = expr
                && let Some(meant) = known.get(&name.value)
            {
                *expr = Expr::Nested(Box::new(meant.clone()));
            }
            ControlFlow::<()>::Continue(())
        });
        if let SelectItem::ExprWithAlias { expr, alias } = item
            && lateral.contains(&alias.value)
        {
            known.insert(alias.value.clone(), expr.clone());
        }
    }
}

/// `LATERAL VIEW explode(a) t AS c` is a cross join with the elements of `a`.
fn lateral_views(select: &mut Select) -> Result<(), SqlError> {
    for view in std::mem::take(&mut select.lateral_views) {
        let array = match view.lateral_view {
            Expr::Function(Function { name, args: FunctionArguments::List(mut list), .. }) if name.to_string() == "explode" && !view.outer && list.args.len() == 1 => {
                match list.args.pop() {
                    Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(array))) => array,
                    _ => return Err(SqlError::unsupported("this form of LATERAL VIEW")),
                }
            }
            _ => return Err(SqlError::unsupported("LATERAL VIEW of anything but explode")),
        };
        let name = view.lateral_view_name.0.first().and_then(|part| part.as_ident()).cloned().unwrap_or_else(|| Ident::new("__view"));
        let column = view.lateral_col_alias.into_iter().next().unwrap_or_else(|| Ident::new("col"));
        let columns = vec![TableAliasColumnDef { name: column, data_type: None }];
        let relation = TableFactor::UNNEST {
            alias: Some(TableAlias { explicit: true, name, columns, at: None }),
            array_exprs: vec![array],
            with_offset: false,
            with_offset_alias: None,
            with_ordinality: false,
        };
        match select.from.last_mut() {
            Some(from) => from.joins.push(Join { relation, global: false, join_operator: JoinOperator::CrossJoin(JoinConstraint::None) }),
            None => select.from.push(TableWithJoins { relation, joins: Vec::new() }),
        }
    }
    Ok(())
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
            Expr::UnaryOp { op: op @ ast::UnaryOperator::BangNot, .. } => {
                *op = ast::UnaryOperator::Not;
                None
            }
            Expr::UnaryOp { op: ast::UnaryOperator::BitwiseNot, expr } => Some(call("bitwise_not", vec![expr.as_ref().clone()])),
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
        let renamed = RENAMED.iter().find(|(spark, _)| *spark == bare).map_or(bare.as_str(), |(_, ours)| ours);
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

/// Whole numbers among the arguments get their type at once: the planner picks functions by the types it sees.
fn typed_numbers(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    for argument in &mut list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument
            && is_int(expr)
        {
            let number = Box::new(expr.clone());
            *expr = Expr::Cast { kind: CastKind::Cast, expr: number, data_type: ast::DataType::Int(None), array: false, format: None };
        }
    }
}

fn is_int(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(&value.value, Value::Number(digits, _) if digits.parse::<i32>().is_ok()),
        Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => is_int(expr),
        _ => false,
    }
}

/// `struct(a, 1)` is a struct with the fields `a` and `col2`.
fn name_fields(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    let mut named = Vec::new();
    for (argument, place) in std::mem::take(&mut list.args).into_iter().zip(1..) {
        let name = match &argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => name.value.clone(),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::CompoundIdentifier(parts))) => parts.last().map(|name| name.value.clone()).unwrap_or_default(),
            _ => format!("col{place}"),
        };
        named.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(string(&name))));
        named.push(argument);
    }
    list.args = named;
    function.name = ObjectName::from(vec![Ident::new("named_struct")]);
}

/// `decode(x, 1, 'a', 2, 'b', 'c')` is a CASE in which NULL equals NULL.
fn choose(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let arguments = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let arguments: Vec<Expr> = arguments.collect::<Option<_>>()?;
    let (operand, rest) = arguments.split_first().filter(|(_, rest)| rest.len() > 1)?;
    let pairs = rest.chunks_exact(2);
    let else_result = pairs.remainder().first().cloned().map(Box::new);
    let conditions = pairs.map(|pair| ast::CaseWhen {
        condition: Expr::IsNotDistinctFrom(Box::new(operand.clone()), Box::new(pair[0].clone())),
        result: pair[1].clone(),
    });
    let token = ast::helpers::attached_token::AttachedToken::empty;
    Some(Expr::Case { case_token: token(), end_token: token(), operand: None, conditions: conditions.collect(), else_result })
}

/// `… WITHIN GROUP (ORDER BY x)` is the order of the arguments.
fn order_within(function: &mut Function) {
    if let FunctionArguments::List(list) = &mut function.args
        && !function.within_group.is_empty()
    {
        list.clauses.push(ast::FunctionArgumentClause::OrderBy(std::mem::take(&mut function.within_group)));
    }
}

/// `dateadd(DAY, 1, d)`: the unit is a word, and each has its own macro.
fn with_unit(name: &str, function: &Function) -> Option<Expr> {
    let family = match name {
        "date_add" | "dateadd" | "timestampadd" => "timestampadd",
        "date_diff" | "datediff" | "timestampdiff" => "timestampdiff",
        _ => return None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(unit))), _, _] = list.args.as_slice() else { return None };
    let mut rest = function.clone();
    if let FunctionArguments::List(list) = &mut rest.args {
        list.args.remove(0);
    }
    macros::expand(&format!("{family}_{}", unit.value), &rest)
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
