//! An upload in parts: begun, sent to addresses that are rights of their own, completed or given up.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures_core::Stream;
use futures_util::stream::{StreamExt, TryStreamExt};
use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::journal::Journal;
use super::range::{ATTEMPTS, PAUSE, spawned};
use super::{Meter, Place, Transfer, TransferReason, operations};
use crate::fields::Problem;
use crate::local;
use crate::{Error, ErrorKind, Result};

/// The highest number of a part.
pub(super) const MOST: u64 = 10_000;

/// How long addresses are asked for, and how much of that must be left when one is used.
const LIFE: TimeDelta = TimeDelta::minutes(60);
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// One upload.
#[derive(Clone)]
pub(super) struct Session {
    transfer: Transfer,
    to: Place,
    pub(super) token: String,
    http: reqwest::Client,
    urls: Arc<Mutex<HashMap<u64, Url>>>,
}

#[derive(Clone, Deserialize)]
struct Url {
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    part_number: u64,
    #[serde(skip)]
    expires: Option<DateTime<Utc>>,
}

#[derive(Clone, Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl Url {
    fn headers(&self) -> HeaderMap {
        let pairs = self.headers.iter().filter_map(|Header { name, value }| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        });
        pairs.collect()
    }
}

#[derive(Deserialize)]
struct Begun {
    multipart_upload: Option<Token>,
}

#[derive(Deserialize)]
struct Token {
    session_token: String,
}

#[derive(Deserialize)]
struct PartUrls {
    #[serde(default)]
    upload_part_urls: Vec<Url>,
}

#[derive(Deserialize)]
struct AbortUrl {
    abort_upload_url: Url,
}

