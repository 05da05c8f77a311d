//! Where a file is: the stores of the service, and this machine.

use std::fmt;
use std::path::PathBuf;

use crate::{Error, Result};

/// A store of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Store {
    /// Volumes of Unity Catalog: files of any size.
    Volumes,
    /// DBFS: files of any size, a megabyte at a time.
    Dbfs,
    /// The tree of the workspace: small files, and notebooks as their source.
    Workspace,
}

/// A path of the service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which store.
    pub store: Store,
    /// The path as the API of the store takes it, without a slash at the end.
    pub path: String,
}

impl Place {
    /// Reads `/Volumes/…`, `dbfs:/…` or `/Workspace/…`.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for any other path.
    pub fn parse(path: &str) -> Result<Self> {
        Self::of(path)?.ok_or_else(|| {
            let message = format!(
                "`{path}` is no path of the service: it begins with /Volumes/, dbfs:/ or /Workspace/"
            );
            Error::invalid_request(message)
        })
    }

    fn of(path: &str) -> Result<Option<Self>> {
        let under = |path: &str, root: &str| {
            path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
        };
        let (bare, scheme) = match path.strip_prefix("dbfs:") {
            Some(bare) => (bare, true),
            None => (path, false),
        };
        let store = match bare {
            _ if under(bare, "/Volumes") => Store::Volumes,
            _ if under(bare, "/Workspace") => Store::Workspace,
            _ if scheme => Store::Dbfs,
            _ => return Ok(None),
        };
        if !bare.starts_with('/') {
            return Err(Error::invalid_request(format!("`{path}` must be absolute: dbfs:/…")));
        }
        let steps: Vec<&str> = bare.split('/').filter(|step| !step.is_empty()).collect();
        if steps.iter().any(|step| matches!(*step, "." | "..")) {
            return Err(Error::invalid_request(format!("`{path}` has a step that is `.` or `..`")));
        }
        let path = format!("/{}", steps.join("/"));
        Ok(Some(Self { store, path }))
    }

    /// What is of this name in the folder.
    pub fn join(&self, name: &str) -> Self {
        let base = self.path.trim_end_matches('/');
        Self { store: self.store, path: format!("{base}/{name}") }
    }

    /// The last step.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that it is in.
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.path.rsplit_once('/').filter(|(parent, _)| !parent.is_empty())?;
        Some(Self { store: self.store, path: parent.to_owned() })
    }

    /// The path in the tree of the workspace, whose API knows no `/Workspace`.
    pub(super) fn in_workspace(&self) -> &str {
        match self.path.strip_prefix("/Workspace") {
            Some("") => "/",
            Some(rest) => rest,
            None => &self.path,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store {
            Store::Dbfs => write!(formatter, "dbfs:{}", self.path),
            Store::Volumes | Store::Workspace => formatter.write_str(&self.path),
        }
    }
}

/// One end of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A path of this machine.
    Local(PathBuf),
    /// A path of the service.
    Remote(Place),
}

impl End {
    /// Reads a path of the service, else of this machine.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a path of the service that is none.
    pub fn parse(path: &str) -> Result<Self> {
        Ok(match Place::of(path)? {
            Some(place) => Self::Remote(place),
            None => Self::Local(path.into()),
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(formatter),
            Self::Remote(place) => place.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_their_store() {
        for (text, store, path) in [
            ("/Volumes/a/b/c/x y.txt", Store::Volumes, "/Volumes/a/b/c/x y.txt"),
            ("dbfs:/Volumes/a/b/c", Store::Volumes, "/Volumes/a/b/c"),
            ("dbfs:/tmp//ü/", Store::Dbfs, "/tmp/ü"),
            ("dbfs:/", Store::Dbfs, "/"),
            ("/Workspace/Users/me", Store::Workspace, "/Workspace/Users/me"),
        ] {
            assert_eq!(Place::parse(text).unwrap(), Place { store, path: path.to_owned() }, "{text}");
        }
        assert_eq!(Place::parse("/Workspace/Users/me").unwrap().in_workspace(), "/Users/me");
        assert_eq!(Place::parse("/Workspace").unwrap().in_workspace(), "/");
        assert_eq!(End::parse("/Volumesque/x").unwrap(), End::Local("/Volumesque/x".into()));
        for text in ["dbfs:tmp", "/Volumes/a/../b", "dbfs:/./x"] {
            assert!(End::parse(text).is_err(), "{text}");
        }
        assert!(Place::parse("/tmp/x").unwrap_err().to_string().contains("/Volumes/"));
    }

    #[test]
    fn places_are_joined_and_left() {
        let root = Place::parse("dbfs:/").unwrap();
        let file = root.join("a").join("b c");
        assert_eq!((file.to_string().as_str(), file.name()), ("dbfs:/a/b c", "b c"));
        assert_eq!(file.parent().unwrap().to_string(), "dbfs:/a");
        assert_eq!(root.join("a").parent(), None);
    }
}
