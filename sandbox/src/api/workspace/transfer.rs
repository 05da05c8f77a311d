//! Notebooks and files on their way in and out: which format is which kind of object.

use axum::Json;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::objects::{Kind, absolute, missing, refusal};
use crate::notebook::{Language, Notebook};
use crate::server::{Answer, ApiError, Body, Params, Reply, from_value};
use crate::state::AppState;

/// The most bytes of a notebook.
const MAX_NOTEBOOK: usize = 10 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Format {
    #[default]
    Source,
    Auto,
    Raw,
    Jupyter,
    Html,
    Dbc,
    RMarkdown,
}

impl Format {
    fn check(self) -> Reply<()> {
        let emulated = matches!(self, Self::Source | Self::Auto | Self::Raw | Self::Jupyter);
        let name = format!("{self:?}").to_uppercase();
        let refused = || ApiError::not_implemented(format!("the sandbox does not emulate the format {name}"));
        if emulated { Ok(()) } else { Err(refused()) }
    }
}

#[derive(Deserialize)]
struct Import {
    path: String,
    #[serde(default)]
    format: Option<Format>,
    #[serde(default)]
    language: Option<Language>,
    #[serde(default)]
    overwrite: bool,
    #[serde(default)]
    content: String,
}

/// Takes a body in JSON, or the form that the SDKs' `upload` sends.
pub(super) async fn import(State(state): State<AppState>, request: Request) -> Answer {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (request, content) = if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        form(request).await?
    } else {
        let Body(body) = Body::<Import>::from_request(request, &state).await?;
        let content = BASE64_STANDARD.decode(&body.content);
        let content =
            content.map_err(|cause| ApiError::invalid(format!("content is not base64: {cause}")))?;
        (body, content)
    };
    take_in(&state, &request, &content)
}

async fn form(request: Request) -> Reply<(Import, Vec<u8>)> {
    let malformed = |cause: String| ApiError::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", cause);
    let mut parts =
        Multipart::from_request(request, &()).await.map_err(|refused| malformed(refused.body_text()))?;
    let (mut fields, mut content) = (Map::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|refused| malformed(refused.body_text()))? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|refused| malformed(refused.body_text()))?;
        if name == "content" {
            content = bytes.to_vec();
            continue;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // a form knows only text
        let value = if name == "overwrite" { json!(text.eq_ignore_ascii_case("true")) } else { json!(text) };
        fields.insert(name, value);
    }
    Ok((from_value(Value::Object(fields))?, content))
}

/// What an import makes of its content.
struct Incoming {
    path: String,
    kind: Kind,
    language: Option<Language>,
    content: Vec<u8>,
}

fn take_in(state: &AppState, request: &Import, content: &[u8]) -> Answer {
    let format = request.format.unwrap_or_default();
    format.check()?;
    let incoming = read(absolute(&request.path)?, format, request.language, content)?;
    let (objects, area) = (&state.objects, &state.store.workspace);
    let path = &incoming.path;
    if path == "/" {
        return Err(ApiError::invalid("The root is a folder and cannot be imported to."));
    }
    if incoming.kind == Kind::Notebook && incoming.content.len() > MAX_NOTEBOOK {
        let message = format!("The notebook exceeds {MAX_NOTEBOOK} bytes.");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "MAX_NOTEBOOK_SIZE_EXCEEDED", message));
    }
    let parent =
        path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
    if objects.find(area, parent)?.is_none_or(|object| object.kind != Kind::Directory) {
        return Err(ApiError::not_found(format!("The parent folder ({parent}) does not exist.")));
    }
    match objects.find(area, path)? {
        Some(_) if !request.overwrite => {
            return Err(ApiError::already_exists(format!("Path ({path}) already exists.")));
        }
        Some(old) if old.kind != incoming.kind => {
            let (old, new) = (json!(old.kind), json!(incoming.kind));
            return Err(ApiError::invalid(format!(
                "Path ({path}) is a {old} and cannot be overwritten by a {new}."
            )));
        }
        _ => {}
    }
    let object = objects.put(area, path, incoming.kind, incoming.language, &incoming.content, state.now())?;
    Ok(Json(json!({ "object_id": object.id })))
}

/// Tells what kind of object the content is.
fn read(path: String, format: Format, language: Option<Language>, content: &[u8]) -> Reply<Incoming> {
    let text = || String::from_utf8_lossy(content);
    let extension = path.rsplit_once('.').map(|(stem, extension)| (stem.to_owned(), extension.to_owned()));
    let notebook = |path: String, notebook: &Notebook| Incoming {
        path,
        kind: Kind::Notebook,
        language: Some(notebook.language),
        content: notebook.to_source().into_bytes(),
    };
    let jupyter = |path| Ok(notebook(path, &Notebook::from_jupyter(content).map_err(ApiError::invalid)?));
    let file = |path| Incoming { path, kind: Kind::File, language: None, content: content.to_vec() };
    match format {
        Format::Source => {
            let by_extension =
                || extension.as_ref().and_then(|(_, extension)| Language::of_extension(extension));
            let language = language.or_else(by_extension).ok_or_else(|| {
                ApiError::invalid("The field language is required when a notebook is imported as SOURCE.")
            })?;
            Ok(notebook(path, &Notebook::from_source(&text(), language)))
        }
        Format::Jupyter => jupyter(path),
        Format::Auto => match extension {
            Some((stem, extension)) if extension == "ipynb" => jupyter(stem),
            Some((stem, extension)) => match Language::of_extension(&extension) {
                Some(language) if Notebook::is_source(&text(), language) => {
                    Ok(notebook(stem, &Notebook::from_source(&text(), language)))
                }
                _ => Ok(file(path)),
            },
            None => match language {
                Some(language) => Ok(notebook(path, &Notebook::from_source(&text(), language))),
                None => Ok(file(path)),
            },
        },
        _ => Ok(file(path)),
    }
}

#[derive(Deserialize)]
pub(super) struct Export {
    path: String,
    #[serde(default)]
    format: Option<Format>,
    #[serde(default)]
    direct_download: bool,
}

pub(super) async fn export(State(state): State<AppState>, Params(query): Params<Export>) -> Reply<Response> {
    let path = absolute(&query.path)?;
    let format = query.format.unwrap_or_default();
    format.check()?;
    let area = &state.store.workspace;
    let object = state.objects.find(area, &path)?.ok_or_else(|| missing(&path))?;
    if object.kind == Kind::Directory {
        return Err(ApiError::not_implemented("the sandbox does not emulate the export of folders"));
    }
    let content = area.read(&path).map_err(|cause| refusal(&path, &cause))?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let (content, extension) = match object.language {
        Some(language) if format == Format::Jupyter => {
            let notebook = Notebook::from_source(&String::from_utf8_lossy(&content), language);
            (notebook.to_jupyter(name).to_string().into_bytes(), "ipynb")
        }
        Some(language) => (content, language.extension()),
        None if format == Format::Jupyter => {
            return Err(ApiError::invalid(format!("Path ({path}) is no notebook and has no JUPYTER form.")));
        }
        None => (content, name.rsplit_once('.').map_or("", |(_, extension)| extension)),
    };
    if query.direct_download {
        let kind = HeaderValue::from_static("application/octet-stream");
        return Ok(([(header::CONTENT_TYPE, kind)], content).into_response());
    }
    Ok(Json(json!({ "content": BASE64_STANDARD.encode(content), "file_type": extension })).into_response())
}
