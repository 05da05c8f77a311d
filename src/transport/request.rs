//! A request in the making: what a generated call hands over by name.

use std::fmt::Display;
use std::pin::Pin;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Answer, ByteStream, Operation, Transport, encode_path, encode_path_segments};
use crate::decode::record::Record;
use crate::fields::{Problem, required};
use crate::{Error, Result};

/// A call on its way: nothing is sent before it is awaited.
pub type Sending<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// A request in the making. What is wrong with it is told when it is sent.
pub(crate) struct Building {
    transport: Transport,
    operation: &'static Operation,
    problem: Problem,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Body>,
}

impl Transport {
    /// Begins a request.
    pub(crate) fn request(&self, operation: &'static Operation, problem: Problem) -> Building {
        Building {
            transport: self.clone(),
            operation,
            problem,
            path: operation.path.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
        }
    }
}

impl Building {
    /// A value that is one segment of the path.
    pub(crate) fn path(&mut self, name: &'static str, value: &Option<impl Display>) {
        self.in_path(name, value, encode_path);
    }

    /// A value that spans segments of the path.
    pub(crate) fn path_segments(&mut self, name: &'static str, value: &Option<impl Display>) {
        self.in_path(name, value, encode_path_segments);
    }

    /// Values hold no braces once they are encoded, so that none is taken for a place.
    fn in_path(&mut self, name: &str, value: &Option<impl Display>, encode: fn(&str) -> String) {
        let value = match value {
            Some(value) => Ok(value.to_string()),
            // An account's calls know their account from the settings.
            None if name == "account_id" => self.transport.account_id(),
            None => Err(required(name)),
        };
        match value {
            Ok(value) => self.path = self.path.replace(&format!("{{{name}}}"), &encode(&value)),
            Err(problem) => self.problem.note(problem),
        }
    }

    /// Notes the absence of what must be there.
    pub(crate) fn require(&mut self, name: &str, is_there: bool) -> &mut Self {
        if !is_there {
            self.problem.note(required(name));
        }
        self
    }

    /// A parameter of the query; a list repeats its name.
    pub(crate) fn query(&mut self, name: &'static str, value: &Option<impl Serialize>) {
        let Some(value) = value else { return };
        match serde_json::to_value(value) {
            Ok(Value::Array(values)) => self.query.extend(values.iter().map(|value| (name, text(value)))),
            Ok(value) => self.query.push((name, text(&value))),
            Err(error) => self.problem.note(format!("`{name}`: {error}")),
        }
    }

    /// A header. What cannot be one is refused without being shown.
    #[cfg_attr(not(test), allow(dead_code, reason = "no document has a header parameter now"))]
    pub(crate) fn header(&mut self, name: &'static str, value: &Option<impl Display>) {
        let Some(value) = value else { return };
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value.to_string())) {
            (Ok(key), Ok(value)) => drop(self.headers.append(key, value)),
            (Err(error), _) => self.problem.note(format!("{name}: {error}")),
            (_, Err(error)) => self.problem.note(format!("{name}: {error}")),
        }
    }

    /// A body that is an object.
    pub(crate) fn record(&mut self, body: &(impl Record + Serialize)) {
        if let Some(name) = body.missing() {
            self.problem.note(required(name));
        }
        self.write(body);
    }

    /// A body that is any other JSON.
    pub(crate) fn json(&mut self, body: &Option<impl Serialize>) {
        self.require("body", body.is_some());
        if let Some(body) = body {
            self.write(body);
        }
    }

    fn write(&mut self, body: &impl Serialize) {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(Body::from(bytes)),
            Err(error) => self.problem.note(format!("the body: {error}")),
        }
        self.headers.insert(CONTENT_TYPE, JSON);
    }

    /// A body of bytes.
    pub(crate) fn bytes(&mut self, body: Option<Body>) {
        self.require("body", body.is_some());
        self.body = body;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }

    /// Sends it for a JSON answer.
    pub(crate) fn send_json<T: DeserializeOwned + 'static>(mut self) -> Sending<T> {
        self.headers.insert(ACCEPT, JSON);
        let operation = self.operation;
        let answer = self.send();
        Box::pin(async move { answer.await?.decode(operation) })
    }

    /// Sends it for an answer part of which is in headers.
    pub(crate) fn send_with_headers<T: DeserializeOwned + 'static>(
        mut self,
        names: &'static [&'static str],
    ) -> Sending<T> {
        self.headers.insert(ACCEPT, JSON);
        let operation = self.operation;
        let answer = self.send();
        Box::pin(async move { answer.await?.with_headers(names).decode(operation) })
    }

    /// Sends it, whatever the answer holds.
    pub(crate) fn send_empty(self) -> Sending<()> {
        let answer = self.send();
        Box::pin(async move { answer.await.map(drop) })
    }

    /// Sends it. Of no type, so that what all calls have in common is compiled once.
    fn send(self) -> Sending<Answer> {
        let (transport, operation, request) = self.finish();
        Box::pin(async move { transport.call(request?, operation).await })
    }

    /// Sends it for an answer of bytes.
    pub(crate) fn send_bytes(self) -> Sending<ByteStream> {
        let (transport, operation, request) = self.finish();
        Box::pin(async move { transport.call_bytes(request?, operation).await })
    }

    fn finish(self) -> (Transport, &'static Operation, Result<Request>) {
        let Self { transport, operation, problem, path, query, headers, body } = self;
        let request = problem.into_result().and_then(|()| {
            let address = format!("{}{path}", transport.host());
            let mut url = Url::parse(&address).map_err(|error| format!("the address {address}: {error}"))?;
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(&query);
            }
            let method =
                Method::from_bytes(operation.method.as_bytes()).map_err(|error| error.to_string())?;
            let mut request = Request::new(method, url);
            *request.headers_mut() = headers;
            *request.body_mut() = body;
            Ok(request)
        });
        (transport, operation, request.map_err(Error::invalid_request))
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A value as it is in a query.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
