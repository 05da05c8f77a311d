//! From this machine to the service.

use std::io::{self, Read, Seek};
use std::path::Path;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio_util::io::ReaderStream;

use super::journal::{self, Journal};
use super::parts::{MOST, Session};
use super::range::{ATTEMPTS, PAUSE, spans};
use super::{Meter, Place, Store, Transfer, TransferReason, entry, range};
use crate::buffers::Buffers;
use crate::local;
use crate::workspace::types::ImportFormat;
use crate::{Body, Error, Result};

/// Bytes on their way.
pub(super) type Content = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What DBFS takes at a time.
const BLOCK: usize = 1 << 20;

/// What the workspace takes at most, a little less than 10 MB as base64.
const WORKSPACE: u64 = 10 << 20;

/// What a local file was when its upload began.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    size: u64,
    modified: Option<std::time::SystemTime>,
}

impl Source {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        match metadata.is_dir() {
            true => {
                Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; copy it to send what is in it"))
            }
            false => Ok(Self { size: metadata.len(), modified: metadata.modified().ok() }),
        }
    }
}

pub(super) async fn file(transfer: &Transfer, from: &Path, to: &Place) -> Result<u64> {
    loop {
        if let Some(sent) = attempt(transfer, from, to).await? {
            return Ok(sent);
        }
    }
}

/// `None` where an earlier attempt left an upload that the service has forgotten: without what it left,
/// the next one begins anew.
async fn attempt(transfer: &Transfer, from: &Path, to: &Place) -> Result<Option<u64>> {
    let here = |source| local::error(from, source);
    let source = Source::of(from).map_err(here)?;
    let unchanged = || match Source::of(from).map_err(here)? == source {
        true => Ok(()),
        false => Err(TransferReason::Changed.of(from.display())),
    };
    let transfer = &spacious(transfer, source.size);
    let meter = transfer.meter(to.to_string(), Some(source.size), 0);
    if to.store != Store::Volumes || source.size <= transfer.part_size {
        let file = tokio::fs::File::open(from).await.map_err(here)?;
        let content: Content = Box::pin(ReaderStream::with_capacity(file, BLOCK));
        let sent = send(transfer, content, to, &meter).await?;
        unchanged()?;
        return expect(transfer, to, source.size, sent).await.map(Some);
    }
    let (journal, session) = match transfer.resume {
        true => resumed(transfer, from, to, &source).await?,
        false => (None, Session::begin(transfer, to).await?),
    };
    let Some(session) = session else {
        return single(transfer, from, to, source.size, &meter).await.map(Some);
    };
    let before = journal.as_ref().map(|journal| journal.done.clone()).unwrap_or_default();
    let goes_on = !before.is_empty();
    let left: Vec<_> =
        spans(source.size, transfer.part_size).filter(|span| !before.contains_key(&span.part)).collect();
    meter.add(source.size - left.iter().map(|span| span.length).sum::<u64>());
    let buffers = &Buffers::default();
    let parts = stream::iter(left).then(|span| async move {
        let content = read_at(from, span.start, span.length, buffers).await;
        Ok((span.part, content.map_err(|source| local::error(from, source))?))
    });
    let sent = async {
        let tags = session.send(parts, before, journal.as_ref(), &meter).await?;
        unchanged()?;
        session.complete(&tags).await
    };
    let sent = sent.await;
    match (sent, &journal) {
        (Ok(()), _) => {}
        (Err(error), None) => {
            session.abort().await;
            return Err(error);
        }
        // An upload is gone when it was completed, whose answer may not have come, or after a while.
        (Err(error), Some(journal)) if entry::is_missing(&error) && goes_on => {
            journal.end();
            let there =
                entry::stat(&transfer.workspace, to).await.is_ok_and(|found| found.size == Some(source.size));
            let same = there && range::compare(transfer, from, to).await.is_ok();
            return Ok(same.then_some(source.size));
        }
        // What can go on later is left as it is.
        (Err(error), Some(journal)) => {
            if matches!(&error, Error::Transfer(error) if matches!(error.reason, TransferReason::Changed)) {
                journal.end();
            }
            return Err(error);
        }
    }
    journal.iter().for_each(Journal::end);
    expect(transfer, to, source.size, source.size).await.map(Some)
}

/// The same with parts that are large enough for a file.
fn spacious(transfer: &Transfer, size: u64) -> Transfer {
    let least = size.div_ceil(MOST);
    let part_size = transfer.part_size.max(least.next_multiple_of(1 << 20));
    Transfer { part_size, ..transfer.clone() }
}

