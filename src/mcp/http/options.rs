//! Who may reach a server over HTTP, and as whom its calls are made.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::origin::Origin;
use crate::mcp::metrics::Metrics;

/// How a server is reached over HTTP.
///
/// Without anything set: by this machine alone, without a token.
#[derive(Clone)]
pub struct HttpOptions {
    pub(super) tokens: Vec<SecretString>,
    pub(super) trust_proxy: bool,
    pub(super) caller_tokens: bool,
    hosts: Vec<String>,
    origins: Vec<Origin>,
    pub(super) drain: Duration,
    pub(super) metrics: Option<Arc<Metrics>>,
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpOptions")
            .field("tokens", &self.tokens.len())
            .field("hosts", &self.hosts)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            trust_proxy: false,
            caller_tokens: false,
            hosts: Vec::new(),
            origins: Vec::new(),
            drain: Duration::from_secs(30),
            metrics: None,
        }
    }
}

/// Why a server cannot be reached over HTTP.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address is none, or it cannot be taken.
    #[error("cannot serve at `{address}`, expected a port such as 8000 or an address such as 127.0.0.1:8000")]
    Address {
        /// As it was given.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// Others could reach it, and nothing would check who they are.
    #[error(
        "`{address}` can be reached from other machines: set a token that clients have to send (--http-token, \
         --http-token-file), or say by --http-trust-proxy that a platform in front checks who calls"
    )]
    Exposed {
        /// As it was given.
        address: String,
    },
    /// A token is none.
    #[error("the HTTP token cannot be used: {0}")]
    Token(&'static str),
    /// A host or an origin is none.
    #[error("the allowed {what} `{value}` cannot be used: {why}")]
    Allowed {
        /// `host` or `origin`.
        what: &'static str,
        /// As it was given.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// Calls are to be made as their caller, whose token is of one workspace.
    #[error("the callers' own tokens are of one workspace, and this server has several: name one profile")]
    SeveralWorkspaces,
    /// Connections cannot be accepted any more.
    #[error("serving HTTP failed")]
    Serve(#[source] io::Error),
}

impl HttpOptions {
    /// A token that clients send as `Authorization: Bearer`. With several any of them will do, so that a new one can be
    /// brought in before the old one goes.
    ///
    /// # Errors
    /// [`HttpError::Token`] for one that is short or holds what no header can.
    pub fn token(mut self, token: SecretString) -> Result<Self, HttpError> {
        let text = token.expose_secret();
        if text.len() < 16 {
            return Err(HttpError::Token("it is shorter than 16 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HttpError::Token("it holds something else than letters, digits and signs of ASCII"));
        }
        self.tokens.push(token);
        Ok(self)
    }

    /// Says that what is in front checks who calls, as the proxy of Databricks Apps does.
    pub fn trust_proxy(mut self, trust: bool) -> Self {
        self.trust_proxy = trust;
        self
    }

    /// Calls Databricks as whoever calls, by the token in `X-Forwarded-Access-Token`, never as the server itself.
    pub fn caller_tokens(mut self, on: bool) -> Self {
        self.caller_tokens = on;
        self
    }

    /// A `Host` that requests may name, such as `mcp.example` or `mcp.example:8443`, beside those of this machine; `*`
    /// for any.
    ///
    /// # Errors
    /// [`HttpError::Allowed`] for what is no host.
    pub fn allow_host(mut self, host: &str) -> Result<Self, HttpError> {
        let host = host.trim();
        if host != "*" && (host.parse::<axum::http::uri::Authority>().is_err() || host.contains('@')) {
            let why = "expected a name such as mcp.example, with or without a port, or * for any".to_owned();
            return Err(HttpError::Allowed { what: "host", value: host.to_owned(), why });
        }
        self.hosts.push(host.to_owned());
        Ok(self)
    }

    /// An origin whose web pages may call, such as `https://app.example` or `http://app.example:*`, beside those of
    /// this machine.
    ///
    /// # Errors
    /// [`HttpError::Allowed`] for what is no origin.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, HttpError> {
        let parsed = Origin::parse(origin).map_err(|why| {
            let why = format!("{why}; expected one such as https://app.example");
            HttpError::Allowed { what: "origin", value: origin.to_owned(), why }
        })?;
        self.origins.push(parsed);
        Ok(self)
    }

    /// Longest wait at the end for calls in flight; 30 s unless set.
    pub fn drain(mut self, longest: Duration) -> Self {
        self.drain = longest;
        self
    }

    /// Tells these on `/metrics` to those who may call.
    pub fn metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Whether something checks who calls.
    pub(super) fn is_guarded(&self) -> bool {
        !self.tokens.is_empty() || self.trust_proxy
    }

    /// The hosts that requests may name; none for any.
    pub(super) fn all_hosts(&self, bound: SocketAddr) -> Option<Vec<String>> {
        if self.hosts.iter().any(|host| host == "*") {
            return None;
        }
        let mut hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        // An address that was named is one that clients know.
        if !bound.ip().is_unspecified() {
            hosts.push(bound.ip().to_string());
        }
        hosts.extend(self.hosts.iter().cloned());
        Some(hosts)
    }

    /// The origins whose pages may call.
    pub(super) fn all_origins(&self) -> Vec<Origin> {
        let own = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .flat_map(|host| ["http", "https"].map(|scheme| Origin::of_host(scheme, host)));
        own.chain(self.origins.iter().cloned()).collect()
    }
}
