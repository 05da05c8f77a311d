//! From the service to a file of this machine.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use super::journal::{self, Journal};
use super::{Place, Store, Transfer, TransferReason, range};
use crate::Result;
use crate::buffers::Buffers;
use crate::local::{self, Draft};

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
    let buffers = Buffers::default();
    let parts = left.into_iter().map(|span| {
        let (transfer, from, facts) = (transfer.clone(), from.clone(), facts.clone());
        let buffers = buffers.clone();
        let (target, journal, to, meter) =
            (Arc::clone(&target), journal.clone(), to.to_owned(), meter.clone());
        range::spawned(async move {
            let content = range::part(&transfer, &from, &facts, span, &buffers).await?;
            let here = |source| local::error(&to, source);
            write_at(target, content, span.start).await.map_err(here)?;
            if let Some(journal) = journal {
                journal.note(span.part, "").map_err(here)?;
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

/// Writes where nobody else does, off the threads of the network.
async fn write_at(file: Arc<File>, content: Bytes, start: u64) -> io::Result<()> {
    let written = tokio::task::spawn_blocking(move || {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_all_at(&*file, &content, start);
        #[cfg(windows)]
        {
            let (mut content, mut start) = (content, start);
            while !content.is_empty() {
                let count = std::os::windows::fs::FileExt::seek_write(&*file, &content, start)?;
                let _ = content.split_to(count);
                start += count as u64;
            }
            Ok(())
        }
    });
    written.await.map_err(|error: tokio::task::JoinError| io::Error::other(error)).and_then(|written| written)
}
