//! Holds every request to its document before anything else looks at it, and answers what is plain.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::{ApiError, BODY_LIMIT, Reply};
use crate::access;
use crate::api::plain::{self, Call, Caller};
use crate::api::served;
use crate::spec::{self, Fault, Operation, PathParams};
use crate::state::AppState;

/// What a request was found to be.
#[derive(Clone)]
struct Matched {
    operation: &'static Operation,
    path: PathParams,
    query: Vec<(String, String)>,
    body: Map<String, Value>,
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing(field) => Self::invalid(format!("Missing required field: {field}")),
            Fault::Wrong { place, what } if place.is_empty() => {
                Self::invalid(format!("Invalid value for the request: {what}"))
            }
            Fault::Wrong { place, what } => {
                Self::invalid(format!("Invalid value for field '{place}': {what}"))
            }
        }
    }
}

/// Checks a request and passes it on with what was found out about it.
pub(super) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // a HEAD is a GET to all but who sends the body
    let method = if *request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let found = spec::find(request.method().as_str(), request.uri().path())
        .or_else(|| spec::find(method.as_str(), request.uri().path()));
    let Some((operation, path)) = found else { return next.run(request).await };
    match checked(&state, operation, path, request).await {
        Ok((request, matched)) => {
            let caller = request.extensions().get::<Caller>().cloned();
            let response = next.run(request).await;
            let response =
                access::after(&state, caller.as_ref(), matched.operation, &matched.body, response).await;
            if state.strict { confirm(operation, response).await } else { response }
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn checked(
    state: &AppState,
    operation: &'static Operation,
    path: PathParams,
    request: Request,
) -> Reply<(Request, Matched)> {
    if !served(operation.id) {
        tracing::debug!(
            service = operation.service(),
            api = operation.api,
            operation = operation.id,
            "not emulated"
        );
        return Err(ApiError::not_implemented(format!(
            "the sandbox does not emulate {} ({} {})",
            operation.id, operation.method, operation.path
        )));
    }
    let query = request.uri().query().unwrap_or_default();
    let mut query: Vec<(String, String)> = serde_html_form::from_str(query)
        .map_err(|cause| ApiError::invalid(format!("the query cannot be read: {cause}")))?;
    let (mut parts, mut content) = request.into_parts();
    // MLflow's own client sends the parameters of a DELETE in its body, and the service takes them from there
    if parts.method == Method::DELETE
        && operation.body().is_none()
        && operation.path.starts_with("/api/2.0/mlflow/")
    {
        let bytes = read(content).await?;
        if let Value::Object(fields) = parse(&bytes)? {
            query.extend(fields.into_iter().filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
                other => Some((name, other.to_string())),
            }));
        }
        content = Body::from(bytes);
    }
    spec::check_query(operation, &query)?;
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("application/json");
    let (content, body) = match operation.body() {
        Some(schema) if kind.contains("json") => {
            let bytes = read(content).await?;
            let body: Value = parse(&bytes)?;
            spec::check_body(schema, &body)?;
            (Body::from(bytes), body.as_object().cloned().unwrap_or_default())
        }
        _ => (content, Map::new()),
    };
    let matched = Matched { operation, path, query, body };
    if let Some(caller) = parts.extensions.get::<Caller>() {
        access::before(state, caller, operation, &matched.path, &matched.query, &matched.body)?;
    }
    parts.extensions.insert(matched.clone());
    Ok((Request::from_parts(parts, content), matched))
}

async fn read(content: Body) -> Reply<Bytes> {
    to_bytes(content, BODY_LIMIT).await.map_err(|cause| {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "MAX_REQUEST_SIZE_EXCEEDED", cause.to_string())
    })
}

fn parse(bytes: &Bytes) -> Reply<Value> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|cause| {
        let message = format!("Could not parse request object: {cause}");
        ApiError::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", message)
    })
}

/// Answers what no route of its own answers.
pub(super) async fn plain(State(state): State<AppState>, request: Request) -> Response {
    let (Some(matched), Some(caller)) =
        (request.extensions().get::<Matched>(), request.extensions().get::<Caller>())
    else {
        return ApiError::not_implemented(format!(
            "the sandbox does not emulate {} {}",
            request.method(),
            request.uri().path()
        ))
        .into_response();
    };
    let call = Call {
        state: &state,
        operation: matched.operation,
        path: &matched.path,
        query: &matched.query,
        body: matched.body.clone(),
        caller,
        now: state.now(),
    };
    match plain::answer(&call) {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Turns a good answer that its document would not have into a 500 that says where they differ.
async fn confirm(operation: &'static Operation, response: Response) -> Response {
    let json = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| it.contains("json"));
    if !response.status().is_success() || !json {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return ApiError::internal("the answer broke off").into_response();
    };
    let faults = match serde_json::from_slice::<Value>(&bytes) {
        Ok(answer) => spec::answer_faults(operation, &answer),
        Err(cause) => vec![cause.to_string()],
    };
    if faults.is_empty() {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let message =
        format!("the answer of {} is not what its document says: {}", operation.id, faults.join("; "));
    ApiError::internal(message).into_response()
}
