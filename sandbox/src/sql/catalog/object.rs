//! What the catalog holds: catalogs, schemas, tables and volumes, as they lie on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What every securable has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Common {
    /// A UUID that outlives renames.
    pub(crate) id: String,
    /// The last part of the full name, in lower case.
    pub(crate) name: String,
    /// What `COMMENT` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    /// Who owns it.
    pub(crate) owner: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) created_at: i64,
    /// Who made it.
    pub(crate) created_by: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) updated_at: i64,
    /// Who changed it last.
    pub(crate) updated_by: String,
    /// `TBLPROPERTIES` and their like.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) properties: BTreeMap<String, String>,
    /// What `SET TAGS` says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
}

impl Common {
    /// A new object of this owner, stamped with the present.
    pub(crate) fn new(name: &str, owner: &str) -> Self {
        let now = chrono::Utc::now().timestamp_millis();
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            name: name.to_lowercase(),
            comment: None,
            owner: owner.to_owned(),
            created_at: now,
            created_by: owner.to_owned(),
            updated_at: now,
            updated_by: owner.to_owned(),
            properties: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Notes that it changed now.
    pub(crate) fn touch(&mut self) {
        self.updated_at = chrono::Utc::now().timestamp_millis();
    }
}

/// A catalog and its schemas.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Catalog {
    /// Name, owner and times.
    #[serde(flatten)]
    pub(crate) common: Common,
    /// The schemas by name; on the disk each has its own file.
    #[serde(skip)]
    pub(crate) schemas: BTreeMap<String, Schema>,
    /// Whether the catalog is part of the sandbox itself: not written to the disk, and nothing in it can change.
    #[serde(skip)]
    pub(crate) system: bool,
}

/// A schema, its tables and its volumes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Schema {
    /// Name, owner and times.
    #[serde(flatten)]
    pub(crate) common: Common,
    /// Tables and views by name.
    #[serde(skip)]
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
    /// Volumes by name.
    #[serde(skip)]
    pub(crate) volumes: BTreeMap<String, Volume>,
}

/// What a table is to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TableKind {
    /// Its data lies in the sandbox's folder.
    Managed,
    /// It only names a place elsewhere; it can be described, not queried.
    External,
    /// A query.
    View,
    /// A query too: what is read is computed then, so that it is never stale.
    #[serde(rename = "MATERIALIZED_VIEW")]
    MaterializedView,
}

impl TableKind {
    /// The service's word.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Managed => "MANAGED",
            Self::External => "EXTERNAL",
            Self::View => "VIEW",
            Self::MaterializedView => "MATERIALIZED_VIEW",
        }
    }
}

/// A table or a view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Name, owner and times.
    #[serde(flatten)]
    pub(crate) common: Common,
    /// Managed, external or a view.
    pub(crate) kind: TableKind,
    /// The columns in order.
    pub(crate) columns: Vec<Column>,
    /// `DELTA`, `PARQUET`, …; empty for a view.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) format: String,
    /// The Parquet files that make up the table now, by their names in its folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<String>,
    /// A view's query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View>,
    /// Where an external table says its data is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) storage_location: Option<String>,
    /// Whether the rows come from the sandbox's own generator rather than from files.
    #[serde(skip)]
    pub(crate) sample: bool,
    /// How the rows are laid out; it changes no result.
    #[serde(default, skip_serializing_if = "Layout::is_plain")]
    pub(crate) layout: Layout,
    /// What the rows must obey, by the constraints' names: `CHECK (…)`, `PRIMARY KEY (…)`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) constraints: BTreeMap<String, String>,
    /// The files that `COPY INTO` has taken rows from, each of them once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) copied: BTreeSet<String>,
    /// What was done to the table, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<Version>,
}

/// The columns that a table is partitioned or clustered by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Layout {
    #[serde(default)]
    pub(crate) partitions: Vec<String>,
    #[serde(default)]
    pub(crate) clustering: Vec<String>,
}

impl Layout {
    fn is_plain(&self) -> bool {
        self.partitions.is_empty() && self.clustering.is_empty()
    }
}

/// An entry of a table's history.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Milliseconds since the Unix epoch.
    pub(crate) timestamp: i64,
    pub(crate) user: String,
    /// `WRITE`, `MERGE`, …
    pub(crate) operation: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metrics: BTreeMap<String, String>,
    /// What the table was then; only the latest versions have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<Snapshot>,
}

/// What a table was at one of its versions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) files: Vec<String>,
    pub(crate) columns: Vec<Column>,
}

/// How many entries a history keeps, and how many of them with their rows.
const HISTORY_KEPT: usize = 1_000;
const SNAPSHOTS_KEPT: usize = 30;

impl Table {
    /// The column of this name, whatever its case.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Notes what was done.
    pub(crate) fn note(&mut self, user: &str, operation: &str, metrics: &[(&str, usize)]) {
        self.history.push(Version {
            timestamp: chrono::Utc::now().timestamp_millis(),
            user: user.to_owned(),
            operation: operation.to_owned(),
            parameters: BTreeMap::new(),
            metrics: metrics.iter().map(|(name, count)| ((*name).to_owned(), count.to_string())).collect(),
            snapshot: Some(Snapshot { files: self.files.clone(), columns: self.columns.clone() }),
        });
        let surplus = self.history.len().saturating_sub(HISTORY_KEPT);
        self.history.drain(..surplus);
        let old = self.history.len().saturating_sub(SNAPSHOTS_KEPT);
        self.history.iter_mut().take(old).for_each(|version| version.snapshot = None);
    }

    /// All files that the table needs, for its rows now and then.
    pub(crate) fn all_files(&self) -> BTreeSet<&str> {
        let past = self.history.iter().filter_map(|version| version.snapshot.as_ref());
        past.flat_map(|snapshot| &snapshot.files).chain(&self.files).map(String::as_str).collect()
    }
}

/// A view's query and where its unqualified names point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct View {
    /// The query as it was written.
    pub(crate) text: String,
    /// The current catalog when the view was made.
    pub(crate) catalog: String,
    /// The current schema when the view was made.
    pub(crate) schema: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// The name as it was written.
    pub(crate) name: String,
    /// The type as Unity Catalog writes it: `decimal(10,2)`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Whether it may hold NULL.
    pub(crate) nullable: bool,
    /// What `COMMENT` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    /// The SQL of the default value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    /// The SQL that its values come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generated: Option<String>,
    /// How the column counts by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity>,
    /// What `SET TAGS` says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
}

/// A column that counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Whether no statement may give a value of its own.
    pub(crate) always: bool,
    /// The next number.
    pub(crate) next: i64,
    pub(crate) step: i64,
}

impl Column {
    /// A nullable column without a comment.
    pub(crate) fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            nullable: true,
            comment: None,
            default: None,
            generated: None,
            identity: None,
            tags: BTreeMap::new(),
        }
    }
}

/// A volume. Its files are kept, under its name, by the sandbox's file store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// Name, owner and times.
    #[serde(flatten)]
    pub(crate) common: Common,
    /// Where an external volume says its files are; a managed one has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) storage_location: Option<String>,
}

/// The kinds of objects, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A catalog.
    Catalog,
    /// A schema.
    Schema,
    /// A table or a view.
    Table,
    /// A volume.
    Volume,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Catalog => "Catalog",
            Self::Schema => "Schema",
            Self::Table => "Table",
            Self::Volume => "Volume",
        })
    }
}
