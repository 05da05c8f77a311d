//! Functions that make rows: `explode` and its family, `stack`. The engine knows one, `unnest`, and unnests several lists of
//! a select side by side; so what yields several columns is as many lists.

use datafusion::sql::sqlparser::ast::{self, Value};
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, SelectItem,
};

use super::calls::{call, cast};
use crate::sql::error::SqlError;

/// Functions whose values are maps, so that what they yield has keys and values.
const MAPS: &[&str] = &[
    "map",
    "map_concat",
    "map_filter",
    "map_from_arrays",
    "map_from_entries",
    "str_to_map",
    "transform_keys",
    "transform_values",
];

/// Whether a function makes rows.
pub(super) fn is_generator(name: &ObjectName) -> bool {
    let name = name.to_string();
    let name = name.strip_suffix("_outer").unwrap_or(&name);
    matches!(name, "explode" | "posexplode" | "inline" | "json_tuple" | "stack")
}

/// The columns that a function makes; nothing if it makes no rows, or if the engine can take it as it is.
pub(super) fn generate(
    function: &Function,
    aliases: &[Ident],
    outer: bool,
) -> Result<Option<Vec<SelectItem>>, SqlError> {
    let name = function.name.to_string();
    let (name, outer) = match name.strip_suffix("_outer") {
        Some(name) => (name, true),
        None => (name.as_str(), outer),
    };
    let Some(arguments) = plain(&function.args) else { return Ok(None) };
    let (defaults, lists): (Vec<String>, Vec<Expr>) = match (name, arguments.as_slice()) {
        ("explode" | "posexplode", [list]) => {
            let position = name == "posexplode";
            let map = aliases.len() == if position { 3 } else { 2 } || (aliases.is_empty() && is_map(list));
            let mut columns = Vec::new();
            if position {
                let numbers = call("range", vec![number("0"), call("size", vec![list.clone()])]);
                let numbers =
                    cast(numbers, "ARRAY<INT>").ok_or_else(|| SqlError::internal("no list of numbers"))?;
                columns.push(("pos".to_owned(), numbers));
            }
            if map {
                columns.push(("key".to_owned(), call("map_keys", vec![list.clone()])));
                columns.push(("value".to_owned(), call("map_values", vec![list.clone()])));
            } else {
                columns.push(("col".to_owned(), list.clone()));
            }
            // the plain case has a name of its own already
            if !position && !map && !outer && aliases.is_empty() {
                return Ok(None);
            }
            columns
                .into_iter()
                .map(|(name, values)| (name, if outer { or_null(values, list, map) } else { values }))
                .unzip()
        }
        ("json_tuple", [json, fields @ ..]) if !fields.is_empty() => {
            let field = |field: &Expr| match field {
                Expr::Value(value) => value.value.clone().into_string(),
                _ => None,
            };
            let names =
                fields.iter().map(field).collect::<Option<Vec<_>>>().ok_or_else(|| {
                    SqlError::unsupported("json_tuple with fields that are not written out")
                })?;
            let value = |name: String| {
                let path = super::calls::string(&format!("$['{name}']"));
                call("array", vec![call("get_json_object", vec![json.clone(), path])])
            };
            names.into_iter().enumerate().map(|(at, name)| (format!("c{at}"), value(name))).unzip()
        }
        ("inline", [list]) => inlined(list)?.into_iter().unzip(),
        ("stack", [rows, values @ ..]) => {
            let rows: usize = rows.to_string().parse().ok().filter(|rows| *rows > 0).ok_or_else(|| {
                SqlError::new(
                    "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
                    "The number of rows of stack must be a literal of at least 1",
                )
            })?;
            let width = values.len().div_ceil(rows);
            let cell = |row: usize, column: usize| {
                values.get(row * width + column).cloned().unwrap_or_else(|| Expr::Value(Value::Null.into()))
            };
            let column = |column: usize| call("array", (0..rows).map(|row| cell(row, column)).collect());
            (0..width).map(|at| (format!("col{at}"), column(at))).unzip()
        }
        _ => return Ok(None),
    };
    if !aliases.is_empty() && aliases.len() != lists.len() {
        return Err(SqlError::new(
            "UDTF_ALIAS_NUMBER_MISMATCH",
            format!("{name} yields {} columns, and {} names are given", lists.len(), aliases.len()),
        ));
    }
    let names = defaults
        .into_iter()
        .enumerate()
        .map(|(at, name)| aliases.get(at).cloned().unwrap_or_else(|| Ident::with_quote('`', name)));
    let items = names
        .zip(lists)
        .map(|(alias, list)| SelectItem::ExprWithAlias { expr: call("unnest", vec![list]), alias });
    Ok(Some(items.collect()))
}

