//! A result to Parquet: by an export, and by hand with the same writer; and its rows, one by one.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;
use databricks_toolkit::Workspace;
use databricks_toolkit::statements::{Delivery, Statement};
use futures_util::{StreamExt, stream};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::server::{ROWS, batch};
use crate::{Failure, IN_FLIGHT};

/// How many chunks a result of so many MB has.
pub(crate) fn chunks(mb: u64) -> Result<u64, Failure> {
    Ok(((mb << 20) / batch()?.get_array_memory_size() as u64).max(1))
}

fn statement(workspace: &Workspace, chunks: u64) -> Statement {
    let statement = workspace.statement(format!("chunks {chunks}")).warehouse("w");
    statement.delivery(Delivery::Arrow).fetch_ahead(IN_FLIGHT)
}

/// Every row as a value of Rust.
pub(crate) async fn rows(workspace: &Workspace, mb: u64) -> Result<(), Failure> {
    let chunks = chunks(mb)?;
    let mut rows = statement(workspace, chunks).execute().await?.rows::<(i64, i64, f64, String)>();
    let mut count = 0;
    while let Some(row) = rows.next().await {
        count += u64::from(row?.0 >= 0);
    }
    assert_eq!(count, chunks * ROWS);
    Ok(())
}

pub(crate) async fn run(ours: bool, workspace: &Workspace, url: &str, mb: u64) -> Result<(), Failure> {
    let chunks = chunks(mb)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.parquet");
    if ours {
        let written = statement(workspace, chunks).execute().await?.export(&path).write().await?;
        assert_eq!(written.rows, chunks * ROWS);
        return Ok(());
    }
    let http = reqwest::Client::new();
    let fetches = (0..chunks).map(|index| {
        let (http, address) = (http.clone(), format!("{url}/storage/{index}"));
        tokio::spawn(async move {
            let bytes = http.get(address).send().await?.bytes().await?;
            let (mut decoder, mut rest, mut batches) =
                (StreamDecoder::new(), Buffer::from(bytes), Vec::new());
            while !rest.is_empty() {
                batches.extend(decoder.decode(&mut rest)?);
            }
            Ok::<_, Failure>(batches)
        })
    });
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<RecordBatch>(1);
    let schema = batch()?.schema();
    let writing = tokio::task::spawn_blocking(move || {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
        let mut rows = 0;
        while let Some(batch) = receiver.blocking_recv() {
            rows += batch.num_rows() as u64;
            writer.write(&batch)?;
            if writer.memory_size() >= 24 << 20 {
                writer.flush()?;
            }
        }
        writer.close()?;
        Ok::<_, Failure>(rows)
    });
    let mut fetches = stream::iter(fetches).buffered(IN_FLIGHT);
    while let Some(batches) = fetches.next().await {
        for batch in batches?? {
            sender.send(batch).await?;
        }
    }
    drop(sender);
    assert_eq!(writing.await??, chunks * ROWS);
    Ok(())
}
