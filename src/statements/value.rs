//! One cell of a result, exactly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value of SQL. Nothing is rounded: decimals keep all their digits and their scale.
///
/// As JSON, what JSON has no word for is text: decimals as they are written, times as in RFC 3339,
/// binary in base64, NaN and infinities by name. A map becomes an object whose keys are text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// NULL.
    Null,
    /// `BOOLEAN`.
    Boolean(bool),
    /// `TINYINT` to `BIGINT`.
    Int(i64),
    /// `FLOAT` and `DOUBLE`; a `FLOAT` is the nearest double to its text.
    Double(f64),
    /// `DECIMAL`, in digits.
    Decimal(String),
    /// `STRING`, and the text of a type that this version does not know.
    String(String),
    /// `BINARY`.
    Binary(Vec<u8>),
    /// `DATE`.
    Date(NaiveDate),
    /// `TIMESTAMP`.
    Timestamp(DateTime<Utc>),
    /// `TIMESTAMP_NTZ`.
    TimestampNtz(NaiveDateTime),
    /// `INTERVAL`, as the service writes it.
    Interval(String),
    /// `ARRAY`.
    Array(Vec<Value>),
    /// `MAP`, in the order of the service.
    Map(Vec<(Value, Value)>),
    /// `STRUCT`.
    Struct(Vec<(String, Value)>),
    /// `VARIANT`.
    Variant(serde_json::Value),
}

impl Value {
    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Boolean(_) => "BOOLEAN",
            Self::Int(_) => "an integer",
            Self::Double(_) => "DOUBLE",
            Self::Decimal(_) => "DECIMAL",
            Self::String(_) => "STRING",
            Self::Binary(_) => "BINARY",
            Self::Date(_) => "DATE",
            Self::Timestamp(_) => "TIMESTAMP",
            Self::TimestampNtz(_) => "TIMESTAMP_NTZ",
            Self::Interval(_) => "INTERVAL",
            Self::Array(_) => "ARRAY",
            Self::Map(_) => "MAP",
            Self::Struct(_) => "STRUCT",
            Self::Variant(_) => "VARIANT",
        }
    }

    /// Its text, as a cell of a table or of CSV shows it; `None` for NULL.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Double(value) => double(*value),
            Self::Decimal(text) | Self::String(text) | Self::Interval(text) => text.clone(),
            Self::Binary(bytes) => STANDARD.encode(bytes),
            Self::Date(date) => date.to_string(),
            Self::Timestamp(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            Self::TimestampNtz(time) => time.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            Self::Array(_) | Self::Map(_) | Self::Struct(_) | Self::Variant(_) => {
                serde_json::to_string(self).unwrap_or_default()
            }
        })
    }
}

/// The shortest text that reads back as the same number.
fn double(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        value => format!("{value:?}"),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Double(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Struct(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&key.text().unwrap_or_else(|| "null".to_owned()), value)?;
                }
                map.end()
            }
            Self::Variant(value) => value.serialize(serializer),
            other => match other.text() {
                Some(text) => serializer.serialize_str(&text),
                None => serializer.serialize_none(),
            },
        }
    }
}
