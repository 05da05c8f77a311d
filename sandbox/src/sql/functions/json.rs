//! JSON in text: `to_json`, `get_json_object` and their like.

use datafusion::arrow::array::{ArrayRef, AsArray, Int32Array, ListBuilder, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use serde_json::Value;
use std::sync::Arc;

use super::scalar::{array, simple};
use crate::sql::text;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    vec![
        simple("to_json", &[DataType::Null], DataType::Utf8, to_json),
        simple("get_json_object", &[DataType::Utf8, DataType::Utf8], DataType::Utf8, get_json_object),
        // what a colon asks for; the names of fields have no case there
        simple("spark_json_path", &[DataType::Utf8, DataType::Utf8], DataType::Utf8, get_json_path),
        simple("json_array_length", &[DataType::Utf8], DataType::Int32, array_length),
        simple("json_object_keys", &[DataType::Utf8], list, object_keys),
    ]
}

/// Spark leaves fields without a value out.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn to_json(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let column = columns[0].as_ref();
    let texts = (0..column.len())
        .map(|row| (!column.is_null(row)).then(|| without_nulls(text::json(column, row)).to_string()));
    Ok(array(StringArray::from_iter(texts)))
}

/// One step of a path.
enum Step {
    Field(String),
    Index(usize),
    All,
}

/// Reads `$.a.b[0]['c'][*]`.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, left) = after.split_at(end);
            steps.push(if name == "*" {
                Step::All
            } else {
                Step::Field((!name.is_empty()).then(|| name.to_owned())?)
            });
            rest = left;
        } else {
            let (inside, left) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inside.strip_prefix('\'').and_then(|inside| inside.strip_suffix('\''));
            steps.push(match (quoted, inside) {
                (Some(name), _) => Step::Field(name.to_owned()),
                (None, "*") => Step::All,
                (None, index) => Step::Index(index.parse().ok()?),
            });
            rest = left;
        }
    }
    Some(steps)
}

fn follow(value: &Value, steps: &[Step], any_case: bool) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match step {
        Step::Field(name) => match value {
            // a name goes through an array to each of its elements
            Value::Array(items) => several(items.iter().filter_map(|item| follow(item, steps, any_case))),
            other => {
                let exact = other.get(name);
                let similar = || {
                    let mut fields = other.as_object()?.iter().filter(|_| any_case);
                    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
                };
                follow(exact.or_else(similar)?, rest, any_case)
            }
        },
        Step::Index(index) => follow(value.get(index)?, rest, any_case),
        Step::All => several(value.as_array()?.iter().filter_map(|item| follow(item, rest, any_case))),
    }
}

fn several(values: impl Iterator<Item = Value>) -> Option<Value> {
    let mut values: Vec<Value> = values.collect();
    if values.len() > 1 { Some(Value::Array(values)) } else { values.pop() }
}

fn get_json_object(columns: &[ArrayRef]) -> Result<ArrayRef> {
    by_path(columns, false, plain)
}

fn get_json_path(columns: &[ArrayRef]) -> Result<ArrayRef> {
    by_path(columns, true, plain)
}

fn plain(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// What is at a path, in the form that is asked for.
pub(super) fn by_path(
    columns: &[ArrayRef],
    any_case: bool,
    show: fn(Value) -> Option<String>,
) -> Result<ArrayRef> {
    let (texts, paths) = (columns[0].as_string::<i32>(), columns[1].as_string::<i32>());
    let get = |text: &str, written: &str| {
        let value: Value = serde_json::from_str(text).ok()?;
        follow(&value, &path(written)?, any_case).and_then(show)
    };
    Ok(array(StringArray::from_iter(texts.iter().zip(paths.iter()).map(|(text, path)| get(text?, path?)))))
}

fn array_length(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let length = |text: &str| i32::try_from(serde_json::from_str::<Value>(text).ok()?.as_array()?.len()).ok();
    Ok(array(Int32Array::from_iter(columns[0].as_string::<i32>().iter().map(|text| length(text?)))))
}

fn object_keys(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for text in columns[0].as_string::<i32>() {
        let value = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
        match value.as_ref().and_then(Value::as_object) {
            Some(fields) => {
                fields.keys().for_each(|key| lists.values().append_value(key));
                lists.append(true);
            }
            None => lists.append_null(),
        }
    }
    Ok(array(lists.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let value: Value = serde_json::from_str(r#"{"a":{"b":[1,{"c":"x"},{"c":"y"}]}}"#).unwrap();
        let get = |written: &str| follow(&value, &path(written)?, false).map(|found| found.to_string());
        for (written, expected) in [
            ("$.a.b[0]", Some("1")),
            ("$['a'].b[1].c", Some("\"x\"")),
            ("$.a.b[*].c", Some("[\"x\",\"y\"]")),
            ("$.a.b.c", Some("[\"x\",\"y\"]")),
            ("$.z", None),
            ("a", None),
            ("$.a.", None),
            ("$[", None),
        ] {
            assert_eq!(get(written).as_deref(), expected, "{written}");
        }
    }
}
