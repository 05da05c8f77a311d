//! DataFusion's errors in Spark's words.
//!
//! Typed errors are matched by type. The rest is known by its text: a table of what the text contains and the class that
//! Spark has for it, so that a new case is a line.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use crate::sql::error::SqlError;
use crate::sql::parse::Source;

/// What an error's text contains, the class it then has, and the message; without one, the text itself is the message.
const BY_TEXT: &[(&str, &str, Option<&str>)] = &[
    (
        "must be in GROUP BY",
        "MISSING_AGGREGATION",
        Some(
            "The query has a column that is neither in the GROUP BY clause nor in an aggregate function.\nAdd the column to the GROUP BY clause, or wrap it in an aggregate function such as `any_value()`",
        ),
    ),
    (
        "must appear in the GROUP BY",
        "MISSING_AGGREGATION",
        Some(
            "The query has a column that is neither in the GROUP BY clause nor in an aggregate function.\nAdd the column to the GROUP BY clause, or wrap it in an aggregate function such as `any_value()`",
        ),
    ),
    ("Aggregate functions are not allowed in the WHERE clause", "INVALID_WHERE_CONDITION", None),
    ("Divide by zero", "DIVIDE_BY_ZERO", Some(DIVIDE_BY_ZERO)),
    ("Overflow happened", "ARITHMETIC_OVERFLOW", Some(OVERFLOW)),
    ("overflow", "ARITHMETIC_OVERFLOW", None),
    (
        "Correlated scalar subquery must",
        "SCALAR_SUBQUERY_TOO_MANY_ROWS",
        Some("More than one row returned by a subquery used as an expression"),
    ),
    ("Scalar subquery should only return one column", "INVALID_SUBQUERY_EXPRESSION", None),
    (
        "returned more than one row",
        "SCALAR_SUBQUERY_TOO_MANY_ROWS",
        Some("More than one row returned by a subquery used as an expression"),
    ),
    ("queries have different number of columns", "NUM_COLUMNS_MISMATCH", None),
    ("have different number of columns", "NUM_COLUMNS_MISMATCH", None),
    ("number of columns", "NUM_COLUMNS_MISMATCH", None),
    ("does not support", "DATATYPE_MISMATCH", None),
    ("Failed to coerce", "DATATYPE_MISMATCH", None),
    ("Cannot coerce", "DATATYPE_MISMATCH", None),
    ("Cannot infer common", "DATATYPE_MISMATCH", None),
    ("coercion", "DATATYPE_MISMATCH", None),
    ("Unsupported CAST", "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", None),
    ("expects", "WRONG_NUM_ARGS", None),
    ("arguments", "WRONG_NUM_ARGS", None),
    ("Projections require unique expression names", "COLUMN_ALREADY_EXISTS", None),
];

pub(crate) const DIVIDE_BY_ZERO: &str = "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set \"ansi_mode\" to \"false\" to bypass this error";
const OVERFLOW: &str = "Overflow. If necessary set \"ansi_mode\" to \"false\" to bypass this error";

/// The service's error for an error of DataFusion.
pub(crate) fn explain(error: DataFusionError, source: &Source) -> SqlError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => explain(*inner, source),
        DataFusionError::Shared(inner) => match inner.find_root() {
            DataFusionError::External(cause) => match cause.downcast_ref::<SqlError>() {
                Some(error) => error.clone(),
                None => by_text(&inner.to_string(), source),
            },
            root => by_text(&root.to_string(), source),
        },
        DataFusionError::Collection(errors) => match errors.into_iter().next() {
            Some(first) => explain(first, source),
            None => SqlError::internal("no error was given"),
        },
        DataFusionError::External(cause) => match cause.downcast::<SqlError>() {
            Ok(error) => *error,
            Err(cause) => by_text(&cause.to_string(), source),
        },
        DataFusionError::ArrowError(cause, _) => arrow_at(*cause, source),
        DataFusionError::SchemaError(cause, _) => schema(*cause, source),
        // what follows a brace is the syntax tree, for nobody to read
        DataFusionError::NotImplemented(words) => {
            SqlError::unsupported(words.split(['{', '\n']).next().unwrap_or(&words).trim_end())
        }
        other => by_text(&other.to_string(), source),
    }
}

/// The service's error for an error of Arrow.
pub(super) fn arrow(error: ArrowError) -> SqlError {
    // Arrow's kernels know no names, so there is no place in the statement to give
    arrow_at(error, &Source::default())
}

fn arrow_at(error: ArrowError, source: &Source) -> SqlError {
    match error {
        ArrowError::DivideByZero => SqlError::new("DIVIDE_BY_ZERO", DIVIDE_BY_ZERO),
        ArrowError::ArithmeticOverflow(words) => {
            SqlError::new("ARITHMETIC_OVERFLOW", format!("{words}. {OVERFLOW}"))
        }
        ArrowError::CastError(words) => cast(&words),
        ArrowError::ParseError(words) => cast(&words),
        ArrowError::ExternalError(cause) => match cause.downcast::<DataFusionError>() {
            Ok(inner) => explain(*inner, source),
            Err(cause) => by_text(&cause.to_string(), source),
        },
        other => by_text(&other.to_string(), source),
    }
}

