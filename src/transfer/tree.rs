//! Many files: what is in a folder and below, copied or made the same.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use globset::GlobSet;
use walkdir::WalkDir;

use super::{End, Place, Transfer, TransferReason, entry, range, upload};
use crate::local;
use crate::{Error, Result};

/// What became of the files of a copy or a sync.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Files that were copied; with `dry_run`, that would be.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that a sync found to be the same.
    pub unchanged: u64,
    /// What a sync deleted from the target; with `dry_run`, what it would delete.
    pub deleted: u64,
    /// The files that failed, by their path in the source or the target, and why.
    pub failed: Vec<(String, Error)>,
}

/// Which files are meant.
pub(super) struct Filter {
    pub(super) include: Option<GlobSet>,
    pub(super) exclude: GlobSet,
}

impl Filter {
    fn takes(&self, path: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(path)) && !self.exclude.is_match(path)
    }
}

/// A file or folder below a folder.
#[derive(Debug, Clone)]
struct Item {
    /// Its path in the folder, with `/` between the steps.
    path: String,
    is_dir: bool,
    size: Option<u64>,
    modified: Option<DateTime<Utc>>,
}

/// Clocks differ, and a storage may keep whole seconds.
const SKEW: TimeDelta = TimeDelta::seconds(2);

impl Item {
    /// Whether a copy of it is as good as it.
    fn is_same(&self, copy: &Self) -> bool {
        let older = match (self.modified, copy.modified) {
            (Some(source), Some(copy)) => source > copy + SKEW,
            _ => false,
        };
        self.size == copy.size && !older
    }
}

pub(super) async fn copy(transfer: &Transfer, from: &End, to: &End, sync: bool) -> Result<Report> {
    if let (End::Local(from), End::Local(_)) = (from, to) {
        let reason = "and the target are both of this machine; a path of the service begins with /Volumes/, dbfs:/ or /Workspace/";
        return Err(TransferReason::Unfit(reason.to_owned()).of(from.display()));
    }
    let mut report = Report::default();
    if !is_dir(transfer, from)
        .await?
        .ok_or_else(|| TransferReason::Unfit("is not there".to_owned()).of(from))?
    {
        if sync {
            return Err(TransferReason::Unfit("is a file; a sync is of folders".to_owned()).of(from));
        }
        let into = is_dir(transfer, to).await? == Some(true);
        let target = if into { join(to, &name(from))? } else { to.clone() };
        let size = if transfer.dry_run { 0 } else { one(transfer, from, &target).await? };
        report.copied = 1;
        report.bytes = size;
        return Ok(report);
    }
    let filter = transfer.filter()?;
    let mut items = Vec::new();
    for item in walk(transfer, from).await? {
        match item {
            Ok(item) if item.is_dir || filter.takes(&item.path) => items.push(item),
            Ok(_) => {}
            Err((path, error)) => report.failed.push((path, error)),
        }
    }
    let there = match sync {
        false => HashMap::new(),
        true => existing(transfer, to).await?,
    };
    let files: Vec<Item> = items.iter().filter(|item| !item.is_dir).cloned().collect();
    let (same, others): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|item| there.get(&item.path).is_some_and(|copy| item.is_same(copy)));
    report.unchanged = same.len() as u64;
    if transfer.dry_run {
        report.copied = others.len() as u64;
        report.bytes = others.iter().filter_map(|item| item.size).sum();
    } else {
        folders(transfer, to, &items, filter.include.is_some()).await?;
        copy_all(transfer, from, to, others, sync, &mut report).await;
    }
    if sync && transfer.delete {
        let kept: BTreeSet<&str> = items.iter().map(|item| item.path.as_str()).collect();
        let mut gone: Vec<&Item> = there
            .values()
            .filter(|item| !kept.contains(item.path.as_str()) && (item.is_dir || filter.takes(&item.path)))
            .collect();
        // What is in a folder before the folder.
        gone.sort_by(|a, b| b.path.cmp(&a.path));
        // A source that could not be read whole must not cost what it may have.
        if report.failed.is_empty() {
            delete(transfer, to, &gone, &mut report).await;
        }
    }
    Ok(report)
}

