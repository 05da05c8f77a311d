//! Values for the markers of a statement: `:name`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone};

/// A value and its SQL type, as a statement sends it. [`IntoParameter`] makes it of Rust's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub(super) value: Option<String>,
    pub(super) sql_type: String,
}

impl Parameter {
    /// A value as text, of a type such as `DECIMAL(10,2)`; the warehouse reads it.
    pub fn typed(value: impl Into<String>, sql_type: impl Into<String>) -> Self {
        Self { value: Some(value.into()), sql_type: sql_type.into() }
    }

    /// NULL of a type.
    pub fn null(sql_type: impl Into<String>) -> Self {
        Self { value: None, sql_type: sql_type.into() }
    }
}

/// What can be given for a marker: text, numbers, `bool`, bytes, the times of `chrono`, `Option` of
/// these for what may be NULL, and a [`Parameter`] for every other type.
pub trait IntoParameter {
    /// The SQL type.
    fn sql_type(&self) -> String;
    /// The value as text; `None` for NULL.
    fn into_value(self) -> Option<String>;
}

impl IntoParameter for Parameter {
    fn sql_type(&self) -> String {
        self.sql_type.clone()
    }

    fn into_value(self) -> Option<String> {
        self.value
    }
}

macro_rules! parameters {
    ($($kind:ty: $sql:literal, $value:ident => $text:expr;)*) => {$(
        impl IntoParameter for $kind {
            fn sql_type(&self) -> String {
                $sql.to_owned()
            }

            fn into_value(self) -> Option<String> {
                let $value = self;
                Some($text)
            }
        }

        /// NULL has a type too.
        impl IntoParameter for Option<$kind> {
            fn sql_type(&self) -> String {
                $sql.to_owned()
            }

            fn into_value(self) -> Option<String> {
                self.and_then(IntoParameter::into_value)
            }
        }
    )*};
}

parameters! {
    &str: "STRING", value => value.to_owned();
    String: "STRING", value => value;
    &String: "STRING", value => value.clone();
    bool: "BOOLEAN", value => value.to_string();
    i8: "TINYINT", value => value.to_string();
    i16: "SMALLINT", value => value.to_string();
    i32: "INT", value => value.to_string();
    i64: "BIGINT", value => value.to_string();
    u8: "SMALLINT", value => value.to_string();
    u16: "INT", value => value.to_string();
    u32: "BIGINT", value => value.to_string();
    u64: "DECIMAL(20,0)", value => value.to_string();
    f32: "FLOAT", value => number(f64::from(value), value.to_string());
    f64: "DOUBLE", value => number(value, format!("{value:?}"));
    &[u8]: "BINARY", value => STANDARD.encode(value);
    Vec<u8>: "BINARY", value => STANDARD.encode(value);
    NaiveDate: "DATE", value => value.to_string();
    NaiveDateTime: "TIMESTAMP_NTZ", value => value.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
}

impl<Z: TimeZone> IntoParameter for DateTime<Z> {
    fn sql_type(&self) -> String {
        "TIMESTAMP".to_owned()
    }

    fn into_value(self) -> Option<String> {
        Some(self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// As SQL names what is no number.
fn number(value: f64, text: String) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => text,
    }
}
