//! Calls of functions that Spark writes in its own way.

use datafusion::sql::sqlparser::ast::{
    self, CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Value,
};
use datafusion::sql::sqlparser::parser::Parser;

use crate::sql::functions::macros;

/// Whole numbers among the arguments get their type at once: the planner picks functions by the types it sees.
pub(super) fn typed_numbers(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    for argument in &mut list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument
            && is_int(expr)
        {
            let number = Box::new(expr.clone());
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: number,
                data_type: ast::DataType::Int(None),
                array: false,
                format: None,
            };
        }
    }
}

fn is_int(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => {
            matches!(&value.value, Value::Number(digits, _) if digits.parse::<i32>().is_ok())
        }
        Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => is_int(expr),
        _ => false,
    }
}

/// `struct(a, 1)` is a struct with the fields `a` and `col2`.
pub(super) fn name_fields(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    let mut named = Vec::new();
    for (argument, place) in std::mem::take(&mut list.args).into_iter().zip(1..) {
        let (name, argument) = match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Named { expr, name })) => {
                named.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(string(&name.value))));
                named.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(*expr)));
                continue;
            }
            argument => (argument_name(&argument, place), argument),
        };
        named.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(string(&name))));
        named.push(argument);
    }
    list.args = named;
    function.name = ObjectName::from(vec![Ident::new("named_struct")]);
}

/// The field that an argument of `struct` without a name becomes.
fn argument_name(argument: &FunctionArg, place: usize) -> String {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => name.value.clone(),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::CompoundIdentifier(parts))) => {
            parts.last().map(|name| name.value.clone()).unwrap_or_default()
        }
        _ => format!("col{place}"),
    }
}

/// `decode(x, 1, 'a', 2, 'b', 'c')` is a CASE in which NULL equals NULL.
pub(super) fn choose(function: &Function) -> Option<Expr> {
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
    Some(Expr::Case {
        case_token: token(),
        end_token: token(),
        operand: None,
        conditions: conditions.collect(),
        else_result,
    })
}

/// `… WITHIN GROUP (ORDER BY x)` is the order of the arguments.
pub(super) fn order_within(function: &mut Function) {
    if let FunctionArguments::List(list) = &mut function.args
        && !function.within_group.is_empty()
    {
        list.clauses.push(ast::FunctionArgumentClause::OrderBy(std::mem::take(&mut function.within_group)));
    }
}

/// `dateadd(DAY, 1, d)`: the unit is a word, and each has its own macro.
pub(super) fn with_unit(name: &str, function: &Function) -> Option<Expr> {
    let family = match name {
        "date_add" | "dateadd" | "timestampadd" => "timestampadd",
        "date_diff" | "datediff" | "timestampdiff" => "timestampdiff",
        _ => return None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(unit))), _, _] = list.args.as_slice()
    else {
        return None;
    };
    let mut rest = function.clone();
    if let FunctionArguments::List(list) = &mut rest.args {
        list.args.remove(0);
    }
    macros::expand(&format!("{family}_{}", unit.value), &rest)
}

/// `variant_get(v, '$.a', 'int')` is a cast of what is there.
pub(super) fn typed_variant(name: &str, function: &Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(path)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(kind))),
    ] = list.args.as_slice()
    else {
        return None;
    };
    let found = call("spark_variant_at", vec![value.clone(), path.clone()]);
    let mut typed = cast(found, &kind.value.clone().into_string()?)?;
    if let Expr::Cast { kind, .. } = &mut typed
        && name == "try_variant_get"
    {
        *kind = CastKind::TryCast;
    }
    Some(typed)
}

/// A field of a struct.
pub(crate) fn field_of(whole: Expr, field: &str) -> Expr {
    Expr::CompoundFieldAccess {
        root: Box::new(whole),
        access_chain: vec![ast::AccessExpr::Dot(Expr::Identifier(Ident::with_quote('`', field)))],
    }
}

/// A string literal.
pub(crate) fn string(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

/// A call of a function with plain arguments.
pub(crate) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args =
        arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(ast::FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A call with arguments that the parser made.
pub(super) fn call_with(name: &ObjectName, arguments: &[FunctionArg]) -> Expr {
    let mut called = call("", Vec::new());
    if let Expr::Function(function) = &mut called {
        function.name = name.clone();
        if let FunctionArguments::List(list) = &mut function.args {
            list.args = arguments.to_vec();
        }
    }
    called
}

/// A value of a type; no text is NULL.
pub(crate) fn literal(text: Option<&str>, type_name: &str) -> Option<Expr> {
    cast(text.map_or_else(|| Expr::Value(Value::Null.into()), string), type_name)
}

pub(crate) fn cast(expr: Expr, type_name: &str) -> Option<Expr> {
    let dialect = datafusion::sql::sqlparser::dialect::DatabricksDialect {};
    let data_type = Parser::new(&dialect).try_with_sql(type_name).ok()?.parse_data_type().ok()?;
    Some(Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None })
}
