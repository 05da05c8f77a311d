//! The tree of the workspace: folders, files and notebooks.
//!
//! The folder on disk is the truth, so a file that code or a user puts there is an object too. What a disk does not know –
//! ids, and which file is a notebook in which language – is kept beside it, one record for each object.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::identity::USER;
use crate::error::Error;
use crate::ids;
use crate::notebook::{Language, Notebook};
use crate::server::{ApiError, Reply};
use crate::store::{Area, Collection, Store};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    Directory,
    File,
    Notebook,
}

/// What is known of an object besides its content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) id: i64,
    pub(super) path: String,
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<Language>,
    created: i64,
    pub(super) modified: i64,
}

impl Object {
    pub(super) fn view(&self, size: u64) -> Value {
        let mut view = json!({
            "object_type": self.kind,
            "path": self.path,
            "object_id": self.id,
            "resource_id": self.id.to_string(),
        });
        if let Value::Object(fields) = &mut view {
            if self.kind != Kind::Directory {
                fields.insert("created_at".into(), json!(self.created));
                fields.insert("modified_at".into(), json!(self.modified));
            }
            if self.kind == Kind::File {
                fields.insert("size".into(), json!(size));
            }
            if let Some(language) = self.language {
                fields.insert("language".into(), json!(language));
            }
        }
        view
    }
}

/// The objects of the workspace.
pub(crate) struct Objects(Collection<Object>);

/// Folders that cannot be deleted.
const PROTECTED: &[&str] = &["/", "/Users", "/Shared", "/Repos"];

impl Objects {
    /// Loads the tree; a new folder begins with a home that has a notebook in it.
    pub(crate) fn open(store: &Store, now: i64) -> Result<Self, Error> {
        let objects = Self(store.collection("workspace")?);
        if store.is_new() {
            objects.seed(&store.workspace, now).map_err(|cause| Error::Seed(cause.to_string()))?;
        }
        Ok(objects)
    }

    fn seed(&self, area: &Area, now: i64) -> Reply<()> {
        for folder in ["/Shared", "/Repos", &format!("/Users/{USER}")] {
            self.make_folders(area, folder, now)?;
        }
        let source = include_str!("demo.py");
        let path = format!("/Users/{USER}/demo");
        self.put(area, &path, Kind::Notebook, Some(Language::Python), source.as_bytes(), now).map(drop)
    }

    /// The object at a path.
    pub(super) fn get(&self, area: &Area, path: &str) -> Reply<Object> {
        self.find(area, path)?.ok_or_else(|| missing(path))
    }

    /// The object at a path, if there is one. What only the disk knows gets its record now.
    pub(super) fn find(&self, area: &Area, path: &str) -> Reply<Option<Object>> {
        let entry = match area.stat(path) {
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            found => found.map_err(|cause| refusal(path, &cause))?,
        };
        let kind = if entry.is_dir { Kind::Directory } else { Kind::File };
        let known = self.0.find(|object| (object.path == path).then(|| object.clone()));
        if let Some(known) = known.filter(|known| (known.kind == Kind::Directory) == entry.is_dir) {
            return Ok(Some(known));
        }
        let time = entry.modified_ms;
        let object = Object {
            id: ids::number(),
            path: path.to_owned(),
            kind,
            language: None,
            created: time,
            modified: time,
        };
        self.0.put(&object.id.to_string(), object.clone())?;
        Ok(Some(object))
    }

