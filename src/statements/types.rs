//! The types of SQL, read from the text by which a manifest names them.

use std::fmt;

use crate::sql::types::ColumnInfo;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// The name. Names may repeat.
    pub name: String,
    /// The type.
    pub sql_type: SqlType,
}

/// A type of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlType {
    /// `BOOLEAN`.
    Boolean,
    /// `TINYINT`, 8 bits.
    TinyInt,
    /// `SMALLINT`, 16 bits.
    SmallInt,
    /// `INT`, 32 bits.
    Int,
    /// `BIGINT`, 64 bits.
    BigInt,
    /// `FLOAT`, 32 bits.
    Float,
    /// `DOUBLE`, 64 bits.
    Double,
    /// `DECIMAL(precision, scale)`.
    Decimal {
        /// Digits in all, at most 38.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// `STRING`, `VARCHAR(n)` and `CHAR(n)`.
    String,
    /// `BINARY`.
    Binary,
    /// `DATE`.
    Date,
    /// `TIMESTAMP`: a moment, in microseconds.
    Timestamp,
    /// `TIMESTAMP_NTZ`: a date and a time of day, of no zone.
    TimestampNtz,
    /// `INTERVAL …`, kept as text.
    Interval,
    /// `ARRAY<…>`.
    Array(Box<SqlType>),
    /// `MAP<…, …>`.
    Map(Box<SqlType>, Box<SqlType>),
    /// `STRUCT<…>`: names and types.
    Struct(Vec<(String, SqlType)>),
    /// `VARIANT`: any JSON.
    Variant,
    /// `VOID`: nothing but NULL.
    Void,
    /// A type that this version does not know, by its text. Its values are text.
    Other(String),
}

/// How deep types may nest; deeper ones are [`SqlType::Other`].
const DEEPEST: usize = 100;

impl SqlType {
    /// Reads a type as SQL writes it, such as `struct<a: int, b: decimal(10,2)>`.
    pub fn parse(text: &str) -> Self {
        Self::within(text.trim(), 0)
    }

    fn within(text: &str, depth: usize) -> Self {
        let other = || Self::Other(text.to_owned());
        if depth > DEEPEST {
            return other();
        }
        if let Some((head, inner)) = text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            let parts = split(inner);
            let nested = |text: &str| Box::new(Self::within(text.trim(), depth + 1));
            return match (head.trim().to_ascii_uppercase().as_str(), parts.as_slice()) {
                ("ARRAY", [item]) => Self::Array(nested(item)),
                ("MAP", [key, value]) => Self::Map(nested(key), nested(value)),
                ("STRUCT", [only]) if only.trim().is_empty() => Self::Struct(Vec::new()),
                ("STRUCT", fields) => match fields.iter().map(|field| named(field, depth)).collect() {
                    Some(fields) => Self::Struct(fields),
                    None => other(),
                },
                _ => other(),
            };
        }
        let upper = text.to_ascii_uppercase();
        let end = upper.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(upper.len());
        let (head, rest) = upper.split_at(end);
        match head {
            "BOOLEAN" | "BOOL" => Self::Boolean,
            "TINYINT" | "BYTE" => Self::TinyInt,
            "SMALLINT" | "SHORT" => Self::SmallInt,
            "INT" | "INTEGER" => Self::Int,
            "BIGINT" | "LONG" => Self::BigInt,
            "FLOAT" | "REAL" => Self::Float,
            "DOUBLE" => Self::Double,
            "DECIMAL" | "DEC" | "NUMERIC" => decimal(rest).unwrap_or_else(other),
            "STRING" | "VARCHAR" | "CHAR" | "CHARACTER" => Self::String,
            "BINARY" => Self::Binary,
            "DATE" => Self::Date,
            "TIMESTAMP" | "TIMESTAMP_LTZ" => Self::Timestamp,
            "TIMESTAMP_NTZ" => Self::TimestampNtz,
            "INTERVAL" => Self::Interval,
            "VARIANT" => Self::Variant,
            "VOID" | "NULL" => Self::Void,
            _ => other(),
        }
    }

    /// The type of a column as a manifest describes it: by its text, else by its name.
    pub(super) fn of(column: &ColumnInfo) -> Self {
        let name = column.type_name.as_ref().map(|name| name.as_str()).unwrap_or_default();
        match (&column.type_text, name) {
            (Some(text), _) if !text.trim().is_empty() => Self::parse(text),
            (_, "DECIMAL") => {
                let digits =
                    |digits: Option<i64>, default| digits.map_or(default, |digits| digits.to_string());
                let precision = digits(column.type_precision, "10".to_owned());
                let scale = digits(column.type_scale, "0".to_owned());
                Self::parse(&format!("DECIMAL({precision},{scale})"))
            }
            (_, name) => Self::parse(name),
        }
    }
}

