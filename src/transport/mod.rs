//! What happens between a built request and a value: credentials, attempts, errors, decoding.

mod agent;
mod body;
#[cfg(feature = "testing")]
mod forward;
mod log;
mod observe;
mod operation;
mod options;
mod path;
mod place;
mod request;
mod retry;
pub(crate) mod shown;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use agent::Agent;
use bytes::Bytes;
use observe::Watch;
use options::{Gate, Pool};
use place::Place;
use reqwest::header::{HeaderMap, USER_AGENT};
use reqwest::{Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use tracing::Instrument;
use tracing::field::Empty;

use crate::auth::Credentials;
use crate::error::{self, ApiError, Error, Result};

pub use body::ByteStream;
pub(crate) use log::Log;
pub(crate) use observe::Observers;
pub use observe::{Ended, Observer, Outcome, Retried};
pub use operation::{Operation, RetryClass};
pub(crate) use options::Options;
pub use request::Sending;
pub use retry::RetryPolicy;
pub(crate) use retry::retry_after;

/// A token by which the service knows a request that it has seen.
pub(crate) fn idempotency_token() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) use path::encode_path;
use path::encode_path_segments;

/// The way to one workspace: connections, credentials and policy. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    agent: Agent,
    http: Arc<Pool>,
    plain: OnceLock<Pool>,
    writes: Mutex<HashMap<&'static str, u64>>,
    credentials: Arc<dyn Credentials>,
    options: Options,
    gate: Gate,
    account_id: Option<String>,
}

/// An answer with a success status.
pub(crate) struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// With values of headers as members, unless the body has them.
    pub(crate) fn with_headers(mut self, names: &[&str]) -> Self {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        if let Ok(mut members) = serde_json::from_slice::<serde_json::Map<_, _>>(body) {
            for name in names {
                if let Some(value) = self.headers.get(*name).and_then(|value| value.to_str().ok()) {
                    members.entry(*name).or_insert_with(|| value.into());
                }
            }
            self.body = serde_json::to_vec(&members).map_or(self.body, Bytes::from);
        }
        self
    }

    /// Its JSON as the document says; an empty body is read as `{}`.
    pub(crate) fn decode<T: DeserializeOwned>(&self, operation: &'static Operation) -> Result<T> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        let read = match serde_json::from_slice(body) {
            // A list without members.
            Err(_) if self.body.is_empty() => serde_json::from_slice(b"[]"),
            read => read,
        };
        read.map_err(|error| error::decode(operation, &self.headers, body, std::any::type_name::<T>(), error))
    }
}

impl Transport {
    pub(crate) fn new(
        host: Option<String>,
        credentials: Arc<dyn Credentials>,
        options: Options,
        account_id: Option<String>,
    ) -> Result<Self> {
        let agent = Agent::new(options.product.as_deref(), credentials.auth_type());
        let http = Arc::new(Pool::new(options.clone(), agent.usual()?)?);
        let gate = Gate::new(&options);
        let place = Place::new(host);
        let (plain, writes) = (OnceLock::new(), Mutex::default());
        Ok(Self {
            inner: Arc::new(Inner {
                place,
                agent,
                http,
                plain,
                writes,
                credentials,
                options,
                gate,
                account_id,
            }),
        })
    }

    /// Connections without credentials, for addresses that are rights of their own.
    #[allow(dead_code, reason = "used by the parts that transfer data")]
    pub(crate) fn plain(&self) -> Result<reqwest::Client> {
        if let Some(http) = self.inner.plain.get() {
            return http.client().cloned();
        }
        let options = Options { workspace_id: None, ..self.inner.options.clone() };
        let http = Pool::new(options, self.inner.agent.usual()?)?;
        self.inner.plain.get_or_init(|| http).client().cloned()
    }

    /// How many writes to an API were sent: whoever keeps its answers knows by it that they are old.
    pub(crate) fn writes_to(&self, api: &str) -> u64 {
        self.inner.writes.lock().map_or(0, |writes| writes.get(api).copied().unwrap_or(0))
    }

    /// Counts a write, whatever came of it. The first word of an operation's id is its API.
    fn wrote(&self, operation: &'static Operation) {
        if let (RetryClass::Write, Ok(mut writes)) = (operation.retry, self.inner.writes.lock()) {
            let api = operation.id.split('_').next().unwrap_or(operation.id);
            *writes.entry(api).or_default() += 1;
        }
    }

