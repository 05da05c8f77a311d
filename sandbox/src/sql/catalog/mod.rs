//! The catalog: what exists under which three-part name, in memory and on the disk.
//!
//! One lock guards the tree; it is held for lookups and for small file writes, never while data is read or written. SQL
//! and the REST API both work on this and nothing else, so what one makes the other sees.

mod disk;
mod error;
mod name;
mod object;
mod seed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

pub(crate) use error::CatalogError;
pub(crate) use name::{SchemaName, TableName, check_name};
pub(crate) use object::{
    Catalog, Column, Common, Identity, Kind, Layout, Schema, Snapshot, Table, TableKind, View, Volume,
};

type Tree = BTreeMap<String, Catalog>;
type Result<T> = std::result::Result<T, CatalogError>;

/// The schema that every catalog has without asking.
pub(crate) const INFORMATION_SCHEMA: &str = "information_schema";

/// All catalogs.
#[derive(Debug)]
pub(crate) struct Catalogs {
    root: PathBuf,
    /// Where the sandbox keeps the files of volumes: they go and move with what they belong to.
    volumes: PathBuf,
    /// Loaded at the first look, so that opening costs nothing.
    tree: Mutex<Option<Tree>>,
}

impl Catalogs {
    /// The catalogs kept below `dir`.
    pub(crate) fn open(dir: &Path) -> Self {
        Self { root: dir.join("catalog"), volumes: dir.join("volumes"), tree: Mutex::new(None) }
    }

