//! The face of the project's transport, with no network behind it.

mod operation;
mod path;
mod request;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use reqwest::Request;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Error, Result};

pub use operation::{Operation, RetryClass};
use path::{encode_path, encode_path_segments};
pub use request::Sending;

pub(crate) fn idempotency_token() -> String {
    "a token".to_owned()
}

pub struct ByteStream;

/// Answers what it was told to, in order, and then fails with what it was to send.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    answers: Arc<Mutex<VecDeque<Value>>>,
    sent: Arc<Mutex<Vec<Request>>>,
    account_id: Option<String>,
}

impl Transport {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Value>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() }
    }

    pub(crate) fn of_account(id: &str) -> Self {
        Self { account_id: Some(id.to_owned()), ..Self::default() }
    }

    /// Method and address of what was sent and answered.
    pub(crate) fn sent(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        let shown = |request: &Request| {
            let url = request.url().as_str().replace("http://localhost", "");
            let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
            format!("{} {url} {}", request.method(), String::from_utf8_lossy(body)).trim().to_owned()
        };
        sent.iter().map(shown).collect()
    }

    pub(crate) fn host(&self) -> &str {
        "http://localhost"
    }

    pub(crate) fn account_id(&self) -> std::result::Result<String, String> {
        self.account_id.clone().ok_or_else(|| "`account_id` is required".to_owned())
    }

    pub(crate) async fn call(&self, request: Request, _: &'static Operation) -> Result<Answer> {
        match self.answers.lock().unwrap().pop_front() {
            Some(answer) => {
                self.sent.lock().unwrap().push(request);
                Ok(Answer(answer))
            }
            None => Err(Error::Sent(Box::new(request))),
        }
    }

    pub(crate) async fn call_bytes(&self, request: Request, _: &'static Operation) -> Result<ByteStream> {
        Err(Error::Sent(Box::new(request)))
    }
}

/// What it was told to answer.
pub(crate) struct Answer(Value);

impl Answer {
    pub(crate) fn with_headers(mut self, names: &[&str]) -> Self {
        for name in names {
            self.0[name] = json!("7");
        }
        self
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, _: &'static Operation) -> Result<T> {
        Ok(serde_json::from_value(self.0.clone()).unwrap())
    }
}
