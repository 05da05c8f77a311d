//! Answers that are bytes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::{Observers, Operation};
use crate::{Error, Result, error};

/// The bytes of an answer, as they come. A stream of `Result<Bytes, Error>`.
pub struct ByteStream {
    headers: HeaderMap,
    length: Option<u64>,
    inner: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

impl ByteStream {
    pub(super) fn new(response: Response, operation: &'static Operation, observers: Observers) -> Self {
        let host = response.url().origin().ascii_serialization();
        let headers = response.headers().clone();
        let length = response.content_length();
        let inner = response
            .bytes_stream()
            .map(move |part| part.map_err(|source| error::transport(operation, &host, 1, source)))
            .inspect_ok(move |part| observers.received(operation, part.len()));
        Self { headers, length, inner: Box::pin(inner) }
    }

    /// The number of bytes, where the service says it.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// The content type, where the service says it.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// A header, where the service sends it as text.
    #[allow(dead_code, reason = "used by transfers")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All bytes, if they are at most `limit`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] as soon as there is one byte more, and what reading can fail with.
    pub async fn collect(mut self, limit: u64) -> Result<Bytes> {
        let too_large = |size| Error::TooLarge { size, limit };
        if let Some(length) = self.length.filter(|length| *length > limit) {
            return Err(too_large(Some(length)));
        }
        let mut all = BytesMut::new();
        while let Some(part) = self.next().await {
            all.extend_from_slice(&part?);
            if all.len() as u64 > limit {
                return Err(too_large(self.length));
            }
        }
        Ok(all.freeze())
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ByteStream").field("content_length", &self.length).finish_non_exhaustive()
    }
}
