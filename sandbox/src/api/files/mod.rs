//! Files of volumes, streamed to and from the disk.

mod parts;

use std::io;

use axum::Router;
use axum::body::Body as Stream;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, extract::Request};
use chrono::DateTime;
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::{ReaderStream, StreamReader};

use super::paging::{self, Page};
use crate::server::{Answer, ApiError, Params, Reply, UrlPath};
use crate::state::AppState;
use crate::store::Entry;

pub(crate) use self::parts::{Sessions, public_routes};

/// The most entries of a page of a listing.
const PAGE: usize = 1_000;

pub(crate) fn routes() -> Router<AppState> {
    let file = get(download).head(head_file).put(upload).post(parts::act).delete(delete_file);
    let directory = put(make_directory).get(list).head(head_directory).delete(delete_directory);
    Router::new()
        .route("/api/2.0/fs/files/{*path}", file)
        .route("/api/2.0/fs/directories/{*path}", directory)
        .merge(parts::routes())
}

/// A path below a volume that exists.
struct Place {
    /// As the caller knows it: `/Volumes/catalog/schema/volume/…`.
    path: String,
    /// As the store knows it: without `/Volumes`.
    inner: String,
    /// Whether it is the volume itself.
    root: bool,
}

fn locate(state: &AppState, path: &str) -> Reply<Place> {
    let mut names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let full = format!("/{}", names.join("/"));
    let rest = if names.first() == Some(&"Volumes") { names.split_off(1) } else { Vec::new() };
    let [catalog, schema, volume, ..] = rest.as_slice() else {
        let message =
            format!("Invalid path {full}: it must begin with /Volumes/<catalog>/<schema>/<volume>.");
        return Err(ApiError::invalid(message));
    };
    if !state.volume_exists(catalog, schema, volume) {
        return Err(missing(format!("Volume '{catalog}.{schema}.{volume}' does not exist.")));
    }
    // names in the catalog do not know case, those of files do
    let known = [*catalog, *schema, *volume].map(str::to_lowercase);
    let inner =
        known.iter().map(String::as_str).chain(rest.iter().skip(3).copied()).collect::<Vec<_>>().join("/");
    Ok(Place { path: full, inner, root: rest.len() == 3 })
}

fn missing(message: String) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}

fn refusal(place: &Place, cause: &io::Error) -> ApiError {
    let path = &place.path;
    let bad = |code, message: String| ApiError::new(StatusCode::BAD_REQUEST, code, message);
    match cause.kind() {
        io::ErrorKind::NotFound => missing(format!("No file or directory exists at {path}.")),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            bad("INVALID_PARAMETER_VALUE", format!("A file exists at {path} or on the way to it."))
        }
        io::ErrorKind::DirectoryNotEmpty => {
            bad("DIRECTORY_IS_NOT_EMPTY", format!("The directory {path} is not empty."))
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename => {
            bad("INVALID_PARAMETER_VALUE", format!("Invalid path {path}: {cause}"))
        }
        _ => ApiError::internal(cause),
    }
}

/// What is at a place; it must be a folder, or a file, as asked.
fn stat(state: &AppState, place: &Place, folder: bool) -> Reply<Entry> {
    let volumes = &state.store.volumes;
    if place.root {
        volumes.make_dirs(&place.inner).map_err(|cause| refusal(place, &cause))?;
    }
    let entry = volumes.stat(&place.inner).map_err(|cause| refusal(place, &cause))?;
    match (entry.is_dir, folder) {
        (true, false) => Err(missing(format!("{} is a directory, not a file.", place.path))),
        (false, true) => Err(missing(format!("{} is a file, not a directory.", place.path))),
        _ => Ok(entry),
    }
}

#[derive(Deserialize)]
struct Upload {
    #[serde(default)]
    overwrite: bool,
}

