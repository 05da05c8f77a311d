//! `VARIANT`: values that carry their types along. Here they are JSON text in an Arrow type of their own, [`variant`], that
//! nothing else has.

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, LargeStringArray, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use serde_json::Value;

use super::json::by_path;
use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;
use crate::sql::text;
use crate::sql::types::variant;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let string = || DataType::Utf8;
    vec![
        simple("parse_json", &[string()], variant(), |columns| parse(&columns[0], false)),
        simple("try_parse_json", &[string()], variant(), |columns| parse(&columns[0], true)),
        simple("to_variant_object", &[DataType::Null], variant(), object),
        simple("is_variant_null", &[variant()], DataType::Boolean, is_null),
        simple("schema_of_variant", &[variant()], string(), |columns| {
            Ok(array(StringArray::from_iter(
                columns[0].as_string::<i64>().iter().map(|text| Some(schema(&read(text?), "OBJECT"))),
            )))
        }),
        simple("schema_of_json", &[string()], string(), |columns| {
            Ok(array(StringArray::from_iter(
                columns[0].as_string::<i32>().iter().map(|text| Some(schema(&read(text?), "STRUCT"))),
            )))
        }),
        // what a colon and `variant_get` ask for: the value at a path
        simple("spark_variant_at", &[variant(), string()], variant(), |columns| {
            let texts: ArrayRef = array(StringArray::from_iter(columns[0].as_string::<i64>().iter()));
            let found = by_path(&[texts, columns[1].clone()], false, |value| Some(value.to_string()))?;
            Ok(array(LargeStringArray::from_iter(found.as_string::<i32>().iter())))
        }),
        // a value as its text, which a cast goes on from
        simple("spark_variant_text", &[variant()], string(), |columns| {
            Ok(array(StringArray::from_iter(columns[0].as_string::<i64>().iter().map(|text| plain(text?)))))
        }),
    ]
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A string without its quotes; the null of JSON is NULL.
fn plain(text: &str) -> Option<String> {
    match read(text) {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn parse(column: &ArrayRef, lenient: bool) -> Result<ArrayRef> {
    let each = column.as_string::<i32>().iter().map(|text| match text.map(serde_json::from_str::<Value>) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value.to_string())),
        Some(Err(_)) if lenient => Ok(None),
        Some(Err(_)) => Err(failure(SqlError::new(
            "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
            format!("Malformed records are detected in record parsing: {}", text.unwrap_or_default()),
        ))),
    });
    Ok(array(LargeStringArray::from(each.collect::<Result<Vec<_>>>()?)))
}

fn object(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let column = columns[0].as_ref();
    let each =
        (0..column.len()).map(|row| (!column.is_null(row)).then(|| text::json(column, row).to_string()));
    Ok(array(LargeStringArray::from_iter(each)))
}

fn is_null(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let each = columns[0].as_string::<i64>().iter().map(|text| Some(text == Some("null")));
    Ok(array(BooleanArray::from_iter(each)))
}

/// The type of a JSON value as SQL writes it, with this word for an object.
fn schema(value: &Value, object: &str) -> String {
    match value {
        Value::Null => if object == "STRUCT" { "STRING" } else { "VOID" }.to_owned(),
        Value::Bool(_) => "BOOLEAN".to_owned(),
        Value::Number(number) if number.is_f64() && object == "OBJECT" => decimal(&number.to_string()),
        Value::Number(number) if number.is_f64() => "DOUBLE".to_owned(),
        Value::Number(_) => "BIGINT".to_owned(),
        Value::String(_) => "STRING".to_owned(),
        Value::Array(items) => {
            let mut kinds: Vec<String> = items.iter().map(|item| schema(item, object)).collect();
            kinds.dedup();
            let kind = match kinds.as_slice() {
                [] => if object == "STRUCT" { "STRING" } else { "VOID" }.to_owned(),
                [one] => one.clone(),
                _ if object == "OBJECT" => "VARIANT".to_owned(),
                several if several.iter().all(|kind| kind == "BIGINT" || kind == "DOUBLE") => {
                    "DOUBLE".to_owned()
                }
                _ => "STRING".to_owned(),
            };
            format!("ARRAY<{kind}>")
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(name, value)| (name, schema(value, object))).collect();
            fields.sort();
            let fields: Vec<String> =
                fields.into_iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
            format!("{object}<{}>", fields.join(", "))
        }
    }
}

/// A fraction in a VARIANT is a DECIMAL of as many digits as it has, unless it has an exponent.
fn decimal(digits: &str) -> String {
    if digits.contains(['e', 'E']) {
        return "DOUBLE".to_owned();
    }
    let scale = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let whole = digits.trim_start_matches(['-', '0']).bytes().filter(u8::is_ascii_digit).count();
    format!("DECIMAL({},{scale})", whole.max(scale).max(1))
}
