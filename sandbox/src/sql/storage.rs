//! The Parquet files of tables: written whole, put in place by the catalog, and removed when nobody reads them any more.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard, OwnedRwLockReadGuard, RwLock};

use super::catalog::{Catalogs, Table, TableName};
use super::error::SqlError;

/// Who reads, who writes, and what is to be removed.
#[derive(Debug, Default)]
pub(crate) struct Files {
    readers: Arc<RwLock<()>>,
    writer: AsyncMutex<()>,
    garbage: Mutex<Vec<PathBuf>>,
}

impl Files {
    /// Held while a statement runs: files that it may read stay. Before, if nobody else reads, old files go.
    pub(crate) async fn reading(&self) -> OwnedRwLockReadGuard<()> {
        if let Ok(_alone) = self.readers.try_write() {
            for path in self.garbage.lock().drain(..) {
                // a file that cannot be removed now is swept at the next start
                let _ = std::fs::remove_file(path);
            }
        }
        Arc::clone(&self.readers).read_owned().await
    }

    /// Held while a statement writes: writers take turns.
    pub(crate) async fn writing(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().await
    }

    /// Writes rows to a new file in a table's folder. No rows make no file.
    pub(crate) fn write(
        &self,
        catalogs: &Catalogs,
        name: &TableName,
        schema: &SchemaRef,
        batches: &[RecordBatch],
    ) -> Result<Vec<String>, SqlError> {
        if batches.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(Vec::new());
        }
        let dir = catalogs.table_dir(name);
        std::fs::create_dir_all(&dir).map_err(SqlError::internal)?;
        let file = format!("part-{}.parquet", uuid::Uuid::new_v4());
        let out = File::create(dir.join(&file)).map_err(SqlError::internal)?;
        let mut writer = ArrowWriter::try_new(out, Arc::clone(schema), None).map_err(SqlError::internal)?;
        for batch in batches {
            writer.write(batch).map_err(SqlError::internal)?;
        }
        writer.close().map_err(SqlError::internal)?;
        Ok(vec![file])
    }

    /// Marks files of a table that its metadata no longer names, neither for now nor for a version of the past.
    pub(crate) fn discard(&self, catalogs: &Catalogs, name: &TableName, old: &Table) {
        let Ok(now) = catalogs.table(name) else { return };
        let (dir, needed) = (catalogs.table_dir(name), now.all_files());
        let gone =
            old.all_files().into_iter().filter(|file| !needed.contains(file)).map(|file| dir.join(file));
        self.garbage.lock().extend(gone);
    }
}
