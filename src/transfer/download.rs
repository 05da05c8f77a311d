//! From the service to a file of this machine.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use super::journal::{self, Journal};
use super::range::Taker;
use super::{Place, Store, Transfer, TransferReason, range};
use crate::Result;
use crate::local::{self, Draft};

/// Bytes of a part that come before they are written.
const PIECE: usize = 1 << 20;

pub(super) async fn file(transfer: &Transfer, from: &Place, to: &Path) -> Result<u64> {
    let here = |source| local::error(to, source);
    if from.store == Store::Workspace {
        let content = range::whole(transfer, from).await?;
        let mut draft = Draft::create(to, transfer.overwrite).map_err(here)?;
        io::Write::write_all(&mut draft, &content).and_then(|()| draft.commit()).map_err(here)?;
        return Ok(content.len() as u64);
    }
    let facts = range::facts(transfer, from).await?;
    let (draft, journal) = match transfer.resume {
        false => (Draft::create(to, transfer.overwrite).map_err(here)?, None),
        true => {
            let (draft, journal) = resumed(transfer, from, to, &facts).map_err(here)?;
            (draft, Some(journal))
        }
    };
    draft.file().set_len(facts.size).map_err(here)?;
    let target = Arc::new(draft.file().try_clone().map_err(here)?);
    let left: Vec<_> = range::spans(facts.size, transfer.part_size)
        .filter(|span| journal.as_ref().is_none_or(|journal| !journal.done.contains_key(&span.part)))
        .collect();
    let missing: u64 = left.iter().map(|span| span.length).sum();
    let meter = transfer.meter(to.display().to_string(), Some(facts.size), facts.size - missing);
    let parts = left.into_iter().map(|span| {
        let (transfer, from, facts) = (transfer.clone(), from.clone(), facts.clone());
        let (journal, meter) = (journal.clone(), meter.clone());
        let mut pen = Pen {
            file: Arc::clone(&target),
            name: to.to_owned(),
            start: span.start,
            written: 0,
            waiting: Vec::with_capacity(PIECE),
        };
        range::spawned(async move {
            range::part(&transfer, &from, &facts, span, &mut pen).await?;
            pen.write().await?;
            if let Some(journal) = journal {
                journal.note(span.part, "").map_err(|source| local::error(&pen.name, source))?;
            }
            meter.add(span.length);
            Ok(())
        })
    });
    let mut parts = stream::iter(parts).buffer_unordered(transfer.in_flight);
    while let Some(done) = parts.next().await {
        done?;
    }
    drop(parts);
    let found = draft.file().metadata().map_err(here)?.len();
    if found != facts.size {
        return Err(TransferReason::Length { expected: facts.size, found }.of(to.display()));
    }
    draft.commit().map_err(here)?;
    if let Some(journal) = journal {
        journal.end();
    }
    Ok(facts.size)
}

/// What an earlier attempt left, if it was at the same file.
fn resumed(
    transfer: &Transfer,
    from: &Place,
    to: &Path,
    facts: &range::Facts,
) -> io::Result<(Draft, Journal)> {
    let (path, content) = journal::paths(to);
    let modified = facts.modified.as_deref().unwrap_or_default();
    let of = format!("{from} {} bytes, of {modified}, in parts of {}", facts.size, transfer.part_size);
    let known = Journal::find(&path, &of)?.filter(|_| content.is_file());
    let draft = Draft::resumable(to, transfer.overwrite, &content, known.is_none())?;
    let journal = match known {
        Some(journal) => journal,
        None => Journal::create(&path, &of, None)?,
    };
    Ok((draft, journal))
}

/// Writes a part to its place in a file, where nobody else does, while it comes.
struct Pen {
    file: Arc<File>,
    /// How the file will be called, for what is said of it.
    name: PathBuf,
    start: u64,
    /// Bytes that are in the file.
    written: u64,
    /// Bytes that came after them.
    waiting: Vec<u8>,
}

impl Taker for Pen {
    fn taken(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    async fn take(&mut self, bytes: Bytes) -> Result<()> {
        if self.waiting.len() + bytes.len() > PIECE {
            self.write().await?;
        }
        self.waiting.extend_from_slice(&bytes);
        Ok(())
    }
}

impl Pen {
    /// Writes what waits, off the threads of the network.
    async fn write(&mut self) -> Result<()> {
        let (file, at, content) =
            (Arc::clone(&self.file), self.start + self.written, std::mem::take(&mut self.waiting));
        let written = tokio::task::spawn_blocking(move || write_at(&file, &content, at).map(|()| content));
        let written = written.await.map_err(io::Error::other).and_then(|written| written);
        self.waiting = written.map_err(|source| local::error(&self.name, source))?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

fn write_at(file: &File, content: &[u8], start: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, content, start);
    #[cfg(windows)]
    {
        let (mut content, mut start) = (content, start);
        while !content.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(file, content, start)?;
            content = &content[count..];
            start += count as u64;
        }
        Ok(())
    }
}
