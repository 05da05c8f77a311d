//! Reads requests, and tells the caller which field is wrong and what was expected there.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::ApiError;

/// A JSON body; an empty one counts as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

/// The variable parts of the path.
pub(crate) struct UrlPath<T>(pub(crate) T);

/// The query string; repeated keys fill a list.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|refused| {
            let (status, text) = (refused.status(), refused.body_text());
            ApiError::new(
                status,
                if status == StatusCode::PAYLOAD_TOO_LARGE {
                    "MAX_REQUEST_SIZE_EXCEEDED"
                } else {
                    "MALFORMED_REQUEST"
                },
                text,
            )
        })?;
        parse(if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes }).map(Self)
    }
}

/// Parses the text of a request body.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        if cause.is_data() { field(&path, &position_less(&cause)) } else { malformed(&cause) }
    })?;
    reader.end().map_err(|cause| malformed(&cause))?;
    Ok(parsed)
}

/// Reads a part of a request that has been parsed as plain JSON.
pub(crate) fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        field(&path, &error.into_inner().to_string())
    })
}

fn malformed(cause: &serde_json::Error) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "MALFORMED_REQUEST",
        format!("Could not parse request object: {cause}"),
    )
}

/// The message of a parse error without its place in the text: the field's path says more.
fn position_less(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// Serde's words, turned into the service's: which field, and what it should have been.
fn field(path: &str, message: &str) -> ApiError {
    let inner = path.trim_start_matches('.');
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let full = if inner.is_empty() { name.to_owned() } else { format!("{inner}.{name}") };
        return ApiError::invalid(format!("Missing required field: {full}"));
    }
    let place = if inner.is_empty() { "the request".to_owned() } else { format!("field '{inner}'") };
    ApiError::invalid(format!("Invalid value for {place}: {message}"))
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for UrlPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path))
            .map_err(|refused| ApiError::invalid(refused.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let reader = serde_html_form::Deserializer::from_bytes(query.as_bytes());
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let path = error.path().to_string();
            field(&path, &error.into_inner().to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(rename = "count")]
        _count: i64,
    }

    fn refusal(text: &str) -> (&'static str, String) {
        let error = parse::<Outer>(text.as_bytes()).unwrap_err();
        (error.error_code, error.message)
    }

    #[test]
    fn a_refusal_names_the_field_and_the_type() {
        assert_eq!(refusal("{}"), ("INVALID_PARAMETER_VALUE", "Missing required field: inner".into()));
        assert_eq!(refusal(r#"{"inner":[{}]}"#).1, "Missing required field: inner[0].count");
        let (code, message) = refusal(r#"{"inner":[{"count":"many"}]}"#);
        assert_eq!(code, "INVALID_PARAMETER_VALUE");
        assert_eq!(
            message,
            "Invalid value for field 'inner[0].count': invalid type: string \"many\", expected i64"
        );
        assert_eq!(refusal("{").0, "MALFORMED_REQUEST");
        assert_eq!(refusal(r#"{"inner":[]} x"#).0, "MALFORMED_REQUEST");
    }
}
