//! The service of all contenders: one chunk of Arrow for every chunk, one pattern for every file.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::ipc::writer::StreamWriter;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
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
        .route("/api/2.0/sql/sessions", post(sql_session))
        .route("/api/2.0/sql/sessions/{id}", delete(done))
        .route("/api/2.0/sql/statements", post(execute))
        .route("/api/2.0/sql/statements/{id}", delete(done))
        .route("/api/2.0/sql/statements/{id}/result/chunks/{index}", get(chunk_link))
        .route("/chunks/{mb}", get(chunks_of))
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
    let column = |at: u64, name: &str, text: &str, kind: &str| json!({ "name": name, "type_text": text, "type_name": kind, "position": at });
    let info = |index| json!({ "chunk_index": index, "row_count": ROWS, "row_offset": index * ROWS, "byte_count": service.chunk.len() });
    let infos: Vec<Value> = (0..chunks).map(info).collect();
    Json(json!({
        "statement_id": chunks.to_string(), "status": { "state": "SUCCEEDED" },
        "manifest": {
            "format": "ARROW_STREAM", "total_chunk_count": chunks, "total_row_count": chunks * ROWS,
            "total_byte_count": chunks * service.chunk.len() as u64, "chunks": infos,
            "schema": { "column_count": 4, "columns": [
                column(0, "id", "BIGINT", "LONG"), column(1, "key", "BIGINT", "LONG"),
                column(2, "price", "DOUBLE", "DOUBLE"), column(3, "name", "STRING", "STRING"),
            ] },
        },
        "result": link(&service, 0, chunks),
    }))
}

fn link(service: &Service, index: u64, chunks: u64) -> Value {
    let mut link = json!({
        "chunk_index": index, "row_count": ROWS, "row_offset": index * ROWS, "byte_count": service.chunk.len(),
        "external_link": format!("{}/storage/{index}", service.url), "expiration": "2099-01-01T00:00:00Z",
    });
    if index + 1 < chunks {
        link["next_chunk_index"] = json!(index + 1);
    }
    json!({ "external_links": [link] })
}

/// The statement is called as many chunks as it has.
async fn chunk_link(State(service): Shared, Path((chunks, index)): Path<(u64, u64)>) -> Json<Value> {
    Json(link(&service, index, chunks))
}

/// How many chunks a result of so many MB has, for who cannot tell.
async fn chunks_of(Path(mb): Path<u64>) -> Result<String, StatusCode> {
    crate::results::chunks(mb).map(|chunks| chunks.to_string()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn sql_session() -> Json<Value> {
    Json(json!({ "session_id": "s" }))
}

async fn done() -> Json<Value> {
    Json(json!({}))
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

/// As text at once, so that the service takes little of the time that is measured.
fn described(id: u64) -> String {
    let created = 1_700_000_000_000_u64 + id;
    format!(
        r#"{{"job_id":{id},"created_time":{created},"creator_user_name":"somebody@example.com","settings":{{"name":"job {id}","max_concurrent_runs":1,"timeout_seconds":3600,"tasks":[{{"task_key":"main","notebook_task":{{"notebook_path":"/Shared/etl/main"}}}}]}}}}"#
    )
}

fn text_of_json(text: String) -> impl IntoResponse {
    ([("content-type", "application/json")], text)
}

async fn job(Query(asked): Query<Asked>) -> impl IntoResponse {
    text_of_json(described(asked.job_id.unwrap_or(0)))
}

/// As many jobs as the filter `name` says.
async fn jobs(Query(asked): Query<Asked>) -> impl IntoResponse {
    let (first, total) = (asked.page_token.unwrap_or(0), asked.name.unwrap_or(0));
    let end = (first + asked.limit.unwrap_or(100)).min(total);
    let jobs: Vec<String> = (first..end).map(described).collect();
    let next =
        if end < total { format!(r#","has_more":true,"next_page_token":"{end}""#) } else { String::new() };
    text_of_json(format!(r#"{{"jobs":[{}]{next}}}"#, jobs.join(",")))
}
