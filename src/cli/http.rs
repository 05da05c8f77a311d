//! The flags of serving over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use super::Failure;
use crate::mcp::Server;
use crate::mcp::http::{Http, HttpOptions};

/// Over HTTP in the place of standard input and output.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub(super) struct HttpFlags {
    /// Serve MCP over HTTP at this address, such as 127.0.0.1:8000, or at a port of this machine alone, such as 8000;
    /// port 0 is any free one. The path is /mcp; /healthz and /readyz tell how the server is.
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
}

impl HttpFlags {
    /// Takes the address, where one is wanted.
    pub(super) async fn bind(&self) -> Result<Option<Http>, Failure> {
        let Some(address) = &self.http else { return Ok(None) };
        let mut options = HttpOptions::default()
            .trust_proxy(self.http_trust_proxy)
            .caller_tokens(self.http_caller_token)
            .drain(Duration::from_secs(self.http_drain));
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

/// Serves until the process is asked to end. The address goes to standard output, for whoever started it.
pub(super) async fn serve(http: Http, server: Server) -> Result<(), Failure> {
    super::say(http.url())?;
    eprintln!("Serving MCP over HTTP. Stop it with Ctrl-C.");
    Ok(http.serve(server, super::stopped()).await?)
}
