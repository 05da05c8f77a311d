//! What encodes batches, one variant a form.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::csv;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::ipc::writer::FileWriter;

use super::{FileFormat, parquet};
use crate::statements::{Column, arrow as values};

pub(super) struct Sink<W: Write + Send> {
    encoder: Encoder<W>,
    /// What is written, which text may stand for in part.
    schema: SchemaRef,
    /// The columns that are written as text.
    as_text: Vec<bool>,
    columns: Arc<[Column]>,
}

enum Encoder<W: Write + Send> {
    Parquet(Box<parquet::Writer<W>>),
    Arrow(Box<FileWriter<W>>),
    Csv(Box<csv::Writer<W>>),
    JsonLines(W),
}

impl<W: Write + Send> Sink<W> {
    /// Begins a file. Where there is no batch, the manifest says the schema.
    pub(super) fn new(
        writer: W,
        format: FileFormat,
        columns: &Arc<[Column]>,
        first: Option<&RecordBatch>,
    ) -> io::Result<Self> {
        let came = first.map_or_else(|| values::schema(columns), RecordBatch::schema);
        let as_text: Vec<bool> =
            came.fields().iter().map(|field| is_text(format, field.data_type())).collect();
        let fields = came.fields().iter().zip(&as_text).map(|(field, as_text)| match as_text {
            true => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
            // Another chunk may have a NULL where the first one says that there is none.
            false => Arc::new(field.as_ref().clone().with_nullable(true)),
        });
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let encoder = match format {
            FileFormat::Parquet => {
                Encoder::Parquet(Box::new(parquet::Writer::new(writer, &schema).map_err(io::Error::other)?))
            }
            FileFormat::Arrow => {
                Encoder::Arrow(Box::new(FileWriter::try_new(writer, &schema).map_err(io::Error::other)?))
            }
            FileFormat::Csv => {
                let writer = csv::WriterBuilder::new()
                    .with_timestamp_format("%Y-%m-%dT%H:%M:%S%.f".to_owned())
                    .with_timestamp_tz_format("%Y-%m-%dT%H:%M:%S%.fZ".to_owned())
                    .build(writer);
                Encoder::Csv(Box::new(writer))
            }
            FileFormat::JsonLines => Encoder::JsonLines(writer),
        };
        let mut sink = Self { encoder, schema, as_text, columns: Arc::clone(columns) };
        if first.is_none() && format == FileFormat::Csv {
            // The names come with a batch.
            sink.write(&RecordBatch::new_empty(came))?;
        }
        Ok(sink)
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        if let Encoder::JsonLines(writer) = &mut self.encoder {
            return lines(writer, batch, &self.columns);
        }
        let batch = self.prepared(batch)?;
        match &mut self.encoder {
            Encoder::Parquet(writer) => writer.write(&batch).map_err(io::Error::other),
            Encoder::Arrow(writer) => writer.write(&batch).map_err(io::Error::other),
            Encoder::Csv(writer) => writer.write(&batch).map_err(io::Error::other),
            Encoder::JsonLines(_) => Ok(()),
        }
    }

    /// The batch as the file has it.
    fn prepared(&self, batch: &RecordBatch) -> io::Result<RecordBatch> {
        let csv = matches!(self.encoder, Encoder::Csv(_));
        if batch.num_columns() != self.as_text.len() {
            let message =
                format!("a chunk has {} columns in the place of {}", batch.num_columns(), self.as_text.len());
            return Err(io::Error::other(message));
        }
        let mut arrays = Vec::with_capacity(batch.num_columns());
        for (at, array) in batch.columns().iter().enumerate() {
            let name = batch.schema_ref().field(at).name();
            arrays.push(match (self.as_text[at], array.data_type()) {
                (true, _) => texts(array, self.columns.get(at)).map_err(|message| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("column `{name}`: {message}"))
                })?,
                // The same moments, told in UTC.
                (false, DataType::Timestamp(TimeUnit::Microsecond, Some(_))) if csv => {
                    Arc::new(array.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC"))
                }
                _ => Arc::clone(array),
            });
        }
        if csv {
            let fields = batch.schema_ref().fields().iter().zip(&arrays);
            let fields =
                fields.map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            return RecordBatch::try_new(schema, arrays).map_err(io::Error::other);
        }
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(io::Error::other)
    }

    /// Ends the file and gives back the writer.
    pub(super) fn finish(self) -> io::Result<W> {
        let mut writer = match self.encoder {
            Encoder::Parquet(writer) => writer.into_inner().map_err(io::Error::other)?,
            Encoder::Arrow(writer) => writer.into_inner().map_err(io::Error::other)?,
            Encoder::Csv(writer) => writer.into_inner(),
            Encoder::JsonLines(writer) => writer,
        };
        writer.flush()?;
        Ok(writer)
    }
}

/// Whether a form has no place for a type.
fn is_text(format: FileFormat, kind: &DataType) -> bool {
    match format {
        FileFormat::Parquet => !in_parquet(kind),
        FileFormat::Arrow | FileFormat::JsonLines => false,
        FileFormat::Csv => {
            let plain = kind.is_integer()
                || matches!(
                    kind,
                    DataType::Boolean
                        | DataType::Utf8
                        | DataType::LargeUtf8
                        | DataType::Utf8View
                        | DataType::Date32
                        | DataType::Decimal128(..)
                        | DataType::Timestamp(TimeUnit::Microsecond, _)
                        | DataType::Null
                );
            !plain
        }
    }
}

/// Whether Parquet has a type, and all that is in it: no spans of time as Databricks knows them, and no unions.
fn in_parquet(kind: &DataType) -> bool {
    match kind {
        DataType::Interval(_) | DataType::Duration(_) | DataType::Union(..) => false,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => in_parquet(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| in_parquet(field.data_type())),
        _ => true,
    }
}

fn texts(array: &ArrayRef, column: Option<&Column>) -> Result<ArrayRef, String> {
    let kind = column.map(|column| &column.sql_type);
    let text = |at| values::value(array, at, kind).map(|value| value.text());
    let texts: StringArray = (0..array.len()).map(text).collect::<Result<Vec<_>, _>>()?.into();
    Ok(Arc::new(texts))
}

fn lines(writer: &mut impl Write, batch: &RecordBatch, columns: &Arc<[Column]>) -> io::Result<()> {
    for at in 0..batch.num_rows() {
        let row = values::row(batch, at, columns).map_err(io::Error::other)?;
        serde_json::to_writer(&mut *writer, &row)?;
        writer.write_all(b"\n")?;
    }
    Ok(())
}
