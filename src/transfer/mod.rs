//! Files of volumes, of DBFS and of the workspace, of any size and by the thousand: uploaded in
//! parts, downloaded in ranges, resumed where they broke off.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace) -> databricks_toolkit::Result<()> {
//! let transfer = workspace.transfer().overwrite(true);
//! transfer.upload("trips.parquet", "/Volumes/main/default/landing/trips.parquet").await?;
//! transfer.download("/Volumes/main/default/landing/trips.parquet", "copy.parquet").await?;
//!
//! let report = transfer.include("**/*.csv")?.sync("data", "/Volumes/main/default/landing").await?;
//! println!("{} copied, {} as they were, {} failed", report.copied, report.unchanged, report.failed.len());
//! # Ok(())
//! # }
//! ```
//!
//! Paths are those of the service: `/Volumes/catalog/schema/volume/…`, `dbfs:/…` and `/Workspace/…`;
//! in a copy or a sync every other path is one of this machine.
//!
//! A part that breaks off is tried again from where it broke off. What is in memory is the parts in
//! flight. A file of this machine is written beside its place and put there when it is whole; how
//! long it is, and that it did not change while it was read, is checked before.

mod download;
mod entry;
mod error;
mod journal;
mod operations;
mod parts;
mod place;
mod range;
mod tree;
mod upload;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_core::Stream;
use globset::{Glob, GlobSetBuilder};

pub use entry::Entry;
pub use error::{TransferError, TransferReason};
pub use place::{End, Place, Store};
pub use tree::Report;

use crate::paging::Items;
use crate::{Error, Result, Workspace};

/// Transfers with their settings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transfer {
    workspace: Workspace,
    part_size: u64,
    in_flight: usize,
    files_in_flight: usize,
    overwrite: bool,
    resume: bool,
    verify: bool,
    delete: bool,
    dry_run: bool,
    include: Vec<Glob>,
    exclude: Vec<Glob>,
    listener: Option<Listener>,
}

/// Who is told of bytes that went over.
#[derive(Clone)]
struct Listener(Arc<dyn Fn(&Progress) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}

/// How far the transfer of one file is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Progress {
    /// The file that is written.
    pub target: String,
    /// Bytes that are there, those of an earlier attempt included.
    pub bytes: u64,
    /// Bytes of the whole file, where that is known.
    pub total: Option<u64>,
}

impl Workspace {
    /// Transfers files to and from volumes, DBFS and the workspace.
    pub fn transfer(&self) -> Transfer {
        Transfer {
            workspace: self.clone(),
            part_size: 10 << 20,
            in_flight: 8,
            files_in_flight: 4,
            overwrite: false,
            resume: false,
            verify: false,
            delete: false,
            dry_run: false,
            include: Vec::new(),
            exclude: Vec::new(),
            listener: None,
        }
    }
}

