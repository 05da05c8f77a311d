//! The face of the project's transport, with no network behind it.

mod operation;
mod path;

use reqwest::{Client, Request};
use serde::de::DeserializeOwned;

use crate::{Error, Result};

pub use operation::{Operation, RetryClass};
pub use path::{encode_path, encode_path_segments};

pub struct ByteStream;

#[derive(Clone, Debug, Default)]
pub struct Transport {
    http: Client,
}

impl Transport {
    pub(crate) fn host(&self) -> &str {
        "http://localhost"
    }

    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    pub(crate) async fn call_json<T: DeserializeOwned>(
        &self,
        request: Request,
        _: &'static Operation,
    ) -> Result<T> {
        Err(Error::Sent(Box::new(request)))
    }

    pub(crate) async fn call_empty(&self, request: Request, _: &'static Operation) -> Result<()> {
        Err(Error::Sent(Box::new(request)))
    }

    pub(crate) async fn call_bytes(&self, request: Request, _: &'static Operation) -> Result<ByteStream> {
        Err(Error::Sent(Box::new(request)))
    }
}
