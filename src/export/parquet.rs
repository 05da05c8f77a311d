//! Parquet, whose row groups are encoded beside each other: that is what an export spends its time on.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, Encoding, PageType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

use crate::statements::arrow::size;

/// Bytes of Arrow that become one row group.
const GROUP_BYTES: u64 = 16 << 20;

/// Rows that do, where they are small.
const GROUP_ROWS: usize = 1 << 20;

/// Rows that are encoded at once: where each is in its array is in memory meanwhile.
const ROWS_AT_ONCE: usize = 16_384;

/// Row groups that are encoded at once. Each is in memory, first as Arrow and then as Parquet.
const AT_ONCE: usize = 2;

/// Row groups in which a column has no dictionary after one in which it had too many values for it: a dictionary that
/// is given up half-way costs time and saves hardly a byte.
const WITHOUT: usize = 15;

pub(super) struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    schema: SchemaRef,
    properties: WriterProperties,
    /// Row groups in the order of the file. The last one takes rows.
    groups: VecDeque<Group>,
    /// [`GROUP_BYTES`].
    group_bytes: u64,
    begun: usize,
    /// For each column of the file, the row group from which on it may have a dictionary.
    dictionary_from: Vec<usize>,
}

/// A row group that a thread encodes.
struct Group {
    /// Takes rows; dropped when it has all.
    parts: Option<Sender<RecordBatch>>,
    encoded: JoinHandle<Result<Vec<ArrowColumnChunk>>>,
    number: usize,
    rows: usize,
    bytes: u64,
}

