//! What traces tell of requests and answers: never a query, never a secret.

use bytes::Bytes;
use reqwest::Request;
use reqwest::header::{HeaderMap, HeaderName};

use super::{Operation, shown};
use crate::Config;
use crate::config::Attribute;
use crate::error::ConfigError;

/// How much is told, by `debug_truncate_bytes` and `debug_headers`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Longest text in a body that is shown whole, in bytes.
    pub(crate) longest_text: usize,
    /// Whether headers are shown, those of [`HARMLESS`] with their values.
    pub(crate) headers: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { longest_text: shown::LONGEST_TEXT, headers: false }
    }
}

/// Longest body in a trace, in characters, beside one text of full length.
const LONGEST: usize = 2_000;

/// Headers whose values are shown. A list of those that are secret would lack the next one.
const HARMLESS: [&str; 15] = [
    "accept",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "if-none-match",
    "if-unmodified-since",
    "last-modified",
    "retry-after",
    "server",
    "user-agent",
    "x-databricks-request-id",
    "x-databricks-workspace-id",
    "x-request-id",
];

impl Log {
    /// As the settings say.
    pub(crate) fn of(config: &Config) -> Result<Self, ConfigError> {
        let longest_text = match config.get(Attribute::DebugTruncateBytes) {
            None => shown::LONGEST_TEXT,
            Some(value) => value.parse().map_err(|_| ConfigError::Invalid {
                attribute: Attribute::DebugTruncateBytes.name(),
                value: value.to_owned(),
                expected: "a whole number of bytes".to_owned(),
            })?,
        };
        Ok(Self { longest_text, headers: config.is_on(Attribute::DebugHeaders) })
    }

    /// Method, address without its query, and the body without secrets.
    pub(super) fn request(self, request: &Request) {
        if tracing::enabled!(tracing::Level::TRACE) {
            let body = request.body().and_then(|body| body.as_bytes());
            let body = body.map(|body| self.body(body));
            let headers = self.headers(request.headers());
            tracing::trace!(method = %request.method(), path = request.url().path(), headers, body, "sending");
        }
    }

    pub(super) fn answer(self, operation: &Operation, headers: &HeaderMap, body: &Bytes) {
        if tracing::enabled!(tracing::Level::TRACE) {
            let (headers, body) = (self.headers(headers), self.body(body));
            tracing::trace!(operation = operation.id, headers, body, "received");
        }
    }

    fn body(self, body: &[u8]) -> String {
        shown::body_with(body, LONGEST.saturating_add(self.longest_text), self.longest_text)
    }

    fn headers(self, headers: &HeaderMap) -> Option<String> {
        let shown = |name: &HeaderName| {
            let value = headers.get(name).filter(|value| !value.is_sensitive())?;
            HARMLESS.contains(&name.as_str()).then(|| value.to_str().ok()).flatten()
        };
        self.headers.then(|| {
            let lines: Vec<_> =
                headers.keys().map(|name| format!("{name}: {}", shown(name).unwrap_or("***"))).collect();
            lines.join("; ")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn only_harmless_headers_are_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        headers.insert("x-new-token", HeaderValue::from_static("s3cret"));
        let mut etag = HeaderValue::from_static("s3cret");
        etag.set_sensitive(true);
        headers.insert("etag", etag);
        assert_eq!(Log::default().headers(&headers), None);
        let shown = Log { headers: true, ..Log::default() }.headers(&headers).unwrap();
        assert_eq!(shown, "content-type: text/plain; x-new-token: ***; etag: ***");
    }

    #[test]
    fn texts_are_cut_where_the_settings_say() {
        let body = serde_json::json!({ "text": "x".repeat(5_000) }).to_string();
        let shown = |longest_text| Log { longest_text, headers: false }.body(body.as_bytes()).len();
        assert!(shown(10) < 40 && shown(96) < 130 && shown(4_000) > 3_900, "{} {}", shown(10), shown(4_000));
    }
}
