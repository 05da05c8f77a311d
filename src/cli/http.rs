//! The flags of serving over HTTP, and of telling metrics there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::target::Observers;
use crate::mcp::http::{Http, HttpOptions, Watched};
use crate::mcp::metrics::Metrics;
use crate::mcp::{Server, serve_stdio};

/// Over HTTP in the place of standard input and output.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub(super) struct HttpFlags {
    /// Serve MCP over HTTP at this address, such as 127.0.0.1:8000, or at a port of this machine alone, such as 8000;
    /// port 0 is any free one. The path is /mcp; /healthz, /readyz and /metrics tell how the server is.
    #[arg(long, env = "DATABRICKS_MCP_HTTP", value_name = "ADDRESS")]
    http: Option<String>,
    /// Token that clients have to send as Authorization: Bearer. The variable and the file keep it out of the list of
    /// processes.
    #[arg(
        long,
        requires = "http",
        env = "DATABRICKS_MCP_HTTP_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    http_token: Option<SecretString>,
    /// File with such tokens, one a line; any of them will do.
    #[arg(long, requires = "http", env = "DATABRICKS_MCP_HTTP_TOKEN_FILE", value_name = "FILE")]
    http_token_file: Option<PathBuf>,
    /// Serve to other machines without such a token: a platform in front, as that of Databricks Apps, checks who calls.
    #[arg(long, requires = "http")]
    http_trust_proxy: bool,
    /// Call Databricks as whoever calls, by the token that the platform in front sends as X-Forwarded-Access-Token,
    /// and never as the server itself.
    #[arg(long, requires = "http")]
    http_caller_token: bool,
    /// Host names that requests may be for, beside those of this machine; * for any.
    #[arg(
        long,
        requires = "http",
        value_delimiter = ',',
        env = "DATABRICKS_MCP_HTTP_ALLOW_HOST",
        value_name = "HOSTS"
    )]
    http_allow_host: Vec<String>,
    /// Origins whose web pages may call, such as https://app.example, beside those of this machine.
    #[arg(
        long,
        requires = "http",
        value_delimiter = ',',
        env = "DATABRICKS_MCP_HTTP_ALLOW_ORIGIN",
        value_name = "ORIGINS"
    )]
    http_allow_origin: Vec<String>,
    /// Longest wait in seconds for calls in flight when the server is asked to end.
    #[arg(long, requires = "http", default_value_t = 30, value_name = "SECONDS")]
    http_drain: u64,
    /// Tell /metrics, /healthz and /readyz at this address too, without a token: for a server on standard input and
    /// output, or for a network of their own. A number is a port of this machine alone.
    #[arg(long, env = "DATABRICKS_MCP_METRICS_ADDR", value_name = "ADDRESS")]
    metrics_addr: Option<String>,
}

/// The addresses that were taken, and what is told there.
pub(super) struct Bound {
    http: Option<Http>,
    watched: Option<Watched>,
    metrics: Option<Arc<Metrics>>,
    caller_tokens: bool,
}

impl HttpFlags {
    /// Takes the addresses that are wanted.
    pub(super) async fn bind(&self) -> Result<Bound, Failure> {
        let wanted = self.http.is_some() || self.metrics_addr.is_some();
        let metrics = wanted.then(Arc::<Metrics>::default);
        let watched = match &self.metrics_addr {
            Some(address) => Some(Watched::bind(address).await?),
            None => None,
        };
        let http = self.bind_http(metrics.as_ref()).await?;
        Ok(Bound { http, watched, metrics, caller_tokens: self.http_caller_token })
    }

    async fn bind_http(&self, metrics: Option<&Arc<Metrics>>) -> Result<Option<Http>, Failure> {
        let Some(address) = &self.http else { return Ok(None) };
        let mut options = HttpOptions::default()
            .trust_proxy(self.http_trust_proxy)
            .caller_tokens(self.http_caller_token)
            .drain(Duration::from_secs(self.http_drain));
        if let Some(metrics) = metrics {
            options = options.metrics(Arc::clone(metrics));
        }
        for token in self.http_token.iter().cloned().chain(self.tokens_of_file()?) {
            options = options.token(token)?;
        }
        for host in self.http_allow_host.iter().filter(|host| !host.trim().is_empty()) {
            options = options.allow_host(host)?;
        }
        for origin in self.http_allow_origin.iter().filter(|origin| !origin.trim().is_empty()) {
            options = options.allow_origin(origin)?;
        }
        Ok(Some(Http::bind(address, options).await?))
    }

    fn tokens_of_file(&self) -> Result<Vec<SecretString>, Failure> {
        let Some(file) = &self.http_token_file else { return Ok(Vec::new()) };
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("--http-token-file `{}` cannot be read: {error}", file.display()))?;
        let tokens: Vec<SecretString> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SecretString::from).collect();
        match tokens.is_empty() {
            true => {
                Err(format!("--http-token-file `{}` holds no token: write one a line", file.display()).into())
            }
            false => Ok(tokens),
        }
    }
}

impl Bound {
    /// These and what counts calls, where it is told to anybody.
    pub(super) fn observed_by(&self, mut observers: Observers) -> Observers {
        if let Some(metrics) = &self.metrics {
            observers.api.push(metrics.clone());
            observers.tools.push(metrics.clone());
        }
        observers
    }

    /// Serves until the process is asked to end, or its client goes.
    pub(super) async fn serve(self, server: Server) -> Result<(), Failure> {
        let stop = CancellationToken::new();
        let told = match (self.watched, self.metrics) {
            (Some(watched), Some(metrics)) => {
                eprintln!("Metrics are at {}", watched.url());
                Some(tokio::spawn(watched.serve(server.clone(), metrics, self.caller_tokens, stop.clone())))
            }
            _ => None,
        };
        let served = match self.http {
            Some(http) => {
                // The address goes to standard output, for whoever started it.
                super::say(http.url())?;
                eprintln!("Serving MCP over HTTP. Stop it with Ctrl-C.");
                http.serve(server, super::stopped()).await.map_err(Failure::from)
            }
            None => serve_stdio(server, super::stopped()).await,
        };
        stop.cancel();
        if let Some(told) = told {
            told.await??;
        }
        served
    }
}
