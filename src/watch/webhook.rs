//! Changes posted to an address of yours: signed, and tried again until they are taken.
//!
//! The form is that of [Standard Webhooks](https://www.standardwebhooks.com), for which there are libraries in most
//! languages: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, the last of which is
//! `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. A receiver checks it, and that the time is not long ago.
//! A change that is posted again has the same id.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{SecondsFormat, Utc};
use futures_util::StreamExt;
use reqwest::StatusCode;
use ring::hmac;
use serde_json::json;
use url::Url;

use super::{Change, Watch};
use crate::paging::Items;
use crate::transport::{idempotency_token, retry_after, shown};

/// How often a change is posted unless it is taken, and the first pause between two attempts, doubled each time.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause, whatever a receiver asks for: changes wait behind each other.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a secret in base64 begins with.
const BASE64: &str = "whsec_";

/// An address that changes are posted to.
#[derive(Clone)]
pub struct Webhook {
    http: reqwest::Client,
    /// The address alone may be a right: it is in no error and no log.
    url: Url,
    key: hmac::Key,
    host: String,
    pause: Duration,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Webhook").field("to", &self.place()).finish_non_exhaustive()
    }
}

/// A change, and whether it was taken.
#[derive(Debug)]
#[non_exhaustive]
pub struct Posted<T> {
    /// The change.
    pub change: Change<T>,
    /// Why it was not taken in the end.
    pub delivery: Result<(), WebhookError>,
}

/// Why a change was not posted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The address or the secret is none.
    #[error("the webhook cannot be used: {0}")]
    Invalid(String),
    /// The receiver did not take it.
    #[error("{place} did not take a change, {attempts} times: it answered {status}: {body}")]
    Refused {
        /// The host that was posted to.
        place: String,
        /// How often it was tried.
        attempts: u32,
        /// The last answer.
        status: u16,
        /// The beginning of what it said.
        body: String,
    },
    /// The receiver did not answer.
    #[error("{place} was not reached, {attempts} times")]
    Unreachable {
        /// The host that was posted to.
        place: String,
        /// How often it was tried.
        attempts: u32,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl Watch {
    /// An address for changes, with the secret that it shares with you: any text of 16 bytes or more, or bytes in
    /// base64 after `whsec_`.
    ///
    /// # Errors
    /// [`WebhookError::Invalid`].
    pub fn webhook(&self, url: &str, secret: &str) -> Result<Webhook, WebhookError> {
        let invalid = |why: String| WebhookError::Invalid(why);
        let url = Url::parse(url).map_err(|error| invalid(format!("its address is none: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid("its address begins with neither https:// nor http://".to_owned()));
        }
        let key = match secret.strip_prefix(BASE64) {
            Some(text) => STANDARD
                .decode(text)
                .map_err(|error| invalid(format!("its secret is no base64 after {BASE64}: {error}")))?,
            None => secret.as_bytes().to_vec(),
        };
        if key.len() < 16 {
            return Err(invalid(format!("its secret has {} bytes; take at least 16", key.len())));
        }
        let http = self.workspace.transport().plain().map_err(|error| invalid(error.to_string()))?;
        let host = self.workspace.host().to_owned();
        Ok(Webhook { http, url, key: hmac::Key::new(hmac::HMAC_SHA256, &key), host, pause: PAUSE })
    }
}

impl Webhook {
    /// The pause before a change is posted for the second time, half a second unless set; it doubles each time.
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Posts each change before it is handed on, with what became of it.
    pub fn forward<T: Send + Sync + 'static>(&self, changes: Items<Change<T>>) -> Items<Posted<T>> {
        let webhook = self.clone();
        Items::until_error(changes.then(move |change| {
            let webhook = webhook.clone();
            async move {
                let change = change?;
                let delivery = webhook.post(&change).await;
                Ok(Posted { change, delivery })
            }
        }))
    }

    /// Posts a change.
    ///
    /// # Errors
    /// Why it was not taken in the end.
    pub async fn post<T>(&self, change: &Change<T>) -> Result<(), WebhookError> {
        let id = format!("msg_{}", idempotency_token());
        let body = json!({
            "type": format!("{}.changed", change.kind),
            "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "data": {
                "host": self.host,
                "id": change.id,
                "state": change.state,
                "previous": change.previous,
                "final": change.is_final,
                "elapsed_seconds": change.elapsed.as_secs_f64(),
            }
        });
        let body = body.to_string();
        let (mut attempts, mut pause) = (0, self.pause);
        loop {
            attempts += 1;
            let (error, wait) = match self.attempt(&id, &body, attempts).await {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            tracing::debug!(%error, attempts, "a change was not taken");
            let Some(wait) = wait.filter(|_| attempts < ATTEMPTS) else { return Err(error) };
            tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause *= 2;
        }
    }

    /// One attempt. What failed may be tried again where there is a wait, which the receiver may name.
    async fn attempt(
        &self,
        id: &str,
        body: &str,
        attempts: u32,
    ) -> Result<(), (WebhookError, Option<Option<Duration>>)> {
        // The time of this attempt: a receiver refuses old ones.
        let time = Utc::now().timestamp();
        let signed = hmac::sign(&self.key, format!("{id}.{time}.{body}").as_bytes());
        let request = self
            .http
            .post(self.url.clone())
            .timeout(PATIENCE)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", time)
            .header("webhook-signature", format!("v1,{}", STANDARD.encode(signed)))
            .body(body.to_owned());
        let place = self.place();
        let response = request.send().await.map_err(|source| {
            let source = source.without_url();
            (WebhookError::Unreachable { place: place.clone(), attempts, source }, Some(None))
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let passes = status.is_server_error()
            || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS]
                .contains(&status);
        let wait = passes.then(|| retry_after(response.headers()));
        let body = shown::body(response.text().await.unwrap_or_default().as_bytes(), 200);
        Err((WebhookError::Refused { place, attempts, status: status.as_u16(), body }, wait))
    }

    /// Where it is, without what may be a right.
    fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}
