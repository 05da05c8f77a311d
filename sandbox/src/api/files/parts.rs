//! Large files in parts, as the SDKs send them: an upload is begun, addresses are asked for, the parts go there without
//! the token, and the upload is completed.
//!
//! On the service those addresses are a cloud store's, which is why they are strict about headers and time, and answer
//! in XML.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;

use axum::body::Body as Stream;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use chrono::DateTime;
use futures_util::TryStreamExt;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_util::io::StreamReader;

use super::{Place, check_target, locate, refusal};
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply, UrlPath, from_value};
use crate::state::AppState;

/// How long an address is good for at most.
const LIFE_MS: i64 = 3_600_000;

/// The most addresses of one request, and the highest number of a part.
const MAX_URLS: u32 = 100;
const MAX_PART: u32 = 10_000;

/// The uploads under way; they end with the process.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    place: Place,
    overwrite: bool,
    folder: TempDir,
    /// The tags of the parts that are there, by number.
    parts: BTreeMap<u32, String>,
}

impl Session {
    fn file(&self, number: u32) -> PathBuf {
        self.folder.path().join(number.to_string())
    }
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/2.0/fs/create-upload-part-urls", post(part_urls))
        .route("/api/2.0/fs/create-abort-upload-url", post(abort_url))
}

/// What the addresses lead to.
pub(crate) fn public_routes() -> Router<AppState> {
    Router::new().route("/presigned/uploads/{session}", put(put_part).delete(abort))
}

fn unknown_session() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no upload with this session_token.")
}

impl Sessions {
    fn with<R>(&self, token: &str, look: impl FnOnce(&mut Session) -> Reply<R>) -> Reply<R> {
        self.0.lock().get_mut(token).ok_or_else(unknown_session).and_then(look)
    }
}

#[derive(Deserialize)]
pub(super) struct Action {
    action: Option<String>,
    #[serde(default)]
    overwrite: bool,
    session_token: Option<String>,
}

/// `POST` on a file: begins or completes an upload in parts.
pub(super) async fn act(
    State(state): State<AppState>,
    UrlPath(path): UrlPath<String>,
    Params(query): Params<Action>,
    Body(body): Body<Value>,
) -> Answer {
    let place = locate(&state, &path)?;
    match query.action.as_deref() {
        Some("initiate-upload") => initiate(&state, place, query.overwrite),
        Some("complete-upload") => {
            let token = query
                .session_token
                .ok_or_else(|| ApiError::invalid("Missing required field: session_token"))?;
            complete(&state, &place, &token, from_value(body)?)
        }
        other => Err(ApiError::invalid(format!(
            "action must be initiate-upload or complete-upload, not {other:?}."
        ))),
    }
}

fn initiate(state: &AppState, place: Place, overwrite: bool) -> Answer {
    check_target(state, &place, overwrite)?;
    let folder = tempfile::tempdir().map_err(ApiError::internal)?;
    let token = ids::hex32();
    let session = Session { place, overwrite, folder, parts: BTreeMap::new() };
    state.sessions.0.lock().insert(token.clone(), session);
    Ok(Json(json!({ "multipart_upload": { "session_token": token } })))
}

#[derive(Deserialize)]
struct PartUrls {
    path: String,
    session_token: String,
    start_part_number: u32,
    count: u32,
    expire_time: Option<String>,
}

