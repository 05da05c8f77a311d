//! A result as streams: of rows, of the caller's types, of Arrow, or of bytes.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::chunk::{Chunk, Form};
use super::fetch::Fetcher;
use super::types::SqlType;
use super::{Column, Delivery, Listener, Progress, Row, Statement, StatementReason};
use crate::paging::Items;
use crate::sql::types::{ResultData, StatementResponse};
use crate::{Error, Result};

/// The result of a statement. Its rows are fetched when they are asked for.
#[derive(Debug)]
pub struct Results {
    fetcher: Arc<Fetcher>,
    columns: Arc<[Column]>,
    /// What the manifest says of each chunk.
    chunks: Vec<Told>,
    row_count: Option<i64>,
    truncated: bool,
    /// The first chunk, where it came with the answer.
    first: Option<ResultData>,
    ahead: usize,
    listener: Option<Listener>,
    began: Instant,
}

impl Results {
    pub(super) fn new(
        fetcher: Fetcher,
        response: StatementResponse,
        statement: &Statement,
        began: Instant,
    ) -> Self {
        let manifest = response.manifest.map(|manifest| *manifest).unwrap_or_default();
        let columns = manifest.schema.and_then(|schema| schema.columns).unwrap_or_default();
        let columns = columns.iter().map(|column| Column {
            name: column.name.clone().unwrap_or_default(),
            sql_type: SqlType::of(column),
        });
        let infos = manifest.chunks.unwrap_or_default();
        let inline = response.result.as_ref().is_some_and(|data| data.data_array.is_some());
        let told = manifest.total_chunk_count.and_then(|count| usize::try_from(count).ok());
        let count = told.unwrap_or_else(|| infos.len().max(usize::from(inline)));
        let mut chunks = vec![Told::default(); count];
        for info in &infos {
            let at = info.chunk_index.and_then(|index| usize::try_from(index).ok());
            if let Some(told) = at.and_then(|at| chunks.get_mut(at)) {
                let bytes = info.byte_count.and_then(|bytes| u64::try_from(bytes).ok());
                *told = Told { rows: info.row_count, bytes: bytes.unwrap_or(0) };
            }
        }
        Self {
            fetcher: Arc::new(fetcher),
            columns: columns.collect(),
            chunks,
            row_count: manifest.total_row_count,
            truncated: manifest.truncated.unwrap_or(false),
            first: response.result.map(|data| *data).filter(|_| inline),
            ahead: statement.ahead,
            listener: statement.listener.clone(),
            began,
        }
    }

    /// The id of the statement.
    pub fn statement_id(&self) -> &str {
        &self.fetcher.statement_id
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows, where the service says it.
    pub fn row_count(&self) -> Option<u64> {
        self.row_count.and_then(|rows| u64::try_from(rows).ok())
    }

    /// The number of chunks.
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Whether a limit left rows out.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// How it travels; never [`Delivery::Auto`].
    pub fn delivery(&self) -> Delivery {
        self.fetcher.delivery
    }

    /// The rows as a type of the caller's: a struct by the names of the columns, a tuple by their
    /// order, or where there is one column, its value.
    pub fn rows<T: DeserializeOwned + Send + 'static>(self) -> Items<T> {
        let id = self.fetcher.statement_id.clone();
        let mut at = 0;
        Items::until_error(self.untyped().map(move |row| {
            let row = row?;
            at += 1;
            row.read().map_err(|error| {
                let expected = std::any::type_name::<T>();
                StatementReason::Row { row: at - 1, expected, message: error.to_string() }.of(&id)
            })
        }))
    }

    /// The rows, each value beside its column.
    pub fn untyped(self) -> Items<Row> {
        let (columns, id) = (Arc::clone(&self.columns), self.fetcher.statement_id.clone());
        let chunks = self.ordered(false);
        let rows = chunks.map_ok(move |chunk| stream::iter(chunk.rows(&columns, &id)));
        Items::until_error(rows.try_flatten())
    }

    /// The rows as batches of Arrow. An inline result is converted.
    #[cfg(feature = "data")]
    pub fn batches(self) -> Items<::arrow::array::RecordBatch> {
        let (columns, id) = (Arc::clone(&self.columns), self.fetcher.statement_id.clone());
        let batches = self.ordered(false).map_ok(move |chunk| {
            let batches = match chunk {
                Chunk::Batches(batches) => Ok(batches),
                other => other.rows(&columns, &id).collect::<Result<Vec<_>>>().and_then(|rows| {
                    super::arrow::batch(&rows, &columns)
                        .map(|batch| vec![batch])
                        .map_err(|reason| reason.of(&id))
                }),
            };
            stream::iter(match batches {
                Ok(batches) => batches.into_iter().map(Ok).collect::<Vec<Result<_>>>(),
                Err(error) => vec![Err(error)],
            })
        });
        Items::until_error(batches.try_flatten())
    }

