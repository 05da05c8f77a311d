//! What the engine asks the workspace around it: who runs a statement, what they may do, and which functions there are.
//!
//! Grants and functions lie in the workspace's own store, where REST finds them too. An engine without a workspace – in a
//! test, in a benchmark – has neither.

use std::fmt::Debug;

use super::catalog::TableName;
use super::error::SqlError;

/// A change of grants.
#[derive(Debug)]
pub(crate) struct Granting {
    /// `table`, `schema`, …
    pub(crate) kind: String,
    /// The full name, in lower case.
    pub(crate) name: String,
    pub(crate) principal: String,
    /// As REST spells them: `USE_CATALOG`.
    pub(crate) privileges: Vec<String>,
    pub(crate) revoke: bool,
}

/// A grant, as `SHOW GRANTS` lists it.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) principal: String,
    pub(crate) privilege: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// A function whose body is SQL.
#[derive(Debug, Clone)]
pub(crate) struct Routine {
    pub(crate) name: TableName,
    pub(crate) parameters: Vec<Parameter>,
    /// The type of its value, as SQL writes it.
    pub(crate) returns: String,
    /// The columns of the table that it yields; none if it yields a value.
    pub(crate) table: Vec<Parameter>,
    pub(crate) body: String,
    pub(crate) comment: Option<String>,
}

/// A parameter of a function, or a column of the table that it yields.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The type, as SQL writes it.
    pub(crate) kind: String,
    pub(crate) comment: Option<String>,
    /// The SQL of the value that it has if a call gives none.
    pub(crate) default: Option<String>,
}

/// A file or a folder of a volume.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Milliseconds since the Unix epoch.
    pub(crate) modified: i64,
}

/// A file of a volume with its bytes.
#[derive(Debug)]
pub(crate) struct Content {
    /// As the caller knows it: `/Volumes/…`.
    pub(crate) path: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) modified: i64,
    pub(crate) bytes: Vec<u8>,
}

/// The workspace around the engine.
pub(crate) trait Outside: Debug + Send + Sync {
    /// Who runs the statement.
    fn user(&self) -> &str;

    /// Whether they have one of these privileges on a securable or above it.
    fn may(&self, privileges: &[&str], kind: &str, name: &str) -> bool;

    /// Whether a group holds them.
    fn is_member(&self, group: &str) -> bool;

    /// Whether they administer the workspace.
    fn is_admin(&self) -> bool;

    fn grant(&self, change: &Granting) -> Result<(), SqlError>;

    /// The grants on a securable, and those that it inherits.
    fn grants(&self, kind: &str, name: &str) -> Result<Vec<Grant>, SqlError>;

    /// The names of all groups, or of all users.
    fn principals(&self, groups: bool) -> Vec<String>;

    /// What is in a folder of a volume.
    fn files(&self, path: &str) -> Result<Vec<File>, SqlError>;

    /// The files at a path of a volume: one, all in a folder and below, or those that a pattern fits.
    fn read(&self, path: &str) -> Result<Vec<Content>, SqlError>;

    fn routine(&self, name: &TableName) -> Option<Routine>;

    /// The functions of a schema.
    fn routines(&self, catalog: &str, schema: &str) -> Vec<Routine>;

    /// Keeps a function; an error if it is there and may not be replaced.
    fn define(&self, routine: Routine, replace: bool) -> Result<(), SqlError>;

    /// Whether there was one to drop.
    fn undefine(&self, name: &TableName) -> Result<bool, SqlError>;
}

/// Refuses what a principal may not do, in the service's words.
pub(crate) fn denied(privilege: &str, kind: &str, name: &str) -> SqlError {
    let title = kind.chars().next().map(|first| first.to_ascii_uppercase().to_string() + &kind[1..]);
    SqlError::new(
        "INSUFFICIENT_PERMISSIONS",
        format!(
            "Insufficient privileges:\nUser does not have permission {} on {} '{name}'",
            privilege.replace('_', " "),
            title.unwrap_or_default()
        ),
    )
}
