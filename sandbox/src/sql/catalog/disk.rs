//! The catalog's folder: one JSON file per object, and the Parquet files of each table beside its own.
//!
//! ```text
//! catalog/<catalog>/catalog.json
//! catalog/<catalog>/<schema>/schema.json
//! catalog/<catalog>/<schema>/<volume>.volume.json
//! catalog/<catalog>/<schema>/<table>/table.json, part-….parquet
//! ```
//!
//! Names hold no dot, slash or blank, so they are file names. A file is replaced by writing another and renaming it: a
//! crash leaves the old metadata, which names the old data, and what no metadata names is removed at the next start.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::object::{Catalog, Schema, Table, Volume};

const VOLUME: &str = ".volume.json";

/// Reads all catalogs. `None` if the folder is not there yet.
pub(super) fn load(root: &Path) -> io::Result<Option<BTreeMap<String, Catalog>>> {
    if !root.exists() {
        return Ok(None);
    }
    let mut catalogs = BTreeMap::new();
    for (name, dir) in folders(root)? {
        let Some(mut catalog) = read::<Catalog>(&dir.join("catalog.json"))? else { continue };
        for (name, dir) in folders(&dir)? {
            let Some(schema) = read::<Schema>(&dir.join("schema.json"))? else { continue };
            catalog.schemas.insert(name, load_schema(schema, &dir)?);
        }
        catalogs.insert(name, catalog);
    }
    Ok(Some(catalogs))
}

fn load_schema(mut schema: Schema, dir: &Path) -> io::Result<Schema> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if let Some(volume) = name.strip_suffix(VOLUME) {
            if let Some(found) = read::<Volume>(&path)? {
                schema.volumes.insert(volume.to_owned(), found);
            }
        } else if let Some(table) = read::<Table>(&path.join("table.json"))? {
            sweep(&path, &table)?;
            schema.tables.insert(name.to_owned(), Arc::new(table));
        }
    }
    Ok(schema)
}

/// Removes data files that the metadata does not name: leftovers of a write that a crash cut short.
fn sweep(dir: &Path, table: &Table) -> io::Result<()> {
    let needed = table.all_files();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".parquet") && !needed.contains(name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn folders(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if let (true, Ok(name)) = (entry.file_type()?.is_dir(), entry.file_name().into_string()) {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(cause) => return Err(cause),
    };
    let parsed = serde_json::from_reader(BufReader::new(file));
    parsed
        .map(Some)
        .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {cause}", path.display())))
}

fn write<T: Serialize>(path: &Path, object: &T) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let draft = path.with_extension("draft");
    fs::write(&draft, serde_json::to_vec_pretty(object)?)?;
    fs::rename(&draft, path)
}

/// Writes a catalog's own file.
pub(super) fn write_catalog(root: &Path, catalog: &Catalog) -> io::Result<()> {
    write(&root.join(&catalog.common.name).join("catalog.json"), catalog)
}

/// Writes a schema's own file.
pub(super) fn write_schema(root: &Path, catalog: &str, schema: &Schema) -> io::Result<()> {
    write(&root.join(catalog).join(&schema.common.name).join("schema.json"), schema)
}

/// Writes a table's own file.
pub(super) fn write_table(root: &Path, catalog: &str, schema: &str, table: &Table) -> io::Result<()> {
    write(&root.join(catalog).join(schema).join(&table.common.name).join("table.json"), table)
}

/// Writes a volume's file.
pub(super) fn write_volume(root: &Path, catalog: &str, schema: &str, volume: &Volume) -> io::Result<()> {
    write(&root.join(catalog).join(schema).join(format!("{}{VOLUME}", volume.common.name)), volume)
}

/// Removes a volume's file.
pub(super) fn remove_volume(root: &Path, catalog: &str, schema: &str, volume: &str) -> io::Result<()> {
    fs::remove_file(root.join(catalog).join(schema).join(format!("{volume}{VOLUME}")))
}

/// Removes the folder of a catalog, a schema or a table: the metadata first, so that a crash leaves no half of it.
pub(super) fn remove(dir: &Path, metadata: &str) -> io::Result<()> {
    fs::remove_file(dir.join(metadata))?;
    fs::remove_dir_all(dir)
}

/// Removes a folder, if it is there.
pub(super) fn remove_tree(dir: &Path) -> io::Result<()> {
    tolerate(fs::remove_dir_all(dir))
}

/// Moves a folder, if it is there.
pub(super) fn rename_tree(from: &Path, to: &Path) -> io::Result<()> {
    tolerate(fs::rename(from, to))
}

fn tolerate(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
