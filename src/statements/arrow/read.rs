//! From the arrays of Arrow to values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Utc};

use crate::statements::{Column, Row, SqlType, StatementReason, Value};

/// A row of a batch.
pub(crate) fn row(batch: &RecordBatch, at: usize, columns: &Arc<[Column]>) -> Result<Row, StatementReason> {
    if batch.num_columns() != columns.len() {
        let message = format!("Arrow has {} columns, the manifest {}", batch.num_columns(), columns.len());
        return Err(StatementReason::Form(message));
    }
    let values = batch.columns().iter().zip(columns.iter()).map(|(array, column)| {
        value(array, at, Some(&column.sql_type)).map_err(|message| StatementReason::Value {
            column: column.name.clone(),
            sql_type: column.sql_type.to_string(),
            message,
        })
    });
    Ok(Row { columns: Arc::clone(columns), values: values.collect::<Result<_, _>>()? })
}

/// One value of an array. The type of the column says more than Arrow's: which text is a variant.
///
/// # Errors
/// What is wrong: a type of Arrow that no type of SQL is sent as, or a value that its type has not.
pub fn value(array: &ArrayRef, at: usize, kind: Option<&SqlType>) -> Result<Value, String> {
    if array.is_null(at) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Boolean(array.as_boolean().value(at)),
        DataType::Int8 => int::<Int8Type>(array, at),
        DataType::Int16 => int::<Int16Type>(array, at),
        DataType::Int32 => int::<Int32Type>(array, at),
        DataType::Int64 => int::<Int64Type>(array, at),
        DataType::UInt8 => int::<UInt8Type>(array, at),
        DataType::UInt16 => int::<UInt16Type>(array, at),
        DataType::UInt32 => int::<UInt32Type>(array, at),
        DataType::UInt64 => {
            let number = array.as_primitive::<UInt64Type>().value(at);
            i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string()), Value::Int)
        }
        DataType::Float16 => single(array.as_primitive::<Float16Type>().value(at).to_f32()),
        DataType::Float32 => single(array.as_primitive::<Float32Type>().value(at)),
        DataType::Float64 => Value::Double(array.as_primitive::<Float64Type>().value(at)),
        DataType::Decimal32(precision, scale) => decimal::<Decimal32Type>(array, at, *precision, *scale),
        DataType::Decimal64(precision, scale) => decimal::<Decimal64Type>(array, at, *precision, *scale),
        DataType::Decimal128(precision, scale) => decimal::<Decimal128Type>(array, at, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimal::<Decimal256Type>(array, at, *precision, *scale),
        DataType::Utf8 => text(array.as_string::<i32>().value(at), kind)?,
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(at), kind)?,
        DataType::Utf8View => text(array.as_string_view().value(at), kind)?,
        DataType::Binary => Value::Binary(array.as_binary::<i32>().value(at).to_vec()),
        DataType::LargeBinary => Value::Binary(array.as_binary::<i64>().value(at).to_vec()),
        DataType::BinaryView => Value::Binary(array.as_binary_view().value(at).to_vec()),
        DataType::FixedSizeBinary(_) => Value::Binary(array.as_fixed_size_binary().value(at).to_vec()),
        DataType::Date32 => date(i64::from(array.as_primitive::<Date32Type>().value(at)))?,
        DataType::Date64 => date(array.as_primitive::<Date64Type>().value(at).div_euclid(86_400_000))?,
        DataType::Timestamp(unit, zone) => {
            let time = moment(array, at, *unit)?;
            match zone {
                Some(_) => Value::Timestamp(time),
                None => Value::TimestampNtz(time.naive_utc()),
            }
        }
        DataType::Interval(_) | DataType::Duration(_) => {
            Value::Interval(super::span::text(array, at).map_or_else(|| shown(array, at), Ok)?)
        }
        DataType::Time32(_) | DataType::Time64(_) => Value::String(shown(array, at)?),
        DataType::List(_) => list(&array.as_list::<i32>().value(at), kind)?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(at), kind)?,
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(at), kind)?,
        DataType::Struct(fields) => {
            let kinds = match kind {
                Some(SqlType::Struct(kinds)) => kinds.as_slice(),
                _ => &[],
            };
            let arrays = array.as_struct().columns();
            let members = fields.iter().zip(arrays).enumerate().map(|(place, (field, array))| {
                let kind = kinds.get(place).map(|(_, kind)| kind);
                Ok((field.name().clone(), value(array, at, kind)?))
            });
            Value::Struct(members.collect::<Result<_, String>>()?)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(at);
            let (keys, values) = (entries.column(0), entries.column(1));
            let (key, item) = match kind {
                Some(SqlType::Map(key, item)) => (Some(&**key), Some(&**item)),
                _ => (None, None),
            };
            let entry = |at| Ok((value(keys, at, key)?, value(values, at, item)?));
            Value::Map((0..entries.len()).map(entry).collect::<Result<_, String>>()?)
        }
        DataType::Dictionary(_, _) => {
            let array = array.as_any_dictionary();
            return value(array.values(), array.normalized_keys()[at], kind);
        }
        other => return Err(format!("Arrow's type {other} is none that can be read")),
    })
}

fn int<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef, at: usize) -> Value {
    Value::Int(array.as_primitive::<T>().value(at).into())
}

/// The double of the same shortest text, which is what JSON gives.
fn single(value: f32) -> Value {
    Value::Double(value.to_string().parse().unwrap_or(f64::from(value)))
}

fn decimal<T: DecimalType>(array: &ArrayRef, at: usize, precision: u8, scale: i8) -> Value {
    Value::Decimal(T::format_decimal(array.as_primitive::<T>().value(at), precision, scale))
}

fn text(text: &str, kind: Option<&SqlType>) -> Result<Value, String> {
    match kind {
        // What Arrow has no type for is sent as text.
        Some(kind @ (SqlType::Variant | SqlType::Interval)) => crate::statements::text::value(text, kind),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn date(days: i64) -> Result<Value, String> {
    let time = days.checked_mul(86_400).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.map(|time| Value::Date(time.date_naive()))
        .ok_or_else(|| format!("day {days} after 1970 is out of reach"))
}

fn moment(array: &ArrayRef, at: usize, unit: TimeUnit) -> Result<DateTime<Utc>, String> {
    let (number, time) = match unit {
        TimeUnit::Second => {
            let number = array.as_primitive::<TimestampSecondType>().value(at);
            (number, DateTime::from_timestamp(number, 0))
        }
        TimeUnit::Millisecond => {
            let number = array.as_primitive::<TimestampMillisecondType>().value(at);
            (number, DateTime::from_timestamp_millis(number))
        }
        TimeUnit::Microsecond => {
            let number = array.as_primitive::<TimestampMicrosecondType>().value(at);
            (number, DateTime::from_timestamp_micros(number))
        }
        TimeUnit::Nanosecond => {
            let number = array.as_primitive::<TimestampNanosecondType>().value(at);
            (number, Some(DateTime::from_timestamp_nanos(number)))
        }
    };
    time.ok_or_else(|| format!("time {number} ({unit:?} after 1970) is out of reach"))
}

fn list(items: &ArrayRef, kind: Option<&SqlType>) -> Result<Value, String> {
    let item = match kind {
        Some(SqlType::Array(item)) => Some(&**item),
        _ => None,
    };
    (0..items.len()).map(|at| value(items, at, item)).collect::<Result<_, _>>().map(Value::Array)
}

fn shown(array: &ArrayRef, at: usize) -> Result<String, String> {
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::default());
    formatter.and_then(|formatter| formatter.value(at).try_to_string()).map_err(|error| error.to_string())
}
