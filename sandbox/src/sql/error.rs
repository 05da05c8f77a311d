//! Errors of statements, worded as the service words them: `[CLASS] message SQLSTATE: 12345`.

use std::fmt::Write as _;

use datafusion::sql::sqlparser::tokenizer::{Location, TokenWithSpan};

use super::catalog::{CatalogError, Kind};

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    class: String,
    message: String,
    sqlstate: &'static str,
}

/// The error classes that the engine raises and their SQLSTATE. A sub-class shares the state of its class.
const STATES: &[(&str, &str)] = &[
    ("AMBIGUOUS_REFERENCE", "42704"),
    ("ARITHMETIC_OVERFLOW", "22003"),
    ("CANNOT_PARSE_TIMESTAMP", "22007"),
    ("CAST_INVALID_INPUT", "22018"),
    ("CAST_OVERFLOW", "22003"),
    ("CATALOG_ALREADY_EXISTS", "42710"),
    ("CONFIG_NOT_AVAILABLE", "42K0I"),
    ("CONVERSION_INVALID_INPUT", "22018"),
    ("COLUMN_ALREADY_EXISTS", "42711"),
    ("COLUMN_NOT_FOUND", "42703"),
    ("DATATYPE_MISMATCH", "42K09"),
    ("CREATE_VIEW_COLUMN_ARITY_MISMATCH", "21S01"),
    ("DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES", "42K05"),
    ("DELTA_MERGE_UNRESOLVED_EXPRESSION", "42601"),
    ("DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", "21506"),
    ("DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED", "42808"),
    ("DELTA_NEW_CHECK_CONSTRAINT_VIOLATION", "23512"),
    ("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502"),
    ("DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT", "22003"),
    ("DELTA_VERSION_NOT_FOUND", "22003"),
    ("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", "23001"),
    ("DIVIDE_BY_ZERO", "22012"),
    ("EXPECT_TABLE_NOT_VIEW", "42809"),
    ("EXPECT_VIEW_NOT_TABLE", "42809"),
    ("GROUP_BY_AGGREGATE", "42903"),
    ("INSERT_COLUMN_ARITY_MISMATCH", "21S01"),
    ("INSUFFICIENT_PERMISSIONS", "42501"),
    ("INTERNAL_ERROR", "XX000"),
    ("INVALID_ARRAY_INDEX", "22003"),
    ("INVALID_DATETIME_PATTERN", "22007"),
    ("INVALID_IDENTIFIER", "42602"),
    ("INVALID_PARAMETER_VALUE", "22023"),
    ("INVALID_PARTITION_OPERATION", "42601"),
    ("INVALID_SCHEMA", "42K07"),
    ("INVALID_SUBQUERY_EXPRESSION", "42823"),
    ("INVALID_TIME_TRAVEL_SPEC", "42K0E"),
    ("INVALID_WHERE_CONDITION", "42903"),
    ("MISSING_AGGREGATION", "42803"),
    ("NO_SUCH_CATALOG_EXCEPTION", "42704"),
    ("NUM_COLUMNS_MISMATCH", "42826"),
    ("NUMERIC_VALUE_OUT_OF_RANGE", "22003"),
    ("PARSE_SYNTAX_ERROR", "42601"),
    ("PATH_NOT_FOUND", "42K03"),
    ("PERMISSION_DENIED", "42501"),
    ("REMAINDER_BY_ZERO", "22012"),
    ("ROUTINE_ALREADY_EXISTS", "42723"),
    ("ROUTINE_NOT_FOUND", "42883"),
    ("SCALAR_SUBQUERY_TOO_MANY_ROWS", "21000"),
    ("SCHEMA_ALREADY_EXISTS", "42P06"),
    ("SCHEMA_NOT_EMPTY", "2BP01"),
    ("SCHEMA_NOT_FOUND", "42704"),
    ("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07"),
    ("TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("UDTF_ALIAS_NUMBER_MISMATCH", "42802"),
    ("UNBOUND_SQL_PARAMETER", "42P02"),
    ("UNRESOLVED_COLUMN", "42703"),
    ("UNRESOLVED_ROUTINE", "42883"),
    ("UNRESOLVED_VARIABLE", "42883"),
    ("UNSUPPORTED_DATATYPE", "0A000"),
    ("UNSUPPORTED_FEATURE", "0A000"),
    ("VARIABLE_ALREADY_EXISTS", "42723"),
    ("VIEW_EXCEED_MAX_NESTED_DEPTH", "54K00"),
    ("VOLUME_ALREADY_EXISTS", "42710"),
    ("VOLUME_NOT_FOUND", "42704"),
    ("WRONG_NUM_ARGS", "42605"),
];

impl SqlError {
    /// An error of a class with its message, which is put between the class and the SQLSTATE.
    pub fn new(class: &str, text: impl AsRef<str>) -> Self {
        let root = class.split('.').next().unwrap_or(class);
        let sqlstate = STATES.iter().find(|(name, _)| *name == root).map_or("XX000", |(_, state)| state);
        let text = text.as_ref().trim_end();
        let full_stop = if text.ends_with(['.', '?', '!', ':']) { "" } else { "." };
        Self {
            class: class.to_owned(),
            message: format!("[{class}] {text}{full_stop} SQLSTATE: {sqlstate}"),
            sqlstate,
        }
    }

    /// What the sandbox does not do.
    pub fn unsupported(what: impl AsRef<str>) -> Self {
        Self::new(
            "UNSUPPORTED_FEATURE",
            format!("The feature is not supported: the sandbox does not run {}", what.as_ref()),
        )
    }

    /// The sandbox's own fault, or its disk's.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new("INTERNAL_ERROR", cause.to_string())
    }

    /// A text that is no value of a type.
    pub(crate) fn malformed(value: &str, target: &str) -> Self {
        Self::new(
            "CAST_INVALID_INPUT",
            format!(
                "The value '{value}' of the type \"STRING\" cannot be cast to \"{target}\" because it is malformed. Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead"
            ),
        )
    }

    /// Adds the place in the statement's text, as Spark does for names that it cannot resolve.
    #[must_use]
    pub fn at(mut self, place: Option<Location>) -> Self {
        if let (Some(place), false) = (place, self.message.contains("; line ")) {
            let _ = write!(self.message, "; line {} pos {}", place.line, place.column.saturating_sub(1));
        }
        self
    }

    /// The class, such as `TABLE_OR_VIEW_NOT_FOUND`.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// The whole message, with class and SQLSTATE.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The five characters of the SQL standard.
    pub fn sqlstate(&self) -> &'static str {
        self.sqlstate
    }

    /// A syntax error with the parser's own words, where it says nothing better.
    pub fn syntax(words: &str, place: Option<Location>, text: &str) -> Self {
        let words = words.trim_end_matches('.');
        Self::parse_error(&format!("Syntax error: {words}"), place, text)
    }

    /// A syntax error at a token.
    pub fn syntax_near(token: &TokenWithSpan, text: &str) -> Self {
        let start = super::parse::offset(text, token.span.start);
        let end = super::parse::offset(text, token.span.end);
        let written = text.get(start..end).filter(|written| !written.is_empty());
        match written {
            Some(written) => Self::parse_error(
                &format!("Syntax error at or near '{written}'"),
                Some(token.span.start),
                text,
            ),
            None => Self::syntax_at_end(text),
        }
    }

    /// A syntax error where the text stops too early.
    pub fn syntax_at_end(text: &str) -> Self {
        let line = text.lines().count().max(1);
        let column = text.lines().last().map_or(0, |last| last.chars().count()) + 1;
        let place = Location { line: line as u64, column: column as u64 };
        Self::parse_error("Syntax error, unexpected end of statement", Some(place), text)
    }

    fn parse_error(problem: &str, place: Option<Location>, text: &str) -> Self {
        let mut error = Self::new("PARSE_SYNTAX_ERROR", problem);
        let place = place.filter(|place| place.line > 0);
        if let Some(Location { line, column }) = place {
            let column = column.saturating_sub(1);
            let _ = write!(error.message, " (line {line}, pos {column})\n\n== SQL ==");
            for (number, written) in (1..).zip(text.lines()) {
                let _ = write!(error.message, "\n{written}");
                if number == line {
                    let dashes = "-".repeat(usize::try_from(column).unwrap_or(0).min(500));
                    let _ = write!(error.message, "\n{dashes}^^^");
                }
            }
            if text.is_empty() {
                error.message.push_str("\n\n^^^");
            }
        }
        error
    }
}

