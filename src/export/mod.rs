//! Results as files: Parquet, Arrow, CSV and JSON lines, of any size in little memory.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace) -> databricks_toolkit::Result<()> {
//! let trips = workspace.statement("SELECT * FROM samples.nyctaxi.trips").execute().await?;
//! let written = trips.export("trips.parquet").overwrite(true).write().await?;
//! println!("{} rows, {} bytes", written.rows, written.bytes);
//! # Ok(())
//! # }
//! ```
//!
//! A file is written beside its place and put there when it is whole: after an error there is no
//! file, or the one that was there before.

mod parquet;
mod sink;
mod summary;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use tokio::sync::mpsc;

use crate::local::{self, Draft};
use crate::paging::Items;
use crate::statements::{Column, Results};
use crate::{Error, Result};
use sink::Sink;
pub use summary::{ColumnSummary, Summary};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// Parquet, compressed with Snappy. Intervals are text in it.
    Parquet,
    /// Arrow's IPC file.
    Arrow,
    /// CSV with the names first. NULL is an empty cell, nested values are JSON, binary is base64.
    Csv,
    /// One object in JSON a line. Decimals and times are text, so that nothing is rounded.
    JsonLines,
}

impl FileFormat {
    /// The form that a name stands for: `.parquet`, `.arrow`, `.ipc`, `.feather`, `.csv`, `.jsonl` and
    /// `.ndjson`.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "parquet" | "pq" => Self::Parquet,
            "arrow" | "ipc" | "feather" => Self::Arrow,
            "csv" => Self::Csv,
            "jsonl" | "ndjson" => Self::JsonLines,
            _ => return None,
        })
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A result on its way to a file.
#[must_use = "nothing is written until `write` is called"]
pub struct Export {
    results: Results,
    target: PathBuf,
    format: Option<FileFormat>,
    overwrite: bool,
    witness: Option<Witness>,
}

/// Sees what is written.
type Witness = Box<dyn FnMut(&RecordBatch) + Send>;

impl fmt::Debug for Export {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Export").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Results {
    /// Writes the rows to a file of this machine, whose name says the form.
    pub fn export(self, target: impl Into<PathBuf>) -> Export {
        Export { results: self, target: target.into(), format: None, overwrite: false, witness: None }
    }

    /// Writes the rows as a file would have them, to anything that takes bytes.
    ///
    /// # Errors
    /// What reading the rows fails with, and [`Error::Local`] for what the writer refuses.
    pub async fn export_to<W: Write + Send + 'static>(
        self,
        writer: W,
        format: FileFormat,
    ) -> Result<Written> {
        write(self, writer, format, Path::new("the writer"), None, |_| Ok(())).await
    }
}

