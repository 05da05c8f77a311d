//! The settings file of a server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::mcp::{Destructive, Rule, SqlLimits};

/// What the file says; a flag or variable of the same name wins over it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// As `--toolsets`.
    pub(super) toolsets: Vec<String>,
    /// As `--tools`.
    pub(super) tools: Vec<String>,
    /// As `--exclude-tools`.
    pub(super) exclude_tools: Vec<String>,
    /// As `--read-only`; a flag cannot take it back.
    pub(super) read_only: bool,
    /// As `--destructive`.
    pub(super) destructive: Option<Destructive>,
    /// As `--profiles`.
    pub(super) profiles: Vec<String>,
    /// As `--tool-timeout`, in seconds.
    pub(super) tool_timeout: Option<u64>,
    /// Seconds that single tools may take, whatever a call asks for.
    pub(super) tool_timeouts: BTreeMap<String, u64>,
    /// What SQL statements may cost.
    pub(super) sql: SqlLimits,
    /// What becomes of calls; the first rule that fits one decides.
    pub(super) rules: Vec<Rule>,
}

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("the settings file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    // The source shows the line with a mark under what is wrong.
    #[error("the settings file {} cannot be used: {source}", path.display())]
    Invalid { path: PathBuf, source: Box<toml::de::Error> },
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
        toml::from_str(&text)
            .map_err(|source| FileError::Invalid { path: path.to_owned(), source: Box::new(source) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<File, FileError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        File::read(file.path())
    }

    #[test]
    fn a_file_says_all_that_it_can() {
        let file = read(
            r#"
            toolsets = ["default", "genie"]
            exclude_tools = ["delete_job"]
            destructive = "deny"
            profiles = ["dev", "prod"]
            tool_timeouts = { execute_sql = 60 }
            sql = { rows = 1000, seconds = 600, scanned_bytes = 100_000_000_000 }

            [[rules]]
            names = ["prod.*", "/Workspace/Production/*"]
            effects = ["write", "destroy"]
            then = "never"

            [[rules]]
            tools = ["delete_*"]
            operations = ["jobs_*"]
            then = "ask"
            "#,
        )
        .unwrap();
        assert_eq!(file.toolsets, ["default", "genie"]);
        assert_eq!(file.destructive, Some(Destructive::Deny));
        assert_eq!(file.tool_timeouts["execute_sql"], 60);
        assert_eq!((file.sql.rows, file.sql.scanned_bytes), (Some(1000), Some(100_000_000_000)));
        assert_eq!(
            file.rules[0].to_string(),
            "names prod.*, /Workspace/Production/*; effects write, destroy: never"
        );
        assert_eq!(file.rules[1].to_string(), "tools delete_*; operations jobs_*: ask");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        let unknown = wrong("toolsets = []\nread-only = true\n");
        assert!(unknown.contains("line 2") && unknown.contains("`read_only`"), "{unknown}");
        let then = wrong("[[rules]]\nthen = \"refuse\"\n");
        assert!(then.contains("line 2") && then.contains("never"), "{then}");
        let pattern = wrong("[[rules]]\nnames = [\"prod[\"]\nthen = \"never\"\n");
        assert!(pattern.contains("`prod[` cannot be used"), "{pattern}");
        let missing = File::read(Path::new("/no/such/file.toml")).unwrap_err().to_string();
        assert!(missing.starts_with("the settings file /no/such/file.toml cannot be read"), "{missing}");
    }
}
