//! A file up and down: by a transfer, and by hand with the same parts.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use databricks_toolkit::Workspace;
use futures_util::{StreamExt, stream};

use crate::{Failure, IN_FLIGHT, PART};

/// The file that all uploads of a machine share.
pub(crate) struct Source(PathBuf);

impl Source {
    fn path(mb: u64) -> PathBuf {
        std::env::temp_dir().join(format!("databricks-toolkit-bench-{mb}.bin"))
    }

    pub(crate) fn make(mb: u64) -> Result<Self, Failure> {
        let source = Self(Self::path(mb));
        let block: Vec<u8> =
            (0..1_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        let mut file = std::fs::File::create(&source.0)?;
        for _ in 0..mb {
            file.write_all(&block)?;
        }
        // What is still to be written is written in nobody's turn.
        file.sync_all()?;
        Ok(source)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn spans(size: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..size.div_ceil(PART)).map(move |at| (at * PART, PART.min(size - at * PART)))
}

pub(crate) async fn upload(ours: bool, workspace: &Workspace, url: &str, mb: u64) -> Result<(), Failure> {
    let path = Source::path(mb);
    let size = mb << 20;
    if ours {
        let transfer = workspace.transfer().part_size(PART).in_flight(IN_FLIGHT);
        assert_eq!(transfer.upload(&path, &format!("/Volumes/a/b/c/{mb}")).await?, size);
        return Ok(());
    }
    let (http, file) = (reqwest::Client::new(), Arc::new(std::fs::File::open(path)?));
    let parts = spans(size).map(|(start, length)| {
        let (http, file, address) =
            (http.clone(), Arc::clone(&file), format!("{url}/part/{}", start / PART + 1));
        tokio::spawn(async move {
            let content = tokio::task::spawn_blocking(move || {
                let mut content = vec![0; length as usize];
                file.read_exact_at(&mut content, start).map(|()| content)
            });
            let answer = http.put(address).body(content.await??).send().await?.error_for_status()?;
            answer.headers().get("etag").ok_or("no tag")?;
            Ok::<_, Failure>(())
        })
    });
    let mut parts = stream::iter(parts).buffer_unordered(IN_FLIGHT);
    while let Some(part) = parts.next().await {
        part??;
    }
    Ok(())
}

pub(crate) async fn download(ours: bool, workspace: &Workspace, url: &str, mb: u64) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let (path, size) = (folder.path().join("x"), mb << 20);
    let name = format!("/Volumes/a/b/c/{mb}");
    if ours {
        let transfer = workspace.transfer().part_size(PART).in_flight(IN_FLIGHT);
        assert_eq!(transfer.download(&name, &path).await?, size);
        return Ok(());
    }
    let (http, file) = (reqwest::Client::new(), Arc::new(std::fs::File::create(path)?));
    file.set_len(size)?;
    let parts = spans(size).map(|(start, length)| {
        let (http, file, address) =
            (http.clone(), Arc::clone(&file), format!("{url}/api/2.0/fs/files{name}"));
        tokio::spawn(async move {
            let range = format!("bytes={start}-{}", start + length - 1);
            let content = http.get(address).header("range", range).send().await?.bytes().await?;
            assert_eq!(content.len() as u64, length);
            tokio::task::spawn_blocking(move || file.write_all_at(&content, start)).await??;
            Ok::<_, Failure>(())
        })
    });
    let mut parts = stream::iter(parts).buffer_unordered(IN_FLIGHT);
    while let Some(part) = parts.next().await {
        part??;
    }
    Ok(())
}
