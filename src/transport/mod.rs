//! What happens between a built request and a value: credentials, attempts, errors, decoding.

mod body;
mod operation;
mod path;
mod retry;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Request, Response};
use serde::de::DeserializeOwned;

use crate::auth::Credentials;
use crate::error::{self, ApiError, ConfigError, Error, Result};

pub use body::ByteStream;
pub use operation::{Operation, RetryClass};
pub use retry::RetryPolicy;
pub(crate) use retry::retry_after;

/// A token by which the service knows a request that it has seen.
pub(crate) fn idempotency_token() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[doc(hidden)]
pub use path::{encode_path, encode_path_segments};

/// The way to one workspace: connections, credentials and policy. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    host: String,
    http: reqwest::Client,
    credentials: Arc<dyn Credentials>,
    retry: RetryPolicy,
    account_id: Option<String>,
}

/// An answer with a success status.
struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

impl Transport {
    pub(crate) fn new(
        host: String,
        credentials: Arc<dyn Credentials>,
        retry: RetryPolicy,
        timeout: Duration,
        product: Option<&str>,
        account_id: Option<String>,
    ) -> Result<Self> {
        // Another part of the program may have chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = user_agent(product, credentials.auth_type());
        let agent = HeaderValue::from_str(&agent).map_err(|_| ConfigError::Invalid {
            attribute: "user_agent",
            value: agent,
            expected: "printable ASCII".to_owned(),
        })?;
        let http = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(USER_AGENT, agent)]))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(timeout)
            // The API never redirects; where a proxy or a login page does, following it would
            // hand a page of HTML to the decoder.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::request)?;
        Ok(Self { inner: Arc::new(Inner { host, http, credentials, retry, account_id }) })
    }

    pub(crate) fn host(&self) -> &str {
        &self.inner.host
    }

    /// The account in the paths of an account's calls.
    pub(crate) fn account_id(&self) -> Result<String, String> {
        self.inner
            .account_id
            .clone()
            .ok_or_else(|| "`account_id` is required: set DATABRICKS_ACCOUNT_ID".to_owned())
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// A call whose answer is JSON.
    pub(crate) async fn call_json<T: DeserializeOwned>(
        &self,
        request: Request,
        operation: &'static Operation,
    ) -> Result<T> {
        decode(operation, &self.whole(request, operation).await?)
    }

    /// A call part of whose answer is in headers; each becomes a member, unless the body has it.
    pub(crate) async fn call_with_headers<T: DeserializeOwned>(
        &self,
        request: Request,
        operation: &'static Operation,
        names: &[&str],
    ) -> Result<T> {
        let mut answer = self.whole(request, operation).await?;
        let body: &[u8] = if answer.body.is_empty() { b"{}" } else { &answer.body };
        if let Ok(mut members) = serde_json::from_slice::<serde_json::Map<_, _>>(body) {
            for name in names {
                if let Some(value) = answer.headers.get(*name).and_then(|value| value.to_str().ok()) {
                    members.entry(*name).or_insert_with(|| value.into());
                }
            }
            answer.body = serde_json::to_vec(&members).map_or(answer.body, Bytes::from);
        }
        decode(operation, &answer)
    }

    /// A call that answers nothing of interest.
    pub(crate) async fn call_empty(&self, request: Request, operation: &'static Operation) -> Result<()> {
        self.whole(request, operation).await.map(drop)
    }

    /// A call whose answer is bytes, read as they come. What is read is not tried again.
    pub(crate) async fn call_bytes(
        &self,
        request: Request,
        operation: &'static Operation,
    ) -> Result<ByteStream> {
        let response = self.attempts(request, operation, async |response| Ok(response)).await?;
        Ok(ByteStream::new(response, operation))
    }

    async fn whole(&self, request: Request, operation: &'static Operation) -> Result<Answer> {
        self.attempts(request, operation, async |response: Response| {
            let headers = response.headers().clone();
            Ok(Answer { headers, body: response.bytes().await? })
        })
        .await
    }

    /// Sends until there is an answer, an error that another attempt cannot mend, or no time left.
    async fn attempts<T>(
        &self,
        request: Request,
        operation: &'static Operation,
        read: impl AsyncFn(Response) -> Result<T, reqwest::Error>,
    ) -> Result<T> {
        if path::is_refused(request.url().path()) {
            let message = "a part of the path is `.`, `..` or holds a NUL, which cannot be sent";
            return Err(Error::invalid_request(message.to_owned()));
        }
        let started = Instant::now();
        let mut delays = self.inner.retry.delays();
        let mut next = Some(request);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Some(mut request) = next.take() else {
                return Err(Error::invalid_request("the request could not be built again".to_owned()));
            };
            // A streamed body exists once: such a request has one attempt.
            next = request.try_clone();
            request.headers_mut().extend(self.inner.credentials.headers().await?);
            let sent = Instant::now();
            let error = match self.attempt(request, operation, attempt, &read).await {
                Ok(value) => {
                    tracing::debug!(operation = operation.id, attempt, elapsed = ?sent.elapsed(), "answered");
                    return Ok(value);
                }
                Err(error) => error,
            };
            tracing::debug!(operation = operation.id, attempt, elapsed = ?sent.elapsed(), %error, "failed");
            let wait = match (&next, retry::wait(&error, operation.retry, &mut delays)) {
                (Some(_), Some(wait)) if started.elapsed() + wait <= self.inner.retry.budget => wait,
                _ => return Err(error),
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt<T>(
        &self,
        request: Request,
        operation: &'static Operation,
        attempt: u32,
        read: &impl AsyncFn(Response) -> Result<T, reqwest::Error>,
    ) -> Result<T> {
        let failed = |source| error::transport(operation, self.host(), attempt, source);
        let response = self.inner.http.execute(request).await.map_err(failed)?;
        if response.status().is_success() {
            return read(response).await.map_err(failed);
        }
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(failed)?;
        Err(Error::Api(Box::new(ApiError::read(operation, attempt, status, &headers, &body))))
    }
}

/// An answer as the document says; an empty body is read as `{}`.
fn decode<T: DeserializeOwned>(operation: &'static Operation, answer: &Answer) -> Result<T> {
    let body: &[u8] = if answer.body.is_empty() { b"{}" } else { &answer.body };
    serde_json::from_slice(body).map_err(|_| {
        error::decode(operation, &answer.headers, body, std::any::type_name::<T>(), locate::<T>(body))
    })
}

/// Reads once more to learn where it fails; kept off the way of answers that can be read.
fn locate<T: DeserializeOwned>(body: &[u8]) -> Option<serde_path_to_error::Error<serde_json::Error>> {
    serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)).err()
}

fn user_agent(product: Option<&str>, auth_type: &str) -> String {
    let ours = concat!("databricks-toolkit/", env!("CARGO_PKG_VERSION"), " lang/rust");
    let product = product.map(|product| format!("{product} ")).unwrap_or_default();
    format!("{product}{ours} os/{} auth/{auth_type}", std::env::consts::OS)
}