    /// Whether an object has this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.get(id).is_some()
    }

    /// What is in a folder.
    pub(super) fn children(&self, area: &Area, path: &str) -> Reply<Vec<(Object, u64)>> {
        let entries = area.list(path).map_err(|cause| refusal(path, &cause))?;
        let base = path.trim_end_matches('/');
        let children = entries.iter().map(|entry| {
            Ok(self.find(area, &format!("{base}/{}", entry.name))?.map(|object| (object, entry.size)))
        });
        children.filter_map(Reply::transpose).collect()
    }

    /// Writes an object, and makes or renews its record.
    pub(super) fn put(
        &self,
        area: &Area,
        path: &str,
        kind: Kind,
        language: Option<Language>,
        content: &[u8],
        now: i64,
    ) -> Reply<Object> {
        let known = self.find(area, path)?;
        area.write(path, content).map_err(|cause| refusal(path, &cause))?;
        let (id, created) = known.map_or((ids::number(), now), |known| (known.id, known.created));
        let object = Object { id, path: path.to_owned(), kind, language, created, modified: now };
        self.0.put(&id.to_string(), object.clone())?;
        Ok(object)
    }

    /// Makes a folder and those above it.
    pub(super) fn make_folders(&self, area: &Area, path: &str, now: i64) -> Reply<()> {
        for (at, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
            let folder = &path[..at];
            match self.find(area, folder)?.map(|object| object.kind) {
                Some(Kind::Directory) => {}
                Some(_) => {
                    return Err(ApiError::already_exists(format!(
                        "Path ({folder}) already exists and is no folder."
                    )));
                }
                None => {
                    area.make_dirs(folder).map_err(|cause| refusal(folder, &cause))?;
                    let id = ids::number();
                    let object = Object {
                        id,
                        path: folder.to_owned(),
                        kind: Kind::Directory,
                        language: None,
                        created: now,
                        modified: now,
                    };
                    self.0.put(&id.to_string(), object)?;
                }
            }
        }
        Ok(())
    }

    /// Makes the folder of a repo; gives back its id.
    pub(crate) fn make_repo(&self, area: &Area, path: &str, now: i64) -> Reply<i64> {
        let path = absolute(path)?;
        self.make_folders(area, &path, now)?;
        Ok(self.get(area, &path)?.id)
    }

    /// Deletes an object; a folder that is not empty only with all that is in it.
    pub(super) fn delete(&self, area: &Area, path: &str, recursive: bool) -> Reply<()> {
        if PROTECTED.contains(&path) {
            let message = format!("Folder ({path}) is protected.");
            return Err(ApiError::new(http::StatusCode::BAD_REQUEST, "DIRECTORY_PROTECTED", message));
        }
        let object = self.get(area, path)?;
        let gone = match (object.kind, recursive) {
            (Kind::Directory, true) => area.remove_tree(path),
            (Kind::Directory, false) => area.remove_dir(path),
            _ => area.remove_file(path),
        };
        gone.map_err(|cause| match cause.kind() {
            io::ErrorKind::DirectoryNotEmpty => {
                let message = format!("Folder ({path}) is not empty.");
                ApiError::new(http::StatusCode::BAD_REQUEST, "DIRECTORY_NOT_EMPTY", message)
            }
            _ => refusal(path, &cause),
        })?;
        let below = format!("{path}/");
        for object in
            self.0.all().iter().filter(|object| object.path == path || object.path.starts_with(&below))
        {
            self.0.remove(&object.id.to_string())?;
        }
        Ok(())
    }

    /// The notebook at a path, for a job to run. A file with a notebook's header is one too.
    pub(crate) fn notebook(&self, area: &Area, path: &str) -> Reply<Notebook> {
        let path = absolute(path)?;
        let object = self.get(area, &path)?;
        let language = object.language.filter(|_| object.kind == Kind::Notebook);
        let language = language.ok_or_else(|| ApiError::invalid(format!("Path ({path}) is no notebook.")))?;
        Ok(Notebook::from_source(&self.text(area, &path)?, language))
    }

    /// The text of a file or notebook.
    pub(crate) fn text(&self, area: &Area, path: &str) -> Reply<String> {
        let path = absolute(path)?;
        self.get(area, &path)?;
        let content = area.read(&path).map_err(|cause| refusal(&path, &cause))?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }
}

/// A path as the tree has it: from its root, without the `/Workspace` that newer clients put in front.
pub(crate) fn absolute(path: &str) -> Reply<String> {
    if !path.starts_with('/') {
        return Err(ApiError::invalid(format!("Path ({path}) doesn't start with '/'")));
    }
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let names = if names.first() == Some(&"Workspace") { &names[1..] } else { &names[..] };
    Ok(format!("/{}", names.join("/")))
}

pub(super) fn missing(path: &str) -> ApiError {
    ApiError::not_found(format!("Path ({path}) doesn't exist."))
}

pub(super) fn refusal(path: &str, cause: &io::Error) -> ApiError {
    match cause.kind() {
        io::ErrorKind::NotFound => missing(path),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            ApiError::already_exists(format!("Path ({path}) already exists."))
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename => {
            ApiError::invalid(format!("Path ({path}) is invalid: {cause}"))
        }
        _ => ApiError::internal(cause),
    }
}

/// An empty answer.
pub(super) fn nothing() -> Value {
    Value::Object(Map::new())
}
