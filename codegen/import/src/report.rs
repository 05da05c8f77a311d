//! What an import found, and what it left out and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::count;
use crate::methods::Operation;
use crate::model::World;

/// What an import found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The version of the SDK.
    pub version: String,
    /// The services in the source, including those that hang on no client.
    pub modules: usize,
    /// The classes of APIs.
    pub apis: usize,
    /// The dataclasses.
    pub records: usize,
    /// The enums.
    pub enums: usize,
    /// The methods that send a request.
    pub operations: usize,
    /// Per document.
    pub documents: BTreeMap<String, DocumentReport>,
    /// Operations of APIs that hang on no client.
    pub unwired: Vec<String>,
    /// Operations that are the same call as another one: the one left out, and the one kept.
    pub twins: Vec<(String, String)>,
    /// Methods that were left out on purpose, and why.
    pub skipped: Vec<(String, &'static str)>,
}

/// The counts of one document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentReport {
    /// Operations.
    pub operations: usize,
    /// Operations of the account's client.
    pub account: usize,
    /// Lists of several pages.
    pub paged: usize,
    /// Operations with a waiter.
    pub waiters: usize,
    /// Long-running operations.
    pub long_running: usize,
    /// Schemas.
    pub schemas: usize,
    /// Schemas that are at home in another service.
    pub foreign_schemas: usize,
}

impl DocumentReport {
    pub(crate) fn add(&mut self, operation: &Operation) {
        self.operations += 1;
        self.account += usize::from(operation.account_only());
        self.paged += usize::from(operation.pagination.as_ref().is_some_and(|pages| pages.is_paged()));
        self.waiters += usize::from(operation.waiter.is_some());
        self.long_running += usize::from(operation.long_running.is_some());
    }
}

impl Report {
    pub(crate) fn of(world: &World) -> Self {
        Report {
            version: world.version.clone(),
            modules: world.modules,
            apis: world.apis,
            records: world.records.len(),
            enums: world.enums.len(),
            operations: world.operations.len(),
            skipped: world.skipped.clone(),
            ..Report::default()
        }
    }

    /// The counts of all documents together.
    #[must_use]
    pub fn total(&self) -> DocumentReport {
        self.documents.values().fold(DocumentReport::default(), |sum, document| DocumentReport {
            operations: sum.operations + document.operations,
            account: sum.account + document.account,
            paged: sum.paged + document.paged,
            waiters: sum.waiters + document.waiters,
            long_running: sum.long_running + document.long_running,
            schemas: sum.schemas + document.schemas,
            foreign_schemas: sum.foreign_schemas + document.foreign_schemas,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        writeln!(f, "databricks-sdk {}", self.version)?;
        writeln!(
            f,
            "source: {}, {}, {}, {}, {}",
            count(self.modules, "service"),
            count(self.apis, "API"),
            count(self.records, "record"),
            count(self.enums, "enum"),
            count(self.operations, "operation"),
        )?;
        writeln!(
            f,
            "written: {}, {} ({} of the account), {}; {} paged, {} with a waiter, {} long-running",
            count(self.documents.len(), "document"),
            count(total.operations, "operation"),
            total.account,
            count(total.schemas, "schema"),
            total.paged,
            total.waiters,
            total.long_running,
        )?;
        writeln!(
            f,
            "left out: {} of APIs on no client, {} that are the same call as another, {} on purpose",
            self.unwired.len(),
            self.twins.len(),
            self.skipped.len(),
        )
    }
}