impl Export {
    /// The form, in the place of the one that the name says.
    pub fn format(mut self, format: FileFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Whether a file that is there is replaced; otherwise it is an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Is shown every batch when it is written, as a [`Summary`] wants it.
    pub fn on_batch(mut self, witness: impl FnMut(&RecordBatch) + Send + 'static) -> Self {
        self.witness = Some(Box::new(witness));
        self
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What reading the rows fails with, and [`Error::Local`] for what the disk refuses. Then there is
    /// no file, or the one that was there before.
    pub async fn write(self) -> Result<Written> {
        let Self { results, target, format, overwrite, witness } = self;
        let Some(format) = format.or_else(|| FileFormat::of(&target)) else {
            let message = format!(
                "`{}` does not say its form: name it .parquet, .arrow, .csv or .jsonl, or set `format`",
                target.display()
            );
            return Err(Error::invalid_request(message));
        };
        let draft = Draft::create(&target, overwrite).map_err(|source| local::error(&target, source))?;
        write(results, BufWriter::with_capacity(1 << 20, draft), format, &target, witness, |writer| {
            writer.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
        })
        .await
    }
}

async fn write<W: Write + Send + 'static>(
    results: Results,
    writer: W,
    format: FileFormat,
    target: &Path,
    witness: Option<Witness>,
    finish: impl FnOnce(W) -> io::Result<()> + Send + 'static,
) -> Result<Written> {
    let columns: Arc<[Column]> = results.columns().into();
    let ((sender, receiver), (wish, wishes)) = (mpsc::channel(1), mpsc::channel(1));
    // Encoding takes the processor's time, and a disk may be slow: off the threads of the network.
    let work = tokio::task::spawn_blocking(move || {
        encode(Batches { wish, receiver, witness }, writer, format, &columns, finish)
    });
    let fed = feed(results.batches(), wishes, sender).await;
    let written = work.await.map_err(|error| Error::Unexpected { message: error.to_string() })?;
    match (fed, written) {
        (Err(error), _) => Err(error),
        (Ok(()), written) => written.map_err(|source| local::error(target, source)),
    }
}

/// Hands over each batch when it is wanted and, only if all of them came, the word that they were all.
async fn feed(
    mut batches: Items<RecordBatch>,
    mut wishes: mpsc::Receiver<()>,
    sender: mpsc::Sender<Option<RecordBatch>>,
) -> Result<()> {
    // None waits here: each holds the memory of its chunk. A writer that failed wants no more, and says why.
    while wishes.recv().await.is_some() {
        let batch = batches.next().await.transpose()?;
        let is_last = batch.is_none();
        if sender.send(batch).await.is_err() || is_last {
            break;
        }
    }
    Ok(())
}

/// The batches as they come.
struct Batches {
    wish: mpsc::Sender<()>,
    receiver: mpsc::Receiver<Option<RecordBatch>>,
    witness: Option<Witness>,
}

impl Batches {
    /// The next one, or the word that there is none. A channel that closes without that word means
    /// that a batch is missing.
    fn next(&mut self) -> io::Result<Option<RecordBatch>> {
        let next = self.wish.blocking_send(()).ok().and_then(|()| self.receiver.blocking_recv());
        let next = next.ok_or_else(|| io::Error::other("the rows broke off"))?;
        if let (Some(batch), Some(witness)) = (&next, &mut self.witness) {
            witness(batch);
        }
        Ok(next)
    }
}

fn encode<W: Write + Send>(
    mut batches: Batches,
    writer: W,
    format: FileFormat,
    columns: &Arc<[Column]>,
    finish: impl FnOnce(W) -> io::Result<()>,
) -> io::Result<Written> {
    let first = batches.next()?;
    // Not all encoders hand on what their writer said.
    let failed = Arc::new(Mutex::new(None));
    let counting = Counting { writer, bytes: 0, failed: Arc::clone(&failed) };
    let (Counting { writer, bytes, .. }, rows) = put(&mut batches, counting, format, columns, first)
        .map_err(|error| failed.lock().ok().and_then(|mut failed| failed.take()).unwrap_or(error))?;
    finish(writer)?;
    Ok(Written { rows, bytes })
}

fn put<W: Write + Send>(
    batches: &mut Batches,
    writer: W,
    format: FileFormat,
    columns: &Arc<[Column]>,
    first: Option<RecordBatch>,
) -> io::Result<(W, u64)> {
    let mut sink = Sink::new(writer, format, columns, first.as_ref())?;
    let (mut rows, mut next) = (0, first);
    while let Some(batch) = next {
        rows += batch.num_rows() as u64;
        sink.write(&batch)?;
        // Its memory is free before the next one is there.
        drop(batch);
        next = batches.next()?;
    }
    Ok((sink.finish()?, rows))
}

/// A writer that knows how much went through it, and what it failed with.
struct Counting<W> {
    writer: W,
    bytes: u64,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl<W> Counting<W> {
    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let (Err(error), Ok(mut failed)) = (&result, self.failed.lock()) {
            failed.get_or_insert_with(|| match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error.to_string()),
            });
        }
        result
    }
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes);
        let count = self.noted(written)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        self.noted(flushed)
    }
}