    fn tree(&self) -> Result<MappedMutexGuard<'_, Tree>> {
        let mut guard = self.tree.lock();
        if guard.is_none() {
            let mut tree = match disk::load(&self.root)? {
                Some(tree) => tree,
                None => seed::first_start(&self.root)?,
            };
            tree.extend(seed::system_catalogs());
            *guard = Some(tree);
        }
        Ok(MutexGuard::map(guard, |tree| tree.get_or_insert_with(Tree::new)))
    }

    /// The folder of a table's files.
    pub(crate) fn table_dir(&self, name: &TableName) -> PathBuf {
        self.root.join(&name.catalog).join(&name.schema).join(&name.table)
    }

    /// All catalogs, without their content.
    pub(crate) fn catalogs(&self) -> Result<Vec<Catalog>> {
        Ok(self.tree()?.values().map(shallow).collect())
    }

    /// A catalog, without its content.
    pub(crate) fn catalog(&self, name: &str) -> Result<Catalog> {
        Ok(shallow(find_catalog(&*self.tree()?, name)?))
    }

    /// The schemas of a catalog, without their content.
    pub(crate) fn schemas(&self, catalog: &str) -> Result<Vec<Schema>> {
        Ok(find_catalog(&*self.tree()?, catalog)?.schemas.values().map(bare).collect())
    }

    /// A schema, without its content.
    pub(crate) fn schema(&self, name: &SchemaName) -> Result<Schema> {
        Ok(bare(find_schema(&*self.tree()?, name)?))
    }

    /// The tables and views of a schema.
    pub(crate) fn tables(&self, name: &SchemaName) -> Result<Vec<Arc<Table>>> {
        Ok(find_schema(&*self.tree()?, name)?.tables.values().cloned().collect())
    }

    /// A table or view.
    pub(crate) fn table(&self, name: &TableName) -> Result<Arc<Table>> {
        let tree = self.tree()?;
        let schema = find_schema(&tree, &name.schema_name())?;
        schema.tables.get(&name.table).cloned().ok_or_else(|| CatalogError::not_found(Kind::Table, name))
    }

    /// The volumes of a schema.
    pub(crate) fn volumes(&self, name: &SchemaName) -> Result<Vec<Volume>> {
        Ok(find_schema(&*self.tree()?, name)?.volumes.values().cloned().collect())
    }

    /// A volume.
    pub(crate) fn volume(&self, name: &TableName) -> Result<Volume> {
        let tree = self.tree()?;
        let schema = find_schema(&tree, &name.schema_name())?;
        schema.volumes.get(&name.table).cloned().ok_or_else(|| CatalogError::not_found(Kind::Volume, name))
    }

    /// Adds a catalog with its `default` schema.
    pub(crate) fn create_catalog(&self, common: Common) -> Result<()> {
        check_name(&common.name)?;
        let mut tree = self.tree()?;
        if tree.contains_key(&common.name) {
            return Err(CatalogError::exists(Kind::Catalog, &common.name));
        }
        let schema = Schema {
            common: Common::new("default", &common.owner),
            tables: BTreeMap::new(),
            volumes: BTreeMap::new(),
        };
        let mut catalog = Catalog { common, schemas: BTreeMap::new(), system: false };
        disk::write_catalog(&self.root, &catalog)?;
        disk::write_schema(&self.root, &catalog.common.name, &schema)?;
        catalog.schemas.insert(schema.common.name.clone(), schema);
        tree.insert(catalog.common.name.clone(), catalog);
        Ok(())
    }

    /// Removes a catalog; one with more than its own empty `default` schema only if `force`.
    pub(crate) fn drop_catalog(&self, name: &str, force: bool) -> Result<()> {
        let mut tree = self.tree()?;
        let catalog = writable(find_catalog(&tree, name)?)?;
        let empty =
            catalog.schemas.values().all(|schema| schema.common.name == "default" && schema.is_empty());
        if !empty && !force {
            return Err(CatalogError::not_empty(Kind::Catalog, name));
        }
        disk::remove(&self.root.join(name), "catalog.json")?;
        tree.remove(name);
        Ok(disk::remove_tree(&self.volumes.join(name))?)
    }

    /// Gives a catalog another name.
    pub(crate) fn rename_catalog(&self, from: &str, to: &str) -> Result<()> {
        check_name(to)?;
        let mut tree = self.tree()?;
        writable(find_catalog(&tree, from)?)?;
        if tree.contains_key(to) {
            return Err(CatalogError::exists(Kind::Catalog, to));
        }
        let Some(mut catalog) = tree.remove(from) else {
            return Err(CatalogError::not_found(Kind::Catalog, from));
        };
        std::fs::rename(self.root.join(from), self.root.join(to))?;
        to.clone_into(&mut catalog.common.name);
        catalog.common.touch();
        disk::write_catalog(&self.root, &catalog)?;
        tree.insert(to.to_owned(), catalog);
        Ok(disk::rename_tree(&self.volumes.join(from), &self.volumes.join(to))?)
    }

    /// Adds a schema.
    pub(crate) fn create_schema(&self, catalog: &str, common: Common) -> Result<()> {
        check_name(&common.name)?;
        let mut tree = self.tree()?;
        let catalog = writable_mut(find_catalog_mut(&mut tree, catalog)?)?;
        if catalog.schemas.contains_key(&common.name) || common.name == INFORMATION_SCHEMA {
            return Err(CatalogError::exists(
                Kind::Schema,
                format!("{}.{}", catalog.common.name, common.name),
            ));
        }
        let schema = Schema { common, tables: BTreeMap::new(), volumes: BTreeMap::new() };
        disk::write_schema(&self.root, &catalog.common.name, &schema)?;
        catalog.schemas.insert(schema.common.name.clone(), schema);
        Ok(())
    }

    /// Removes a schema; one with something in it only if `force`.
    pub(crate) fn drop_schema(&self, name: &SchemaName, force: bool) -> Result<()> {
        let mut tree = self.tree()?;
        let empty = find_schema(&tree, name)?.is_empty();
        let catalog = writable_mut(find_catalog_mut(&mut tree, &name.catalog)?)?;
        if !empty && !force {
            return Err(CatalogError::not_empty(Kind::Schema, name));
        }
        disk::remove(&self.root.join(&name.catalog).join(&name.schema), "schema.json")?;
        catalog.schemas.remove(&name.schema);
        Ok(disk::remove_tree(&self.volumes.join(&name.catalog).join(&name.schema))?)
    }

    /// Gives a schema another name.
    pub(crate) fn rename_schema(&self, from: &SchemaName, to: &str) -> Result<()> {
        check_name(to)?;
        let mut tree = self.tree()?;
        let catalog = writable_mut(find_catalog_mut(&mut tree, &from.catalog)?)?;
        if catalog.schemas.contains_key(to) || to == INFORMATION_SCHEMA {
            return Err(CatalogError::exists(Kind::Schema, format!("{}.{to}", from.catalog)));
        }
        let Some(mut schema) = catalog.schemas.remove(&from.schema) else {
            return Err(CatalogError::not_found(Kind::Schema, from));
        };
        let (dir, files) = (self.root.join(&from.catalog), self.volumes.join(&from.catalog));
        std::fs::rename(dir.join(&from.schema), dir.join(to))?;
        to.clone_into(&mut schema.common.name);
        schema.common.touch();
        disk::write_schema(&self.root, &from.catalog, &schema)?;
        catalog.schemas.insert(to.to_owned(), schema);
        Ok(disk::rename_tree(&files.join(&from.schema), &files.join(to))?)
    }

    /// Puts a table in its place, new or changed. The files that it names are there already.
    pub(crate) fn put_table(&self, name: &TableName, table: Table, replace: bool) -> Result<()> {
        check_name(&name.table)?;
        let mut tree = self.tree()?;
        writable(find_catalog(&tree, &name.catalog)?)?;
        let schema = find_schema_mut(&mut tree, &name.schema_name())?;
        if schema.tables.contains_key(&name.table) && !replace {
            return Err(CatalogError::exists(Kind::Table, name));
        }
        disk::write_table(&self.root, &name.catalog, &name.schema, &table)?;
        schema.tables.insert(name.table.clone(), Arc::new(table));
        Ok(())
    }

    /// Changes a table's metadata.
    pub(crate) fn update_table(&self, name: &TableName, change: impl FnOnce(&mut Table)) -> Result<()> {
        let mut table = Table::clone(&*self.table(name)?);
        change(&mut table);
        table.common.touch();
        self.put_table(name, table, true)
    }

    /// Gives a table another name, in this schema or in another of the same catalog.
    pub(crate) fn rename_table(&self, from: &TableName, to: &TableName) -> Result<()> {
        check_name(&to.table)?;
        let mut tree = self.tree()?;
        writable(find_catalog(&tree, &from.catalog)?)?;
        let schema = find_schema(&tree, &from.schema_name())?;
        let table =
            schema.tables.get(&from.table).ok_or_else(|| CatalogError::not_found(Kind::Table, from))?;
        if find_schema(&tree, &to.schema_name())?.tables.contains_key(&to.table) {
            return Err(CatalogError::exists(Kind::Table, to));
        }
        let mut table = Table::clone(table);
        table.common.name = to.table.clone();
        table.common.touch();
        std::fs::rename(self.table_dir(from), self.table_dir(to))?;
        disk::write_table(&self.root, &to.catalog, &to.schema, &table)?;
        find_schema_mut(&mut tree, &from.schema_name())?.tables.remove(&from.table);
        find_schema_mut(&mut tree, &to.schema_name())?.tables.insert(to.table.clone(), Arc::new(table));
        Ok(())
    }

    /// Removes a table or view with its data.
    pub(crate) fn drop_table(&self, name: &TableName) -> Result<()> {
        let mut tree = self.tree()?;
        writable(find_catalog(&tree, &name.catalog)?)?;
        let schema = find_schema_mut(&mut tree, &name.schema_name())?;
        if !schema.tables.contains_key(&name.table) {
            return Err(CatalogError::not_found(Kind::Table, name));
        }
        disk::remove(&self.table_dir(name), "table.json")?;
        schema.tables.remove(&name.table);
        Ok(())
    }

    /// Adds a volume.
    pub(crate) fn create_volume(&self, name: &TableName, volume: Volume) -> Result<()> {
        check_name(&volume.common.name)?;
        let mut tree = self.tree()?;
        writable(find_catalog(&tree, &name.catalog)?)?;
        let schema = find_schema_mut(&mut tree, &name.schema_name())?;
        if schema.volumes.contains_key(&name.table) {
            return Err(CatalogError::exists(Kind::Volume, name));
        }
        disk::write_volume(&self.root, &name.catalog, &name.schema, &volume)?;
        schema.volumes.insert(name.table.clone(), volume);
        Ok(())
    }

    /// Removes a volume with its files.
    pub(crate) fn drop_volume(&self, name: &TableName) -> Result<()> {
        let mut tree = self.tree()?;
        let schema = find_schema_mut(&mut tree, &name.schema_name())?;
        if schema.volumes.remove(&name.table).is_none() {
            return Err(CatalogError::not_found(Kind::Volume, name));
        }
        disk::remove_volume(&self.root, &name.catalog, &name.schema, &name.table)?;
        Ok(disk::remove_tree(&self.volume_dir(name))?)
    }

    fn volume_dir(&self, name: &TableName) -> PathBuf {
        self.volumes.join(&name.catalog).join(&name.schema).join(&name.table)
    }

    /// Changes a volume's metadata, also its name.
    pub(crate) fn update_volume(&self, name: &TableName, change: impl FnOnce(&mut Volume)) -> Result<()> {
        let mut volume = self.volume(name)?;
        change(&mut volume);
        volume.common.touch();
        check_name(&volume.common.name)?;
        let mut tree = self.tree()?;
        let schema = find_schema_mut(&mut tree, &name.schema_name())?;
        if volume.common.name != name.table {
            if schema.volumes.contains_key(&volume.common.name) {
                return Err(CatalogError::exists(Kind::Volume, &volume.common.name));
            }
            disk::remove_volume(&self.root, &name.catalog, &name.schema, &name.table)?;
            schema.volumes.remove(&name.table);
            disk::rename_tree(
                &self.volume_dir(name),
                &self.volume_dir(&name.schema_name().table(&volume.common.name)),
            )?;
        }
        disk::write_volume(&self.root, &name.catalog, &name.schema, &volume)?;
        schema.volumes.insert(volume.common.name.clone(), volume);
        Ok(())
    }

    /// Changes what a catalog or a schema says of itself, but not its name.
    pub(crate) fn update_common(
        &self,
        catalog: &str,
        schema: Option<&str>,
        change: impl FnOnce(&mut Common),
    ) -> Result<()> {
        let mut tree = self.tree()?;
        let found = writable_mut(find_catalog_mut(&mut tree, catalog)?)?;
        let name = match schema {
            None => {
                change(&mut found.common);
                found.common.touch();
                return Ok(disk::write_catalog(&self.root, found)?);
            }
            Some(schema) => SchemaName { catalog: catalog.to_owned(), schema: schema.to_owned() },
        };
        let found = find_schema_mut(&mut tree, &name)?;
        change(&mut found.common);
        found.common.touch();
        Ok(disk::write_schema(&self.root, catalog, found)?)
    }
}

