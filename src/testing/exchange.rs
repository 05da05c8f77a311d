//! A request and its answer, as a line of JSON.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TestingError;

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub response: Answer,
}

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Request {
    /// The method in capitals.
    pub method: String,
    /// The path, encoded as it was sent.
    pub path: String,
    /// The query without its question mark; the order of its parts does not matter. Absent, there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// What the body has to hold: of an object, at least these members. Absent, any body will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// The status, 200 unless given.
    #[serde(default = "ok", skip_serializing_if = "is_ok")]
    pub status: u16,
    /// Headers, beside those that follow from the body.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A body in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// A body that is text, in the place of `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A body that is neither, in base64, in the place of `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

fn ok() -> u16 {
    200
}

fn is_ok(status: &u16) -> bool {
    *status == ok()
}

impl Exchange {
    /// This answer to this request.
    pub fn new(request: Request, response: Answer) -> Self {
        Self { request, response }
    }

    /// Reads lines of JSON; empty ones and those that begin with `//` are passed over.
    ///
    /// # Errors
    /// [`TestingError::Line`] names the first line that is none.
    pub fn read(lines: &str) -> Result<Vec<Self>, TestingError> {
        let lines = lines.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with("//"))
            .map(|(line, text)| {
                serde_json::from_str(text).map_err(|source| TestingError::Line { line, source })
            })
            .collect()
    }

    /// Reads a file of such lines.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`TestingError::File`] where the file cannot be read.
    pub fn read_file(file: impl AsRef<Path>) -> Result<Vec<Self>, TestingError> {
        let file = file.as_ref();
        let failed = |source| TestingError::File { file: file.to_owned(), source };
        Self::read(&std::fs::read_to_string(file).map_err(failed)?)
    }
}

impl Request {
    /// With any body.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), ..Self::default() }
    }

    /// What keeps `sent` from being this; none where nothing does.
    pub(super) fn difference(&self, sent: &Self) -> Option<String> {
        if !self.method.eq_ignore_ascii_case(&sent.method) {
            return Some("the method".to_owned());
        }
        if self.path != sent.path {
            return Some("the path".to_owned());
        }
        if pairs(&self.query) != pairs(&sent.query) {
            return Some("the query".to_owned());
        }
        let path = difference(self.body.as_ref()?, sent.body.as_ref().unwrap_or(&Value::Null))?;
        Some(if path.is_empty() { "the body".to_owned() } else { format!("the body at `{path}`") })
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        Ok(())
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}

/// Where `sent` lacks what is wanted.
fn difference(wanted: &Value, sent: &Value) -> Option<String> {
    match (wanted, sent) {
        (Value::Object(wanted), Value::Object(sent)) => wanted.iter().find_map(|(name, value)| {
            let path = difference(value, sent.get(name).unwrap_or(&Value::Null))?;
            Some(if path.is_empty() { name.clone() } else { format!("{name}.{path}") })
        }),
        (Value::Array(wanted), Value::Array(sent)) if wanted.len() == sent.len() => {
            wanted.iter().zip(sent).enumerate().find_map(|(index, (wanted, sent))| {
                let path = difference(wanted, sent)?;
                Some(if path.is_empty() { index.to_string() } else { format!("{index}.{path}") })
            })
        }
        _ => (wanted != sent).then(String::new),
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: ok(), headers: BTreeMap::new(), body: None, text: None, base64: None }
    }
}

impl Answer {
    /// A success with this body.
    pub fn json(body: impl Into<Value>) -> Self {
        Self { body: Some(body.into()), ..Self::default() }
    }

    /// The same with another status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The body, and its type where that follows.
    pub(super) fn content(&self) -> (Vec<u8>, Option<&'static str>) {
        match (&self.body, &self.text, &self.base64) {
            (Some(body), ..) => (body.to_string().into_bytes(), Some("application/json")),
            (_, Some(text), _) => (text.clone().into_bytes(), Some("text/plain; charset=utf-8")),
            (_, _, Some(encoded)) => match BASE64_STANDARD.decode(encoded) {
                Ok(bytes) => (bytes, Some("application/octet-stream")),
                Err(_) => (b"this recording's base64 is none".to_vec(), Some("text/plain")),
            },
            _ => (Vec::new(), None),
        }
    }

    /// The same with these bytes as the body.
    pub(super) fn with_content(mut self, bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return self;
        }
        match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
            (Ok(body), _) => self.body = Some(body),
            (_, Ok(text)) => self.text = Some(text.to_owned()),
            _ => self.base64 = Some(BASE64_STANDARD.encode(bytes)),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_named() {
        let recorded = |query: &str, body: Option<Value>| Request {
            query: query.to_owned(),
            body,
            ..Request::new("POST", "/a")
        };
        let sent = recorded("b=2&a=1", Some(json!({"x": {"y": [1, 2]}, "more": true})));
        for (request, expected) in [
            (recorded("a=1&b=2", None), None),
            (recorded("a=1&b=2", Some(json!({"x": {}}))), None),
            (recorded("a=1", None), Some("the query")),
            (recorded("a=1&b=2", Some(json!({"x": {"y": [1, 3]}}))), Some("the body at `x.y.1`")),
            (recorded("a=1&b=2", Some(json!({"z": 1}))), Some("the body at `z`")),
            (recorded("a=1&b=2", Some(json!([]))), Some("the body")),
            (Request::new("GET", "/a"), Some("the method")),
            (Request::new("POST", "/b"), Some("the path")),
        ] {
            assert_eq!(request.difference(&sent).as_deref(), expected, "{request:?}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let good = r#"{"request": {"method": "GET", "path": "/a"}, "response": {}}"#;
        assert_eq!(Exchange::read(&format!("// what this is\n\n{good}\n")).unwrap().len(), 1);
        let error = Exchange::read(&format!("{good}\n{{\"request\": 1}}")).unwrap_err();
        assert!(error.to_string().starts_with("line 2 is no exchange"), "{error}");
    }

    #[test]
    fn bodies_of_all_kinds_are_kept() {
        for bytes in [&b"{\"a\":1}"[..], b"text", b"\xff\x00", b""] {
            let answer = Answer::default().with_content(bytes);
            let line = serde_json::to_string(&answer).unwrap();
            let read: Answer = serde_json::from_str(&line).unwrap();
            assert_eq!(read.content().0, bytes, "{line}");
        }
    }
}
