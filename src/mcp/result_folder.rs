//! Where results go that are no answers: a folder that the owner of the server names, or a temporary one that ends
//! with the server.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use super::ToolError;
use crate::export::FileFormat;

/// Where results go that are no answers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ResultFolder {
    named: Option<PathBuf>,
    /// Made when it is needed.
    temporary: Arc<Mutex<Option<TempDir>>>,
}

impl ResultFolder {
    /// A folder that is there and stays; files that are in it are never replaced.
    ///
    /// # Errors
    /// What is no folder.
    pub fn named(folder: impl AsRef<Path>) -> io::Result<Self> {
        let named = folder.as_ref().canonicalize()?;
        match named.is_dir() {
            true => Ok(Self { named: Some(named), temporary: Arc::default() }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The same for another caller, who shares no temporary one.
    #[cfg(feature = "http")]
    pub(crate) fn of_caller(&self) -> Self {
        Self { named: self.named.clone(), temporary: Arc::default() }
    }

    /// The file of a name that a caller gave: one within the folder.
    ///
    /// # Errors
    /// Names that lead out of the folder, and those that say no form.
    pub(crate) fn place(&self, name: &str) -> Result<PathBuf, ToolError> {
        let wrong = |why: String| ToolError::Argument(format!("`out`: `{name}` {why}"));
        let path = Path::new(name);
        if FileFormat::of(path).is_none() {
            return Err(wrong("does not say its form: name it .parquet, .csv, .jsonl or .arrow".to_owned()));
        }
        let folder = self.folder()?;
        let within = path.strip_prefix(&folder).unwrap_or(path);
        if !within.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(wrong(format!("is not within {}: give a name alone", folder.display())));
        }
        let file = folder.join(within);
        // A link of the folder may lead anywhere.
        let parent = file.parent().unwrap_or(&folder).canonicalize();
        match parent {
            Ok(parent) if parent.starts_with(&folder) => Ok(file),
            Ok(_) => Err(wrong(format!("is not within {}: give a name alone", folder.display()))),
            Err(error) => Err(wrong(format!("has no folder to lie in: {error}"))),
        }
    }

    /// A file of a name that nobody gave.
    pub(crate) fn unnamed(&self) -> Result<PathBuf, ToolError> {
        Ok(self.folder()?.join(format!("result-{}.parquet", uuid::Uuid::new_v4().simple())))
    }

    fn folder(&self) -> Result<PathBuf, ToolError> {
        if let Some(named) = &self.named {
            return Ok(named.clone());
        }
        let mut temporary = self.temporary.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: io::Error| ToolError::Failed(format!("no folder for results: {error}"));
        let folder = match temporary.take() {
            Some(folder) => folder,
            None => tempfile::Builder::new().prefix("databricks-mcp-").tempdir().map_err(failed)?,
        };
        let path = folder.path().canonicalize().map_err(failed);
        *temporary = Some(folder);
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_but_into_the_folder() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = ResultFolder::named(root.path()).unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("sub")).unwrap();
        for name in ["x.parquet", "ü b.CSV", "sub/x.jsonl"] {
            assert_eq!(folder.place(name).unwrap(), root.join(name));
        }
        let whole = root.join("x.csv");
        assert_eq!(folder.place(whole.to_str().unwrap()).unwrap(), whole);
        #[cfg(unix)]
        std::os::unix::fs::symlink(other.path(), root.join("link")).unwrap();
        for name in ["../x.csv", "/tmp/x.csv", "sub/../../x.csv", "no/x.csv", "x", "x.xlsx", "", "link/x.csv"]
        {
            let error = folder.place(name).unwrap_err().to_string();
            assert!(error.contains(&format!("`out`: `{name}`")), "{error}");
        }
        assert!(ResultFolder::named(root.join("none")).is_err());
    }

    #[test]
    fn a_temporary_folder_ends_with_its_last_user() {
        let folder = ResultFolder::default();
        let file = folder.clone().unnamed().unwrap();
        std::fs::write(&file, "x").unwrap();
        assert_eq!(folder.place("y.csv").unwrap().parent(), file.parent());
        drop(folder);
        assert!(!file.parent().unwrap().exists());
    }
}