/// What an earlier attempt at the same upload left, or a new one.
async fn resumed(
    transfer: &Transfer,
    from: &Path,
    to: &Place,
    source: &Source,
) -> Result<(Option<Journal>, Option<Session>)> {
    let here = |source| local::error(from, source);
    let (path, _) = journal::paths(from);
    let modified = source.modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let host = transfer.workspace.host();
    let of = format!(
        "{host} {to} {} bytes, of {}, in parts of {}",
        source.size,
        modified.unwrap_or_default().as_nanos(),
        transfer.part_size
    );
    if let Some(journal) = Journal::find(&path, &of).map_err(here)?
        && let Some(token) = journal.session.clone()
    {
        return Ok((Some(journal), Some(Session::again(transfer, to, token)?)));
    }
    let Some(session) = Session::begin(transfer, to).await? else { return Ok((None, None)) };
    let journal = Journal::create(&path, &of, Some(session.token.clone())).map_err(here)?;
    Ok((Some(journal), Some(session)))
}

async fn read_at(path: &Path, start: u64, length: u64, buffers: &Buffers) -> io::Result<Bytes> {
    let (path, length) = (path.to_owned(), usize::try_from(length).map_err(io::Error::other)?);
    let mut content = buffers.take(length);
    // In one piece: the reads of `tokio::fs` go through a buffer of their own, a task each.
    let read = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(path)?;
        file.seek(io::SeekFrom::Start(start))?;
        file.take(length as u64).read_to_end(&mut content)?;
        Ok::<_, io::Error>(content)
    });
    let content = read.await.map_err(io::Error::other)??;
    match content.len() == length {
        true => Ok(buffers.lend(content)),
        false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "became shorter while it was read")),
    }
}

/// In one request, where there are no parts.
async fn single(transfer: &Transfer, from: &Path, to: &Place, size: u64, meter: &Meter) -> Result<u64> {
    let file = tokio::fs::File::open(from).await.map_err(|source| local::error(from, source))?;
    let body = metered(Box::pin(ReaderStream::with_capacity(file, BLOCK)), meter.clone());
    put(transfer, to, Body::wrap_stream(body)).await?;
    expect(transfer, to, size, size).await
}

fn metered(content: Content, meter: Meter) -> impl Stream<Item = io::Result<Bytes>> + Send {
    content.inspect_ok(move |bytes| meter.add(bytes.len() as u64))
}

async fn put(transfer: &Transfer, to: &Place, body: impl Into<Body>) -> Result<()> {
    let upload = transfer.workspace.files().upload().file_path(&to.path).overwrite(transfer.overwrite);
    upload.body(body.into()).send().await
}

/// The same once more where a connection broke and it may be done twice.
async fn put_bytes(transfer: &Transfer, to: &Place, content: Bytes) -> Result<()> {
    let (mut attempts, mut pause) = (0, PAUSE);
    loop {
        attempts += 1;
        match put(transfer, to, content.clone()).await {
            Err(Error::Transport(_)) if transfer.overwrite && attempts < ATTEMPTS => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            result => return result,
        }
    }
}

/// Asks the service how long the file is.
async fn expect(transfer: &Transfer, to: &Place, expected: u64, sent: u64) -> Result<u64> {
    let found = match sent == expected && to.store != Store::Workspace {
        true => entry::stat(&transfer.workspace, to).await?.size.unwrap_or(expected),
        false => sent,
    };
    match found == expected {
        true => Ok(expected),
        false => Err(TransferReason::Length { expected, found }.of(to)),
    }
}

pub(super) async fn stream(transfer: &Transfer, content: Content, to: &Place) -> Result<u64> {
    let meter = transfer.meter(to.to_string(), None, 0);
    let sent = send(transfer, content, to, &meter).await?;
    expect(transfer, to, sent, sent).await
}

/// Sends a stream of any length, and says how long it was.
async fn send(transfer: &Transfer, content: Content, to: &Place, meter: &Meter) -> Result<u64> {
    match to.store {
        Store::Volumes => volume(transfer, content, to, meter).await,
        Store::Dbfs => dbfs(transfer, content, to, meter).await,
        Store::Workspace => workspace(transfer, content, to, meter).await,
    }
}

/// An error of what is read.
fn broken(source: io::Error) -> Error {
    local::error(Path::new("the content"), source)
}