impl Transfer {
    /// Bytes of a part, 10 MiB unless set; at least 1 MiB, and more for a file that would have over
    /// 10,000 parts.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes.max(1 << 20);
        self
    }

    /// Parts of a file that are sent or fetched at once, 8 unless set.
    pub fn in_flight(mut self, parts: usize) -> Self {
        self.in_flight = parts.max(1);
        self
    }

    /// Files of a folder that are copied at once, 4 unless set.
    pub fn files_in_flight(mut self, files: usize) -> Self {
        self.files_in_flight = files.max(1);
        self
    }

    /// Whether files that are there are replaced; otherwise that is an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Whether to keep what went over when a transfer breaks off, and to go on from there the next
    /// time. Beside the local file lies `.name.part.json` meanwhile, which says how far it is.
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Whether to read the file of the service once more at the end, and compare it with the local
    /// one. Its length is compared in any case.
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Whether [`sync`](Self::sync) deletes what the source does not have.
    pub fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }

    /// Whether [`copy`](Self::copy) and [`sync`](Self::sync) only report what they would do.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Of a folder only files whose path in it matches this pattern or another one, such as
    /// `**/*.parquet`.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] where it is no pattern.
    pub fn include(mut self, pattern: &str) -> Result<Self> {
        self.include.push(glob(pattern)?);
        Ok(self)
    }

    /// Of a folder no file whose path in it matches this pattern. It wins over `include`.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] where it is no pattern.
    pub fn exclude(mut self, pattern: &str) -> Result<Self> {
        self.exclude.push(glob(pattern)?);
        Ok(self)
    }

    /// Is told after each part how far the file is.
    pub fn on_progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener(Arc::new(listener)));
        self
    }

    /// Writes a local file to the service. Gives its length in bytes.
    ///
    /// # Errors
    /// [`Error::Transfer`] and [`Error::Local`] say what broke, and what calls fail with.
    pub async fn upload(&self, from: impl AsRef<Path>, to: &str) -> Result<u64> {
        let to = Place::parse(to)?;
        let sent = upload::file(self, from.as_ref(), &to).await?;
        if self.verify {
            range::compare(self, from.as_ref(), &to).await?;
        }
        Ok(sent)
    }

    /// Writes a stream to the service: a part is in memory until it is sent. Gives its length in bytes.
    ///
    /// # Errors
    /// As [`upload`](Self::upload), and [`Error::Local`] for an error of the stream. Then there is no
    /// file, or the one that was there before.
    pub async fn write<S>(&self, to: &str, content: S) -> Result<u64>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        upload::stream(self, Box::pin(content), &Place::parse(to)?).await
    }

    /// Writes a file of the service to this machine. Gives its length in bytes.
    ///
    /// # Errors
    /// [`Error::Transfer`] and [`Error::Local`] say what broke, and what calls fail with. Then there is
    /// no file, or the one that was there before.
    pub async fn download(&self, from: &str, to: impl AsRef<Path>) -> Result<u64> {
        let from = Place::parse(from)?;
        let came = download::file(self, &from, to.as_ref()).await?;
        if self.verify {
            range::compare(self, to.as_ref(), &from).await?;
        }
        Ok(came)
    }

    /// The content of a file of the service, in order, from its beginning.
    pub fn read(&self, from: &str) -> Items<Bytes> {
        match Place::parse(from) {
            Ok(from) => range::read(self.clone(), from),
            Err(error) => Items::until_error(futures_util::stream::iter([Err(error)])),
        }
    }

    /// What is at a path of the service.
    ///
    /// # Errors
    /// [`Error::Api`] of the kind [`NotFound`](crate::ErrorKind::NotFound) where nothing is.
    pub async fn stat(&self, path: &str) -> Result<Entry> {
        entry::stat(&self.workspace, &Place::parse(path)?).await
    }

    /// What is in a folder of the service.
    pub fn list(&self, path: &str) -> Items<Entry> {
        match Place::parse(path) {
            Ok(place) => entry::list(&self.workspace, &place),
            Err(error) => Items::until_error(futures_util::stream::iter([Err(error)])),
        }
    }

    /// Makes a folder of the service, and those on the way to it.
    ///
    /// # Errors
    /// What the call fails with.
    pub async fn make_dir(&self, path: &str) -> Result<()> {
        entry::make_dir(&self.workspace, &Place::parse(path)?).await
    }

    /// Deletes a file of the service, or a folder: an empty one, or with `recursive` whatever is in it.
    ///
    /// # Errors
    /// What the calls fail with, and [`Error::Transfer`] for a folder that is not empty.
    pub async fn remove(&self, path: &str, recursive: bool) -> Result<()> {
        entry::remove(self, &Place::parse(path)?, recursive).await
    }

    /// Copies a file, or what is in a folder and below, between this machine and the service, or
    /// within the service. A file goes into a target that is a folder. What fails is reported file by
    /// file, and the others go on.
    ///
    /// # Errors
    /// What looking at the source and the target fails with.
    pub async fn copy(&self, from: &str, to: &str) -> Result<Report> {
        tree::copy(self, &End::parse(from)?, &End::parse(to)?, false).await
    }

    /// Makes the target folder as the source folder: copies files that are not there, of another
    /// length, or older, and with [`delete`](Self::delete) removes the rest.
    ///
    /// # Errors
    /// What looking at the source and the target fails with.
    pub async fn sync(&self, from: &str, to: &str) -> Result<Report> {
        tree::copy(self, &End::parse(from)?, &End::parse(to)?, true).await
    }

    /// The patterns, ready to be asked.
    fn filter(&self) -> Result<tree::Filter> {
        let set = |globs: &[Glob]| {
            let mut builder = GlobSetBuilder::new();
            for glob in globs {
                builder.add(glob.clone());
            }
            builder.build().map_err(|error| Error::invalid_request(format!("the patterns: {error}")))
        };
        let include = if self.include.is_empty() { None } else { Some(set(&self.include)?) };
        Ok(tree::Filter { include, exclude: set(&self.exclude)? })
    }

    /// Counts the bytes of one file and tells of them.
    fn meter(&self, target: String, total: Option<u64>, before: u64) -> Meter {
        Meter { listener: self.listener.clone(), target, total, bytes: Arc::new(AtomicU64::new(before)) }
    }
}

fn glob(pattern: &str) -> Result<Glob> {
    let built = globset::GlobBuilder::new(pattern).literal_separator(true).build();
    built.map_err(|error| Error::invalid_request(format!("the pattern `{pattern}`: {error}")))
}

/// The bytes of one file that went over.
#[derive(Clone)]
struct Meter {
    listener: Option<Listener>,
    target: String,
    total: Option<u64>,
    bytes: Arc<AtomicU64>,
}

impl Meter {
    fn add(&self, bytes: u64) {
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(Listener(listener)) = &self.listener {
            listener(&Progress { target: self.target.clone(), bytes, total: self.total });
        }
    }
}