/// Refuses a target that is a folder, or a file that is not to be overwritten.
fn check_target(state: &AppState, place: &Place, overwrite: bool) -> Reply<()> {
    if place.root {
        return Err(ApiError::invalid(format!("{} is a volume, not a file.", place.path)));
    }
    match state.store.volumes.stat(&place.inner) {
        Ok(entry) if entry.is_dir => {
            Err(ApiError::invalid(format!("{} is a directory, not a file.", place.path)))
        }
        Ok(_) if !overwrite => {
            let message = format!("The file {} already exists.", place.path);
            Err(ApiError::new(StatusCode::CONFLICT, "ALREADY_EXISTS", message))
        }
        _ => Ok(()),
    }
}

async fn upload(
    State(state): State<AppState>,
    UrlPath(path): UrlPath<String>,
    Params(query): Params<Upload>,
    request: Request,
) -> Reply<StatusCode> {
    let place = locate(&state, &path)?;
    check_target(&state, &place, query.overwrite)?;
    let draft = state.store.volumes.draft(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    let mut file = tokio::fs::File::from_std(draft.file.try_clone().map_err(ApiError::internal)?);
    let mut content = StreamReader::new(request.into_body().into_data_stream().map_err(io::Error::other));
    tokio::io::copy(&mut content, &mut file).await.map_err(|cause| {
        ApiError::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", format!("The upload broke off: {cause}"))
    })?;
    file.flush().await.map_err(ApiError::internal)?;
    draft.publish().map_err(|cause| refusal(&place, &cause))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn download(
    State(state): State<AppState>,
    UrlPath(path): UrlPath<String>,
    headers: HeaderMap,
) -> Reply<Response> {
    let place = locate(&state, &path)?;
    let entry = stat(&state, &place, false)?;
    let file = state.store.volumes.reader(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    let mut file = tokio::fs::File::from_std(file);
    let Some((first, last)) = range(&headers, entry.size)? else {
        return Ok((describe(&entry), Stream::from_stream(ReaderStream::new(file))).into_response());
    };
    file.seek(io::SeekFrom::Start(first)).await.map_err(ApiError::internal)?;
    let length = last - first + 1;
    let mut described = describe(&entry);
    described.insert(header::CONTENT_LENGTH, length.into());
    let span = format!("bytes {first}-{last}/{}", entry.size);
    let span = [(header::CONTENT_RANGE, span)];
    let content = Stream::from_stream(ReaderStream::new(file.take(length)));
    Ok((StatusCode::PARTIAL_CONTENT, described, span, content).into_response())
}

/// The first and last byte that the request asks for, if it asks for a part. Of several parts the first is given: a
/// server may answer more or less than was asked for, as long as it says what.
fn range(headers: &HeaderMap, size: u64) -> Reply<Option<(u64, u64)>> {
    let Some(asked) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let Ok(parsed) = http_range_header::parse_range_header(asked) else { return Ok(None) };
    let spans = parsed.validate(size).map_err(|_| {
        let message = format!("The range {asked} is not within the {size} bytes of the file.");
        ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "INVALID_PARAMETER_VALUE", message)
    })?;
    Ok(spans.first().map(|span| (*span.start(), *span.end())))
}

async fn head_file(State(state): State<AppState>, UrlPath(path): UrlPath<String>) -> Reply<HeaderMap> {
    let place = locate(&state, &path)?;
    Ok(describe(&stat(&state, &place, false)?))
}

/// What the headers say of a file.
fn describe(entry: &Entry) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, entry.size.into());
    let modified = DateTime::from_timestamp_millis(entry.modified_ms).unwrap_or_default();
    let modified = modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(value) = modified.try_into() {
        headers.insert(header::LAST_MODIFIED, value);
    }
    headers
}

