//! Errors as the service answers them: a status and `{"error_code": …, "message": …}`.

use std::fmt::Display;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What a handler that answers JSON returns.
pub(crate) type Answer = Reply<Json<Value>>;

/// What a handler returns.
pub(crate) type Reply<T> = Result<T, ApiError>;

/// A refusal in the service's form.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error_code}: {message}")]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) error_code: &'static str,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, error_code: &'static str, message: impl Into<String>) -> Self {
        Self { status, error_code, message: message.into() }
    }

    /// 400: a field has a value that it cannot have.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    }

    /// 400: the object is not in a state that allows this.
    pub(crate) fn invalid_state(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_STATE", message)
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", message)
    }

    /// 400, which is what the service says here rather than 409.
    pub(crate) fn already_exists(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS", message)
    }

    /// 403: no token, or a wrong one.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "403", "Invalid access token.")
    }

    /// 401: a token that was good once.
    pub(crate) fn expired() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "Access token has expired.")
    }

    /// 501: the sandbox does not do this.
    pub(crate) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message)
    }

    /// 500: the sandbox's own trouble, such as a full disk. The cause goes to the log and into the message, since whoever
    /// reads it owns the machine.
    pub(crate) fn internal(cause: impl Display) -> Self {
        let message = cause.to_string();
        tracing::error!("{message}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error_code": self.error_code, "message": self.message });
        (self.status, Json(body)).into_response()
    }
}
