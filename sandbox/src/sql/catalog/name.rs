//! Names of schemas and tables. They are compared without regard to case, so they are kept in lower case.

use std::fmt;

use super::error::CatalogError;

/// `catalog.schema`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SchemaName {
    /// The catalog.
    pub(crate) catalog: String,
    /// The schema.
    pub(crate) schema: String,
}

/// `catalog.schema.table`; volumes have the same form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TableName {
    /// The catalog.
    pub(crate) catalog: String,
    /// The schema.
    pub(crate) schema: String,
    /// The table, view or volume.
    pub(crate) table: String,
}

impl SchemaName {
    /// A name from its parts, in any case.
    pub(crate) fn new(catalog: &str, schema: &str) -> Self {
        Self { catalog: catalog.to_lowercase(), schema: schema.to_lowercase() }
    }

    /// The name of a table in this schema.
    pub(crate) fn table(&self, table: &str) -> TableName {
        TableName::new(&self.catalog, &self.schema, table)
    }

    /// Reads `catalog.schema`.
    pub(crate) fn parse(full_name: &str) -> Option<Self> {
        let (catalog, schema) = full_name.split_once('.')?;
        (!catalog.is_empty() && !schema.is_empty() && !schema.contains('.'))
            .then(|| Self::new(catalog, schema))
    }
}

impl TableName {
    /// A name from its parts, in any case.
    pub(crate) fn new(catalog: &str, schema: &str, table: &str) -> Self {
        Self { catalog: catalog.to_lowercase(), schema: schema.to_lowercase(), table: table.to_lowercase() }
    }

    /// Reads `catalog.schema.table`.
    pub(crate) fn parse(full_name: &str) -> Option<Self> {
        let parts: Vec<&str> = full_name.split('.').collect();
        match parts.as_slice() {
            [catalog, schema, table] if parts.iter().all(|part| !part.is_empty()) => {
                Some(Self::new(catalog, schema, table))
            }
            _ => None,
        }
    }

    /// The schema that it is in.
    pub(crate) fn schema_name(&self) -> SchemaName {
        SchemaName { catalog: self.catalog.clone(), schema: self.schema.clone() }
    }

    /// `` `catalog`.`schema`.`table` ``
    pub(crate) fn quoted(&self) -> String {
        format!("`{}`.`{}`.`{}`", self.catalog, self.schema, self.table)
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.catalog, self.schema)
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.catalog, self.schema, self.table)
    }
}

/// Refuses what Unity Catalog refuses in a name. What is left is also safe as the name of a file.
pub(crate) fn check_name(name: &str) -> Result<(), CatalogError> {
    let problem = if name.is_empty() {
        "it is empty"
    } else if name.len() > 230 {
        "it is too long"
    } else if name.chars().any(|c| c.is_control() || matches!(c, '.' | ' ' | '/' | '\\')) {
        "it must not contain a period, space, slash or control character"
    } else {
        return Ok(());
    };
    Err(CatalogError::InvalidName { name: name.to_owned(), problem })
}
