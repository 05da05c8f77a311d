//! The kinds of errors that the service answers.

use reqwest::StatusCode;

/// What kind of error the service answered, from its code where that is known and its status
/// otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request cannot be understood or an argument is wrong.
    InvalidParameter,
    /// Not logged in: the token is missing, wrong or expired.
    Unauthenticated,
    /// Logged in, but not allowed.
    PermissionDenied,
    /// There is no such thing.
    NotFound,
    /// There is such a thing already.
    AlreadyExists,
    /// Somebody else changed it, or it is not in a state for this.
    Conflict,
    /// Too many requests, or a quota is used up.
    TooManyRequests,
    /// The service cannot do this.
    NotImplemented,
    /// The service is not there for now.
    Unavailable,
    /// The service took too long.
    Timeout,
    /// The service failed.
    Internal,
    /// Anything else.
    Other,
}

/// What an error is, by the code in its body.
const CODES: [(&str, ErrorKind); 24] = [
    ("INVALID_PARAMETER_VALUE", ErrorKind::InvalidParameter),
    ("INVALID_REQUEST", ErrorKind::InvalidParameter),
    ("MALFORMED_REQUEST", ErrorKind::InvalidParameter),
    ("BAD_REQUEST", ErrorKind::InvalidParameter),
    ("UNAUTHENTICATED", ErrorKind::Unauthenticated),
    ("PERMISSION_DENIED", ErrorKind::PermissionDenied),
    ("NOT_FOUND", ErrorKind::NotFound),
    ("RESOURCE_DOES_NOT_EXIST", ErrorKind::NotFound),
    ("CATALOG_DOES_NOT_EXIST", ErrorKind::NotFound),
    ("SCHEMA_DOES_NOT_EXIST", ErrorKind::NotFound),
    ("TABLE_DOES_NOT_EXIST", ErrorKind::NotFound),
    ("VOLUME_DOES_NOT_EXIST", ErrorKind::NotFound),
    ("ALREADY_EXISTS", ErrorKind::AlreadyExists),
    ("RESOURCE_ALREADY_EXISTS", ErrorKind::AlreadyExists),
    ("RESOURCE_CONFLICT", ErrorKind::Conflict),
    ("ABORTED", ErrorKind::Conflict),
    ("INVALID_STATE", ErrorKind::Conflict),
    ("RESOURCE_EXHAUSTED", ErrorKind::TooManyRequests),
    ("REQUEST_LIMIT_EXCEEDED", ErrorKind::TooManyRequests),
    ("NOT_IMPLEMENTED", ErrorKind::NotImplemented),
    ("TEMPORARILY_UNAVAILABLE", ErrorKind::Unavailable),
    ("DEADLINE_EXCEEDED", ErrorKind::Timeout),
    ("INTERNAL_ERROR", ErrorKind::Internal),
    ("INTERNAL_SERVER_ERROR", ErrorKind::Internal),
];

impl ErrorKind {
    /// The kind from status, code and message.
    pub(super) fn of(status: StatusCode, code: &str, message: &str) -> Self {
        // A cluster or run that is not there is answered as a wrong parameter.
        if code == "INVALID_PARAMETER_VALUE" && message.contains("does not exist") {
            return ErrorKind::NotFound;
        }
        // A wrong token is answered as 403, as is a right one without permission.
        if status == StatusCode::FORBIDDEN && message.to_lowercase().contains("invalid access token") {
            return ErrorKind::Unauthenticated;
        }
        if let Some((_, kind)) = CODES.iter().find(|(name, _)| *name == code) {
            return *kind;
        }
        match status.as_u16() {
            400 => ErrorKind::InvalidParameter,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::PermissionDenied,
            404 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            429 => ErrorKind::TooManyRequests,
            501 => ErrorKind::NotImplemented,
            503 => ErrorKind::Unavailable,
            408 | 504 => ErrorKind::Timeout,
            500..=599 => ErrorKind::Internal,
            _ => ErrorKind::Other,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(self) -> bool {
        matches!(self, ErrorKind::TooManyRequests | ErrorKind::Unavailable | ErrorKind::Timeout)
    }

    pub(super) fn help(self) -> Option<&'static str> {
        match self {
            ErrorKind::Unauthenticated => {
                Some("the token is missing, wrong or expired: make a new one and set DATABRICKS_TOKEN")
            }
            ErrorKind::PermissionDenied => {
                Some("the caller lacks a permission: ask the owner of the object or a workspace admin")
            }
            ErrorKind::TooManyRequests => Some("the service limits its callers: wait, then try again"),
            ErrorKind::Unavailable | ErrorKind::Timeout => Some("try again in a while"),
            _ => None,
        }
    }
}
