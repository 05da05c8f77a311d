//! A result in pieces: what each holds, and its bytes in the three formats.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use serde_json::{Map, Value, json};

use super::request::{Disposition, Format, Order};
use crate::sql::{ColumnInfo, Output, batch_rows};

/// The most bytes that come in the answer itself.
pub(super) const INLINE_LIMIT: usize = 26_214_400;

/// A chunk ends after so many rows or bytes, whichever comes first.
const CHUNK_ROWS: usize = 10_000;
const CHUNK_BYTES: usize = 4 << 20;

/// An inline result is larger than the service allows.
pub(super) struct TooLarge;

/// A result that can be fetched.
pub(super) struct Answered {
    columns: Vec<ColumnInfo>,
    schema: SchemaRef,
    chunks: Vec<Chunk>,
    truncated: bool,
}

struct Chunk {
    offset: usize,
    rows: RecordBatch,
    /// Its size as JSON, which is what the manifest counts.
    bytes: usize,
}

type Row = Vec<Option<String>>;

/// Cuts what a statement yields into chunks, within the limits of its request.
pub(super) fn cut(output: &Output, order: &Order) -> Result<Answered, TooLarge> {
    let mut left = order.session.row_limit.unwrap_or(usize::MAX);
    let mut room = order.byte_limit.unwrap_or(usize::MAX);
    let mut answered = Answered {
        columns: output.columns_info(),
        schema: output.schema().clone(),
        chunks: Vec::new(),
        truncated: false,
    };
    let (mut offset, mut total) = (0, 0);
    for batch in &joined(output.batches()) {
        let (mut start, mut bytes) = (0, 0);
        let mut close = |start: usize, end: usize, bytes: usize| {
            if end > start {
                answered.chunks.push(Chunk { offset, rows: batch.slice(start, end - start), bytes });
                offset += end - start;
            }
        };
        for (at, row) in batch_rows(batch).enumerate() {
            let size = size(&row);
            if left == 0 || room < size {
                close(start, at, bytes);
                answered.truncated = true;
                return Ok(answered);
            }
            (left, room, total) = (left - 1, room - size, total + size);
            if total > INLINE_LIMIT && order.disposition == Disposition::Inline {
                return Err(TooLarge);
            }
            if at - start == CHUNK_ROWS || bytes + size > CHUNK_BYTES {
                close(start, at, bytes);
                (start, bytes) = (at, 0);
            }
            bytes += size;
        }
        close(start, batch.num_rows(), bytes);
    }
    Ok(answered)
}

/// Puts small batches together: a chunk for each would make a client ask once for every step of a recursion.
fn joined(batches: &[RecordBatch]) -> Vec<RecordBatch> {
    let mut all: Vec<RecordBatch> = Vec::new();
    let mut group: Vec<RecordBatch> = Vec::new();
    let mut close = |group: &mut Vec<RecordBatch>| {
        let several = group.first().filter(|_| group.len() > 1);
        match several.map(|first| concat_batches(&first.schema(), group.iter())) {
            Some(Ok(whole)) => all.push(whole),
            // one alone need not be copied, and those that do not fit together stay apart
            _ => all.append(group),
        }
        group.clear();
    };
    for batch in batches {
        let rows: usize = group.iter().map(RecordBatch::num_rows).sum();
        if rows + batch.num_rows() > CHUNK_ROWS {
            close(&mut group);
        }
        group.push(batch.clone());
    }
    close(&mut group);
    all
}

/// The bytes of a row as JSON, near enough: escapes are not counted.
fn size(row: &Row) -> usize {
    row.iter().map(|cell| cell.as_ref().map_or(5, |text| text.len() + 3)).sum::<usize>() + 3
}

impl Answered {
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows.get_array_memory_size()).sum()
    }

    pub(super) fn count(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn total(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows.num_rows()).sum()
    }

    pub(super) fn manifest(&self, format: Format) -> Value {
        let columns = self.columns.iter().enumerate().map(|(position, column)| {
            let mut view = json!({ "name": column.name, "position": position, "type_name": column.type_name, "type_text": column.type_text });
            if let Some((precision, scale)) = column.precision {
                view["type_precision"] = json!(precision);
                view["type_scale"] = json!(scale);
            }
            view
        });
        json!({
            "format": format.text(),
            "schema": { "column_count": self.columns.len(), "columns": columns.collect::<Vec<_>>() },
            "total_chunk_count": self.count(),
            "chunks": (0..self.count()).filter_map(|index| self.describe(index)).collect::<Vec<_>>(),
            "total_row_count": self.total(),
            "total_byte_count": self.chunks.iter().map(|chunk| chunk.bytes).sum::<usize>(),
            "truncated": self.truncated,
        })
    }

    /// What a manifest and an answer say of a chunk.
    pub(super) fn describe(&self, index: usize) -> Option<Map<String, Value>> {
        let chunk = self.chunks.get(index)?;
        let fields = [
            ("chunk_index", index),
            ("row_offset", chunk.offset),
            ("row_count", chunk.rows.num_rows()),
            ("byte_count", chunk.bytes),
        ];
        Some(fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
    }

    /// The result of a statement without rows.
    pub(super) fn nothing(&self, disposition: Disposition) -> Value {
        match disposition {
            Disposition::Inline => {
                json!({ "chunk_index": 0, "row_offset": 0, "row_count": 0, "data_array": [] })
            }
            Disposition::ExternalLinks => json!({ "external_links": [] }),
        }
    }

    /// The cells of a chunk.
    pub(super) fn rows(&self, index: usize) -> Vec<Row> {
        self.chunks.get(index).map(|chunk| batch_rows(&chunk.rows).collect()).unwrap_or_default()
    }

    /// A chunk as the file that a link leads to, with its content type.
    pub(super) fn file(&self, index: usize, format: Format) -> Result<(Vec<u8>, &'static str), ArrowError> {
        Ok(match format {
            Format::JsonArray => (json!(self.rows(index)).to_string().into_bytes(), "application/json"),
            Format::Csv => (self.csv(index).into_bytes(), "text/csv"),
            Format::ArrowStream => (self.arrow(index)?, "application/vnd.apache.arrow.stream"),
        })
    }

    fn arrow(&self, index: usize) -> Result<Vec<u8>, ArrowError> {
        let schema = self.chunks.get(index).map_or_else(|| self.schema.clone(), |chunk| chunk.rows.schema());
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        if let Some(chunk) = self.chunks.get(index) {
            writer.write(&chunk.rows)?;
        }
        writer.into_inner()
    }

    /// RFC 4180: the names before the first chunk, and NULL as the word `null`.
    fn csv(&self, index: usize) -> String {
        let line = |cells: Vec<&str>| cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n";
        let head = if index == 0 {
            line(self.columns.iter().map(|column| column.name.as_str()).collect())
        } else {
            String::new()
        };
        let rows = self.rows(index);
        head + &rows
            .iter()
            .map(|row| line(row.iter().map(|cell| cell.as_deref().unwrap_or("null")).collect()))
            .collect::<String>()
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
