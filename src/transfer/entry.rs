//! What is at a path of the service: one face over three APIs.

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::{Place, Store, Transfer, TransferReason};
use crate::paging::Items;
use crate::workspace::types::{ObjectInfo, ObjectType};
use crate::{Error, ErrorKind, Result, Workspace};

/// A file or a folder of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Where it is.
    pub place: Place,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes of a file, where the service says them.
    pub size: Option<u64>,
    /// When it was changed last, where the service says it.
    pub modified: Option<DateTime<Utc>>,
}

impl Entry {
    /// The last step of its path.
    pub fn name(&self) -> &str {
        self.place.name()
    }
}

fn bytes(size: Option<i64>) -> Option<u64> {
    size.and_then(|size| u64::try_from(size).ok())
}

fn moment(millis: Option<i64>) -> Option<DateTime<Utc>> {
    millis.and_then(DateTime::from_timestamp_millis)
}

/// Whether it says that nothing is there.
pub(super) fn is_missing(error: &Error) -> bool {
    error.kind() == Some(ErrorKind::NotFound)
}

pub(super) async fn stat(workspace: &Workspace, place: &Place) -> Result<Entry> {
    let entry = |is_dir, size, modified| Entry { place: place.clone(), is_dir, size, modified };
    let folder = || entry(true, None, None);
    match place.store {
        Store::Volumes => {
            match workspace.files().get_metadata().file_path(&place.path).send().await {
                Ok(found) => {
                    let modified = found.last_modified.as_deref();
                    let modified = modified.and_then(|time| DateTime::parse_from_rfc2822(time).ok());
                    Ok(entry(false, bytes(found.content_length), modified.map(|time| time.to_utc())))
                }
                // Of the root and of catalogs the service says other things than that they are no files.
                Err(Error::Api(missing))
                    if missing.status().is_client_error()
                        && missing.kind() != ErrorKind::PermissionDenied =>
                {
                    let found =
                        workspace.files().get_directory_metadata().directory_path(&place.path).send().await;
                    found.map(|()| folder()).map_err(|error| match is_missing(&error) {
                        true => Error::Api(Box::new(missing.unless_said(format!("{place} is not there")))),
                        false => error,
                    })
                }
                Err(error) => Err(error),
            }
        }
        Store::Dbfs => {
            let found = workspace.dbfs().get_status().path(&place.path).send().await?;
            Ok(entry(found.is_dir == Some(true), bytes(found.file_size), moment(found.modification_time)))
        }
        Store::Workspace => {
            let found = workspace.workspace().get_status().path(place.in_workspace()).send().await?;
            Ok(object(place.clone(), &found))
        }
    }
}

fn object(place: Place, info: &ObjectInfo) -> Entry {
    let is_dir = matches!(info.object_type, Some(ObjectType::Directory | ObjectType::Repo));
    Entry { place, is_dir, size: bytes(info.size), modified: moment(info.modified_at) }
}

/// What is in a folder. Of a path that is a file, DBFS and the workspace answer the file itself.
pub(super) fn list(workspace: &Workspace, place: &Place) -> Items<Entry> {
    let folder = place.clone();
    let child = move |path: Option<String>| {
        let path = path.unwrap_or_default();
        folder.join(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
    };
    match place.store {
        Store::Volumes => {
            let listed = workspace.files().list_directory_contents().directory_path(&place.path).stream();
            Items::until_error(listed.map(move |found| {
                let found = found?;
                let place = child(found.name.or(found.path));
                let is_dir = found.is_directory == Some(true);
                Ok(Entry {
                    place,
                    is_dir,
                    size: bytes(found.file_size),
                    modified: moment(found.last_modified),
                })
            }))
        }
        Store::Dbfs => {
            let listed = workspace.dbfs().list().path(&place.path).stream();
            Items::until_error(listed.map(move |found| {
                let found = found?;
                let (is_dir, size) = (found.is_dir == Some(true), bytes(found.file_size));
                Ok(Entry {
                    place: child(found.path),
                    is_dir,
                    size,
                    modified: moment(found.modification_time),
                })
            }))
        }
        Store::Workspace => {
            let listed = workspace.workspace().list().path(place.in_workspace()).stream();
            Items::until_error(listed.map(move |found| {
                let found = found?;
                Ok(object(child(found.path.clone()), &found))
            }))
        }
    }
}

pub(super) async fn make_dir(workspace: &Workspace, place: &Place) -> Result<()> {
    match place.store {
        Store::Volumes => workspace.files().create_directory().directory_path(&place.path).send().await,
        Store::Dbfs => workspace.dbfs().mkdirs().path(&place.path).send().await,
        Store::Workspace => workspace.workspace().mkdirs().path(place.in_workspace()).send().await,
    }
}

pub(super) async fn remove_file(workspace: &Workspace, place: &Place) -> Result<()> {
    match place.store {
        Store::Volumes => workspace.files().delete().file_path(&place.path).send().await,
        Store::Dbfs => workspace.dbfs().delete().path(&place.path).send().await,
        Store::Workspace => workspace.workspace().delete().path(place.in_workspace()).send().await,
    }
}

pub(super) async fn remove(transfer: &Transfer, place: &Place, recursive: bool) -> Result<()> {
    let workspace = &transfer.workspace;
    if !stat(workspace, place).await?.is_dir {
        return remove_file(workspace, place).await;
    }
    if !recursive && list(workspace, place).next().await.transpose()?.is_some() {
        let reason =
            TransferReason::Unfit("is a folder that is not empty; say `recursive` to delete it".to_owned());
        return Err(reason.of(place));
    }
    match place.store {
        Store::Volumes => remove_tree(workspace.clone(), place.clone()).await,
        Store::Dbfs => workspace.dbfs().delete().path(&place.path).recursive(recursive).send().await,
        Store::Workspace => {
            workspace.workspace().delete().path(place.in_workspace()).recursive(recursive).send().await
        }
    }
}

/// A volume deletes empty folders only, so what is in them goes first.
fn remove_tree(workspace: Workspace, place: Place) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        let mut entries = list(&workspace, &place);
        // All of them first: a listing that changes while it is read leaves some out.
        let mut all = Vec::new();
        while let Some(entry) = entries.next().await {
            all.push(entry?);
        }
        for entry in all {
            match entry.is_dir {
                true => remove_tree(workspace.clone(), entry.place).await?,
                false => remove_file(&workspace, &entry.place).await?,
            }
        }
        workspace.files().delete_directory().directory_path(&place.path).send().await
    })
}