impl<W: Write + Send> Writer<W> {
    pub(super) fn new(writer: W, schema: &SchemaRef) -> Result<Self> {
        // What is known of each page would be in memory until the file ends.
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let writer = ArrowWriter::try_new(writer, Arc::clone(schema), Some(properties.clone()))?;
        let (file, _) = writer.into_serialized_writer()?;
        let dictionary_from = vec![0; file.schema_descr().num_columns()];
        Ok(Self {
            file,
            schema: Arc::clone(schema),
            properties,
            groups: VecDeque::new(),
            group_bytes: GROUP_BYTES,
            begun: 0,
            dictionary_from,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let (rows, bytes) = (batch.num_rows(), size(batch));
        // A batch that is too large for one row group is shared out evenly.
        let parts = usize::try_from(bytes.div_ceil(self.group_bytes)).unwrap_or(rows);
        let step = rows.div_ceil(parts.max(rows.div_ceil(GROUP_ROWS)).max(1)).max(1);
        for start in (0..rows).step_by(step) {
            let part = batch.slice(start, step.min(rows - start));
            let bytes = bytes * part.num_rows() as u64 / rows as u64;
            self.add(part, bytes)?;
        }
        Ok(())
    }

    fn add(&mut self, part: RecordBatch, bytes: u64) -> Result<()> {
        let rows = part.num_rows();
        self.make_room(rows, bytes)?;
        if self.groups.back().is_none_or(|group| group.parts.is_none()) {
            self.begin()?;
        }
        let Some(group) = self.groups.back_mut() else { return Ok(()) };
        group.rows += rows;
        group.bytes += bytes;
        match group.parts.as_ref().map(|parts| parts.send(part)) {
            // For another part like this one there is room before it is there.
            Some(Ok(())) => self.make_room(rows, bytes),
            // A thread that failed does not listen any more, and says why at its end.
            _ => self.end().and(Err(ParquetError::General("a row group takes no rows".to_owned()))),
        }
    }

    /// Waits until so much more may be in memory.
    fn make_room(&mut self, rows: usize, bytes: u64) -> Result<()> {
        let Some(group) = self.groups.back_mut() else { return Ok(()) };
        let (rows, bytes) = (group.rows + rows, group.bytes + bytes);
        let mut before = AT_ONCE;
        if rows > GROUP_ROWS || bytes > self.group_bytes {
            group.parts = None;
            before = AT_ONCE - 1;
        } else if bytes > self.group_bytes / 2 {
            // The second half of a row group is not in memory as long as there is one before it. Both threads have
            // their work all the same, when one is half a row group ahead.
            before = 1;
        }
        while self.groups.len() > before {
            self.put()?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        let (columns, schema) = (self.columns()?, Arc::clone(&self.schema));
        let (parts, receiver) = mpsc::channel();
        let thread = thread::Builder::new().name("parquet".to_owned());
        let encoded = thread.spawn(move || encode(columns, &schema, &receiver))?;
        self.groups.push_back(Group { parts: Some(parts), encoded, number: self.begun, rows: 0, bytes: 0 });
        self.begun += 1;
        Ok(())
    }

    /// What encodes the columns of the next row group.
    fn columns(&self) -> Result<Vec<ArrowColumnWriter>> {
        let descriptor = self.file.schema_descr();
        let mut properties = self.properties.clone().into_builder();
        for (column, from) in descriptor.columns().iter().zip(&self.dictionary_from) {
            if *from > self.begun {
                properties = properties.set_column_dictionary_enabled(column.path().clone(), false);
            }
        }
        // Properties are those of a file; this one is nowhere.
        let file = SerializedFileWriter::new(
            io::sink(),
            descriptor.root_schema_ptr(),
            Arc::new(properties.build()),
        )?;
        ArrowRowGroupWriterFactory::new(&file, Arc::clone(&self.schema)).create_column_writers(self.begun)
    }

    /// Waits for the oldest row group and writes it.
    fn put(&mut self) -> Result<()> {
        let Some(group) = self.groups.pop_front() else { return Ok(()) };
        drop(group.parts);
        let chunks = group.encoded.join();
        let chunks = chunks.map_err(|_| ParquetError::General("the encoder stopped".to_owned()))??;
        let mut written = self.file.next_row_group()?;
        for (chunk, dictionary_from) in chunks.into_iter().zip(&mut self.dictionary_from) {
            if outgrew_dictionary(&chunk.close().metadata) {
                *dictionary_from = group.number + 1 + WITHOUT;
            }
            chunk.append_to_row_group(&mut written)?;
        }
        written.close()?;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        while !self.groups.is_empty() {
            self.put()?;
        }
        Ok(())
    }

    /// Ends the file and gives back the writer.
    pub(super) fn into_inner(mut self) -> Result<W> {
        self.end()?;
        self.file.into_inner()
    }
}

fn encode(
    mut columns: Vec<ArrowColumnWriter>,
    schema: &SchemaRef,
    parts: &Receiver<RecordBatch>,
) -> Result<Vec<ArrowColumnChunk>> {
    for part in parts {
        let mut rest = columns.as_mut_slice();
        // One column after the other: while it fills a dictionary, that has several times its size in memory.
        for (field, array) in schema.fields().iter().zip(part.columns()) {
            // A nested array is several columns.
            let mut count = 0;
            for start in (0..array.len()).step_by(ROWS_AT_ONCE) {
                let rows = array.slice(start, ROWS_AT_ONCE.min(array.len() - start));
                let leaves = compute_leaves(field, &rows)?;
                count = leaves.len();
                for (leaf, column) in leaves.iter().zip(&mut *rest) {
                    column.write(leaf)?;
                }
            }
            rest = &mut rest[count..];
        }
    }
    columns.into_iter().map(ArrowColumnWriter::close).collect()
}

/// Whether a column began with a dictionary and went on without it.
fn outgrew_dictionary(column: &ColumnChunkMetaData) -> bool {
    let pages = column.page_encoding_stats().into_iter().flatten();
    let plain = |encoding| !matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    let (mut with, mut without) = (false, false);
    for page in pages {
        match page.page_type {
            PageType::DICTIONARY_PAGE => with = true,
            PageType::DATA_PAGE | PageType::DATA_PAGE_V2 => without |= plain(page.encoding),
            PageType::INDEX_PAGE => {}
        }
    }
    with && without
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array, ListArray, StringArray};
    use arrow::datatypes::Int64Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::metadata::ParquetMetaData;

    use super::*;

    const ROWS: i64 = 100_000;

    /// Numbers that all differ, the same in lists, and a few words.
    fn batch(from: i64) -> RecordBatch {
        let number: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + ROWS));
        let list = (from..from + ROWS).map(|at| (at % 3 > 0).then(|| vec![Some(at); (at % 3) as usize]));
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(list));
        let word: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..ROWS).map(|at| format!("word {}", at % 20))));
        RecordBatch::try_from_iter_with_nullable([
            ("number", number, true),
            ("list", list, true),
            ("word", word, true),
        ])
        .unwrap()
    }

    fn written(batches: impl Iterator<Item = RecordBatch>, group_bytes: u64) -> (Vec<u8>, ParquetMetaData) {
        let mut batches = batches.peekable();
        let schema = batches.peek().unwrap().schema();
        let mut writer = Writer::new(Vec::new(), &schema).unwrap();
        writer.group_bytes = group_bytes;
        batches.for_each(|batch| writer.write(&batch).unwrap());
        let bytes = writer.into_inner().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes.clone())).unwrap();
        let metadata = reader.metadata().as_ref().clone();
        (bytes, metadata)
    }

    #[test]
    fn rows_keep_their_order_over_row_groups() {
        let batches: Vec<RecordBatch> = (0..12).map(|at| batch(at * ROWS)).collect();
        let (bytes, metadata) = written(batches.iter().cloned(), 5 * size(&batches[0]) / 2);
        assert_eq!(metadata.num_row_groups(), 6);
        assert!(metadata.column_index().is_none() && metadata.offset_index().is_none());
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        let read: Vec<RecordBatch> =
            reader.with_batch_size(ROWS as usize).build().unwrap().map(Result::unwrap).collect();
        assert!(read == batches);
    }

    #[test]
    fn a_large_batch_is_shared_out_evenly() {
        let batch = batch(0);
        let (bytes, metadata) = written(std::iter::once(batch.clone()), size(&batch) * 2 / 5);
        let rows: Vec<i64> = metadata.row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(rows, [33_334, 33_334, 33_332]);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        let read = reader.with_batch_size(ROWS as usize).build().unwrap().next().unwrap().unwrap();
        assert!(read == batch);
    }

    #[test]
    fn a_dictionary_that_was_too_small_is_tried_again_much_later() {
        let groups = AT_ONCE + WITHOUT + 2;
        // Two batches have more numbers than a dictionary holds.
        let (bytes, metadata) =
            written((0..2 * groups as i64).map(|at| batch(at * ROWS)), 5 * size(&batch(0)) / 2);
        assert_eq!(metadata.num_row_groups(), groups);
        let has = |group: usize, column: usize| {
            metadata.row_group(group).column(column).dictionary_page_offset().is_some()
        };
        assert!((0..groups).all(|group| has(group, 2)), "words have one in all");
        let with: Vec<usize> = (0..groups).filter(|group| has(*group, 0)).collect();
        assert_eq!(with[..2], [0, 1], "nothing is known before one has ended");
        assert!(with.len() < 6 && with[2] > WITHOUT, "{with:?}");
        assert_eq!(with, (0..groups).filter(|group| has(*group, 1)).collect::<Vec<_>>());
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
        let numbers =
            reader.flat_map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec());
        assert!(numbers.eq(0..2 * groups as i64 * ROWS));
    }

    /// Takes so many bytes.
    struct Short(usize);

    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_writer_that_fails_between_row_groups_ends_it() {
        let one = batch(0);
        let mut writer = Writer::new(Short(2_000_000), &one.schema()).unwrap();
        writer.group_bytes = size(&one);
        let failed = (0..100).find_map(|at| writer.write(&batch(at * ROWS)).err());
        assert!(failed.unwrap().to_string().contains("no storage space"));
    }
}
