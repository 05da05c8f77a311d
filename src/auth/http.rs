//! Requests of a login: forms out, JSON in, with the few retries that a token is worth.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::AccessToken;
use crate::config::is_private;
use crate::error::{AuthError, ConfigError};

/// All attempts of a fetch together.
const BUDGET: Duration = Duration::from_secs(60);

/// Connections of a login. They are its own: no redirect is followed, and none of the service's
/// limits apply.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, ConfigError> {
    built(reqwest::Client::builder(), timeout)
}

/// The same for what is on this machine, to which no proxy leads.
pub(super) fn local_client(timeout: Duration) -> Result<reqwest::Client, ConfigError> {
    built(reqwest::Client::builder().no_proxy(), timeout)
}

fn built(builder: reqwest::ClientBuilder, timeout: Duration) -> Result<reqwest::Client, ConfigError> {
    // Another part of the program may have chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder
        .connect_timeout(Duration::from_secs(10).min(timeout))
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| ConfigError::Invalid {
            attribute: "environment",
            value: "proxy settings".to_owned(),
            expected: error.without_url().to_string(),
        })
}

/// Sends until there is an answer in JSON, an error that another attempt cannot mend, or no time
/// left. `what` names the other side in errors.
pub(super) async fn json<T: DeserializeOwned>(
    auth_type: &'static str,
    what: &str,
    request: RequestBuilder,
) -> Result<T, AuthError> {
    let failed = |message: String| AuthError::new(auth_type, format!("{what} {message}"));
    let started = Instant::now();
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(10))
        .without_max_times()
        .with_jitter()
        .build();
    loop {
        let attempt =
            request.try_clone().ok_or_else(|| failed("was not asked: the request is no form".to_owned()))?;
        let answer = match attempt.send().await {
            Ok(response) => {
                let (status, after) = (response.status(), crate::transport::retry_after(response.headers()));
                response.bytes().await.map(|body| (status, after, body))
            }
            Err(error) => Err(error),
        };
        let (status, after, body) = answer.map_err(|error| failed(unreachable(error)))?;
        if status.is_success() {
            // The answer holds a token: not even a part of it is shown.
            return serde_json::from_slice(&body)
                .map_err(|_| failed("answered something that is not the JSON expected".to_owned()));
        }
        let wait = after.or_else(|| delays.next()).unwrap_or_default();
        if !matches!(status.as_u16(), 429 | 502..=504) || started.elapsed() + wait > BUDGET {
            return Err(failed(refusal(status, &body)));
        }
        tokio::time::sleep(wait).await;
    }
}

fn unreachable(error: reqwest::Error) -> String {
    let timeout = error.is_timeout();
    let error = error.without_url();
    let mut source: &dyn std::error::Error = &error;
    while let Some(next) = source.source() {
        source = next;
    }
    if timeout { "did not answer in time".to_owned() } else { format!("cannot be reached: {source}") }
}

/// What a server says of an error, in OAuth's form and in those of Azure and Okta.
#[derive(Deserialize)]
struct Refusal {
    #[serde(alias = "errorCode", alias = "error_code", alias = "code")]
    error: Option<Said>,
    #[serde(alias = "errorSummary", alias = "message")]
    error_description: Option<String>,
}

/// A code, or in it what Azure's and Google's APIs say.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Text(String),
    Number(i64),
    Whole(Box<Refusal>),
}

impl Refusal {
    fn parts(self) -> Vec<String> {
        let mut parts = match self.error {
            Some(Said::Text(text)) => vec![text],
            Some(Said::Number(number)) => vec![number.to_string()],
            Some(Said::Whole(whole)) => whole.parts(),
            None => Vec::new(),
        };
        parts.extend(self.error_description);
        parts
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    let parts = serde_json::from_slice(body).map(Refusal::parts).unwrap_or_default();
    let said = match parts.is_empty() {
        true => String::new(),
        false => format!(": {}", parts.join(": ").chars().take(500).collect::<String>()),
    };
    format!("answered {}{said}", status.as_u16())
}

/// A token as OAuth servers answer it; Azure's numbers may be text.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub access_token: String,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    pub refresh_token: Option<String>,
}

impl Answer {
    pub(super) fn token(self) -> AccessToken {
        let seconds = self.expires_in.as_ref().and_then(seconds);
        AccessToken::new(self.access_token, seconds.map(Duration::from_secs))
    }
}

/// A number, also as text.
pub(super) fn seconds(value: &serde_json::Value) -> Option<u64> {
    let number = || value.as_f64().map(|number| number as u64);
    value.as_u64().or_else(number).or_else(|| value.as_str()?.trim().parse().ok())
}

/// An address that secrets are sent to.
pub(super) fn private(auth_type: &'static str, what: &str, address: &str) -> Result<Url, AuthError> {
    match Url::parse(address) {
        Ok(url) if is_private(&url) => Ok(url),
        _ => Err(AuthError::new(auth_type, format!("{what} is at an address that is not https"))),
    }
}
