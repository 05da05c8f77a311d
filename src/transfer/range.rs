//! Parts of a file of the service, each fetched to its end, from where it broke off if it did.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, TryStreamExt};
use ring::digest;
use tokio_util::task::AbortOnDropHandle;

use super::{Place, Store, Transfer, TransferReason, entry, operations};
use crate::buffers::Buffers;
use crate::fields::Problem;
use crate::local;
use crate::paging::Items;
use crate::transport::ByteStream;
use crate::workspace::types::ExportFormat;
use crate::{Error, Result};

/// How often a part is tried without a byte more.
pub(super) const ATTEMPTS: u32 = 6;

/// The pause before the second attempt, doubled each time.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// What DBFS gives at a time.
const BLOCK: u64 = 1 << 20;

/// What must stay the same while a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) size: u64,
    /// When it was changed last, as the service writes it.
    pub(super) modified: Option<String>,
}

pub(super) async fn facts(transfer: &Transfer, place: &Place) -> Result<Facts> {
    let found = entry::stat(&transfer.workspace, place).await?;
    let unfit = |what: &str| TransferReason::Unfit(what.to_owned()).of(place);
    if found.is_dir {
        return Err(unfit("is a folder, not a file"));
    }
    let size = found.size.ok_or_else(|| unfit("has no length that the service would say"))?;
    Ok(Facts { size, modified: found.modified.map(|time| time.timestamp_millis().to_string()) })
}

/// A span of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Which part, from 1.
    pub(super) part: u64,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// The parts of a file.
pub(super) fn spans(size: u64, part_size: u64) -> impl Iterator<Item = Span> + Send {
    (0..size.div_ceil(part_size)).map(move |at| {
        let start = at * part_size;
        Span { part: at + 1, start, length: part_size.min(size - start) }
    })
}

/// Who takes the bytes of a part, in their order.
pub(super) trait Taker {
    /// How many it took.
    fn taken(&self) -> u64;

    /// Takes the next ones.
    fn take(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;
}

/// In memory.
impl Taker for Vec<u8> {
    fn taken(&self) -> u64 {
        self.len() as u64
    }

