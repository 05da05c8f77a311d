//! What a chunk holds, and whether all of it is there.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::fetch::Body;
use super::{Column, Delivery, Row, SqlType, StatementReason, Value, text};
use crate::sql::types::ResultData;
use crate::{Error, Result};

type Cells = Vec<Vec<Option<String>>>;

/// What came.
#[derive(Debug)]
pub(super) enum Chunk {
    /// Cells as text.
    Cells(Cells),
    /// Arrow.
    #[cfg(feature = "data")]
    Batches(Vec<::arrow::array::RecordBatch>),
    /// Bytes, for a caller who reads them.
    Bytes(Body),
}

/// How chunks are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) delivery: Delivery,
    /// Whether the caller wants the bytes.
    pub(super) raw: bool,
}

/// Why a chunk cannot be read.
pub(super) enum Unreadable {
    /// A part of it is missing or damaged: fetched again it may be whole.
    Broken(String),
    /// It never will be.
    Never(Error),
}

impl Form {
    /// A chunk out of an answer.
    pub(super) fn inline(self, data: ResultData, statement_id: &str) -> Result<Chunk> {
        let expected = data.row_count;
        let cells = data.data_array.unwrap_or_default();
        // The document says text; a NULL is none.
        count(expected, cells.len()).map_err(|_| {
            StatementReason::RowCount { expected: expected.unwrap_or_default(), found: cells.len() as i64 }
                .of(statement_id)
        })?;
        match self.raw {
            true => {
                let bytes = serde_json::to_vec(&cells).map_err(|error| unexpected(&error))?;
                Ok(Chunk::Bytes(bytes.into()))
            }
            false => Ok(Chunk::Cells(cells)),
        }
    }

    /// A chunk out of the storage, if it is whole.
    pub(super) fn read(self, body: Body, rows: Option<i64>, statement_id: &str) -> Result<Chunk, Unreadable> {
        let broken = |error: &dyn std::fmt::Display| Unreadable::Broken(error.to_string());
        match self.delivery {
            Delivery::Arrow => {
                #[cfg(feature = "data")]
                {
                    let batches = super::arrow::stream(&body).map_err(|error| broken(&error))?;
                    count(rows, batches.iter().map(::arrow::array::RecordBatch::num_rows).sum())
                        .map_err(Unreadable::Broken)?;
                    Ok(if self.raw { Chunk::Bytes(body) } else { Chunk::Batches(batches) })
                }
                #[cfg(not(feature = "data"))]
                {
                    /// A stream of Arrow ends with this, and there is none without it.
                    const END: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
                    let _ = rows;
                    match (self.raw, body.ends_with(&END)) {
                        (true, true) => Ok(Chunk::Bytes(body)),
                        (true, false) => Err(broken(&"the Arrow stream has no end")),
                        (false, _) => {
                            let message = "Arrow is read by the feature `data`; ask for Delivery::Json";
                            Err(Unreadable::Never(StatementReason::Form(message.to_owned()).of(statement_id)))
                        }
                    }
                }
            }
            Delivery::Csv if self.raw => Ok(Chunk::Bytes(body)),
            Delivery::Csv => {
                let message = "CSV does not say which cells are NULL: read its bytes by `chunks`, or ask for \
                               Delivery::Arrow";
                Err(Unreadable::Never(StatementReason::Form(message.to_owned()).of(statement_id)))
            }
            _ if self.raw => {
                let all: Vec<IgnoredAny> = serde_json::from_slice(&body).map_err(|error| broken(&error))?;
                count(rows, all.len()).map_err(Unreadable::Broken)?;
                Ok(Chunk::Bytes(body))
            }
            _ => {
                let cells: Cells = serde_json::from_slice(&body).map_err(|error| broken(&error))?;
                count(rows, cells.len()).map_err(Unreadable::Broken)?;
                Ok(Chunk::Cells(cells))
            }
        }
    }
}

fn count(expected: Option<i64>, found: usize) -> Result<(), String> {
    match expected {
        Some(expected) if usize::try_from(expected) != Ok(found) => {
            Err(format!("{found} rows came of {expected}"))
        }
        _ => Ok(()),
    }
}

fn unexpected(error: &serde_json::Error) -> Error {
    Error::Unexpected { message: error.to_string() }
}

impl Chunk {
    /// The rows, where they are counted.
    pub(super) fn row_count(&self) -> Option<u64> {
        match self {
            Self::Cells(cells) => Some(cells.len() as u64),
            #[cfg(feature = "data")]
            Self::Batches(batches) => Some(batches.iter().map(|batch| batch.num_rows() as u64).sum()),
            Self::Bytes(_) => None,
        }
    }

    /// The bytes, near enough for a progress bar.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Cells(cells) => {
                let cell = |cell: &Option<String>| cell.as_ref().map_or(4, |text| text.len() + 3) as u64;
                cells.iter().flatten().map(cell).sum()
            }
            #[cfg(feature = "data")]
            Self::Batches(batches) => batches.iter().map(super::arrow::size).sum(),
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The rows of a chunk that is not raw, each made when it is asked for: a whole chunk of them has many times the
    /// size of the chunk.
    pub(super) fn rows(
        self,
        columns: &Arc<[Column]>,
        statement_id: &str,
    ) -> Box<dyn Iterator<Item = Result<Row>> + Send> {
        let (columns, id) = (Arc::clone(columns), statement_id.to_owned());
        let failed = move |reason: StatementReason| reason.of(&id);
        match self {
            Self::Cells(cells) => {
                Box::new(cells.into_iter().map(move |cells| row(cells, &columns).map_err(&failed)))
            }
            #[cfg(feature = "data")]
            Self::Batches(batches) => Box::new(batches.into_iter().flat_map(move |batch| {
                let (columns, failed) = (Arc::clone(&columns), failed.clone());
                (0..batch.num_rows()).map(move |at| super::arrow::row(&batch, at, &columns).map_err(&failed))
            })),
            Self::Bytes(_) => {
                let reason = StatementReason::Form("these are bytes and not rows".to_owned());
                Box::new(std::iter::once(Err(failed(reason))))
            }
        }
    }
}

fn row(cells: Vec<Option<String>>, columns: &Arc<[Column]>) -> Result<Row, StatementReason> {
    if cells.len() != columns.len() {
        let message = format!("a row has {} cells, but there are {} columns", cells.len(), columns.len());
        return Err(StatementReason::Form(message));
    }
    let values = cells.into_iter().zip(columns.iter()).map(|(cell, column)| match (cell, &column.sql_type) {
        (None, _) => Ok(Value::Null),
        (Some(text), SqlType::String) => Ok(Value::String(text)),
        (Some(cell), kind) => text::value(&cell, kind).map_err(|message| StatementReason::Value {
            column: column.name.clone(),
            sql_type: kind.to_string(),
            message,
        }),
    });
    Ok(Row { columns: Arc::clone(columns), values: values.collect::<Result<_, _>>()? })
}