fn decimal(arguments: &str) -> Option<SqlType> {
    let inside = arguments.trim();
    if inside.is_empty() {
        return Some(SqlType::Decimal { precision: 10, scale: 0 });
    }
    let inside = inside.strip_prefix('(')?.strip_suffix(')')?;
    let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (1..=38).contains(&precision).then_some(SqlType::Decimal { precision, scale })
}

/// A field of a struct: ``a: INT``, `` `a b`: STRING NOT NULL COMMENT 'x'``.
fn named(field: &str, depth: usize) -> Option<(String, SqlType)> {
    let field = field.trim();
    let (name, rest) = match field.strip_prefix('`') {
        Some(quoted) => {
            let mut name = String::new();
            let mut rest = quoted;
            loop {
                let (part, after) = rest.split_once('`')?;
                name.push_str(part);
                match after.strip_prefix('`') {
                    Some(after) => {
                        name.push('`');
                        rest = after;
                    }
                    None => break (name, after),
                }
            }
        }
        None => {
            let end = field.find(|c: char| c == ':' || c.is_whitespace())?;
            (field[..end].to_owned(), &field[end..])
        }
    };
    let kind = rest.trim_start().trim_start_matches(':').trim();
    let upper = kind.to_ascii_uppercase();
    let end = [" COMMENT ", " NOT NULL"].iter().filter_map(|word| upper.find(word)).min();
    // Neither word can be in a simple type; in a nested one it belongs to a field of that.
    let kind = match end {
        Some(end) if !kind.ends_with('>') => &kind[..end],
        _ => kind,
    };
    Some((name, SqlType::within(kind.trim(), depth + 1)))
}

/// Splits at the commas outside of brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut quote, mut parts) = (0_i32, 0, None, Vec::new());
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '`' | '\'') => quote = Some(c),
            (None, '<' | '(') => depth += 1,
            (None, '>' | ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

impl fmt::Display for SqlType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Boolean => "BOOLEAN",
            Self::TinyInt => "TINYINT",
            Self::SmallInt => "SMALLINT",
            Self::Int => "INT",
            Self::BigInt => "BIGINT",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Decimal { precision, scale } => return write!(formatter, "DECIMAL({precision},{scale})"),
            Self::String => "STRING",
            Self::Binary => "BINARY",
            Self::Date => "DATE",
            Self::Timestamp => "TIMESTAMP",
            Self::TimestampNtz => "TIMESTAMP_NTZ",
            Self::Interval => "INTERVAL",
            Self::Array(item) => return write!(formatter, "ARRAY<{item}>"),
            Self::Map(key, value) => return write!(formatter, "MAP<{key}, {value}>"),
            Self::Struct(fields) => {
                formatter.write_str("STRUCT<")?;
                for (at, (name, kind)) in fields.iter().enumerate() {
                    write!(formatter, "{}{name}: {kind}", if at == 0 { "" } else { ", " })?;
                }
                return formatter.write_str(">");
            }
            Self::Variant => "VARIANT",
            Self::Void => "VOID",
            Self::Other(text) => text,
        };
        formatter.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_shown() {
        for text in [
            "BIGINT",
            "DECIMAL(38,18)",
            "ARRAY<STRUCT<a: INT, b: MAP<STRING, DECIMAL(10,2)>>>",
            "STRUCT<>",
            "VARIANT",
            "GEOGRAPHY(4326)",
        ] {
            assert_eq!(SqlType::parse(text).to_string(), text);
        }
        assert_eq!(SqlType::parse("GEOGRAPHY(4326)"), SqlType::Other("GEOGRAPHY(4326)".to_owned()));
    }

    #[test]
    fn other_spellings_are_known() {
        assert_eq!(SqlType::parse("string collate UTF8_LCASE"), SqlType::String);
        assert_eq!(SqlType::parse("interval day to second"), SqlType::Interval);
        assert_eq!(SqlType::parse("varchar(7)"), SqlType::String);
        assert_eq!(SqlType::parse("decimal"), SqlType::Decimal { precision: 10, scale: 0 });
        let quoted = SqlType::parse("struct<`a, ``b`: int NOT NULL COMMENT 'c, d', e string>");
        let fields = vec![("a, `b".to_owned(), SqlType::Int), ("e".to_owned(), SqlType::String)];
        assert_eq!(quoted, SqlType::Struct(fields));
    }

    #[test]
    fn what_is_no_type_is_kept_as_text() {
        for text in ["DECIMAL(a,b)", "DECIMAL(99,1)", "ARRAY<", "MAP<INT>", "", &"ARRAY<".repeat(500)] {
            assert!(matches!(SqlType::parse(text), SqlType::Other(_)), "{text}");
        }
        let deep = format!("{}INT{}", "ARRAY<".repeat(5_000), ">".repeat(5_000));
        let SqlType::Array(_) = SqlType::parse(&deep) else { panic!("an array on the outside") };
    }
}
