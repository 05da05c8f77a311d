//! DBFS: files in a folder, written whole or block by block.

use std::collections::HashMap;
use std::io::{self, Write};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lenient;
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply};
use crate::state::AppState;
use crate::store::{Draft, Entry};

/// What one request may carry or fetch.
const BLOCK: u64 = 1 << 20;

/// The files that are being written block by block.
#[derive(Default)]
pub(crate) struct Handles(Mutex<HashMap<i64, (String, Draft)>>);

pub(crate) fn routes() -> Router<AppState> {
    [
        ("list", get(list)),
        ("get-status", get(status)),
        ("read", get(read)),
        ("put", post(put)),
        ("create", post(create)),
        ("add-block", post(add_block)),
        ("close", post(close)),
        ("mkdirs", post(mkdirs)),
        ("move", post(rename)),
        ("delete", post(delete)),
    ]
    .into_iter()
    .fold(Router::new(), |router, (path, handler)| router.route(&format!("/api/2.0/dbfs/{path}"), handler))
}

/// The service's path: from the root, with or without the scheme in front.
fn absolute(path: &str) -> Reply<String> {
    let path = path.strip_prefix("dbfs:").unwrap_or(path);
    if !path.starts_with('/') {
        return Err(ApiError::invalid(format!("Path must be absolute: {path}")));
    }
    let trimmed = path.trim_end_matches('/');
    Ok(if trimmed.is_empty() { "/".into() } else { trimmed.into() })
}

/// Trouble with a path as the service names it.
fn refusal(path: &str, cause: &io::Error) -> ApiError {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            ApiError::not_found(format!("No file or directory exists on path {path}."))
        }
        io::ErrorKind::AlreadyExists => {
            ApiError::already_exists(format!("A file or directory already exists at {path}."))
        }
        io::ErrorKind::NotADirectory => {
            ApiError::already_exists(format!("A file exists on the way to {path}."))
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename => {
            ApiError::invalid(format!("Invalid path {path}: {cause}"))
        }
        _ => ApiError::internal(cause),
    }
}

fn info(path: &str, entry: &Entry) -> Value {
    json!({ "path": path, "is_dir": entry.is_dir, "file_size": entry.size, "modification_time": entry.modified_ms })
}

#[derive(Deserialize)]
struct At {
    path: String,
}

async fn list(State(state): State<AppState>, Params(query): Params<At>) -> Answer {
    let path = absolute(&query.path)?;
    let area = &state.store.dbfs;
    let found = area.stat(&path).map_err(|cause| refusal(&path, &cause))?;
    if !found.is_dir {
        return Ok(Json(json!({ "files": [info(&path, &found)] })));
    }
    let entries = area.list(&path).map_err(|cause| refusal(&path, &cause))?;
    let base = path.trim_end_matches('/');
    let files: Vec<Value> =
        entries.iter().map(|entry| info(&format!("{base}/{}", entry.name), entry)).collect();
    Ok(Json(if files.is_empty() { json!({}) } else { json!({ "files": files }) }))
}

async fn status(State(state): State<AppState>, Params(query): Params<At>) -> Answer {
    let path = absolute(&query.path)?;
    let entry = state.store.dbfs.stat(&path).map_err(|cause| refusal(&path, &cause))?;
    Ok(Json(info(&path, &entry)))
}

#[derive(Deserialize)]
struct Read {
    path: String,
    #[serde(default)]
    offset: i64,
    length: Option<i64>,
}

async fn read(State(state): State<AppState>, Params(query): Params<Read>) -> Answer {
    let path = absolute(&query.path)?;
    let wrong = |name| ApiError::invalid(format!("{name} must not be negative"));
    let offset = u64::try_from(query.offset).map_err(|_| wrong("offset"))?;
    let length = query.length.map_or(Ok(BLOCK / 2), u64::try_from).map_err(|_| wrong("length"))?;
    if length > BLOCK {
        let message = format!("The length of a read must not exceed {BLOCK} bytes, not {length}.");
        return Err(ApiError::new(http::StatusCode::BAD_REQUEST, "MAX_READ_SIZE_EXCEEDED", message));
    }
    let area = &state.store.dbfs;
    if area.stat(&path).map_err(|cause| refusal(&path, &cause))?.is_dir {
        return Err(ApiError::invalid(format!("{path} is a directory, not a file.")));
    }
    let part = area.read_part(&path, offset, length).map_err(|cause| refusal(&path, &cause))?;
    Ok(Json(json!({ "bytes_read": part.len(), "data": BASE64_STANDARD.encode(part) })))
}