    /// The way of another caller to the same place: connections are shared, the rate limit is not.
    pub(crate) fn with_credentials(&self, credentials: Arc<dyn Credentials>) -> Self {
        let Inner { place, agent, http, options, account_id, .. } = &*self.inner;
        let inner = Inner {
            plain: OnceLock::new(),
            writes: Mutex::default(),
            place: place.clone(),
            agent: agent.clone(),
            http: http.clone(),
            credentials,
            gate: Gate::new(options),
            options: options.clone(),
            account_id: account_id.clone(),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn host(&self) -> &str {
        self.inner.place.host()
    }

    /// The account in the paths of an account's calls.
    pub(crate) fn account_id(&self) -> Result<String, String> {
        self.inner
            .account_id
            .clone()
            .ok_or_else(|| "`account_id` is required: set DATABRICKS_ACCOUNT_ID".to_owned())
    }

    /// A call and all that it answers.
    pub(crate) async fn call(&self, request: Request, operation: &'static Operation) -> Result<Answer> {
        let read = async |response: Response| {
            let headers = response.headers().clone();
            Ok(Answer { headers, body: response.bytes().await? })
        };
        let answer = self.attempts(request, operation, read).await?;
        self.inner.options.observers.received(operation, answer.body.len());
        self.inner.options.log.answer(operation, &answer.headers, &answer.body);
        Ok(answer)
    }

    /// A call whose answer is bytes, read as they come. What is read is not tried again.
    pub(crate) async fn call_bytes(
        &self,
        request: Request,
        operation: &'static Operation,
    ) -> Result<ByteStream> {
        let response = self.attempts(request, operation, async |response| Ok(response)).await?;
        Ok(ByteStream::new(response, operation, self.inner.options.observers.clone()))
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
        let span = tracing::debug_span!(
            "databricks",
            otel.name = operation.id,
            otel.kind = "client",
            operation = operation.id,
            http.request.method = operation.method,
            url.template = operation.path,
            server.address = self.host(),
            http.response.status_code = Empty,
            attempt = Empty,
            request_id = Empty,
        );
        // Told of the end also where the caller gives up, and drops this.
        let watch = self.inner.options.observers.watch(operation);
        let repeated = self.repeated(request, operation, read, &watch).instrument(span);
        let result = match self.inner.options.call_timeout {
            None => repeated.await,
            Some(limit) => tokio::time::timeout(limit, repeated)
                .await
                .unwrap_or_else(|_| Err(Error::Timeout { operation: operation.id, limit })),
        };
        self.wrote(operation);
        watch.end(&result);
        result
    }

    async fn repeated<T>(
        &self,
        request: Request,
        operation: &'static Operation,
        read: impl AsyncFn(Response) -> Result<T, reqwest::Error>,
        watch: &Watch<'_>,
    ) -> Result<T> {
        let Inner { options, gate, credentials, place, agent, .. } = &*self.inner;
        let started = Instant::now();
        let mut delays = options.retry.delays();
        let mut next = Some(request);
        let mut attempt = 0;
        let mut logged_in_again = false;
        loop {
            attempt += 1;
            let Some(mut request) = next.take() else {
                return Err(Error::invalid_request("the request could not be built again".to_owned()));
            };
            // A streamed body exists once: such a request has one attempt.
            next = request.try_clone();
            let proof = credentials.headers().await?;
            request.headers_mut().extend(proof.clone());
            if let Some(agent) = agent.changed(credentials.auth_type()) {
                request.headers_mut().insert(USER_AGENT, agent);
            }
            place.lead(&mut request, &**credentials).await?;
            let asked = Instant::now();
            let permit = gate.pass().await;
            let sent = Instant::now();
            watch.sends(&mut request, sent - asked);
            tracing::Span::current().record("attempt", attempt);
            options.log.request(&request);
            let result = self.attempt(request, operation, attempt, &read, watch).await;
            drop(permit);
            let error = match result {
                Ok(value) => {
                    tracing::debug!(attempt, elapsed = ?sent.elapsed(), "answered");
                    return Ok(value);
                }
                Err(error) => error,
            };
            tracing::debug!(attempt, elapsed = ?sent.elapsed(), %error, "failed");
            // A refused caller had no effect: also a write may be sent again, once.
            let refused = matches!(&error, Error::Api(api) if api.status() == StatusCode::UNAUTHORIZED);
            if refused && !logged_in_again && next.is_some() && credentials.refused(&proof) {
                logged_in_again = true;
                watch.retries(&error, Duration::ZERO);
                continue;
            }
            let wait = match (&next, retry::wait(&error, operation.retry, &mut delays)) {
                (Some(_), Some(wait)) if started.elapsed() + wait <= options.retry.budget => wait,
                _ => return Err(error),
            };
            watch.retries(&error, wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt<T>(
        &self,
        request: Request,
        operation: &'static Operation,
        attempt: u32,
        read: &impl AsyncFn(Response) -> Result<T, reqwest::Error>,
        watch: &Watch<'_>,
    ) -> Result<T> {
        let failed = |source| error::transport(operation, self.host(), attempt, source);
        let response = self.inner.http.client()?.execute(request).await.map_err(failed)?;
        watch.answered(response.status());
        let span = tracing::Span::current();
        span.record("http.response.status_code", response.status().as_u16());
        if let Some(id) = error::request_id(response.headers()) {
            span.record("request_id", id);
        }
        if response.status().is_success() {
            return read(response).await.map_err(failed);
        }
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(failed)?;
        Err(Error::Api(Box::new(ApiError::read(operation, attempt, status, &headers, &body))))
    }
}
