//! Spark's types beside Arrow's: parsed from SQL, printed as `DECIMAL(10,2)`, as the service's enum and as Spark's JSON.
//!
//! Arrow's `DataType` is what the engine keeps; the text is what users see. One table pairs the simple types, so that
//! each of the four spellings is written once.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};
use serde_json::{Value, json};
use std::sync::Arc;

/// A timestamp with Spark's session time zone, which here is always UTC.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// `VARIANT`, in an Arrow type that no other of Spark's types has.
pub(crate) fn variant() -> DataType {
    DataType::LargeUtf8
}

/// Spark's simple types: SQL name, the service's `type_name`, the name in Spark's JSON, other names that SQL accepts.
const SIMPLE: &[(&str, &str, &str, &[&str])] = &[
    ("BIGINT", "LONG", "long", &["LONG", "INT8"]),
    ("INT", "INT", "integer", &["INTEGER", "INT4"]),
    ("SMALLINT", "SHORT", "short", &["SHORT", "INT2"]),
    ("TINYINT", "BYTE", "byte", &["BYTE"]),
    ("DOUBLE", "DOUBLE", "double", &["DOUBLE PRECISION", "FLOAT8"]),
    ("FLOAT", "FLOAT", "float", &["REAL", "FLOAT4"]),
    ("STRING", "STRING", "string", &["TEXT"]),
    ("BOOLEAN", "BOOLEAN", "boolean", &["BOOL"]),
    ("BINARY", "BINARY", "binary", &["BYTEA", "VARBINARY"]),
    ("DATE", "DATE", "date", &[]),
    ("TIMESTAMP", "TIMESTAMP", "timestamp", &["TIMESTAMP_LTZ"]),
    ("TIMESTAMP_NTZ", "TIMESTAMP_NTZ", "timestamp_ntz", &["DATETIME"]),
    ("INTERVAL", "INTERVAL", "interval", &[]),
    ("VARIANT", "VARIANT", "variant", &[]),
    ("VOID", "NULL", "void", &["NULL"]),
];

/// The Arrow type of a simple SQL name.
fn simple(name: &str) -> Option<DataType> {
    let (canonical, ..) = SIMPLE.iter().find(|(sql, _, _, others)| *sql == name || others.contains(&name))?;
    Some(match *canonical {
        "BIGINT" => DataType::Int64,
        "INT" => DataType::Int32,
        "SMALLINT" => DataType::Int16,
        "TINYINT" => DataType::Int8,
        "DOUBLE" => DataType::Float64,
        "FLOAT" => DataType::Float32,
        "STRING" => DataType::Utf8,
        "BOOLEAN" => DataType::Boolean,
        "BINARY" => DataType::Binary,
        "DATE" => DataType::Date32,
        "TIMESTAMP" => timestamp(),
        "TIMESTAMP_NTZ" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "INTERVAL" => DataType::Interval(IntervalUnit::MonthDayNano),
        "VARIANT" => variant(),
        _ => DataType::Null,
    })
}

/// How deep types may nest.
const DEEPEST: i32 = 100;

/// Parses a Spark type as written in SQL: `decimal(10,2)`, `array<string>`, `struct<a: int, b: string>`.
///
/// `None` is a type that the sandbox does not know (`GEOGRAPHY`, …) or text that is no type.
pub(crate) fn parse(text: &str) -> Option<DataType> {
    let depth = text.chars().scan(0_i32, |depth, c| {
        *depth += i32::from(c == '<') - i32::from(c == '>');
        Some(*depth)
    });
    if depth.max().is_some_and(|depth| depth > DEEPEST) { None } else { parse_within(text) }
}

