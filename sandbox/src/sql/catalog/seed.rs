//! What is there from the start: `main.default` with the volume `files`, and the catalogs that come with the service.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::object::{Catalog, Column, Common, Schema, Table, TableKind, Volume};
use super::{Tree, disk};
use crate::sql::samples;

/// Who owns what nobody made.
const SYSTEM_USER: &str = "System user";

/// Writes and returns the catalogs of a new folder.
pub(super) fn first_start(root: &Path) -> io::Result<Tree> {
    let owner = crate::sql::USER;
    let volume = Volume { common: Common::new("files", owner), storage_location: None };
    let mut schema =
        Schema { common: Common::new("default", owner), tables: BTreeMap::new(), volumes: BTreeMap::new() };
    let mut catalog = Catalog { common: Common::new("main", owner), schemas: BTreeMap::new(), system: false };
    // the catalog's own file comes last: without it the folder does not count
    disk::write_volume(root, "main", "default", &volume)?;
    disk::write_schema(root, "main", &schema)?;
    disk::write_catalog(root, &catalog)?;
    schema.volumes.insert("files".to_owned(), volume);
    catalog.schemas.insert("default".to_owned(), schema);
    Ok(Tree::from([("main".to_owned(), catalog)]))
}

/// The catalogs `samples` and `system`, which no statement can change.
pub(super) fn system_catalogs() -> Tree {
    let mut samples = system_catalog("samples");
    for (schema, tables) in samples::SCHEMAS {
        let tables =
            tables.iter().map(|table| (table.name.to_owned(), Arc::new(sample_table(table)))).collect();
        let schema = Schema { common: Common::new(schema, SYSTEM_USER), tables, volumes: BTreeMap::new() };
        samples.schemas.insert(schema.common.name.clone(), schema);
    }
    Tree::from([("samples".to_owned(), samples), ("system".to_owned(), system_catalog("system"))])
}

fn system_catalog(name: &str) -> Catalog {
    Catalog { common: Common::new(name, SYSTEM_USER), schemas: BTreeMap::new(), system: true }
}

fn sample_table(sample: &samples::Sample) -> Table {
    Table {
        common: Common::new(sample.name, SYSTEM_USER),
        kind: TableKind::Managed,
        columns: sample.columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect(),
        format: "DELTA".to_owned(),
        files: Vec::new(),
        view: None,
        storage_location: None,
        sample: true,
        layout: Default::default(),
        constraints: BTreeMap::new(),
        copied: Default::default(),
        history: Vec::new(),
    }
}
