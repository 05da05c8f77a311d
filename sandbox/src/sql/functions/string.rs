//! Text: `CAST(… AS STRING)`, regular expressions, character sets and the names of types.

use base64::Engine as _;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, ListBuilder, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use regex::Regex;
use std::sync::Arc;

use super::datetime::int;
use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;
use crate::sql::text::{Style, cell};
use crate::sql::types;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let text = || DataType::Utf8;
    let list = || DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    vec![
        simple("spark_string", &[DataType::Null], text(), to_string),
        simple("spark_typeof", &[DataType::Null], text(), type_of),
        simple("spark_regexp_extract", &[text(), text(), DataType::Int32], text(), regexp_extract),
        simple("spark_regexp_extract_all", &[text(), text(), DataType::Int32], list(), regexp_extract_all),
        simple("spark_split", &[text(), text(), DataType::Int32], list(), split),
        simple("spark_encode", &[text(), text()], DataType::Binary, encode),
        simple("spark_decode", &[DataType::Binary, text()], text(), decode),
        simple("unbase64", &[text()], DataType::Binary, unbase64),
    ]
}

fn to_string(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let column = columns[0].as_ref();
    Ok(array(StringArray::from_iter((0..column.len()).map(|row| cell(column, row, Style::Cast)))))
}

fn type_of(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let name = types::catalog_text(columns[0].data_type());
    Ok(array(StringArray::from_iter_values((0..columns[0].len()).map(|_| &name))))
}

/// A pattern and its text per row; patterns that repeat are compiled once.
struct Rows<'a> {
    texts: &'a StringArray,
    patterns: &'a StringArray,
    last: Option<(&'a str, Regex)>,
}

impl<'a> Rows<'a> {
    fn new(columns: &'a [ArrayRef]) -> Self {
        Self { texts: columns[0].as_string(), patterns: columns[1].as_string(), last: None }
    }

    /// The text and the pattern of a row; none if one of them is NULL.
    fn get(&mut self, row: usize) -> Result<Option<(&'a str, &Regex)>> {
        if self.texts.is_null(row) || self.patterns.is_null(row) {
            return Ok(None);
        }
        let pattern = self.patterns.value(row);
        if self.last.as_ref().is_none_or(|(last, _)| *last != pattern) {
            let compiled = Regex::new(pattern).map_err(|_| {
                failure(SqlError::new(
                    "INVALID_PARAMETER_VALUE.PATTERN",
                    format!("The value of parameter `regexp` is invalid: '{pattern}'"),
                ))
            })?;
            self.last = Some((pattern, compiled));
        }
        Ok(self.last.as_ref().map(|(_, regex)| (self.texts.value(row), regex)))
    }
}

fn group(regex: &Regex, index: i32) -> Result<usize> {
    let groups = regex.captures_len();
    usize::try_from(index).ok().filter(|index| *index < groups).ok_or_else(|| {
        let problem = format!(
            "The value of parameter `idx` is invalid: expects group index between 0 and {}, but got {index}",
            groups - 1
        );
        failure(SqlError::new("INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", problem))
    })
}

fn regexp_extract(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut rows = Rows::new(columns);
    let mut found = Vec::with_capacity(columns[0].len());
    for row in 0..columns[0].len() {
        found.push(match rows.get(row)? {
            None => None,
            Some((text, regex)) => {
                let group = group(regex, int(&columns[2], row))?;
                let captured = regex.captures(text).and_then(|captures| captures.get(group));
                Some(captured.map_or("", |matched| matched.as_str()))
            }
        });
    }
    Ok(array(StringArray::from(found)))
}

fn regexp_extract_all(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut rows = Rows::new(columns);
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..columns[0].len() {
        let Some((text, regex)) = rows.get(row)? else {
            lists.append_null();
            continue;
        };
        let group = group(regex, int(&columns[2], row))?;
        for captures in regex.captures_iter(text) {
            lists.values().append_value(captures.get(group).map_or("", |matched| matched.as_str()));
        }
        lists.append(true);
    }
    Ok(array(lists.finish()))
}

fn split(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut rows = Rows::new(columns);
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..columns[0].len() {
        let Some((text, regex)) = rows.get(row)? else {
            lists.append_null();
            continue;
        };
        match usize::try_from(int(&columns[2], row)) {
            Ok(limit) if limit > 0 => {
                regex.splitn(text, limit).for_each(|part| lists.values().append_value(part))
            }
            _ => regex.split(text).for_each(|part| lists.values().append_value(part)),
        }
        lists.append(true);
    }
    Ok(array(lists.finish()))
}

/// Whether a character set is UTF-8 or a part of it; others are refused.
fn check_charset(name: &str) -> Result<()> {
    if ["UTF-8", "UTF8", "US-ASCII"].iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(failure(SqlError::new(
        "INVALID_PARAMETER_VALUE.CHARSET",
        format!(
            "The value of parameter `charset` is invalid: the sandbox knows UTF-8 and US-ASCII, not {name}"
        ),
    )))
}

fn check_charsets(names: &StringArray) -> Result<()> {
    names.iter().flatten().try_for_each(check_charset)
}

fn encode(columns: &[ArrayRef]) -> Result<ArrayRef> {
    check_charsets(columns[1].as_string())?;
    let texts = columns[0].as_string::<i32>();
    Ok(array(BinaryArray::from_iter(texts.iter().map(|text| text.map(str::as_bytes)))))
}

fn decode(columns: &[ArrayRef]) -> Result<ArrayRef> {
    check_charsets(columns[1].as_string())?;
    let bytes = columns[0].as_binary::<i32>();
    Ok(array(StringArray::from_iter(bytes.iter().map(|bytes| bytes.map(String::from_utf8_lossy)))))
}

fn unbase64(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let decode = |text: &str| {
        base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| {
        failure(SqlError::new("CONVERSION_INVALID_INPUT", format!("The value '{text}' (\"STRING\") cannot be converted to \"BINARY\" because the value is malformed")))
    })
    };
    let bytes = columns[0].as_string::<i32>().iter().map(|text| text.map(decode).transpose());
    Ok(array(BinaryArray::from_iter(bytes.collect::<Result<Vec<_>>>()?)))
}
