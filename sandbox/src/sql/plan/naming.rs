//! The names that Spark gives to columns without an alias: `(a + 1)`, `count(1)`, `CAST(b AS INT)`.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CeilFloorKind, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Subscript, UnaryOperator, Value, WindowType,
};

use crate::sql::parse::Source;
use crate::sql::types;

/// The name of an expression.
pub(crate) fn name(expr: &Expr, source: &Source) -> String {
    let show = |expr: &Expr| name(expr, source);
    let list = |exprs: &[Expr]| exprs.iter().map(show).collect::<Vec<_>>().join(", ");
    match expr {
        Expr::Identifier(name) => source.spelling(name).to_owned(),
        Expr::CompoundIdentifier(parts) => {
            parts.last().map(|last| source.spelling(last).to_owned()).unwrap_or_default()
        }
        Expr::Nested(inner) => show(inner),
        Expr::Value(value) => literal(&value.value),
        Expr::TypedString(typed) => format!(
            "{} '{}'",
            typed.data_type.to_string().to_uppercase(),
            typed.value.value.clone().into_string().unwrap_or_default()
        ),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => {
            format!("concat({}, {})", show(left), show(right))
        }
        Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } => {
            format!("(NOT ({} = {}))", show(left), show(right))
        }
        Expr::BinaryOp { left, op, right } => format!("({} {} {})", show(left), operator(op), show(right)),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(_) => format!("-{}", show(expr)),
            _ => format!("(- {})", show(expr)),
        },
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => format!("(+ {})", show(expr)),
        Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => {
            format!("(NOT {})", show(expr))
        }
        Expr::UnaryOp { op, expr } => format!("{op}{}", show(expr)),
        Expr::IsNull(expr) => format!("({} IS NULL)", show(expr)),
        Expr::IsNotNull(expr) => format!("({} IS NOT NULL)", show(expr)),
        Expr::IsTrue(expr) => format!("({} IS TRUE)", show(expr)),
        Expr::IsFalse(expr) => format!("({} IS FALSE)", show(expr)),
        Expr::InList { expr, list: items, negated } => {
            not(*negated, format!("({} IN ({}))", show(expr), list(items)))
        }
        Expr::Between { expr, negated, low, high } => {
            not(*negated, format!("between({}, {}, {})", show(expr), show(low), show(high)))
        }
        Expr::Like { negated, expr, pattern, .. } => {
            not(*negated, format!("{} LIKE {}", show(expr), show(pattern)))
        }
        Expr::ILike { negated, expr, pattern, .. } => {
            not(*negated, format!("ilike({}, {})", show(expr), show(pattern)))
        }
        Expr::RLike { negated, expr, pattern, .. } => {
            not(*negated, format!("RLIKE({}, {})", show(expr), show(pattern)))
        }
        Expr::Cast { expr, .. } if source.is_number(expr) => match expr.as_ref() {
            Expr::Value(value) => number(&literal(&value.value)),
            other => show(other),
        },
        Expr::Cast { expr, data_type, .. } => match types::parse(&data_type.to_string()) {
            Some(kind) => format!("CAST({} AS {})", show(expr), types::text(&kind)),
            None => format!("CAST({} AS {})", show(expr), data_type.to_string().to_uppercase()),
        },
        Expr::Case { operand, conditions, else_result, .. } => {
            let arms = conditions.iter().map(|CaseWhen { condition, result }| match operand {
                Some(operand) => {
                    format!(" WHEN ({} = {}) THEN {}", show(operand), show(condition), show(result))
                }
                None => format!(" WHEN {} THEN {}", show(condition), show(result)),
            });
            let otherwise =
                else_result.as_ref().map_or(String::new(), |expr| format!(" ELSE {}", show(expr)));
            format!("CASE{}{otherwise} END", arms.collect::<String>())
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let from = substring_from.as_ref().map_or("1".to_owned(), |from| show(from));
            let count = substring_for.as_ref().map_or("2147483647".to_owned(), |count| show(count));
            format!("substring({}, {from}, {count})", show(expr))
        }
        Expr::Trim { expr, trim_what: None, .. } => format!("trim({})", show(expr)),
        Expr::Extract { field, expr, .. } => {
            format!("extract({} FROM {})", field.to_string().to_lowercase(), show(expr))
        }
        Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(_) } => format!("CEIL({})", show(expr)),
        Expr::Floor { expr, field: CeilFloorKind::DateTimeField(_) } => format!("FLOOR({})", show(expr)),
        Expr::Position { expr, r#in } => format!("locate({}, {}, 1)", show(expr), show(r#in)),
        Expr::CompoundFieldAccess { root, access_chain } => {
            access_chain.iter().fold(show(root), |name, access| match access {
                AccessExpr::Subscript(Subscript::Index { index }) => format!("{name}[{}]", show(index)),
                AccessExpr::Dot(field) => format!("{name}.{}", show(field)),
                AccessExpr::Subscript(other) => format!("{name}[{other}]"),
            })
        }
        Expr::Struct { values, .. } => format!("struct({})", list(values)),
        Expr::Subquery(_) => "scalarsubquery()".to_owned(),
        Expr::Exists { negated, .. } => not(*negated, "exists()".to_owned()),
        Expr::Tuple(items) => format!(
            "named_struct({})",
            items
                .iter()
                .zip(1..)
                .map(|(item, n)| format!("col{n}, {}", show(item)))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Expr::Function(function) => call(function, source),
        Expr::Interval(interval) => interval.to_string(),
        other => other.to_string(),
    }
}

