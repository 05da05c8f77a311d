//! The settings file of a server.
//!
//! The comments of the keys that are flags too are not read: their flags' help describes them, see `settings`.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::mcp::{Destructive, LEAST_ANSWER_TOKENS, Rule, Selection, SelectionError, SqlLimits, toolsets};

/// What the file says; a flag or variable of the same name wins over it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Settings of databricks-mcp")]
pub(super) struct File {
    #[schemars(with = "Vec<String>")]
    pub(super) toolsets: Names,
    #[schemars(with = "Vec<String>")]
    pub(super) tools: Names,
    #[schemars(with = "Vec<String>")]
    pub(super) exclude_tools: Names,
    pub(super) read_only: bool,
    pub(super) destructive: Option<Destructive>,
    pub(super) profiles: Vec<String>,
    pub(super) tool_timeout: Option<NonZeroU64>,
    /// Seconds that calls of single tools may take, whatever they ask for.
    pub(super) tool_timeouts: BTreeMap<ToolName, NonZeroU64>,
    #[schemars(range(min = LEAST_ANSWER_TOKENS))]
    pub(super) answer_tokens: Option<AnswerTokens>,
    /// What a SQL statement may cost; without a limit the workspace's own hold.
    pub(super) sql: SqlLimits,
    /// What becomes of calls: the first rule that fits one decides.
    pub(super) rules: Vec<Rule>,
}

/// Names in a list, of which an error points at the one that is wrong.
type Names = Vec<Spanned<String>>;

/// The name of a tool, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline)]
pub(super) struct ToolName(String);

/// A number of tokens that an answer can be cut to.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "usize")]
#[schemars(inline)]
pub(super) struct AnswerTokens(pub(super) usize);

impl TryFrom<String> for ToolName {
    type Error = SelectionError;

    fn try_from(name: String) -> Result<Self, SelectionError> {
        let name = toolsets::current_name(name.trim()).to_owned();
        Selection { tools: vec![name.clone()], ..Selection::default() }.of(&toolsets::all())?;
        Ok(Self(name))
    }
}

impl TryFrom<usize> for AnswerTokens {
    type Error = String;

    fn try_from(tokens: usize) -> Result<Self, String> {
        match tokens >= LEAST_ANSWER_TOKENS {
            true => Ok(Self(tokens)),
            false => Err(format!("expected a whole number of at least {LEAST_ANSWER_TOKENS}, not {tokens}")),
        }
    }
}

impl AsRef<str> for ToolName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("the settings file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    // The source names line and column, and shows the line with a mark under what is wrong.
    #[error("the settings file {} cannot be used: {source}", path.display())]
    Invalid { path: PathBuf, source: Box<toml::de::Error> },
    #[error("the settings file {} cannot be used: line {line}, column {column}: {source}", path.display())]
    Name { path: PathBuf, line: usize, column: usize, source: Box<SelectionError> },
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
        let file: Self = toml::from_str(&text)
            .map_err(|source| FileError::Invalid { path: path.to_owned(), source: Box::new(source) })?;
        file.check().map_err(|(at, source)| {
            let before = text.get(..at).unwrap_or_default();
            let (line, start) =
                (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |end| end + 1));
            let column = before[start..].chars().count() + 1;
            FileError::Name { path: path.to_owned(), line, column, source: Box::new(source) }
        })?;
        Ok(file)
    }

    /// Whether there are all that lists name; else where in the text the first is that is not.
    fn check(&self) -> Result<(), (usize, SelectionError)> {
        let all = toolsets::all();
        let toolset = |name: &String| Selection { toolsets: vec![name.clone()], ..Selection::default() };
        let tool = |name: &String| Selection { tools: vec![name.clone()], ..Selection::default() };
        let toolsets = self.toolsets.iter().map(|name| (name, toolset(name.get_ref())));
        let tools = self.tools.iter().chain(&self.exclude_tools).map(|name| (name, tool(name.get_ref())));
        for (name, selection) in toolsets.chain(tools) {
            selection.of(&all).map_err(|error| (name.span().start, error))?;
        }
        Ok(())
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
            tool_timeouts = { execute_sql = 60, run_python = 90 }
            answer_tokens = 4_000
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
        assert_eq!(
            file.toolsets.iter().map(|name| name.get_ref().as_str()).collect::<Vec<&str>>(),
            ["default", "genie"]
        );
        assert_eq!(file.destructive, Some(Destructive::Deny));
        let timeouts: Vec<(&str, u64)> =
            file.tool_timeouts.iter().map(|(tool, seconds)| (tool.as_ref(), seconds.get())).collect();
        assert_eq!(timeouts, [("execute_sql", 60), ("run_code", 90)]);
        assert_eq!(file.answer_tokens.map(|tokens| tokens.0), Some(4_000));
        assert_eq!((file.sql.rows, file.sql.scanned_bytes), (Some(1000), Some(100_000_000_000)));
        assert_eq!(
            file.rules[0].to_string(),
            "names prod.*, /Workspace/Production/*; effects write, destroy: never"
        );
        assert_eq!(file.rules[1].to_string(), "tools delete_*; operations jobs_*: ask");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_column() {
        let cases = [
            ("toolsets = []\nread-only = true\n", "line 2, column 1", "`read_only`"),
            ("[[rules]]\nthen = \"refuse\"\n", "line 2, column 8", "never"),
            (
                "[[rules]]\nnames = [\"prod[\"]\nthen = \"never\"\n",
                "line 2, column 9",
                "`prod[` cannot be used",
            ),
            ("toolsets = [\"default\",\n  \"sqll\"]\n", "line 2, column 3", "did you mean `sql`?"),
            ("tools = [\"list_job\"]\n", "line 1, column 10", "did you mean `list_jobs`?"),
            ("[tool_timeouts]\nexecute_sql = 5\nexecute_sqk = 5\n", "line 3, column 1", "`execute_sql`"),
            ("[tool_timeouts]\nexecute_sql = 0\n", "line 2, column 15", "nonzero"),
            ("answer_tokens = 3\n", "line 1, column 17", "at least 250"),
            ("[sql]\nrows = \"many\"\n", "line 2, column 8", "i64"),
            ("read_only = \n", "line 1, column 13", "cannot be used"),
        ];
        for (text, place, what) in cases {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains(place) && said.contains(what), "{text}{said}");
        }
        let missing = File::read(Path::new("/no/such/file.toml")).unwrap_err().to_string();
        assert!(missing.starts_with("the settings file /no/such/file.toml cannot be read"), "{missing}");
    }
}
