//! An error that the service answered, in whichever of its four shapes.
//!
//! JSON (`error_code` and `message`, SCIM's `detail`, API 1.2's `error`), `CODE: message`, a page
//! with the message in `<pre>`, and plain text.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;

use super::ErrorKind;
use super::details::Detail;
use crate::transport::Operation;
use crate::transport::retry_after;

/// An error that the service answered.
#[derive(Debug, Clone)]
pub struct ApiError {
    operation: &'static str,
    attempts: u32,
    status: StatusCode,
    code: String,
    message: String,
    details: Vec<Detail>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
}

/// Longest message kept, in characters; a page of HTML is no message.
const LONGEST: usize = 2_000;

impl ApiError {
    pub(crate) fn read(
        operation: &Operation,
        attempts: u32,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let text = String::from_utf8_lossy(body);
        let Shape { code, message, details } = match status.is_redirection() {
            true => redirect(headers),
            false => shape(status, text.trim()),
        };
        let delay = details.iter().find_map(|detail| match detail {
            Detail::RetryInfo(info) => info.retry_delay,
            _ => None,
        });
        Self {
            operation: operation.id,
            attempts,
            status,
            message: message.chars().take(LONGEST).collect(),
            code,
            details,
            request_id: request_id(headers).map(str::to_owned),
            retry_after: retry_after(headers).or(delay),
        }
    }

    /// The error that a long-running operation ended with, which comes in a success.
    pub(crate) fn of_operation(operation: &'static str, error: &Value) -> Self {
        let Shape { code, message, details } = shape(StatusCode::OK, &error.to_string());
        let status = StatusCode::OK;
        Self { operation, attempts: 1, status, code, message, details, request_id: None, retry_after: None }
    }

    /// Says so where the service had no words, as in the answer to a HEAD.
    #[cfg(all(feature = "files", feature = "workspace"))]
    pub(crate) fn unless_said(mut self, message: String) -> Self {
        if self.message.is_empty() {
            self.message = message;
        }
        self
    }

    /// The `operationId` of the call.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// How often it was tried.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The service's code, such as `RESOURCE_DOES_NOT_EXIST`; empty where it gives none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the service says.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the service adds.
    pub fn details(&self) -> &[Detail] {
        &self.details
    }

    /// The service's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The wait that the service asks for: that of the header, else the one among the details.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::of(self.status, &self.code, &self.message)
    }
}

/// The service's id of a request, for its support.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_ID.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}