fn not(negated: bool, name: String) -> String {
    if negated { format!("(NOT {name})") } else { name }
}

fn operator(op: &BinaryOperator) -> String {
    match op {
        BinaryOperator::MyIntegerDivide => "div".to_owned(),
        BinaryOperator::Spaceship => "<=>".to_owned(),
        other => other.to_string().replace("==", "="),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Number(digits, _) => digits.clone(),
        Value::HexStringLiteral(digits) => format!("X'{}'", digits.to_uppercase()),
        other => other.clone().into_string().unwrap_or_else(|| other.to_string()),
    }
}

/// A number with an exponent is shown as the DOUBLE that it is.
fn number(digits: &str) -> String {
    match digits.parse::<f64>() {
        Ok(value) if digits.contains(['e', 'E']) => crate::sql::text::float64(value),
        _ => digits.to_owned(),
    }
}

fn call(function: &Function, source: &Source) -> String {
    // Spark keeps the case of a function's name as it registered it, which is lower case for nearly all
    let called = function.name.to_string().to_lowercase().replace('`', "");
    if matches!(called.as_str(), "explode" | "explode_outer") {
        return "col".to_owned();
    }
    let arguments = match &function.args {
        FunctionArguments::List(list) => {
            let distinct =
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) { "DISTINCT " } else { "" };
            let shown = list.args.iter().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => name(expr, source),
                FunctionArg::Unnamed(_) if called == "count" => "1".to_owned(),
                FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. }
                | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(expr), .. } => name(expr, source),
                other => other.to_string(),
            });
            format!("{distinct}{}", shown.collect::<Vec<_>>().join(", "))
        }
        FunctionArguments::Subquery(_) => "scalarsubquery()".to_owned(),
        FunctionArguments::None => String::new(),
    };
    let filter = function
        .filter
        .as_ref()
        .map_or(String::new(), |filter| format!(" FILTER (WHERE {})", name(filter, source)));
    let window = match &function.over {
        Some(WindowType::WindowSpec(spec)) => format!(" OVER ({spec})"),
        Some(WindowType::NamedWindow(window)) => format!(" OVER {window}"),
        None => String::new(),
    };
    format!("{called}({arguments}){filter}{window}")
}
