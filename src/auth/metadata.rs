//! A local service that hands out tokens, as IDEs and notebooks run one.

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::chain::{Offer, Setup};
use super::{AccessToken, OAuth, TokenFuture, TokenSource, http};
use crate::config::Attribute;
use crate::error::{AuthError, ConfigError};

#[derive(Debug)]
struct MetadataService {
    http: reqwest::Client,
    // Its path is the secret that lets one ask.
    url: SecretString,
    host: String,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_on: serde_json::Value,
}

impl TokenSource for MetadataService {
    fn auth_type(&self) -> &'static str {
        "metadata-service"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let request = self
                .http
                .get(self.url.expose_secret())
                .header("X-Databricks-Metadata-Version", "1")
                .header("X-Databricks-Host", &self.host);
            let answer: Answer = http::json(self.auth_type(), "the metadata service", request).await?;
            let expiry = http::seconds(&answer.expires_on)
                .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
                .filter(|_| !answer.access_token.is_empty())
                .ok_or_else(|| {
                    AuthError::new(self.auth_type(), "the metadata service answered no token with an expiry")
                })?;
            Ok(AccessToken::until(answer.access_token, expiry))
        })
    }
}

pub(super) fn offer(setup: &Setup) -> Result<Offer, ConfigError> {
    Ok(Offer::certain(OAuth::new(MetadataService {
        http: http::local_client(Duration::from_secs(10))?,
        url: setup.text(Attribute::MetadataServiceUrl).into(),
        host: setup.host.clone(),
    })))
}
