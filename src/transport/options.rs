//! How calls are sent: limits, timeouts, proxy and certificates.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Certificate, Client, Proxy};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::RetryPolicy;
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
}

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
        }
    }
}

impl Options {
    /// The pool of connections.
    pub(super) fn http(&self, auth_type: &str) -> Result<Client> {
        // Another part of the program may have chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = user_agent(self.product.as_deref(), auth_type);
        let agent = HeaderValue::from_str(&agent)
            .map_err(|_| invalid("user_agent", agent.clone(), "a name and version in printable ASCII"))?;
        let mut builder = Client::builder()
            .default_headers(HeaderMap::from_iter([(USER_AGENT, agent)]))
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
        builder.build().map_err(Error::request)
    }
}

fn invalid(attribute: &'static str, value: String, expected: &str) -> ConfigError {
    ConfigError::Invalid { attribute, value, expected: expected.to_owned() }
}

/// In the form of the official SDKs: what is called first, then what calls.
fn user_agent(product: Option<&str>, auth_type: &str) -> String {
    let ours = concat!("databricks-toolkit/", env!("CARGO_PKG_VERSION"), " lang/rust");
    let product = product.map(|product| format!("{product} ")).unwrap_or_default();
    format!("{product}{ours} os/{} auth/{auth_type}", std::env::consts::OS)
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