fn parse_within(text: &str) -> Option<DataType> {
    let text = text.trim();
    if let Some(inner) = text.strip_suffix('>') {
        let (head, inner) = inner.split_once('<')?;
        return match head.trim().to_ascii_uppercase().as_str() {
            "ARRAY" => Some(DataType::List(Arc::new(Field::new("item", parse_within(inner)?, true)))),
            "MAP" => {
                let [key, value] = split_top(inner).try_into().ok()?;
                Some(map(parse_within(key)?, parse_within(value)?))
            }
            "STRUCT" => {
                let fields = split_top(inner).into_iter().map(parse_field).collect::<Option<Vec<_>>>()?;
                Some(DataType::Struct(fields.into()))
            }
            _ => None,
        };
    }
    let upper = text.to_ascii_uppercase();
    let (head, arguments) = match upper.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        Some((head, inside)) => (head.trim(), inside.split(',').map(str::trim).collect::<Vec<_>>()),
        None => (upper.as_str(), Vec::new()),
    };
    match head {
        "DECIMAL" | "DEC" | "NUMERIC" => {
            let precision = arguments.first().map_or(Some(10), |digits| digits.parse().ok())?;
            let scale = arguments.get(1).map_or(Some(0), |digits| digits.parse().ok())?;
            (precision <= 38 && scale <= 38).then_some(DataType::Decimal128(precision, scale))
        }
        "VARCHAR" | "CHAR" | "CHARACTER" if arguments.len() == 1 => Some(DataType::Utf8),
        "STRING" if !arguments.is_empty() => None,
        head if head.starts_with("INTERVAL ") => simple("INTERVAL"),
        head if head.starts_with("STRING COLLATE ") => Some(DataType::Utf8),
        head => simple(head),
    }
}

fn parse_field(text: &str) -> Option<FieldRef> {
    let text = text.trim();
    let end = text.find(|c: char| c == ':' || c.is_whitespace())?;
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start().trim_start_matches(':').trim();
    // a comment of a nested field has no place in an Arrow type; the type ends where it starts
    let kind = rest.split(" COMMENT ").next()?;
    let (kind, nullable) = match kind.trim().to_ascii_uppercase().strip_suffix("NOT NULL") {
        Some(short) => (&kind[..short.len()], false),
        None => (kind, true),
    };
    Some(Arc::new(Field::new(name.trim_matches('`').to_lowercase(), parse_within(kind)?, nullable)))
}

/// Splits `a, map<b, c>, d` at the commas outside brackets.
fn split_top(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The milliseconds since the Unix epoch of a time that is written out.
pub(crate) fn millis(text: &str) -> Option<i64> {
    use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
    let written: ArrayRef = Arc::new(StringArray::from(vec![text.trim()]));
    let cast = datafusion::arrow::compute::cast(&written, &timestamp()).ok()?;
    let micros = cast.as_primitive_opt::<datafusion::arrow::datatypes::TimestampMicrosecondType>()?;
    micros.iter().next().flatten().map(|micros| micros / 1_000)
}

/// Arrow's map type, with the field names that its builders and kernels use.
pub(crate) fn map(key: DataType, value: DataType) -> DataType {
    let entries = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

/// The row of [`SIMPLE`] that an Arrow type belongs to.
fn simple_row(
    kind: &DataType,
) -> Option<&'static (&'static str, &'static str, &'static str, &'static [&'static str])> {
    let name = match kind {
        DataType::Int64 | DataType::UInt64 | DataType::UInt32 => "BIGINT",
        DataType::Int32 | DataType::UInt16 => "INT",
        DataType::Int16 | DataType::UInt8 => "SMALLINT",
        DataType::Int8 => "TINYINT",
        DataType::Float64 => "DOUBLE",
        DataType::Float32 | DataType::Float16 => "FLOAT",
        DataType::LargeUtf8 => "VARIANT",
        DataType::Utf8 | DataType::Utf8View | DataType::Time64(_) | DataType::Time32(_) => "STRING",
        DataType::Boolean => "BOOLEAN",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "BINARY"
        }
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP",
        DataType::Timestamp(_, None) => "TIMESTAMP_NTZ",
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL",
        DataType::Null => "VOID",
        _ => return None,
    };
    SIMPLE.iter().find(|row| row.0 == name)
}

fn map_fields(entries: &FieldRef) -> Option<(&FieldRef, &FieldRef)> {
    match entries.data_type() {
        DataType::Struct(fields) => Some((fields.first()?, fields.get(1)?)),
        _ => None,
    }
}