    async fn take(&mut self, bytes: Bytes) -> Result<()> {
        self.extend_from_slice(&bytes);
        Ok(())
    }
}

/// One part, whole, to who takes it.
pub(super) async fn part(
    transfer: &Transfer,
    place: &Place,
    facts: &Facts,
    span: Span,
    taker: &mut (impl Taker + Send),
) -> Result<()> {
    let (mut attempts, mut pause) = (0, PAUSE);
    while taker.taken() < span.length {
        let before = taker.taken();
        let rest = Span { start: span.start + before, length: span.length - before, ..span };
        let read = match place.store {
            Store::Dbfs => block(transfer, place, rest, taker).await,
            _ => ranged(transfer, place, facts, rest, taker).await,
        };
        match read {
            Ok(()) if taker.taken() > before => (attempts, pause) = (0, PAUSE),
            // What the service says to all of it will not change; what broke off may go on.
            Err(error) if !matches!(error, Error::Transport(_)) => return Err(error),
            other => {
                // Some bytes more are a beginning.
                if taker.taken() > before {
                    (attempts, pause) = (0, PAUSE);
                }
                attempts += 1;
                let message =
                    other.err().map_or_else(|| "nothing came".to_owned(), |error| error.to_string());
                tracing::debug!(part = span.part, attempts, message, "a part broke off");
                if attempts >= ATTEMPTS {
                    return Err(TransferReason::Part { part: span.part, attempts, message }.of(place));
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
    Ok(())
}

async fn ranged(
    transfer: &Transfer,
    place: &Place,
    facts: &Facts,
    span: Span,
    taker: &mut (impl Taker + Send),
) -> Result<()> {
    let mut request = transfer.workspace.transport().request(&operations::DOWNLOAD, Problem::default());
    request.path_segments("file_path", &Some(&place.path));
    request.header("range", &Some(format!("bytes={}-{}", span.start, span.start + span.length - 1)));
    let mut stream = request.send_bytes().await?;
    check(&stream, place, facts)?;
    // A server may give the whole file in the place of a part.
    let (from, _) = content_range(&stream).unwrap_or((0, None));
    let mut skip = span.start.checked_sub(from).ok_or_else(|| {
        TransferReason::Unfit(format!("gave byte {from} on in the place of byte {}", span.start)).of(place)
    })?;
    let mut left = span.length;
    while left > 0 {
        let Some(bytes) = stream.next().await else { break };
        let mut bytes = bytes?;
        let skipped = skip.min(bytes.len() as u64);
        skip -= skipped;
        // Both are at most the length of what is in memory.
        let _ = bytes.split_to(usize::try_from(skipped).unwrap_or(bytes.len()));
        let taken = left.min(bytes.len() as u64);
        bytes.truncate(usize::try_from(taken).unwrap_or(bytes.len()));
        left -= taken;
        taker.take(bytes).await?;
    }
    Ok(())
}

/// First byte and length of the whole file: `bytes 0-9/100`.
fn content_range(stream: &ByteStream) -> Option<(u64, Option<u64>)> {
    let text = stream.header("content-range")?.strip_prefix("bytes ")?;
    let (span, total) = text.split_once('/')?;
    let (first, _) = span.split_once('-')?;
    Some((first.trim().parse().ok()?, total.trim().parse().ok()))
}

/// Whether it is still the same file.
fn check(stream: &ByteStream, place: &Place, facts: &Facts) -> Result<()> {
    let size = match content_range(stream) {
        Some((_, total)) => total,
        None => stream.content_length(),
    };
    let modified =
        stream.header("last-modified").and_then(|time| chrono::DateTime::parse_from_rfc2822(time).ok());
    let modified = modified.map(|time| time.timestamp_millis().to_string());
    let other = size.is_some_and(|size| size != facts.size)
        || modified.is_some_and(|time| facts.modified.as_ref().is_some_and(|before| *before != time));
    if other { Err(TransferReason::Changed.of(place)) } else { Ok(()) }
}

async fn block(
    transfer: &Transfer,
    place: &Place,
    span: Span,
    taker: &mut (impl Taker + Send),
) -> Result<()> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let read = transfer.workspace.dbfs().read().path(&place.path);
    let read = read.offset(number(span.start)).length(number(span.length.min(BLOCK))).send().await?;
    let bytes = STANDARD.decode(read.data.unwrap_or_default());
    let bytes =
        bytes.map_err(|error| TransferReason::Unfit(format!("did not come in base64: {error}")).of(place))?;
    if bytes.is_empty() {
        return Err(TransferReason::Changed.of(place));
    }
    taker.take(bytes.into()).await
}

/// A file of the workspace, or the source of a notebook.
pub(super) async fn whole(transfer: &Transfer, place: &Place) -> Result<Bytes> {
    let export = transfer.workspace.workspace().export().path(place.in_workspace());
    let content = export.format(ExportFormat::Auto).send().await?.content.unwrap_or_default();
    let bytes = STANDARD.decode(content);
    bytes
        .map(Bytes::from)
        .map_err(|error| TransferReason::Unfit(format!("did not come in base64: {error}")).of(place))
}

/// All parts in their order, some of them fetched ahead.
pub(super) fn read(transfer: Transfer, place: Place) -> Items<Bytes> {
    let parts = async move {
        if place.store == Store::Workspace {
            let content = whole(&transfer, &place).await?;
            return Ok(stream::iter([Ok(content)]).left_stream());
        }
        let facts = facts(&transfer, &place).await?;
        let (in_flight, buffers) = (transfer.in_flight, Buffers::default());
        let parts = spans(facts.size, transfer.part_size).map(move |span| {
            let (transfer, place, facts) = (transfer.clone(), place.clone(), facts.clone());
            let buffers = buffers.clone();
            spawned(async move {
                let room = usize::try_from(span.length)
                    .map_err(|_| Error::invalid_request("the part is too large".to_owned()))?;
                let mut content = buffers.take(room);
                part(&transfer, &place, &facts, span, &mut content).await?;
                Ok(buffers.lend(content))
            })
        });
        Ok::<_, Error>(stream::iter(parts).buffered(in_flight).right_stream())
    };
    Items::until_error(stream::once(parts).try_flatten())
}

/// A task of its own, which ends when nobody waits for it.
pub(super) async fn spawned<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let task = AbortOnDropHandle::new(tokio::spawn(work));
    task.await.unwrap_or_else(|error| Err(Error::Unexpected { message: format!("a part stopped: {error}") }))
}

/// Compares a local file with one of the service, byte for byte by their digests.
pub(super) async fn compare(transfer: &Transfer, local: &Path, place: &Place) -> Result<()> {
    let path = local.to_owned();
    let here = tokio::task::spawn_blocking(move || {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut file = std::fs::File::open(&path).map_err(|source| local::error(&path, source))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match std::io::Read::read(&mut file, &mut buffer).map_err(|source| local::error(&path, source))? {
                0 => return Ok::<_, Error>(context.finish()),
                count => context.update(&buffer[..count]),
            }
        }
    });
    let mut there = digest::Context::new(&digest::SHA256);
    let mut parts = read(transfer.clone(), place.clone());
    while let Some(part) = parts.next().await {
        there.update(&part?);
    }
    let here = here.await.map_err(|error| Error::Unexpected { message: error.to_string() })??;
    match here.as_ref() == there.finish().as_ref() {
        true => Ok(()),
        false => Err(TransferReason::Differs(local.display().to_string()).of(place)),
    }
}
