//! Results from a service that forgets, breaks off and says other things than it does: a clear error
//! or the whole result, and never a part of it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UnionArray};
use arrow::ipc::writer::StreamWriter;
use databricks_toolkit::Error;
use databricks_toolkit::export::FileFormat;
use databricks_toolkit::statements::{Delivery, Statement, StatementError, StatementReason, Value};
use serde_json::{Value as Json, json};

use crate::support::{Asked, Reply, Stub, sandbox, warehouse};

const ROWS: i64 = 1_000;
const CHUNKS: i64 = 6;

fn numbers(chunk: i64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(chunk * ROWS..(chunk + 1) * ROWS));
    RecordBatch::try_from_iter([("n", numbers)]).unwrap()
}

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// An address of a chunk; `fresh` says how often it was asked for.
fn links(url: &str, chunk: i64, fresh: usize) -> Json {
    let expires = chrono::Utc::now() + chrono::TimeDelta::minutes(15);
    json!({ "external_links": [{
        "chunk_index": chunk, "row_count": ROWS, "row_offset": chunk * ROWS,
        "external_link": format!("{url}/storage/{chunk}?fresh={fresh}"),
        "expiration": expires.to_rfc3339(), "http_headers": { "x-signed": "yes" },
        "next_chunk_index": (chunk + 1 < CHUNKS).then_some(chunk + 1),
    }] })
}

/// A statement that has succeeded.
fn succeeded(url: &str, type_text: &str) -> Json {
    let chunks: Vec<Json> = (0..CHUNKS)
        .map(|chunk| json!({ "chunk_index": chunk, "row_count": ROWS, "row_offset": chunk * ROWS }))
        .collect();
    json!({
        "statement_id": "s1", "status": { "state": "SUCCEEDED" },
        "manifest": {
            "format": "ARROW_STREAM", "total_chunk_count": CHUNKS, "total_row_count": CHUNKS * ROWS,
            "chunks": chunks,
            "schema": { "column_count": 1, "columns": [{ "name": "n", "position": 0, "type_text": type_text }] },
        },
        "result": links(url, 0, 0),
    })
}

/// A service whose storage answers by the test: the request, the chunk, how fresh the address is.
async fn service(storage: impl Fn(&Asked, i64, usize) -> Reply + Send + Sync + 'static) -> Stub {
    let fresh = AtomicUsize::new(0);
    Stub::start(move |url, asked| {
        if let Some(chunk) = asked.path.strip_prefix("/storage/") {
            assert!(!asked.headers.contains_key("authorization"), "our token went to the storage");
            assert_eq!(asked.headers["x-signed"], "yes");
            return storage(&asked, chunk.parse().unwrap(), asked.query["fresh"].parse().unwrap());
        }
        assert_eq!(asked.headers["authorization"], "Bearer dapi-secret");
        match asked.path.rsplit_once("/chunks/") {
            Some((_, chunk)) => {
                let fresh = fresh.fetch_add(1, Ordering::SeqCst) + 1;
                Reply::json(links(url, chunk.parse().unwrap(), fresh))
            }
            None => Reply::json(succeeded(url, "BIGINT")),
        }
    })
    .await
}

fn statement(stub: &Stub) -> Statement {
    stub.workspace().statement("SELECT n").warehouse("w").delivery(Delivery::Arrow)
}

async fn rows(stub: &Stub) -> Result<Vec<i64>, Error> {
    statement(stub).fetch_all().await
}

fn reason(error: Error) -> StatementReason {
    let Error::Statement(error) = error else { panic!("{error}") };
    let StatementError { reason, .. } = *error;
    reason
}

fn all() -> Vec<i64> {
    (0..CHUNKS * ROWS).collect()
}

#[tokio::test]
async fn an_address_that_has_expired_is_asked_for_anew() {
    let stub = service(|_, chunk, fresh| match (chunk, fresh) {
        (0, 0) => Reply::status(
            403,
            "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
        ),
        _ => Reply::bytes(stream(&numbers(chunk))),
    })
    .await;
    assert_eq!(rows(&stub).await.unwrap(), all());
    assert_eq!(stub.count("GET", "/storage/0"), 2);
    assert_eq!(stub.count("GET", "/chunks/0"), 1);
}