async fn part_urls(State(state): State<AppState>, Body(body): Body<PartUrls>) -> Answer {
    check_session(&state, &body.session_token, &body.path)?;
    if !(1..=MAX_URLS).contains(&body.count) {
        return Err(ApiError::invalid(format!(
            "count must be between 1 and {MAX_URLS}, not {}.",
            body.count
        )));
    }
    let last = body.start_part_number.saturating_add(body.count - 1);
    if body.start_part_number == 0 || last > MAX_PART {
        return Err(ApiError::invalid(format!("The numbers of parts must be between 1 and {MAX_PART}.")));
    }
    let expires = expiry(&state, body.expire_time.as_deref())?;
    let urls = (body.start_part_number..=last).map(|number| {
        let url =
            format!("{}/presigned/uploads/{}?part={number}&expires={expires}", state.url, body.session_token);
        json!({ "url": url, "part_number": number, "headers": [] })
    });
    Ok(Json(json!({ "upload_part_urls": urls.collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
struct AbortUrl {
    path: String,
    session_token: String,
    expire_time: Option<String>,
}

async fn abort_url(State(state): State<AppState>, Body(body): Body<AbortUrl>) -> Answer {
    check_session(&state, &body.session_token, &body.path)?;
    let expires = expiry(&state, body.expire_time.as_deref())?;
    let url = format!("{}/presigned/uploads/{}?expires={expires}", state.url, body.session_token);
    Ok(Json(json!({ "abort_upload_url": { "url": url, "headers": [] } })))
}

fn check_session(state: &AppState, token: &str, path: &str) -> Reply<()> {
    let place = locate(state, path)?;
    state.sessions.with(token, |session| {
        if session.place.inner == place.inner { Ok(()) } else { Err(unknown_session()) }
    })
}

/// When an address that is asked for now ends.
fn expiry(state: &AppState, asked: Option<&str>) -> Reply<i64> {
    let longest = state.now() + LIFE_MS;
    let Some(asked) = asked else { return Ok(longest) };
    let time = DateTime::parse_from_rfc3339(asked);
    let time =
        time.map_err(|_| ApiError::invalid(format!("expire_time '{asked}' is no time in RFC 3339.")))?;
    Ok(time.timestamp_millis().min(longest))
}

#[derive(Deserialize)]
struct Address {
    part: Option<u32>,
    expires: i64,
}

/// A refusal of the store behind an address.
fn store_refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

/// Refuses an address that has ended, and a request with a token: an address is a right of its own.
fn check_address(state: &AppState, address: &Address, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let refused = |status, code, message| Err(Box::new(store_refusal(status, code, message)));
    if headers.contains_key(header::AUTHORIZATION) {
        return refused(StatusCode::BAD_REQUEST, "InvalidArgument", "Only one auth mechanism allowed");
    }
    if address.expires < state.now() {
        return refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    }
    Ok(())
}

async fn put_part(
    State(state): State<AppState>,
    UrlPath(token): UrlPath<String>,
    Params(address): Params<Address>,
    headers: HeaderMap,
    content: Stream,
) -> Response {
    if let Err(refused) = check_address(&state, &address, &headers) {
        return *refused;
    }
    let gone = || store_refusal(StatusCode::NOT_FOUND, "NoSuchUpload", "The upload does not exist");
    let number = address.part.unwrap_or(0);
    let tag = format!("\"{}\"", ids::hex32());
    let Ok(file) = state.sessions.with(&token, |session| Ok(session.file(number))) else { return gone() };
    if let Err(cause) = save(content, file).await {
        return store_refusal(StatusCode::BAD_REQUEST, "IncompleteBody", &cause.to_string());
    }
    match state.sessions.with(&token, |session| Ok(session.parts.insert(number, tag.clone()))) {
        Ok(_) => (StatusCode::OK, [(header::ETAG, tag)]).into_response(),
        Err(_) => gone(),
    }
}

async fn save(content: Stream, path: PathBuf) -> io::Result<()> {
    let mut content = StreamReader::new(content.into_data_stream().map_err(io::Error::other));
    let mut file = tokio::fs::File::create(path).await?;
    tokio::io::copy(&mut content, &mut file).await?;
    file.flush().await
}

async fn abort(
    State(state): State<AppState>,
    UrlPath(token): UrlPath<String>,
    Params(address): Params<Address>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = check_address(&state, &address, &headers) {
        return *refused;
    }
    match state.sessions.0.lock().remove(&token) {
        Some(_) => StatusCode::OK.into_response(),
        None => store_refusal(StatusCode::NOT_FOUND, "NoSuchUpload", "The upload does not exist"),
    }
}

#[derive(Deserialize)]
struct Complete {
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    part_number: u32,
    etag: String,
}

fn complete(state: &AppState, place: &Place, token: &str, body: Complete) -> Answer {
    let volumes = &state.store.volumes;
    state.sessions.with(token, |session| {
        if session.place.inner != place.inner {
            return Err(unknown_session());
        }
        let numbers: Vec<u32> = body.parts.iter().map(|part| part.part_number).collect();
        if !numbers.is_sorted_by(|a, b| a < b) || numbers.len() != session.parts.len() {
            return Err(ApiError::invalid(
                "parts must list every part that was uploaded, in the order of their numbers.",
            ));
        }
        if let Some(part) =
            body.parts.iter().find(|part| session.parts.get(&part.part_number) != Some(&part.etag))
        {
            return Err(ApiError::invalid(format!(
                "The etag of part {} is not the one of its upload.",
                part.part_number
            )));
        }
        // somebody else may have been faster
        check_target(state, place, session.overwrite)?;
        let mut draft = volumes.draft(&place.inner).map_err(|cause| refusal(place, &cause))?;
        for number in numbers {
            let mut part = std::fs::File::open(session.file(number)).map_err(ApiError::internal)?;
            io::copy(&mut part, &mut draft.file).map_err(ApiError::internal)?;
        }
        draft.publish().map_err(|cause| refusal(place, &cause))
    })?;
    state.sessions.0.lock().remove(token);
    Ok(Json(json!({})))
}