async fn copy_all(
    transfer: &Transfer,
    from: &End,
    to: &End,
    items: Vec<Item>,
    sync: bool,
    report: &mut Report,
) {
    // A file that differs is what a sync is to replace.
    let each = Transfer { overwrite: transfer.overwrite || sync, ..transfer.clone() };
    let copies = items.into_iter().map(|item| {
        let (each, from, to) = (each.clone(), from.clone(), to.clone());
        async move {
            let copied = async { one(&each, &join(&from, &item.path)?, &join(&to, &item.path)?).await };
            (item.path.clone(), copied.await)
        }
    });
    let mut copies = stream::iter(copies).buffer_unordered(transfer.files_in_flight);
    while let Some((path, copied)) = copies.next().await {
        match copied {
            Ok(bytes) => {
                report.copied += 1;
                report.bytes += bytes;
            }
            Err(error) => report.failed.push((path, error)),
        }
    }
}

/// Makes the folders of a target: all of the source, or with patterns those of files that match.
async fn folders(transfer: &Transfer, to: &End, items: &[Item], only_needed: bool) -> Result<()> {
    let mut paths = BTreeSet::from([String::new()]);
    for item in items {
        if item.is_dir && !only_needed {
            paths.insert(item.path.clone());
        } else if let (false, Some((parent, _))) = (item.is_dir, item.path.rsplit_once('/')) {
            paths.insert(parent.to_owned());
        }
    }
    for path in &paths {
        // The folders on the way are made with the one that is deepest.
        let deeper = format!("{path}/");
        if paths.range(deeper.clone()..).next().is_some_and(|next| next.starts_with(&deeper)) {
            continue;
        }
        match join(to, path)? {
            End::Local(folder) => {
                tokio::fs::create_dir_all(&folder).await.map_err(|source| local::error(&folder, source))?;
            }
            End::Remote(place) => entry::make_dir(&transfer.workspace, &place).await?,
        }
    }
    Ok(())
}

async fn delete(transfer: &Transfer, to: &End, gone: &[&Item], report: &mut Report) {
    for item in gone {
        let deleted = async {
            if transfer.dry_run {
                return Ok(());
            }
            match (join(to, &item.path)?, item.is_dir) {
                (End::Local(path), is_dir) => {
                    let deleted = match is_dir {
                        true => tokio::fs::remove_dir(&path).await,
                        false => tokio::fs::remove_file(&path).await,
                    };
                    deleted.map_err(|source| local::error(&path, source))
                }
                (End::Remote(place), true) => entry::remove(transfer, &place, false).await,
                (End::Remote(place), false) => entry::remove_file(&transfer.workspace, &place).await,
            }
        };
        match deleted.await {
            Ok(()) => report.deleted += 1,
            // A folder with files that no pattern takes stays.
            Err(Error::Local(_) | Error::Transfer(_)) if item.is_dir => {}
            Err(error) => report.failed.push((item.path.clone(), error)),
        }
    }
}

/// One file from here to there.
async fn one(transfer: &Transfer, from: &End, to: &End) -> Result<u64> {
    match (from, to) {
        (End::Local(from), End::Remote(to)) => {
            let sent = upload::file(transfer, from, to).await?;
            if transfer.verify {
                range::compare(transfer, from, to).await?;
            }
            Ok(sent)
        }
        (End::Remote(from), End::Local(to)) => {
            let came = super::download::file(transfer, from, to).await?;
            if transfer.verify {
                range::compare(transfer, to, from).await?;
            }
            Ok(came)
        }
        (End::Remote(from), End::Remote(to)) => {
            let content = range::read(transfer.clone(), from.clone()).map_err(std::io::Error::other);
            upload::stream(transfer, Box::pin(content), to).await
        }
        (End::Local(from), End::Local(_)) => {
            Err(TransferReason::Unfit("and its target are both of this machine".to_owned())
                .of(from.display()))
        }
    }
}

