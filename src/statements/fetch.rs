//! The chunks of a result: from the answers themselves, or from the links that these hold.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::chunk::{Chunk, Form};
use super::{Delivery, Statement, StatementReason};
use crate::buffers::Buffers;
use crate::sql::types::{ExternalLink, ResultData};
use crate::{Error, Result, Workspace};

/// How often a chunk is tried.
const ATTEMPTS: u32 = 5;

/// The pause before the second attempt, doubled each time.
const PAUSE: Duration = Duration::from_millis(200);

/// An address that is good for less than this is asked for anew before it is used.
const MARGIN: TimeDelta = TimeDelta::seconds(20);

/// Where the chunks of one result come from.
#[derive(Debug)]
pub(super) struct Fetcher {
    workspace: Workspace,
    /// Without credentials of ours: whoever has an address may fetch from it, and whoever serves it
    /// must not learn our token.
    http: reqwest::Client,
    pub(super) statement_id: String,
    pub(super) delivery: Delivery,
    links: Mutex<HashMap<i64, Link>>,
    buffers: Buffers,
}

#[derive(Clone)]
struct Link {
    url: String,
    headers: HeaderMap,
    expires: Option<DateTime<Utc>>,
    rows: Option<i64>,
}

/// An address is as good as a password while it lasts.
impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Link").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Why one attempt did not give a chunk.
enum Failure {
    /// Another attempt may; whether with another address.
    Passing { message: String, stale: bool },
    /// No other one will.
    Final(Error),
}

impl Fetcher {
    pub(super) fn new(
        statement: &Statement,
        statement_id: String,
        delivery: Delivery,
        first: Option<&ResultData>,
    ) -> Result<Self> {
        let http = statement.workspace.transport().plain()?;
        let workspace = statement.workspace.clone();
        let fetcher = Self {
            workspace,
            http,
            statement_id,
            delivery,
            links: Mutex::default(),
            buffers: Buffers::default(),
        };
        if let Some(data) = first {
            fetcher.keep(data);
        }
        Ok(fetcher)
    }

    /// A chunk by its number. `rows` is what the manifest says of it.
    pub(super) async fn chunk(&self, index: i64, form: &Form, rows: Option<i64>) -> Result<Chunk> {
        if self.delivery == Delivery::Inline {
            let data = self.ask(index).await?;
            return form.inline(data, &self.statement_id);
        }
        let (mut attempts, mut pause, mut anew) = (0, PAUSE, false);
        loop {
            attempts += 1;
            let failure = match self.attempt(index, form, rows, anew).await {
                Ok(chunk) => return Ok(chunk),
                Err(failure) => failure,
            };
            let (message, stale) = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Passing { message, stale } => (message, stale),
            };
            tracing::debug!(chunk = index, attempts, message, "a chunk did not come");
            if attempts >= ATTEMPTS {
                return Err(StatementReason::Chunk { chunk: index, attempts, message }.of(&self.statement_id));
            }
            // Also what broke off for another reason is fetched from a fresh address at last.
            anew = stale || attempts + 1 == ATTEMPTS;
            if !(stale && attempts == 1) {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }

    async fn attempt(
        &self,
        index: i64,
        form: &Form,
        rows: Option<i64>,
        anew: bool,
    ) -> Result<Chunk, Failure> {
        let link = self.link(index, anew).await.map_err(Failure::Final)?;
        let passing = |message: String, stale| Failure::Passing { message, stale };
        let broken = |error: reqwest::Error| passing(said(&error.without_url()), false);
        let request = self.http.get(&link.url).headers(link.headers);
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        if !status.is_success() {
            let body = response.text().await.unwrap_or_default();
            let message = format!(
                "the storage answered {status}: {}",
                crate::transport::shown::body(body.as_bytes(), 200)
            );
            // A storage says in different ways that an address has expired.
            let stale = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
            return Err(passing(message, stale));
        }
        let length = response.content_length();
        let room = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut body = self.buffers.take(room.min(256 << 20));
        while let Some(part) = response.chunk().await.map_err(broken)? {
            body.extend_from_slice(&part);
        }
        if length.is_some_and(|length| length != body.len() as u64) {
            return Err(passing(
                format!("{} bytes came of {}", body.len(), length.unwrap_or_default()),
                false,
            ));
        }
        form.read(self.buffers.lend(body), link.rows.or(rows), &self.statement_id).map_err(
            |error| match error {
                super::chunk::Unreadable::Broken(message) => passing(message, false),
                super::chunk::Unreadable::Never(error) => Failure::Final(error),
            },
        )
    }

    /// An address of a chunk that is good for a while.
    async fn link(&self, index: i64, anew: bool) -> Result<Link> {
        let good = |link: &Link| link.expires.is_none_or(|expires| expires > Utc::now() + MARGIN);
        if let Some(link) = self.known(index).filter(good)
            && !anew
        {
            return Ok(link);
        }
        self.ask(index).await?;
        // Fresh from the service: used even where a clock says that it has expired.
        self.known(index).ok_or_else(|| Error::Unexpected {
            message: format!(
                "the service gave no address for chunk {index} of statement {}",
                self.statement_id
            ),
        })
    }

    fn known(&self, index: i64) -> Option<Link> {
        self.links.lock().ok()?.get(&index).cloned()
    }

    async fn ask(&self, index: i64) -> Result<ResultData> {
        let call = self.workspace.statement_execution().get_statement_result_chunk_n();
        let data = call.statement_id(&self.statement_id).chunk_index(index).send().await?;
        self.keep(&data);
        Ok(data)
    }

    fn keep(&self, data: &ResultData) {
        let Ok(mut links) = self.links.lock() else { return };
        for link in data.external_links.iter().flatten() {
            if let (Some(index), Some(link)) = (link.chunk_index, read(link)) {
                links.insert(index, link);
            }
        }
    }

    /// Forgets the address of a chunk that was read.
    pub(super) fn done(&self, index: i64) {
        if let Ok(mut links) = self.links.lock() {
            links.remove(&index);
        }
    }
}

fn read(link: &ExternalLink) -> Option<Link> {
    let mut headers = HeaderMap::new();
    for (name, value) in link.http_headers.iter().flatten() {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            headers.insert(name, value);
        }
    }
    let expires = link.expiration.as_deref().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
    Some(Link {
        url: link.external_link.clone()?,
        headers,
        expires: expires.map(|time| time.to_utc()),
        rows: link.row_count,
    })
}

/// An error with what is behind it; the address is left out.
fn said(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// Bytes of a chunk, whole.
pub(super) type Body = Bytes;
