//! Results as Arrow, and Arrow as values.

mod build;
mod read;
mod span;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;

pub(super) use build::batch;
pub(crate) use read::row;
pub use read::value;

use super::{Column, SqlType};

/// Reads a stream of Arrow that is in memory; its batches share that memory.
pub(super) fn stream(bytes: &Bytes) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut decoder = StreamDecoder::new();
    let mut rest = Buffer::from(bytes.clone());
    let mut batches = Vec::new();
    while !rest.is_empty() {
        if let Some(batch) = decoder.decode(&mut rest)? {
            batches.push(batch);
        }
    }
    decoder.finish()?;
    match decoder.schema() {
        Some(_) => Ok(batches),
        None => Err(ArrowError::IpcError("the stream has no schema".to_owned())),
    }
}

/// The bytes of the rows of a batch, which may be a small part of the memory that it shares.
pub(crate) fn size(batch: &RecordBatch) -> u64 {
    // Views do not say what of their memory is theirs.
    let column = |column: &arrow::array::ArrayRef| {
        column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch.columns().iter().map(|array| column(array) as u64).sum()
}

/// The schema of a result as its manifest describes it. Variants, intervals and types that are not
/// known are text.
pub fn schema(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| Field::new(&column.name, data_type(&column.sql_type), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Fields>()))
}

fn data_type(kind: &SqlType) -> DataType {
    match kind {
        SqlType::Boolean => DataType::Boolean,
        SqlType::TinyInt => DataType::Int8,
        SqlType::SmallInt => DataType::Int16,
        SqlType::Int => DataType::Int32,
        SqlType::BigInt => DataType::Int64,
        SqlType::Float => DataType::Float32,
        SqlType::Double => DataType::Float64,
        SqlType::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
        SqlType::Binary => DataType::Binary,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        SqlType::TimestampNtz => DataType::Timestamp(TimeUnit::Microsecond, None),
        SqlType::Array(item) => DataType::List(Arc::new(Field::new("item", data_type(item), true))),
        SqlType::Map(key, value) => {
            let entries =
                vec![Field::new("key", data_type(key), false), Field::new("value", data_type(value), true)];
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries.into()), false)), false)
        }
        SqlType::Struct(fields) => DataType::Struct(
            fields.iter().map(|(name, kind)| Field::new(name, data_type(kind), true)).collect(),
        ),
        SqlType::Void => DataType::Null,
        SqlType::String | SqlType::Variant | SqlType::Interval | SqlType::Other(_) => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests;
