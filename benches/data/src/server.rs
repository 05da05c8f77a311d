//! The service of all contenders: one chunk of Arrow for every chunk, one pattern for every file.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::ipc::writer::StreamWriter;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Failure;

/// Rows of a chunk, about 8 MB.
pub(crate) const ROWS: u64 = 150_000;

pub(crate) fn batch() -> Result<RecordBatch, Failure> {
    let rows = ROWS as i64;
    // Values that compress as real ones do: not at all alike, not all different.
    let mixed = |at: i64| at.wrapping_mul(2_654_435_761) % 1_000_003;
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let key: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(mixed)));
    let price: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..rows).map(|at| mixed(at) as f64 / 100.0)));
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..rows).map(|at| format!("customer number {}", mixed(at) % 50_000)),
    ));
    Ok(RecordBatch::try_from_iter([("id", id), ("key", key), ("price", price), ("name", name)])?)
}

struct Service {
    url: String,
    chunk: Bytes,
    pattern: Bytes,
}

type Shared = State<Arc<Service>>;

pub(crate) async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let batch = batch()?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    let chunk = Bytes::from(writer.into_inner()?);
    let pattern: Vec<u8> = (0..64_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    println!("{url}");
    let service = Service { url, chunk, pattern: pattern.into() };
    let router = Router::new()
        .route("/api/2.0/sql/statements", post(execute))
        .route("/api/2.0/sql/statements/{id}/result/chunks/{index}", get(chunk_link))
        .route("/storage/{index}", get(storage))
        .route("/api/2.0/fs/files/{*path}", get(file).post(session))
        .route("/api/2.0/fs/create-upload-part-urls", post(part_urls))
        .route("/part/{number}", put(part))
        .route("/api/2.2/jobs/get", get(job))
        .route("/api/2.2/jobs/list", get(jobs))
        .with_state(Arc::new(service));
    axum::serve(listener, router).await?;
    Ok(())
}

/// The number of chunks is what the statement says: `chunks 12`.
async fn execute(State(service): Shared, Json(body): Json<Value>) -> Json<Value> {
    let chunks: u64 =
        body["statement"].as_str().and_then(|text| text.split(' ').nth(1)?.parse().ok()).unwrap_or(1);
    let column = |name: &str, kind: &str| json!({ "name": name, "type_text": kind });
    let infos: Vec<Value> =
        (0..chunks).map(|index| json!({ "chunk_index": index, "row_count": ROWS })).collect();
    Json(json!({
        "statement_id": "s", "status": { "state": "SUCCEEDED" },
        "manifest": {
            "total_chunk_count": chunks, "total_row_count": chunks * ROWS, "chunks": infos,
            "schema": { "columns": [column("id", "BIGINT"), column("key", "BIGINT"), column("price", "DOUBLE"), column("name", "STRING")] },
        },
        "result": link(&service, 0),
    }))
}

fn link(service: &Service, index: u64) -> Value {
    json!({ "external_links": [{
        "chunk_index": index, "row_count": ROWS, "external_link": format!("{}/storage/{index}", service.url),
        "expiration": "2099-01-01T00:00:00Z",
    }] })
}

async fn chunk_link(State(service): Shared, Path((_, index)): Path<(String, u64)>) -> Json<Value> {
    Json(link(&service, index))
}

async fn storage(State(service): Shared) -> Bytes {
    service.chunk.clone()
}

/// The pattern over and over, as long as the name of the file says in MB.
async fn file(
    State(service): Shared,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    let mb: u64 = path.rsplit('/').next().and_then(|name| name.parse().ok()).ok_or(StatusCode::NOT_FOUND)?;
    let size = mb << 20;
    let range =
        headers.get("range").and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
    let (first, last) = match range {
        Some((first, last)) => (first.parse().unwrap_or(0), last.parse().unwrap_or(size - 1)),
        None => (0, size - 1),
    };
    let length = last - first + 1;
    // A part of 10 MiB lies within the pattern from wherever it begins in its first half.
    let start = (first % (service.pattern.len() as u64 / 2)) as usize;
    let headers = [
        ("content-length", length.to_string()),
        ("content-range", format!("bytes {first}-{last}/{size}")),
        ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned()),
    ];
    if range.is_none() {
        // The answer to HEAD: only its headers are sent.
        return Ok((headers, Body::empty()).into_response());
    }
    let end = (start + length as usize).min(service.pattern.len());
    Ok((StatusCode::PARTIAL_CONTENT, headers, service.pattern.slice(start..end)).into_response())
}

async fn session() -> Json<Value> {
    Json(json!({ "multipart_upload": { "session_token": "t" } }))
}

async fn part_urls(State(service): Shared, Json(body): Json<Value>) -> Json<Value> {
    let (first, count) =
        (body["start_part_number"].as_u64().unwrap_or(1), body["count"].as_u64().unwrap_or(1));
    let urls = (first..first + count)
        .map(|number| json!({ "part_number": number, "url": format!("{}/part/{number}", service.url) }));
    Json(json!({ "upload_part_urls": urls.collect::<Vec<_>>() }))
}

async fn part(Path(number): Path<u64>, body: Body) -> impl IntoResponse {
    let mut stream = body.into_data_stream();
    while let Some(Ok(_)) = futures_util::StreamExt::next(&mut stream).await {}
    [("etag", number.to_string())]
}

#[derive(Deserialize)]
struct Asked {
    job_id: Option<u64>,
    page_token: Option<u64>,
    limit: Option<u64>,
    name: Option<u64>,
}

fn described(id: u64) -> Value {
    json!({
        "job_id": id, "created_time": 1_700_000_000_000_u64 + id, "creator_user_name": "somebody@example.com",
        "settings": { "name": format!("job {id}"), "max_concurrent_runs": 1, "timeout_seconds": 3600,
            "tasks": [{ "task_key": "main", "notebook_task": { "notebook_path": "/Shared/etl/main" } }] },
    })
}

async fn job(Query(asked): Query<Asked>) -> Json<Value> {
    Json(described(asked.job_id.unwrap_or(0)))
}

/// As many jobs as the filter `name` says.
async fn jobs(Query(asked): Query<Asked>) -> Json<Value> {
    let (first, total) = (asked.page_token.unwrap_or(0), asked.name.unwrap_or(0));
    let end = (first + asked.limit.unwrap_or(100)).min(total);
    let jobs: Vec<Value> = (first..end).map(described).collect();
    let next = (end < total).then(|| end.to_string());
    Json(json!({ "jobs": jobs, "has_more": next.is_some(), "next_page_token": next }))
}
