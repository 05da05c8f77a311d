//! The variables that settings are read from: those of the process, or a given set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::ConfigError;

/// Where environment variables are looked up, and what programs such as `az` are run with.
///
/// Settings of several workspaces, and tests, use a set of their own: the variables of a process
/// are one for all of its threads.
#[derive(Clone, Default)]
pub struct Environment {
    // None: those of the process.
    variables: Option<Arc<BTreeMap<String, String>>>,
}

impl Environment {
    /// The variables of the process.
    pub fn process() -> Self {
        Self::default()
    }

    /// Just these variables.
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: Some(Arc::new(variables.collect())) }
    }

    /// The value without blanks around it; an empty one counts as unset.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let value = match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            None => match std::env::var(name) {
                Ok(value) => Some(value),
                Err(std::env::VarError::NotPresent) => None,
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(ConfigError::Invalid {
                        attribute: "environment",
                        value: name.to_owned(),
                        expected: "text in Unicode".to_owned(),
                    });
                }
            },
        };
        Ok(value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
    }

    /// The same, where a variable that cannot be read is as good as none.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        self.get(name).ok().flatten()
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.find("HOME").or_else(|| self.find("USERPROFILE")).map(PathBuf::from)
    }

    /// `~` at the beginning of a path is the home folder.
    pub(crate) fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix('~'), self.home()) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
                home.join(rest.trim_start_matches(['/', '\\']))
            }
            _ => PathBuf::from(path),
        }
    }

    /// The files of this name on the PATH, the first first.
    pub(crate) fn programs(&self, name: &str) -> Vec<PathBuf> {
        let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
        let path = self.find("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
            .filter(|file| file.is_file())
            .collect()
    }

    /// A program that is run with these variables.
    pub(crate) fn command(&self, program: &Path) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(program);
        if let Some(variables) = &self.variables {
            command.env_clear().envs(variables.iter());
        }
        command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        command
    }
}

/// Values may be secret, so only the kind is shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.variables {
            None => f.write_str("Environment(process)"),
            Some(variables) => f.debug_tuple("Environment").field(&variables.keys()).finish(),
        }
    }
}