/// Whether a folder is there, or a file; `None` where nothing is.
async fn is_dir(transfer: &Transfer, end: &End) -> Result<Option<bool>> {
    match end {
        End::Local(path) => match tokio::fs::metadata(path).await {
            Ok(metadata) => Ok(Some(metadata.is_dir())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(local::error(path, error)),
        },
        End::Remote(place) => match entry::stat(&transfer.workspace, place).await {
            Ok(entry) => Ok(Some(entry.is_dir)),
            Err(error) if entry::is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        },
    }
}

fn name(end: &End) -> String {
    match end {
        End::Local(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        End::Remote(place) => place.name().to_owned(),
    }
}

/// What is at a path in a folder. A name of the service must not lead out of a folder of ours.
fn join(end: &End, path: &str) -> Result<End> {
    if path.is_empty() {
        return Ok(end.clone());
    }
    match end {
        End::Remote(place) => Ok(End::Remote(place.join(path))),
        End::Local(folder) => {
            let mut joined = folder.clone();
            for step in path.split('/') {
                if matches!(step, "" | "." | "..") || step.contains(['\0', std::path::MAIN_SEPARATOR]) {
                    return Err(TransferReason::Unfit(
                        "is no name that a file of this machine can have".to_owned(),
                    )
                    .of(path));
                }
                joined.push(step);
            }
            Ok(End::Local(joined))
        }
    }
}

/// An item, or where looking failed and why.
type Found = std::result::Result<Item, (String, Error)>;

async fn existing(transfer: &Transfer, to: &End) -> Result<HashMap<String, Item>> {
    match is_dir(transfer, to).await? {
        None => Ok(HashMap::new()),
        Some(false) => Err(TransferReason::Unfit("is a file, not a folder".to_owned()).of(to)),
        Some(true) => {
            let mut all = HashMap::new();
            for item in walk(transfer, to).await? {
                let item = item.map_err(|(_, error)| error)?;
                all.insert(item.path.clone(), item);
            }
            Ok(all)
        }
    }
}

/// All that is below a folder.
async fn walk(transfer: &Transfer, root: &End) -> Result<Vec<Found>> {
    match root {
        End::Local(path) => {
            let path = path.clone();
            let walked = tokio::task::spawn_blocking(move || walk_local(&path)).await;
            walked.map_err(|error| Error::Unexpected { message: error.to_string() })
        }
        End::Remote(place) => walk_remote(transfer, place).await,
    }
}

fn walk_local(root: &Path) -> Vec<Found> {
    let walk = WalkDir::new(root).min_depth(1).follow_links(true).sort_by_file_name();
    let found = walk.into_iter().map(|entry| {
        let failed = |path: PathBuf, source| (path.display().to_string(), local::error(&path, source));
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            failed(path, error.into())
        })?;
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let steps: Option<Vec<&str>> = relative.iter().map(|step| step.to_str()).collect();
        let Some(steps) = steps else {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "its name is not Unicode");
            return Err(failed(entry.path().to_owned(), source));
        };
        let metadata = entry.metadata().map_err(|error| failed(entry.path().to_owned(), error.into()))?;
        Ok(Item {
            path: steps.join("/"),
            is_dir: metadata.is_dir(),
            size: Some(metadata.len()).filter(|_| metadata.is_file()),
            modified: metadata.modified().ok().map(DateTime::from),
        })
    });
    // What a transfer that broke off left behind is none of the folder's files.
    let own = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.starts_with('.') && (name.ends_with(".part") || name.ends_with(".part.json"))
    };
    found.filter(|item| !matches!(item, Ok(item) if own(&item.path))).collect()
}

async fn walk_remote(transfer: &Transfer, root: &Place) -> Result<Vec<Found>> {
    let (mut found, mut open) = (Vec::new(), vec![(root.clone(), String::new())]);
    while let Some((folder, prefix)) = open.pop() {
        let mut entries = entry::list(&transfer.workspace, &folder);
        while let Some(entry) = entries.next().await {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.name());
            if entry.is_dir {
                open.push((entry.place.clone(), format!("{path}/")));
            }
            found.push(Ok(Item { path, is_dir: entry.is_dir, size: entry.size, modified: entry.modified }));
        }
    }
    Ok(found)
}