const REQUEST_ID: [&str; 2] = ["x-request-id", "x-databricks-request-id"];

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.operation)?;
        match (self.code.is_empty(), self.message.is_empty()) {
            (true, true) => write!(formatter, "{}", self.status)?,
            (true, false) => write!(formatter, "{} ({})", self.message, self.status)?,
            (false, true) => write!(formatter, "{} ({})", self.code, self.status)?,
            (false, false) => {
                write!(formatter, "{} ({}, {})", self.message, self.code, self.status.as_u16())?
            }
        }
        if self.attempts > 1 {
            write!(formatter, ", after {} attempts", self.attempts)?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[derive(Default)]
struct Shape {
    code: String,
    message: String,
    details: Vec<Detail>,
}

fn shape(status: StatusCode, text: &str) -> Shape {
    if let Ok(Value::Object(body)) = serde_json::from_str::<Value>(text) {
        let word = |key: &str| match body.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        return Shape {
            code: word("error_code").or_else(|| word("scimType")).unwrap_or_default(),
            message: ["message", "detail", "error_description", "error"]
                .iter()
                .find_map(|key| word(key))
                .unwrap_or_default(),
            details: body
                .get("details")
                .and_then(Value::as_array)
                .map_or_else(Vec::new, |details| details.iter().map(Detail::read).collect()),
        };
    }
    if let Some((_, rest)) = text.split_once("<pre>") {
        let message = rest.split("</pre>").next().unwrap_or_default().trim().to_owned();
        return Shape { message, ..Shape::default() };
    }
    if text.starts_with('<') {
        let message = format!("a web page instead of an API answer ({status})");
        return Shape { message, ..Shape::default() };
    }
    match text.split_once(": ") {
        Some((code, message)) if is_code(code) => {
            Shape { code: code.to_owned(), message: message.to_owned(), ..Shape::default() }
        }
        _ => Shape { message: text.to_owned(), ..Shape::default() },
    }
}

fn is_code(text: &str) -> bool {
    text.len() > 2 && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The API never redirects. A workspace behind a private link does, to its login page.
fn redirect(headers: &HeaderMap) -> Shape {
    let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = match target.contains("error=private-link-validation-error") {
        true => "the workspace is reached over a private link only, and this network has none".to_owned(),
        // The query of a login page may hold what is secret.
        false => format!(
            "redirected to {}; is this the host of a workspace?",
            target.split('?').next().unwrap_or_default()
        ),
    };
    Shape { message, ..Shape::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::RetryClass;

    const OPERATION: Operation =
        Operation { service: "jobs", id: "jobs_get", method: "GET", path: "/", retry: RetryClass::Safe };

    fn read(status: u16, body: &str) -> ApiError {
        let status = StatusCode::from_u16(status).unwrap();
        ApiError::read(&OPERATION, 1, status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn all_shapes_are_read() {
        for (body, code, message) in [
            (
                r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no job 7"}"#,
                "RESOURCE_DOES_NOT_EXIST",
                "no job 7",
            ),
            (r#"{"schemas":["x"],"detail":"gone","status":"404"}"#, "", "gone"),
            (r#"{"error":"ContextNotFound"}"#, "", "ContextNotFound"),
            (r#"{"error_code":403,"message":"Invalid access token."}"#, "403", "Invalid access token."),
            ("INVALID_STATE: not now", "INVALID_STATE", "not now"),
            ("<html><pre> broken </pre></html>", "", "broken"),
            ("plain: text", "", "plain: text"),
            ("", "", ""),
        ] {
            let error = read(404, body);
            assert_eq!((error.code(), error.message()), (code, message), "{body}");
        }
    }

    #[test]
    fn details_are_typed_and_name_the_wait_where_no_header_does() {
        let body = r#"{"error_code":"RESOURCE_EXHAUSTED","message":"m","details":[
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"LIMIT"},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"7.5s"},
            {"@type":"x","a":1}]}"#;
        let error = read(429, body);
        assert_eq!(error.retry_after(), Some(Duration::from_millis(7500)));
        let [Detail::ErrorInfo(info), Detail::RetryInfo(_), Detail::Other(other)] = error.details() else {
            panic!("{:?}", error.details())
        };
        assert!(info.reason == "LIMIT" && other["a"] == 1);
        let headers = HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, "2".parse().unwrap())]);
        let error = ApiError::read(&OPERATION, 1, StatusCode::TOO_MANY_REQUESTS, &headers, body.as_bytes());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn kinds_come_from_message_code_and_status() {
        let of = |status, body: &str| read(status, body).kind();
        assert_eq!(
            of(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Cluster x does not exist"}"#),
            ErrorKind::NotFound
        );
        assert_eq!(
            of(403, r#"{"error_code":"403","message":"Invalid access token."}"#),
            ErrorKind::Unauthenticated
        );
        assert_eq!(of(400, r#"{"error_code":"RESOURCE_ALREADY_EXISTS"}"#), ErrorKind::AlreadyExists);
        assert_eq!(of(503, "<html>"), ErrorKind::Unavailable);
    }

    #[test]
    fn an_error_reads_well() {
        let error = read(404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no job 7"}"#);
        assert_eq!(error.to_string(), "jobs_get: no job 7 (RESOURCE_DOES_NOT_EXIST, 404)");
        assert_eq!(read(500, "").to_string(), "jobs_get: 500 Internal Server Error");
    }
}