impl Session {
    /// Begins an upload; `None` where the workspace or its cloud has none in parts.
    pub(super) async fn begin(transfer: &Transfer, to: &Place) -> Result<Option<Self>> {
        let mut request = transfer.workspace.transport().request(&operations::BEGIN, Problem::default());
        request.path_segments("file_path", &Some(&to.path));
        request.query("action", &Some("initiate-upload"));
        request.query("overwrite", &Some(transfer.overwrite));
        request.json(&Some(json!({})));
        match request.send_json::<Begun>().await {
            Ok(Begun { multipart_upload: Some(Token { session_token }) }) => {
                Self::again(transfer, to, session_token).map(Some)
            }
            Ok(Begun { multipart_upload: None }) => Ok(None),
            Err(Error::Api(error))
                if matches!(error.kind(), ErrorKind::NotImplemented) || error.status().as_u16() == 405 =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on with an upload that was begun before.
    pub(super) fn again(transfer: &Transfer, to: &Place, token: String) -> Result<Self> {
        let http = transfer.workspace.transport().plain()?;
        Ok(Self { transfer: transfer.clone(), to: to.clone(), token, http, urls: Arc::default() })
    }

    /// Sends parts, some at a time, and gives the tags of all.
    pub(super) async fn send(
        &self,
        parts: impl Stream<Item = Result<(u64, Bytes)>> + Send,
        before: BTreeMap<u64, String>,
        journal: Option<&Journal>,
        meter: &Meter,
    ) -> Result<BTreeMap<u64, String>> {
        let sent = parts.map_ok(|(number, content)| {
            let (session, journal, meter) = (self.clone(), journal.cloned(), meter.clone());
            spawned(async move {
                let length = content.len() as u64;
                let tag = session.part(number, content).await?;
                if let Some(journal) = journal {
                    let failed =
                        |source| local::error(std::path::Path::new("the journal of the upload"), source);
                    journal.note(number, &tag).map_err(failed)?;
                }
                meter.add(length);
                Ok((number, tag))
            })
        });
        let mut tags = before;
        let mut sent = std::pin::pin!(sent.try_buffer_unordered(self.transfer.in_flight));
        while let Some((number, tag)) = sent.next().await.transpose()? {
            tags.insert(number, tag);
        }
        Ok(tags)
    }

    /// Sends one part and gives its tag.
    async fn part(&self, number: u64, content: Bytes) -> Result<String> {
        let (mut attempts, mut pause, mut anew) = (0, PAUSE, false);
        loop {
            let url = self.url(number, anew).await?;
            attempts += 1;
            let request = self.http.put(&url.url).headers(url.headers()).body(content.clone());
            let message = match request.send().await {
                Ok(response) if response.status().is_success() => {
                    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
                    match tag {
                        Some(tag) => return Ok(tag.to_owned()),
                        None => "the storage gave no tag".to_owned(),
                    }
                }
                Ok(response) => {
                    let status = response.status();
                    // A storage says in different ways that an address has expired.
                    anew = status.is_client_error();
                    let body = response.text().await.unwrap_or_default();
                    format!(
                        "the storage answered {status}: {}",
                        crate::transport::shown::body(body.as_bytes(), 200)
                    )
                }
                Err(error) => said(error),
            };
            tracing::debug!(part = number, attempts, message, "a part was not taken");
            if attempts >= ATTEMPTS {
                return Err(TransferReason::Part { part: number, attempts, message }.of(&self.to));
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// The address of a part. They are asked for by the dozen.
    async fn url(&self, number: u64, anew: bool) -> Result<Url> {
        let mut urls = self.urls.lock().await;
        let good = |url: &Url| url.expires.is_some_and(|expires| expires > Utc::now() + MARGIN);
        if let Some(url) = urls.remove(&number).filter(|url| good(url) && !anew) {
            return Ok(url);
        }
        let count = if anew { 1 } else { (self.transfer.in_flight as u64).min(MOST + 1 - number.min(MOST)) };
        let expires = Utc::now() + LIFE;
        let mut request =
            self.transfer.workspace.transport().request(&operations::PART_URLS, Problem::default());
        request.json(&Some(json!({
            "path": self.to.path,
            "session_token": self.token,
            "start_part_number": number,
            "count": count,
            "expire_time": expires.to_rfc3339_opts(SecondsFormat::Secs, true),
        })));
        let answer: PartUrls = request.send_json().await?;
        let mut wanted = None;
        for mut url in answer.upload_part_urls {
            url.expires = Some(expires);
            match url.part_number == number {
                true => wanted = Some(url),
                false => drop(urls.insert(url.part_number, url)),
            }
        }
        wanted.ok_or_else(|| {
            TransferReason::Unfit(format!("the service gave no address for part {number}")).of(&self.to)
        })
    }

    /// Makes the parts a file.
    pub(super) async fn complete(&self, tags: &BTreeMap<u64, String>) -> Result<()> {
        let parts: Vec<_> =
            tags.iter().map(|(number, tag)| json!({ "part_number": number, "etag": tag })).collect();
        let mut request =
            self.transfer.workspace.transport().request(&operations::COMPLETE, Problem::default());
        request.path_segments("file_path", &Some(&self.to.path));
        request.query("action", &Some("complete-upload"));
        request.query("upload_type", &Some("multipart"));
        request.query("session_token", &Some(&self.token));
        request.json(&Some(json!({ "parts": parts })));
        request.send_empty().await
    }

    /// Gives the upload up, so that its parts cost nothing any more. What fails here is of no use to
    /// the caller, who has another error already.
    pub(super) async fn abort(&self) {
        let asked = async {
            let expires = (Utc::now() + LIFE).to_rfc3339_opts(SecondsFormat::Secs, true);
            let mut request =
                self.transfer.workspace.transport().request(&operations::ABORT_URL, Problem::default());
            let (path, token) = (&self.to.path, &self.token);
            request.json(&Some(json!({ "path": path, "session_token": token, "expire_time": expires })));
            let AbortUrl { abort_upload_url: url } = request.send_json().await?;
            let sent = self.http.delete(&url.url).headers(url.headers()).send().await;
            sent.map(drop).map_err(Error::request)
        };
        if let Err(error) = asked.await {
            tracing::warn!(%error, "an upload that broke off could not be given up");
        }
    }
}

/// An error with what is behind it; the address, which is a right, is left out.
pub(super) fn said(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