fn decode(field: &str, text: &str) -> Reply<Vec<u8>> {
    let bytes = BASE64_STANDARD
        .decode(text)
        .map_err(|cause| ApiError::invalid(format!("{field} is not base64: {cause}")))?;
    if bytes.len() as u64 > BLOCK {
        let message =
            format!("{field} must not exceed {BLOCK} bytes; use create, add-block and close for more.");
        return Err(ApiError::new(http::StatusCode::BAD_REQUEST, "MAX_BLOCK_SIZE_EXCEEDED", message));
    }
    Ok(bytes)
}

/// Refuses a target that is a folder, or a file that is not to be overwritten.
fn check_target(state: &AppState, path: &str, overwrite: bool) -> Reply<()> {
    match state.store.dbfs.stat(path) {
        Ok(entry) if entry.is_dir => Err(ApiError::already_exists(format!("A directory exists at {path}."))),
        Ok(_) if !overwrite => {
            let message = format!("A file or directory already exists at the input path {path}.");
            Err(ApiError::already_exists(message))
        }
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(refusal(path, &cause)),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct Put {
    path: String,
    #[serde(default)]
    contents: String,
    #[serde(default)]
    overwrite: bool,
}

async fn put(State(state): State<AppState>, Body(body): Body<Put>) -> Answer {
    let path = absolute(&body.path)?;
    let content = decode("contents", &body.contents)?;
    check_target(&state, &path, body.overwrite)?;
    state.store.dbfs.write(&path, &content).map_err(|cause| refusal(&path, &cause))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Create {
    path: String,
    #[serde(default)]
    overwrite: bool,
}

async fn create(State(state): State<AppState>, Body(body): Body<Create>) -> Answer {
    let path = absolute(&body.path)?;
    check_target(&state, &path, body.overwrite)?;
    let handle = ids::number();
    let draft = state.store.dbfs.draft(&path).map_err(|cause| refusal(&path, &cause))?;
    state.uploads.0.lock().insert(handle, (path, draft));
    Ok(Json(json!({ "handle": handle })))
}

#[derive(Deserialize)]
struct Block {
    #[serde(deserialize_with = "lenient::int")]
    handle: i64,
    #[serde(default)]
    data: String,
}

fn no_handle(handle: i64) -> ApiError {
    ApiError::not_found(format!("No stream exists for handle {handle}."))
}

async fn add_block(State(state): State<AppState>, Body(body): Body<Block>) -> Answer {
    let block = decode("data", &body.data)?;
    let mut uploads = state.uploads.0.lock();
    let (path, draft) = uploads.get_mut(&body.handle).ok_or_else(|| no_handle(body.handle))?;
    draft.file.write_all(&block).map_err(|cause| refusal(path, &cause))?;
    Ok(Json(json!({})))
}

async fn close(State(state): State<AppState>, Body(body): Body<Block>) -> Answer {
    let upload = state.uploads.0.lock().remove(&body.handle);
    let (path, draft) = upload.ok_or_else(|| no_handle(body.handle))?;
    draft.publish().map_err(|cause| refusal(&path, &cause))?;
    Ok(Json(json!({})))
}

async fn mkdirs(State(state): State<AppState>, Body(body): Body<At>) -> Answer {
    let path = absolute(&body.path)?;
    state.store.dbfs.make_dirs(&path).map_err(|cause| refusal(&path, &cause))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Move {
    source_path: String,
    destination_path: String,
}

async fn rename(State(state): State<AppState>, Body(body): Body<Move>) -> Answer {
    let (from, to) = (absolute(&body.source_path)?, absolute(&body.destination_path)?);
    let area = &state.store.dbfs;
    area.stat(&from).map_err(|cause| refusal(&from, &cause))?;
    // into a folder means: keep the name
    let name = from.rsplit('/').next().unwrap_or_default();
    let to = if area.is_dir(&to) { format!("{}/{name}", to.trim_end_matches('/')) } else { to };
    check_target(&state, &to, false)?;
    area.rename(&from, &to).map_err(|cause| refusal(&to, &cause))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Delete {
    path: String,
    #[serde(default)]
    recursive: bool,
}

async fn delete(State(state): State<AppState>, Body(body): Body<Delete>) -> Answer {
    let path = absolute(&body.path)?;
    if path == "/" {
        return Err(ApiError::invalid("The root cannot be deleted."));
    }
    let area = &state.store.dbfs;
    let entry = match area.stat(&path) {
        // the service is content when there is nothing to delete
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Json(json!({}))),
        found => found.map_err(|cause| refusal(&path, &cause))?,
    };
    let gone = match (entry.is_dir, body.recursive) {
        (false, _) => area.remove_file(&path),
        (true, true) => area.remove_tree(&path),
        (true, false) => area.remove_dir(&path),
    };
    gone.map_err(|cause| match cause.kind() {
        io::ErrorKind::DirectoryNotEmpty => ApiError::invalid_state(format!(
            "{path} is a directory that is not empty; use recursive to delete it."
        )),
        _ => refusal(&path, &cause),
    })?;
    Ok(Json(json!({})))
}