impl Schema {
    fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.volumes.is_empty()
    }
}

fn shallow(catalog: &Catalog) -> Catalog {
    Catalog { common: catalog.common.clone(), schemas: BTreeMap::new(), system: catalog.system }
}

fn bare(schema: &Schema) -> Schema {
    Schema { common: schema.common.clone(), tables: BTreeMap::new(), volumes: BTreeMap::new() }
}

fn find_catalog<'a>(tree: &'a Tree, name: &str) -> Result<&'a Catalog> {
    tree.get(name).ok_or_else(|| CatalogError::not_found(Kind::Catalog, name))
}

fn find_catalog_mut<'a>(tree: &'a mut Tree, name: &str) -> Result<&'a mut Catalog> {
    tree.get_mut(name).ok_or_else(|| CatalogError::not_found(Kind::Catalog, name))
}

fn find_schema<'a>(tree: &'a Tree, name: &SchemaName) -> Result<&'a Schema> {
    let catalog = find_catalog(tree, &name.catalog)?;
    catalog.schemas.get(&name.schema).ok_or_else(|| CatalogError::not_found(Kind::Schema, name))
}

fn find_schema_mut<'a>(tree: &'a mut Tree, name: &SchemaName) -> Result<&'a mut Schema> {
    let catalog = writable_mut(find_catalog_mut(tree, &name.catalog)?)?;
    catalog.schemas.get_mut(&name.schema).ok_or_else(|| CatalogError::not_found(Kind::Schema, name))
}

fn writable(catalog: &Catalog) -> Result<&Catalog> {
    if catalog.system {
        Err(CatalogError::ReadOnly { catalog: catalog.common.name.clone() })
    } else {
        Ok(catalog)
    }
}

fn writable_mut(catalog: &mut Catalog) -> Result<&mut Catalog> {
    writable(catalog)?;
    Ok(catalog)
}