async fn delete_file(State(state): State<AppState>, UrlPath(path): UrlPath<String>) -> Reply<StatusCode> {
    let place = locate(&state, &path)?;
    stat(&state, &place, false)?;
    state.store.volumes.remove_file(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn make_directory(State(state): State<AppState>, UrlPath(path): UrlPath<String>) -> Reply<StatusCode> {
    let place = locate(&state, &path)?;
    state.store.volumes.make_dirs(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn head_directory(State(state): State<AppState>, UrlPath(path): UrlPath<String>) -> Reply<StatusCode> {
    let place = locate(&state, &path)?;
    stat(&state, &place, true)?;
    Ok(StatusCode::OK)
}

async fn delete_directory(
    State(state): State<AppState>,
    UrlPath(path): UrlPath<String>,
) -> Reply<StatusCode> {
    let place = locate(&state, &path)?;
    if place.root {
        return Err(ApiError::invalid(format!(
            "{} is a volume and cannot be deleted as a directory.",
            place.path
        )));
    }
    stat(&state, &place, true)?;
    state.store.volumes.remove_dir(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct List {
    page_size: Option<i64>,
    page_token: Option<String>,
}

/// What is in a folder: the whole path and the entry of each.
#[cfg(feature = "sql")]
pub(crate) fn entries(state: &AppState, path: &str) -> Reply<Vec<(String, Entry)>> {
    let place = locate(state, path)?;
    stat(state, &place, true)?;
    let entries = state.store.volumes.list(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    Ok(entries.into_iter().map(|entry| (format!("{}/{}", place.path, entry.name), entry)).collect())
}

/// The files that a path stands for, with their bytes: the file itself, all of a folder and below, or those of a folder
/// whose names fit a pattern such as `*.csv`. Names that begin with `_` or `.` are not data.
#[cfg(feature = "sql")]
pub(crate) fn contents(state: &AppState, path: &str) -> Reply<Vec<crate::sql::outside::Content>> {
    let path = path.trim_end_matches('/');
    let (folder, pattern) = match path.rsplit_once('/') {
        Some((folder, last)) if last.contains('*') => (folder, Some(last)),
        _ => (path, None),
    };
    let place = locate(state, folder)?;
    let volumes = &state.store.volumes;
    let entry = volumes.stat(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    let mut found = Vec::new();
    let mut waiting = vec![(place.path.clone(), place.inner.clone(), entry)];
    while let Some((path, inner, entry)) = waiting.pop() {
        if !entry.is_dir {
            let bytes = volumes.read(&inner).map_err(|cause| refusal(&place, &cause))?;
            found.push(crate::sql::outside::Content { path, modified: entry.modified_ms, bytes });
            continue;
        }
        for entry in volumes.list(&inner).map_err(|cause| refusal(&place, &cause))? {
            let top = inner == place.inner;
            let fits = pattern.filter(|_| top).is_none_or(|pattern| fits(pattern, &entry.name));
            if fits && !entry.name.starts_with(['_', '.']) {
                waiting.push((format!("{path}/{}", entry.name), format!("{inner}/{}", entry.name), entry));
            }
        }
    }
    if found.is_empty() {
        return Err(missing(format!("No file exists at {path}.")));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether a name fits a pattern, in which `*` is any text.
#[cfg(feature = "sql")]
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| fits(rest, &name[at..]))
        }),
    }
}

async fn list(
    State(state): State<AppState>,
    UrlPath(path): UrlPath<String>,
    Params(query): Params<List>,
) -> Answer {
    let place = locate(&state, &path)?;
    stat(&state, &place, true)?;
    let entries = state.store.volumes.list(&place.inner).map_err(|cause| refusal(&place, &cause))?;
    let size = paging::size(query.page_size, PAGE, PAGE)?;
    let page = Page::cut(entries, query.page_token.as_deref(), size)?;
    let mut answer = page.answer("contents", |entry| view(&place.path, &entry));
    answer.shift_remove("prev_page_token");
    Ok(Json(Value::Object(answer)))
}

fn view(folder: &str, entry: &Entry) -> Value {
    let mut view = json!({
        "name": entry.name,
        "path": format!("{folder}/{}", entry.name),
        "is_directory": entry.is_dir,
        "last_modified": entry.modified_ms,
    });
    if let (false, Value::Object(fields)) = (entry.is_dir, &mut view) {
        fields.insert("file_size".into(), json!(entry.size));
    }
    view
}
