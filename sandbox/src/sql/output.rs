//! What a statement yields: columns and rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};

use super::{text, types};

/// Rows and their schema. The columns' names are as the service shows them, and may repeat.
#[derive(Debug, Clone)]
pub struct Output {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// A column, as a result's manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// The name.
    pub name: String,
    /// `BIGINT`, `DECIMAL(10,2)`, `ARRAY<STRING>`
    pub type_text: String,
    /// `LONG`, `DECIMAL`, `ARRAY`
    pub type_name: &'static str,
    /// Precision and scale of a decimal.
    pub precision: Option<(u8, i8)>,
}

impl Output {
    pub(super) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    /// No columns and no rows: what a command without an answer yields.
    pub(super) fn empty() -> Self {
        Self { schema: Arc::new(Schema::empty()), batches: Vec::new() }
    }

    /// One column of text.
    pub(super) fn text(name: &str, values: impl IntoIterator<Item = String>) -> Self {
        let rows = values.into_iter().map(|value| vec![Some(value)]).collect::<Vec<_>>();
        Self::strings(&[name], rows)
    }

    /// Columns of text.
    pub(super) fn strings(names: &[&str], rows: Vec<Vec<Option<String>>>) -> Self {
        let columns: Vec<(&str, ArrayRef)> = names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let values = rows.iter().map(|row| row.get(at).and_then(Option::as_deref));
                (*name, Arc::new(StringArray::from_iter(values)) as ArrayRef)
            })
            .collect();
        Self::columns(columns)
    }

    /// One row of counts.
    pub(super) fn counts(counts: &[(&str, usize)]) -> Self {
        let count = |n: usize| {
            Arc::new(Int64Array::from_iter_values([i64::try_from(n).unwrap_or(i64::MAX)])) as ArrayRef
        };
        Self::columns(counts.iter().map(|(name, n)| (*name, count(*n))).collect())
    }

    /// Columns of equal length.
    pub(super) fn columns(columns: Vec<(&str, ArrayRef)>) -> Self {
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.into_iter().map(|(_, column)| column).collect();
        // the arrays were made together, so their lengths agree; were it not so, there would be no rows to show
        let batches = RecordBatch::try_new(Arc::clone(&schema), arrays)
            .into_iter()
            .filter(|batch| batch.num_rows() > 0)
            .collect();
        Self { schema, batches }
    }

    /// The Arrow schema.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The columns, as a result's manifest describes them.
    pub fn columns_info(&self) -> Vec<ColumnInfo> {
        let describe = |field: &Arc<Field>| {
            let kind = field.data_type();
            ColumnInfo {
                name: field.name().clone(),
                type_text: types::text(kind),
                type_name: types::name(kind),
                precision: types::precision(kind),
            }
        };
        self.schema.fields().iter().map(describe).collect()
    }

    /// All cells as the service prints them in `JSON_ARRAY`; NULL is `None`.
    pub fn rows(&self) -> Vec<Vec<Option<String>>> {
        self.batches.iter().flat_map(batch_rows).collect()
    }
}

/// The cells of a batch as the service prints them in `JSON_ARRAY`.
pub(crate) fn batch_rows(batch: &RecordBatch) -> impl Iterator<Item = Vec<Option<String>>> + '_ {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| text::service(column, row)).collect())
}
