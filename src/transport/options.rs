//! How calls are sent: limits, timeouts, proxy and certificates.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Certificate, Client, ClientBuilder, Proxy};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::{Log, Observers, RetryPolicy};
use crate::error::ConfigError;
use crate::{Error, Result};

/// How calls are sent.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) retry: RetryPolicy,
    /// Longest wait for a connection.
    pub(crate) connect_timeout: Duration,
    /// Longest silence of the service during one attempt.
    pub(crate) read_timeout: Duration,
    /// Longest time of a call with all its attempts and waits.
    pub(crate) call_timeout: Option<Duration>,
    /// Requests that may be begun in a second; the service refuses a caller that sends many more.
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// Requests that may wait for their answers at once.
    pub(crate) max_in_flight: Option<usize>,
    /// A proxy in the place of the system's; its address may hold a password.
    pub(crate) proxy: Option<SecretString>,
    /// Certificates in PEM to trust beside the system's.
    pub(crate) root_certificates: Vec<Vec<u8>>,
    /// Name and version of the program that calls.
    pub(crate) product: Option<String>,
    /// The workspace that calls are for, where one address serves several.
    pub(crate) workspace_id: Option<String>,
    /// What traces tell.
    pub(crate) log: Log,
    /// Who is told of calls.
    pub(crate) observers: Observers,
}

/// By this header an address that serves several workspaces knows which one is meant.
const WORKSPACE: HeaderName = HeaderName::from_static("x-databricks-workspace-id");

impl Default for Options {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            call_timeout: None,
            rate_limit: NonZeroU32::new(15),
            max_in_flight: None,
            proxy: None,
            root_certificates: Vec::new(),
            product: None,
            workspace_id: None,
            log: Log::default(),
            observers: Observers::default(),
        }
    }
}

impl Options {
    /// The pool of connections, checked and not made yet.
    fn builder(&self, agent: HeaderValue) -> Result<ClientBuilder> {
        // Another part of the program may have chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::from_iter([(USER_AGENT, agent)]);
        if let Some(id) = &self.workspace_id {
            let value = HeaderValue::from_str(id)
                .map_err(|_| invalid("workspace_id", id.clone(), "the number of a workspace"))?;
            headers.insert(WORKSPACE, value);
        }
        let mut builder = Client::builder()
            .default_headers(headers)
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            // The API never redirects; where a proxy or a login page does, following it would
            // hand a page of HTML to the decoder.
            .redirect(reqwest::redirect::Policy::none());
        if let Some(proxy) = &self.proxy {
            let expected = "an address such as http://proxy.example:3128";
            builder = builder.proxy(
                Proxy::all(proxy.expose_secret())
                    .map_err(|_| invalid("proxy", "***".to_owned(), expected))?,
            );
        }
        let mut certificates = Vec::new();
        for pem in &self.root_certificates {
            let bundle = Certificate::from_pem_bundle(pem)
                .map_err(|error| invalid("root_certificate", error.to_string(), "certificates in PEM"))?;
            if bundle.is_empty() {
                return Err(invalid(
                    "root_certificate",
                    "(no certificate)".to_owned(),
                    "certificates in PEM",
                )
                .into());
            }
            certificates.extend(bundle);
        }
        if !certificates.is_empty() {
            builder = builder.tls_certs_merge(certificates);
        }
        Ok(builder)
    }
}

/// Connections that are made with the first request: the certificates of the machine are read for them, some hundred
/// files, and a server is asked for its tools long before it sends anything.
#[derive(Debug)]
pub(super) struct Pool {
    options: Options,
    agent: HeaderValue,
    client: OnceLock<Client>,
}

impl Pool {
    /// # Errors
    /// Options that no connection can be made with.
    pub(super) fn new(options: Options, agent: HeaderValue) -> Result<Self> {
        let _ = options.builder(agent.clone())?;
        let pool = Self { options, agent, client: OnceLock::new() };
        // Whether certificates are good, only their use says.
        if !pool.options.root_certificates.is_empty() {
            pool.client()?;
        }
        Ok(pool)
    }

    /// # Errors
    /// What the machine lacks for connections.
    pub(super) fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = self.options.builder(self.agent.clone())?.build().map_err(Error::request)?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn invalid(attribute: &'static str, value: String, expected: &str) -> ConfigError {
    ConfigError::Invalid { attribute, value, expected: expected.to_owned() }
}

/// What makes a request wait before it is sent.
#[derive(Debug)]
pub(super) struct Gate {
    rate: Option<DefaultDirectRateLimiter>,
    in_flight: Option<Semaphore>,
}

impl Gate {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            rate: options.rate_limit.map(|limit| RateLimiter::direct(Quota::per_second(limit))),
            in_flight: options.max_in_flight.map(|limit| Semaphore::new(limit.max(1))),
        }
    }

    /// Waits until a request may be sent; what is given back holds its place until it is dropped.
    pub(super) async fn pass(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        let place = match &self.in_flight {
            // Never closed, so there is always a place in the end.
            Some(in_flight) => in_flight.acquire().await.ok(),
            None => None,
        };
        if let Some(rate) = &self.rate {
            rate.until_ready().await;
        }
        place
    }
}