/// Whether it is a call that yields one column, which nobody has named.
pub(super) fn yields_col(call: &Expr) -> bool {
    let Expr::Function(function) = call else { return false };
    let name = function.name.to_string();
    name.trim_end_matches("_outer") == "explode"
        && plain(&function.args).is_some_and(|arguments| !arguments.iter().any(is_map))
}

/// The columns of a list of structs that is written out: one list for each field, named as the first struct names it.
fn inlined(list: &Expr) -> Result<Vec<(String, Expr)>, SqlError> {
    let unknown = || SqlError::unsupported("inline over anything but array(struct(…), …)");
    let Expr::Function(array) = list else { return Err(unknown()) };
    if array.name.to_string() != "array" {
        return Err(unknown());
    }
    let rows = plain(&array.args).ok_or_else(unknown)?;
    let rows = rows.iter().map(fields).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
    let first = rows.first().ok_or_else(unknown)?;
    if rows.iter().any(|row| row.len() != first.len()) {
        return Err(SqlError::new(
            "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
            "The structs of an array must have the same fields",
        ));
    }
    let column = |at: usize| call("array", rows.iter().map(|row| row[at].1.clone()).collect());
    Ok(first.iter().enumerate().map(|(at, (name, _))| (name.clone(), column(at))).collect())
}

/// The fields of `struct(a, 1 AS b)` or `named_struct('a', a, 'b', 1)`.
fn fields(expr: &Expr) -> Option<Vec<(String, Expr)>> {
    let values = match expr {
        Expr::Struct { values, fields } if fields.is_empty() => values.clone(),
        Expr::Function(function) if function.name.to_string() == "named_struct" => {
            let arguments = plain(&function.args)?;
            let named = arguments.chunks_exact(2).map(|pair| match &pair[0] {
                Expr::Value(value) => Some((value.value.clone().into_string()?, pair[1].clone())),
                _ => None,
            });
            return named.collect();
        }
        Expr::Function(function) if function.name.to_string() == "struct" => plain(&function.args)?,
        _ => return None,
    };
    let named = values.into_iter().zip(1..).map(|(value, place)| match value {
        Expr::Named { expr, name } => (name.value, *expr),
        Expr::Identifier(name) => (name.value.clone(), Expr::Identifier(name)),
        other => (format!("col{place}"), other),
    });
    Some(named.collect())
}

/// The arguments of a call that has no others than plain ones.
fn plain(arguments: &FunctionArguments) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = arguments else { return None };
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}

fn number(digits: &str) -> Expr {
    Expr::Value(Value::Number(digits.to_owned(), false).into())
}

fn is_map(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if MAPS.contains(&function.name.to_string().as_str()))
}

/// A list that has one NULL where it would be empty, so that its row stays.
fn or_null(values: Expr, list: &Expr, map: bool) -> Expr {
    let list = if map { call("map_keys", vec![list.clone()]) } else { list.clone() };
    let filled = Expr::BinaryOp {
        left: Box::new(call("size", vec![list])),
        op: ast::BinaryOperator::Gt,
        right: Box::new(number("0")),
    };
    let token = ast::helpers::attached_token::AttachedToken::empty;
    Expr::Case {
        case_token: token(),
        end_token: token(),
        operand: None,
        conditions: vec![ast::CaseWhen { condition: filled, result: values }],
        else_result: Some(Box::new(call("array", vec![Expr::Value(Value::Null.into())]))),
    }
}
