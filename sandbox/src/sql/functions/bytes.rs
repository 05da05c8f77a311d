//! Functions that take text and bytes alike, and the check that bytes are text.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let bytes = || DataType::Binary;
    let (yes, text) = (DataType::Boolean, DataType::Utf8);
    vec![
        simple("spark_starts_with", &[bytes(), bytes()], yes.clone(), |columns| {
            pairs(columns, <[u8]>::starts_with)
        }),
        simple("spark_ends_with", &[bytes(), bytes()], yes.clone(), |columns| {
            pairs(columns, <[u8]>::ends_with)
        }),
        simple("spark_contains", &[bytes(), bytes()], yes, |columns| pairs(columns, contains)),
        simple("spark_octet_length", &[bytes()], DataType::Int32, |columns| lengths(columns, 1)),
        simple("spark_bit_length", &[bytes()], DataType::Int32, |columns| lengths(columns, 8)),
        simple("validate_utf8", &[bytes()], text.clone(), validate),
        simple("try_validate_utf8", &[bytes()], text, try_validate),
        simple("spark_assert", &[DataType::Boolean, DataType::Utf8], DataType::Utf8, check),
    ]
}

fn pairs(columns: &[ArrayRef], holds: fn(&[u8], &[u8]) -> bool) -> Result<ArrayRef> {
    let (all, parts) = (columns[0].as_binary::<i32>(), columns[1].as_binary::<i32>());
    let each = all.iter().zip(parts).map(|(all, part)| Some(holds(all?, part?)));
    Ok(array(each.collect::<BooleanArray>()))
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    part.is_empty() || all.windows(part.len()).any(|window| window == part)
}

fn lengths(columns: &[ArrayRef], unit: i32) -> Result<ArrayRef> {
    let each = columns[0].as_binary::<i32>().iter();
    let each = each.map(|bytes| bytes.and_then(|bytes| i32::try_from(bytes.len()).ok()?.checked_mul(unit)));
    Ok(array(each.collect::<Int32Array>()))
}

fn validate(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let each = columns[0].as_binary::<i32>().iter().map(|bytes| {
        let text = bytes.map(std::str::from_utf8).transpose();
        text.map_err(|_| {
            failure(SqlError::new("INVALID_UTF8_STRING", "Invalid UTF8 byte sequence found in string."))
        })
    });
    Ok(array(StringArray::from(each.collect::<Result<Vec<_>>>()?)))
}

fn try_validate(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let each = columns[0].as_binary::<i32>().iter();
    Ok(array(StringArray::from_iter(
        each.map(|bytes| bytes.and_then(|bytes| std::str::from_utf8(bytes).ok())),
    )))
}

fn check(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let (holds, messages) = (columns[0].as_boolean(), columns[1].as_string::<i32>());
    for row in 0..holds.len() {
        if !(holds.is_valid(row) && holds.value(row)) {
            let message = if messages.is_valid(row) { messages.value(row) } else { "null" };
            return Err(failure(SqlError::new("USER_RAISED_EXCEPTION", message)));
        }
    }
    Ok(array(StringArray::new_null(holds.len())))
}