/// The type as SQL writes it: `BIGINT`, `DECIMAL(10,2)`, `ARRAY<STRING>`.
pub(crate) fn text(kind: &DataType) -> String {
    if let Some(row) = simple_row(kind) {
        return row.0.to_owned();
    }
    match kind {
        DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal32(p, s) => {
            format!("DECIMAL({p},{s})")
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::FixedSizeList(item, _) => {
            format!("ARRAY<{}>", text(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|f| format!("{}: {}", f.name(), text(f.data_type()))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        DataType::Map(entries, _) => match map_fields(entries) {
            Some((key, value)) => format!("MAP<{}, {}>", text(key.data_type()), text(value.data_type())),
            None => "MAP".to_owned(),
        },
        DataType::Dictionary(_, value) => text(value),
        other => other.to_string().to_uppercase(),
    }
}

/// The type as Unity Catalog writes it: lower case and without spaces, `struct<a:int,b:string>`.
pub(crate) fn catalog_text(kind: &DataType) -> String {
    text(kind).to_lowercase().replace(": ", ":").replace(", ", ",")
}

/// The service's enum of the type: `LONG` for `BIGINT`, `STRUCT` for any struct.
pub(crate) fn name(kind: &DataType) -> &'static str {
    if let Some(row) = simple_row(kind) {
        return row.1;
    }
    match kind {
        DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Decimal64(..)
        | DataType::Decimal32(..) => "DECIMAL",
        DataType::List(_) | DataType::LargeList(_) | DataType::ListView(_) | DataType::FixedSizeList(..) => {
            "ARRAY"
        }
        DataType::Struct(_) => "STRUCT",
        DataType::Map(..) => "MAP",
        DataType::Dictionary(_, value) => name(value),
        _ => "USER_DEFINED_TYPE",
    }
}

/// Precision and scale of a decimal.
pub(crate) fn precision(kind: &DataType) -> Option<(u8, i8)> {
    match kind {
        DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal32(p, s) => Some((*p, *s)),
        _ => None,
    }
}

/// The type as Spark's JSON schema writes it.
pub(crate) fn spark_json(kind: &DataType) -> Value {
    if let Some(row) = simple_row(kind) {
        return json!(row.2);
    }
    match kind {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::FixedSizeList(item, _) => json!({
            "type": "array", "elementType": spark_json(item.data_type()), "containsNull": item.is_nullable(),
        }),
        DataType::Struct(fields) => json!({
            "type": "struct",
            "fields": fields.iter().map(|f| field_json(f.name(), f.data_type(), f.is_nullable(), None)).collect::<Vec<_>>(),
        }),
        DataType::Map(entries, _) => match map_fields(entries) {
            Some((key, value)) => json!({
                "type": "map", "keyType": spark_json(key.data_type()), "valueType": spark_json(value.data_type()),
                "valueContainsNull": value.is_nullable(),
            }),
            None => json!("map"),
        },
        DataType::Dictionary(_, value) => spark_json(value),
        other => json!(catalog_text(other)),
    }
}

/// One field of a Spark JSON schema; a column's `type_json` is such a field.
pub(crate) fn field_json(name: &str, kind: &DataType, nullable: bool, comment: Option<&str>) -> Value {
    let metadata = comment.map_or_else(|| json!({}), |comment| json!({ "comment": comment }));
    json!({ "name": name, "type": spark_json(kind), "nullable": nullable, "metadata": metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_a_round_trip() {
        for written in [
            "BIGINT",
            "DECIMAL(10,2)",
            "ARRAY<STRING>",
            "MAP<STRING, ARRAY<INT>>",
            "STRUCT<a: INT, b: STRUCT<c: DATE>>",
            "TIMESTAMP",
            "TIMESTAMP_NTZ",
            "VOID",
        ] {
            assert_eq!(parse(written).map(|kind| text(&kind)).as_deref(), Some(written));
        }
        assert_eq!(parse("varchar(10)"), Some(DataType::Utf8));
        assert_eq!(parse("decimal(39,1)"), None);
        assert_eq!(parse("widget"), None);
        assert_eq!(parse("array<widget>"), None);
        assert_eq!(parse(&format!("{}int{}", "array<".repeat(100_000), ">".repeat(100_000))), None);
    }
}