#[tokio::test]
async fn what_is_cut_short_is_fetched_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let stub = service(move |_, chunk, _| {
        let reply = Reply::bytes(stream(&numbers(chunk)));
        match chunk {
            3 if count.fetch_add(1, Ordering::SeqCst) < 2 => reply.cut(700),
            _ => reply,
        }
    })
    .await;
    assert_eq!(rows(&stub).await.unwrap(), all());
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_chunk_that_never_comes_is_an_error_that_names_it() {
    let stub = service(|_, chunk, _| match chunk {
        4 => Reply::status(500, "the storage is on fire"),
        _ => Reply::bytes(stream(&numbers(chunk))),
    })
    .await;
    let StatementReason::Chunk { chunk, attempts, message } = reason(rows(&stub).await.unwrap_err()) else {
        panic!("not the chunk")
    };
    assert_eq!((chunk, attempts), (4, 5));
    assert!(message.contains("on fire") && message.contains("500"), "{message}");
}

#[tokio::test]
async fn a_stream_with_fewer_rows_than_said_is_no_result() {
    let stub = service(|_, chunk, _| {
        let batch = numbers(chunk);
        Reply::bytes(stream(&if chunk == 2 { batch.slice(0, 900) } else { batch }))
    })
    .await;
    let StatementReason::Chunk { message, .. } = reason(rows(&stub).await.unwrap_err()) else {
        panic!("not the chunk")
    };
    assert!(message.contains("900 rows came of 1000"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let results = statement(&stub).execute().await.unwrap();
    results.export(folder.path().join("x.parquet")).write().await.unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn rows_are_counted_at_the_end() {
    let stub = Stub::start(|_, _| {
        Reply::json(json!({
            "statement_id": "s1", "status": { "state": "SUCCEEDED" },
            "manifest": {
                "total_chunk_count": 1, "total_row_count": 3,
                "schema": { "columns": [{ "name": "n", "type_text": "INT" }] },
            },
            "result": { "chunk_index": 0, "data_array": [["1"], ["2"]] },
        }))
    })
    .await;
    let results = stub.workspace().statement("SELECT n").warehouse("w").delivery(Delivery::Inline);
    let error = results.fetch_all::<i64>().await.unwrap_err();
    assert!(matches!(reason(error), StatementReason::RowCount { expected: 3, found: 2 }));
}

/// A service whose statement runs until it is cancelled, and which takes its time to say the id.
async fn endless(delay: Duration) -> Stub {
    let cancelled = AtomicUsize::new(0);
    Stub::start(move |_, asked| {
        if asked.path.ends_with("/cancel") {
            cancelled.store(1, Ordering::SeqCst);
            return Reply::json(json!({}));
        }
        let state = if cancelled.load(Ordering::SeqCst) == 1 { "CANCELED" } else { "RUNNING" };
        let reply = Reply::json(json!({ "statement_id": "s1", "status": { "state": state } }));
        Reply { delay: if asked.method == "POST" { delay } else { Duration::ZERO }, ..reply }
    })
    .await
}

async fn until_cancelled(stub: &Stub) {
    for _ in 0..200 {
        if stub.count("POST", "/s1/cancel") > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was not cancelled");
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_is_cancelled() {
    let stub = endless(Duration::ZERO).await;
    let waited = tokio::time::timeout(Duration::from_millis(300), statement(&stub).execute()).await;
    assert!(waited.is_err());
    until_cancelled(&stub).await;
    // Also where its id had not come yet.
    let stub = endless(Duration::from_millis(400)).await;
    let waited = tokio::time::timeout(Duration::from_millis(100), statement(&stub).execute()).await;
    assert!(waited.is_err());
    until_cancelled(&stub).await;
}

#[tokio::test]
async fn a_limit_of_time_and_a_wish_cancel_it_too() {
    let stub = endless(Duration::ZERO).await;
    let error = statement(&stub).timeout(Duration::from_millis(200)).execute().await.unwrap_err();
    assert!(matches!(reason(error), StatementReason::Timeout(_)));
    assert_eq!(stub.count("POST", "/s1/cancel"), 1);
    let stub = endless(Duration::ZERO).await;
    let wish = tokio::time::sleep(Duration::from_millis(200));
    let error = statement(&stub).until(wish).execute().await.unwrap_err();
    assert!(matches!(reason(error), StatementReason::Cancelled));
    assert_eq!(stub.count("POST", "/s1/cancel"), 1);
}

#[tokio::test]
async fn types_that_nobody_knows_are_text_or_a_clear_error() {
    let stub = Stub::start(|_, _| {
        Reply::json(json!({
            "statement_id": "s1", "status": { "state": "SUCCEEDED" },
            "manifest": {
                "total_chunk_count": 1, "total_row_count": 1,
                "schema": { "columns": [{ "name": "where", "type_text": "GEOMETRY(4326)", "type_name": "GEOMETRY" }] },
            },
            "result": { "chunk_index": 0, "row_count": 1, "data_array": [["POINT(1 2)"]] },
        }))
    })
    .await;
    let statement = stub.workspace().statement("SELECT place").warehouse("w").delivery(Delivery::Inline);
    let rows = statement.execute().await.unwrap().untyped().collect_all().await.unwrap();
    assert_eq!(rows[0].get("where"), Some(&Value::String("POINT(1 2)".to_owned())));

    let stub = service(|_, chunk, _| {
        let kind = arrow::datatypes::UnionFields::try_new(
            [0],
            [arrow::datatypes::Field::new("a", arrow::datatypes::DataType::Int64, true)],
        );
        let child: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
        let union =
            UnionArray::try_new(kind.unwrap(), vec![0; ROWS as usize].into(), None, vec![child]).unwrap();
        let column: ArrayRef = Arc::new(union);
        let _ = chunk;
        Reply::bytes(stream(&RecordBatch::try_from_iter([("n", column)]).unwrap()))
    })
    .await;
    let StatementReason::Value { column, message, .. } = reason(self::rows(&stub).await.unwrap_err()) else {
        panic!("not the value")
    };
    assert!(column == "n" && message.contains("Union"), "{message}");
}

#[tokio::test]
async fn a_type_that_a_form_has_not_is_told_and_leaves_no_file() {
    use arrow::array::ListArray;
    use arrow::datatypes::{DataType, Field, UnionFields};
    let batch = |nested: bool| {
        let kind = UnionFields::try_new([0], [Field::new("a", DataType::Int64, true)]).unwrap();
        let child: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
        let union = UnionArray::try_new(kind, vec![0; ROWS as usize].into(), None, vec![child]).unwrap();
        let mut column: ArrayRef = Arc::new(union);
        if nested {
            let item = Arc::new(Field::new("item", column.data_type().clone(), true));
            let each = arrow::buffer::OffsetBuffer::from_repeated_length(1, ROWS as usize);
            column = Arc::new(ListArray::new(item, each, column, None));
        }
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    };
    for nested in [false, true] {
        let bytes = stream(&batch(nested));
        let stub = service(move |_, _, _| Reply::bytes(bytes.clone())).await;
        let folder = tempfile::tempdir().unwrap();
        for name in ["x.parquet", "x.csv", "x.jsonl"] {
            let results = statement(&stub).execute().await.unwrap();
            let error = results.export(folder.path().join(name)).write().await.unwrap_err();
            assert!(matches!(error, Error::Local(_)), "{name}: {error:?}");
            let text = error.to_string();
            assert!(text.contains(name) && text.contains("`n`") && text.contains("Union"), "{text}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
        }
        let results = statement(&stub).execute().await.unwrap();
        let written = results.export(folder.path().join("x.arrow")).write().await.unwrap();
        assert_eq!(written.rows, (CHUNKS * ROWS) as u64, "Arrow has all its types");
    }
}

#[tokio::test]
async fn an_export_that_nobody_waits_for_leaves_no_file() {
    let stub = service(|_, chunk, _| {
        let delay = if chunk < 3 { Duration::ZERO } else { Duration::from_secs(30) };
        Reply { delay, ..Reply::bytes(stream(&numbers(chunk))) }
    })
    .await;
    for name in ["x.parquet", "x.csv"] {
        let folder = tempfile::tempdir().unwrap();
        let results = statement(&stub).execute().await.unwrap();
        let export = results.export(folder.path().join(name)).write();
        assert!(tokio::time::timeout(Duration::from_millis(400), export).await.is_err());
        for _ in 0..200 {
            if std::fs::read_dir(folder.path()).unwrap().count() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
    }
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => {
                self.0 = left;
                Ok(bytes.len())
            }
            None => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_is_told_in_every_form() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    for format in [FileFormat::Parquet, FileFormat::Arrow, FileFormat::Csv, FileFormat::JsonLines] {
        for room in [0, 100, 20_000] {
            let statement = workspace.statement("SELECT id, uuid() AS u FROM range(30000)").warehouse(&id);
            let error = statement.execute().await.unwrap().export_to(Full(room), format).await.unwrap_err();
            let Error::Local(error) = error else { panic!("{format:?} with {room} bytes: {error}") };
            assert_eq!(error.source.kind(), io::ErrorKind::StorageFull, "{format:?}: {error}");
        }
    }
}