/// Arrow says `Cannot cast string 'abc' to value of Int32 type`, or `Error parsing timestamp from 'abc': …`.
fn cast(words: &str) -> SqlError {
    const TYPES: &[(&str, &str)] = &[
        ("Int8", "TINYINT"),
        ("Int16", "SMALLINT"),
        ("Int32", "INT"),
        ("Int64", "BIGINT"),
        ("Float32", "FLOAT"),
        ("Float64", "DOUBLE"),
        ("Date32", "DATE"),
        ("Boolean", "BOOLEAN"),
        ("Decimal", "DECIMAL"),
        ("imestamp", "TIMESTAMP"),
    ];
    // Can't cast value 300 to type Int8
    if let Some((value, arrow)) =
        words.split_once("cast value ").and_then(|(_, rest)| rest.split_once(" to type "))
    {
        let target = TYPES.iter().find(|(name, _)| arrow.contains(name)).map_or(arrow, |(_, sql)| sql);
        return SqlError::new(
            "CAST_OVERFLOW",
            format!(
                "The value {value} cannot be cast to \"{target}\" due to an overflow. Use `try_cast` to tolerate overflow and return NULL instead"
            ),
        );
    }
    let value = words.split('\'').nth(1);
    let after = words.rsplit_once('\'').map_or(words, |(_, rest)| rest);
    let target = TYPES
        .iter()
        .find(|(arrow, _)| after.contains(arrow) || words.contains(arrow))
        .map_or("the target type", |(_, sql)| sql);
    match value {
        Some(value) if !words.contains("too large") && !words.contains("overflow") => {
            SqlError::malformed(value, target)
        }
        _ => SqlError::new(
            "CAST_OVERFLOW",
            format!(
                "A value cannot be cast due to an overflow: {words}. Use `try_cast` to tolerate overflow and return NULL instead"
            ),
        ),
    }
}

fn schema(error: SchemaError, source: &Source) -> SqlError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => column_not_found(&field, &valid_fields, source),
        SchemaError::AmbiguousReference { field } => SqlError::new(
            "AMBIGUOUS_REFERENCE",
            format!(
                "Reference `{}` is ambiguous: more than one of the relations has a column of this name",
                field.name
            ),
        )
        .at(source.find(&field.name)),
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => SqlError::new(
            "COLUMN_ALREADY_EXISTS",
            format!("The column `{name}` already exists. Choose another name or rename the existing column"),
        ),
    }
}

/// `UNRESOLVED_COLUMN`, with the closest names first as the service lists them.
fn column_not_found(field: &Column, valid: &[Column], source: &Source) -> SqlError {
    let wanted = source.any_spelling(&field.name).unwrap_or(&field.name);
    let written = match &field.relation {
        Some(relation) => format!("`{}`.`{wanted}`", relation.table()),
        None => format!("`{wanted}`"),
    };
    let mut close: Vec<&Column> = valid.iter().filter(|column| !column.name.starts_with("__")).collect();
    close.sort_by_key(|column| {
        datafusion::common::utils::datafusion_strsim::levenshtein(&column.name, &field.name)
    });
    let problem =
        format!("A column, variable, or function parameter with name {written} cannot be resolved.");
    let error = if close.is_empty() {
        SqlError::new("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", problem)
    } else {
        let close: Vec<String> = close.iter().take(5).map(|column| format!("`{}`", column.name)).collect();
        SqlError::new(
            "UNRESOLVED_COLUMN.WITH_SUGGESTION",
            format!("{problem} Did you mean one of the following? [{}]", close.join(", ")),
        )
    };
    error.at(source.find(&field.name))
}

fn by_text(words: &str, source: &Source) -> SqlError {
    let words = words.strip_prefix("Error during planning: ").unwrap_or(words);
    if let Some(name) = words.strip_prefix("Invalid function '").and_then(|rest| rest.split('\'').next()) {
        return routine_not_found(name, source);
    }
    if let Some(name) = words.strip_prefix("table function '").and_then(|rest| rest.split('\'').next()) {
        return routine_not_found(name, source);
    }
    if words.contains("Cannot cast")
        || words.contains("Can't cast")
        || words.contains("Cast error")
        || words.contains("Parser error")
    {
        return cast(words);
    }
    match BY_TEXT.iter().find(|(part, ..)| words.contains(part)) {
        Some((_, class, message)) => SqlError::new(class, message.unwrap_or_else(|| first_line(words))),
        None => SqlError::internal(first_line(words)),
    }
}

/// The first line says what is wrong; what follows are hints on DataFusion's own functions.
fn first_line(words: &str) -> &str {
    words.lines().next().unwrap_or(words)
}

/// Functions that need what the sandbox has not, by how their names begin.
const FAMILIES: &[(&str, &str)] = &[
    ("ai_", "there is no model to ask"),
    ("h3_", "there is no grid of hexagons"),
    ("st_", "there is no geography"),
    ("vector_search", "there is no index to search"),
    ("http_request", "nothing is sent to other hosts"),
];

fn routine_not_found(name: &str, source: &Source) -> SqlError {
    let written = source.any_spelling(name).unwrap_or(name);
    if let Some((_, lacks)) = FAMILIES.iter().find(|(prefix, _)| name.starts_with(prefix)) {
        return SqlError::unsupported(format!("{written}: {lacks}")).at(source.find(name));
    }
    SqlError::new(
        "UNRESOLVED_ROUTINE",
        format!("Cannot resolve routine `{written}` on search path [`system`.`builtin`, `system`.`session`, `main`.`default`].\nVerify the spelling of `{written}`, check that the routine exists, and confirm you have `USE` privilege on the catalog and schema, and EXECUTE on the routine"),
    )
    .at(source.find(name))
}
