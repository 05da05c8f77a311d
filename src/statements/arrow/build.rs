//! From rows to a batch of Arrow: what an inline result becomes.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, ListArray, MapArray, NullArray, RecordBatch, RecordBatchOptions,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::kernels::cast_utils::parse_decimal;
use arrow::datatypes::{DataType, Decimal128Type};
use chrono::NaiveDate;

use super::schema;
use crate::statements::{Column, Row, StatementReason, Value};

/// Rows as one batch.
pub(in crate::statements) fn batch(rows: &[Row], columns: &[Column]) -> Result<RecordBatch, StatementReason> {
    let schema = schema(columns);
    let mut arrays = Vec::with_capacity(columns.len());
    for (at, (column, field)) in columns.iter().zip(schema.fields()).enumerate() {
        let values: Vec<&Value> = rows.iter().map(|row| row.values.get(at).unwrap_or(&Value::Null)).collect();
        arrays.push(array(&values, field.data_type()).map_err(|message| StatementReason::Value {
            column: column.name.clone(),
            sql_type: column.sql_type.to_string(),
            message,
        })?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema, arrays, &options)
        .map_err(|error| StatementReason::Form(error.to_string()))
}

/// Values as an array of a type.
fn array(values: &[&Value], kind: &DataType) -> Result<ArrayRef, String> {
    macro_rules! integers {
        ($array:ty, $native:ty) => {
            Arc::new(
                each(values, |value| match value {
                    Value::Int(number) => <$native>::try_from(*number)
                        .map_err(|_| format!("{number} is too large for its type")),
                    other => Err(unfit(other)),
                })?
                .into_iter()
                .collect::<$array>(),
            )
        };
    }
    Ok(match kind {
        DataType::Null => Arc::new(NullArray::new(values.len())),
        DataType::Boolean => Arc::new(BooleanArray::from(each(values, |value| match value {
            Value::Boolean(value) => Ok(*value),
            other => Err(unfit(other)),
        })?)),
        DataType::Int8 => integers!(Int8Array, i8),
        DataType::Int16 => integers!(Int16Array, i16),
        DataType::Int32 => integers!(Int32Array, i32),
        DataType::Int64 => integers!(Int64Array, i64),
        DataType::Float32 => Arc::new(Float32Array::from(each(values, |value| match value {
            Value::Double(value) => Ok(*value as f32),
            other => Err(unfit(other)),
        })?)),
        DataType::Float64 => Arc::new(Float64Array::from(each(values, |value| match value {
            Value::Double(value) => Ok(*value),
            other => Err(unfit(other)),
        })?)),
        DataType::Decimal128(precision, scale) => {
            let numbers = each(values, |value| match value {
                Value::Decimal(text) => parse_decimal::<Decimal128Type>(text, *precision, *scale)
                    .map_err(|error| error.to_string()),
                other => Err(unfit(other)),
            })?;
            let array = Decimal128Array::from(numbers).with_precision_and_scale(*precision, *scale);
            Arc::new(array.map_err(|error| error.to_string())?)
        }
        DataType::Binary => {
            let bytes = each(values, |value| match value {
                Value::Binary(bytes) => Ok(bytes.as_slice()),
                other => Err(unfit(other)),
            })?;
            Arc::new(BinaryArray::from(bytes))
        }
        DataType::Date32 => Arc::new(Date32Array::from(each(values, |value| match value {
            Value::Date(date) => days(*date).ok_or_else(|| format!("{date} is out of reach")),
            other => Err(unfit(other)),
        })?)),
        DataType::Timestamp(_, zone) => {
            let micros = each(values, |value| match value {
                Value::Timestamp(time) => Ok(time.timestamp_micros()),
                Value::TimestampNtz(time) => Ok(time.and_utc().timestamp_micros()),
                other => Err(unfit(other)),
            })?;
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone_opt(zone.clone()))
        }
        DataType::List(item) => {
            let lists = each(values, |value| match value {
                Value::Array(items) => Ok(items),
                other => Err(unfit(other)),
            })?;
            let items: Vec<&Value> = lists.iter().flatten().flat_map(|items| items.iter()).collect();
            let (offsets, nulls) = shape(&lists, Vec::len);
            let items = array(&items, item.data_type())?;
            Arc::new(said(ListArray::try_new(Arc::clone(item), offsets, items, Some(nulls)))?)
        }
        DataType::Map(entries, _) => {
            let maps = each(values, |value| match value {
                Value::Map(entries) => Ok(entries),
                other => Err(unfit(other)),
            })?;
            let DataType::Struct(fields) = entries.data_type() else {
                return Err("a map without entries".to_owned());
            };
            let pairs = || maps.iter().flatten().flat_map(|entries| entries.iter());
            let keys: Vec<&Value> = pairs().map(|(key, _)| key).collect();
            let items: Vec<&Value> = pairs().map(|(_, item)| item).collect();
            let (offsets, nulls) = shape(&maps, Vec::len);
            let columns = vec![array(&keys, fields[0].data_type())?, array(&items, fields[1].data_type())?];
            let pairs = said(StructArray::try_new(fields.clone(), columns, None))?;
            Arc::new(said(MapArray::try_new(Arc::clone(entries), offsets, pairs, Some(nulls), false))?)
        }
        DataType::Struct(fields) => {
            let structs = each(values, |value| match value {
                Value::Struct(members) => Ok(members),
                other => Err(unfit(other)),
            })?;
            let mut columns = Vec::with_capacity(fields.len());
            for (at, field) in fields.iter().enumerate() {
                let members: Vec<&Value> = structs
                    .iter()
                    .map(|members| {
                        members.and_then(|members| members.get(at)).map_or(&Value::Null, |member| &member.1)
                    })
                    .collect();
                columns.push(array(&members, field.data_type())?);
            }
            let nulls = NullBuffer::from_iter(structs.iter().map(Option::is_some));
            let built = match columns.is_empty() {
                true => Ok(StructArray::new_empty_fields(structs.len(), Some(nulls))),
                false => StructArray::try_new(fields.clone(), columns, Some(nulls)),
            };
            Arc::new(said(built)?)
        }
        DataType::Utf8 => {
            let texts: Vec<Option<String>> = values.iter().map(|value| value.text()).collect();
            Arc::new(StringArray::from(texts))
        }
        other => return Err(format!("no array of {other} can be built")),
    })
}

/// What each value holds, `None` for NULL.
fn each<'a, T>(
    values: &[&'a Value],
    read: impl Fn(&'a Value) -> Result<T, String>,
) -> Result<Vec<Option<T>>, String> {
    let one = |value: &&'a Value| match value {
        Value::Null => Ok(None),
        value => read(value).map(Some),
    };
    values.iter().map(one).collect()
}

fn unfit(value: &Value) -> String {
    format!("{} stands where another type should", value.kind())
}

fn said<T>(built: Result<T, arrow::error::ArrowError>) -> Result<T, String> {
    built.map_err(|error| error.to_string())
}

/// Where each list begins, and which are NULL.
fn shape<T>(lists: &[Option<&T>], length: fn(&T) -> usize) -> (OffsetBuffer<i32>, NullBuffer) {
    let lengths = lists.iter().map(|list| list.map_or(0, length));
    (OffsetBuffer::from_lengths(lengths), NullBuffer::from_iter(lists.iter().map(Option::is_some)))
}

fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}