async fn volume(transfer: &Transfer, content: Content, to: &Place, meter: &Meter) -> Result<u64> {
    let size = usize::try_from(transfer.part_size)
        .map_err(|_| Error::invalid_request("the parts are too large".to_owned()))?;
    let mut pieces = Box::pin(pieces(content, size));
    let first = pieces.next().await.transpose().map_err(broken)?.unwrap_or_default();
    if first.len() < size {
        let length = first.len() as u64;
        put_bytes(transfer, to, first).await?;
        meter.add(length);
        return Ok(length);
    }
    let counted = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = std::sync::Arc::clone(&counted);
    let pieces = stream::once(std::future::ready(Ok(first))).chain(pieces).inspect_ok(move |bytes| {
        count.fetch_add(bytes.len() as u64, std::sync::atomic::Ordering::Relaxed);
    });
    let Some(session) = Session::begin(transfer, to).await? else {
        put(transfer, to, Body::wrap_stream(metered(Box::pin(pieces), meter.clone()))).await?;
        return Ok(counted.load(std::sync::atomic::Ordering::Relaxed));
    };
    let numbered = pieces.zip(stream::iter(1..)).map(|(piece, number)| match number > MOST {
        true => Err(TransferReason::Unfit(format!("has over {MOST} parts: raise `part_size`")).of(to)),
        false => Ok((number, piece.map_err(broken)?)),
    });
    let sent = async {
        let tags = session.send(numbered, Default::default(), None, meter).await?;
        session.complete(&tags).await
    };
    if let Err(error) = sent.await {
        session.abort().await;
        return Err(error);
    }
    Ok(counted.load(std::sync::atomic::Ordering::Relaxed))
}

/// Pieces of one size, of which the last one may be smaller.
fn pieces(content: Content, size: usize) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((content, BytesMut::new()), move |(mut content, mut held)| async move {
        while held.len() < size {
            match content.next().await {
                Some(bytes) => held.extend_from_slice(&bytes?),
                None => break,
            }
        }
        if held.is_empty() {
            return Ok(None);
        }
        let piece = held.split_to(size.min(held.len())).freeze();
        Ok(Some((piece, (content, held))))
    })
}

/// Under another name first: a file of DBFS is there as soon as it is begun.
async fn dbfs(transfer: &Transfer, content: Content, to: &Place, meter: &Meter) -> Result<u64> {
    let client = &transfer.workspace;
    let mut pieces = Box::pin(pieces(content, BLOCK));
    let first = pieces.next().await.transpose().map_err(broken)?.unwrap_or_default();
    if first.len() < BLOCK {
        let put = client.dbfs().put().path(&to.path).contents(STANDARD.encode(&first));
        put.overwrite(transfer.overwrite).send().await?;
        meter.add(first.len() as u64);
        return Ok(first.len() as u64);
    }
    // Known before all is sent, and checked again by the move.
    let there = match entry::stat(client, to).await {
        Ok(found) if found.is_dir => return Err(TransferReason::Unfit("is a folder".to_owned()).of(to)),
        Ok(_) if !transfer.overwrite => {
            return Err(
                TransferReason::Unfit("is there already; say `overwrite` to replace it".to_owned()).of(to)
            );
        }
        Ok(_) => true,
        Err(error) if entry::is_missing(&error) => false,
        Err(error) => return Err(error),
    };
    let hidden = format!(".{}.{}.part", to.name(), crate::transport::idempotency_token());
    let draft =
        to.parent().unwrap_or_else(|| Place { store: Store::Dbfs, path: "/".to_owned() }).join(&hidden);
    let sent = async {
        let handle = client.dbfs().create().path(&draft.path).send().await?.handle;
        let handle = handle.ok_or_else(|| {
            TransferReason::Unfit("the service gave no handle to write to".to_owned()).of(to)
        })?;
        let (mut sent, mut next) = (0, Some(first));
        while let Some(piece) = next {
            client.dbfs().add_block().handle(handle).data(STANDARD.encode(&piece)).send().await?;
            meter.add(piece.len() as u64);
            sent += piece.len() as u64;
            next = pieces.next().await.transpose().map_err(broken)?;
        }
        client.dbfs().close().handle(handle).send().await?;
        expect(transfer, &draft, sent, sent).await?;
        if there {
            entry::remove_file(client, to).await?;
        }
        client.dbfs().move_().source_path(&draft.path).destination_path(&to.path).send().await?;
        Ok(sent)
    };
    let result = sent.await;
    if result.is_err() {
        let _ = entry::remove_file(client, &draft).await;
    }
    result
}

async fn workspace(transfer: &Transfer, content: Content, to: &Place, meter: &Meter) -> Result<u64> {
    let mut pieces = Box::pin(pieces(content, WORKSPACE as usize + 1));
    let whole = pieces.next().await.transpose().map_err(broken)?.unwrap_or_default();
    let length = whole.len() as u64;
    if length > WORKSPACE {
        let message =
            format!("has over {WORKSPACE} bytes, which a file of the workspace cannot; use a volume");
        return Err(TransferReason::Unfit(message).of(to));
    }
    let import = transfer.workspace.workspace().import().path(to.in_workspace()).format(ImportFormat::Raw);
    import.content(STANDARD.encode(&whole)).overwrite(transfer.overwrite).send().await?;
    meter.add(length);
    Ok(length)
}