impl From<CatalogError> for SqlError {
    fn from(error: CatalogError) -> Self {
        let quoted =
            |name: &str| name.split('.').map(|part| format!("`{part}`")).collect::<Vec<_>>().join(".");
        match &error {
            CatalogError::NotFound { kind: Kind::Catalog, name } => Self::new(
                "NO_SUCH_CATALOG_EXCEPTION",
                format!(
                    "Catalog '{name}' was not found. Please verify the catalog name and then retry the query or command again."
                ),
            ),
            CatalogError::NotFound { kind: Kind::Schema, name } => Self::new(
                "SCHEMA_NOT_FOUND",
                format!(
                    "The schema {} cannot be found. Verify the spelling and correctness of the schema and catalog.\n\
                     If you did not qualify the name with a catalog, verify the current_schema() output, or qualify the name with the correct catalog.\n\
                     To tolerate the error on drop use DROP SCHEMA IF EXISTS.",
                    quoted(name)
                ),
            ),
            CatalogError::NotFound { kind: Kind::Table, name } => Self::new(
                "TABLE_OR_VIEW_NOT_FOUND",
                format!(
                    "The table or view {} cannot be found. Verify the spelling and correctness of the schema and catalog.\n\
                     If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with the correct schema and catalog.\n\
                     To tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.",
                    quoted(name)
                ),
            ),
            CatalogError::NotFound { kind: Kind::Volume, name } => Self::new(
                "VOLUME_NOT_FOUND",
                format!(
                    "The volume {} does not exist. Please use 'SHOW VOLUMES' to list available volumes.",
                    quoted(name)
                ),
            ),
            CatalogError::AlreadyExists { kind, name } => {
                let (class, what, hint) = match kind {
                    Kind::Catalog => (
                        "CATALOG_ALREADY_EXISTS",
                        "catalog",
                        "drop the existing catalog, or add the IF NOT EXISTS clause",
                    ),
                    Kind::Schema => (
                        "SCHEMA_ALREADY_EXISTS",
                        "schema",
                        "drop the existing schema, or add the IF NOT EXISTS clause",
                    ),
                    Kind::Table => (
                        "TABLE_OR_VIEW_ALREADY_EXISTS",
                        "table or view",
                        "drop or replace the existing object, or add the IF NOT EXISTS clause",
                    ),
                    Kind::Volume => (
                        "VOLUME_ALREADY_EXISTS",
                        "volume",
                        "drop the existing volume, or add the IF NOT EXISTS clause",
                    ),
                };
                Self::new(
                    class,
                    format!(
                        "Cannot create {what} {} because it already exists.\nChoose a different name, {hint} to tolerate the pre-existing object.",
                        quoted(name)
                    ),
                )
            }
            CatalogError::NotEmpty { kind, name } => Self::new(
                "SCHEMA_NOT_EMPTY",
                format!(
                    "Cannot drop a {} {} because it contains objects.\nUse DROP {} ... CASCADE to drop it and all its objects.",
                    kind.to_string().to_lowercase(),
                    quoted(name),
                    kind.to_string().to_uppercase()
                ),
            ),
            CatalogError::InvalidName { .. } => Self::new("INVALID_IDENTIFIER", error.to_string()),
            CatalogError::ReadOnly { catalog } => Self::new(
                "PERMISSION_DENIED",
                format!("User does not have permission to change the catalog '{catalog}'"),
            ),
            CatalogError::Io(cause) => Self::internal(cause),
        }
    }
}