    /// The bytes of each chunk, in the form in which the result travels: a whole Arrow stream, a list
    /// in JSON, or CSV of which the first one begins with the names.
    pub fn chunks(self) -> Items<Bytes> {
        Items::until_error(self.ordered(true).map(|chunk| match chunk? {
            Chunk::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::Unexpected { message: "a chunk was read that should not be".to_owned() }),
        }))
    }

    /// The chunks in their order, some of them fetched ahead, and counted at the end.
    fn ordered(self, raw: bool) -> BoxStream<'static, Result<Chunk>> {
        let Self { fetcher, chunks, row_count, truncated, mut first, ahead, listener, began, .. } = self;
        let form = Form { delivery: fetcher.delivery, raw };
        let total_chunks = chunks.len() as u64;
        let id = fetcher.statement_id.clone();
        let fetch = move |(Told { rows, .. }, index): (Told, i64)| {
            let (fetcher, given) = (Arc::clone(&fetcher), first.take().filter(|_| index == 0));
            // Tasks of their own, so that chunks are read while the caller works on another one.
            let task = tokio::spawn(async move {
                let chunk = match given {
                    Some(data) => form.inline(data, &fetcher.statement_id),
                    None => fetcher.chunk(index, &form, rows).await,
                };
                fetcher.done(index);
                chunk
            });
            let task = AbortOnDropHandle::new(task);
            async move {
                task.await.unwrap_or_else(|error| {
                    Err(Error::Unexpected { message: format!("reading chunk {index} stopped: {error}") })
                })
            }
        };
        let progress = Progress {
            state: "SUCCEEDED".to_owned(),
            total_rows: row_count.and_then(|rows| u64::try_from(rows).ok()),
            total_chunks: Some(total_chunks),
            ..Progress::default()
        };
        let left = chunks.into_iter().zip(0_i64..).peekable();
        let state = Reading { left, fetch, waiting: VecDeque::new(), bytes: 0, ahead, progress };
        let expected = row_count.filter(|_| !truncated && !raw);
        let read = stream::try_unfold(state, move |mut state| {
            let (listener, id) = (listener.clone(), id.clone());
            async move {
                state.fill();
                let Some((bytes, fetch)) = state.waiting.pop_front() else {
                    let found = i64::try_from(state.progress.rows).unwrap_or(i64::MAX);
                    return match expected {
                        Some(expected) if expected != found => {
                            Err(StatementReason::RowCount { expected, found }.of(&id))
                        }
                        _ => Ok(None),
                    };
                };
                let chunk = fetch.await?;
                state.bytes -= bytes;
                state.progress.chunks += 1;
                state.progress.rows += chunk.row_count().unwrap_or(0);
                state.progress.bytes += chunk.size();
                state.progress.elapsed = began.elapsed();
                if let Some(Listener(listener)) = &listener {
                    listener(&state.progress);
                }
                Ok(Some((chunk, state)))
            }
        });
        read.boxed()
    }
}

/// What the manifest says of a chunk; 0 bytes where it does not say.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    rows: Option<i64>,
    bytes: u64,
}

/// Chunks that are fetched ahead have so many bytes at most, or are one.
const AHEAD_BYTES: u64 = 24 << 20;

/// Chunks on their way, each with its bytes. A task runs from the moment that its fetch is made.
struct Reading<I: Iterator<Item = (Told, i64)>, G, F> {
    left: Peekable<I>,
    fetch: G,
    waiting: VecDeque<(u64, F)>,
    bytes: u64,
    ahead: usize,
    progress: Progress,
}

impl<I: Iterator<Item = (Told, i64)>, G: FnMut((Told, i64)) -> F, F> Reading<I, G, F> {
    /// Fetches as much as may be in memory.
    fn fill(&mut self) {
        while self.waiting.len() < self.ahead {
            let room = match self.waiting.is_empty() {
                true => u64::MAX,
                false => AHEAD_BYTES.saturating_sub(self.bytes),
            };
            let Some(next) = self.left.next_if(|(told, _)| told.bytes <= room) else { break };
            self.bytes += next.0.bytes;
            self.waiting.push_back((next.0.bytes, (self.fetch)(next)));
        }
    }
}
