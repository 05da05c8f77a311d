//! Answers that rarely change, kept for a while: node types, Spark versions, warehouses, catalogs.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace) -> databricks_toolkit::Result<()> {
//! use std::time::Duration;
//!
//! let cache = workspace.cache(Duration::from_secs(300));
//! let types = cache.node_types().await?;
//! let again = cache.node_types().await?;
//! assert_eq!(cache.stats().hits, 1);
//! # Ok(())
//! # }
//! ```
//!
//! What this program itself writes is seen at once: a warehouse that it creates empties the list of
//! warehouses. What others write is seen when the time is up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::transport::Transport;
use crate::{Result, Workspace};

/// Answers that are kept. Cheap to clone; clones share what is kept.
#[derive(Clone)]
pub struct Cache {
    #[allow(dead_code, reason = "used by the services that are on")]
    workspace: Workspace,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    life: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
    #[cfg(feature = "compute")]
    node_types: Slot<crate::compute::types::ListNodeTypesResponse>,
    #[cfg(feature = "compute")]
    spark_versions: Slot<crate::compute::types::GetSparkVersionsResponse>,
    #[cfg(feature = "sql")]
    warehouses: Slot<Vec<crate::sql::types::EndpointInfo>>,
    #[cfg(feature = "catalog")]
    catalogs: Slot<Vec<crate::catalog::types::CatalogInfo>>,
}

/// How often a cache had an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Answers that were there.
    pub hits: u64,
    /// Answers that were asked of the service.
    pub misses: u64,
}

/// One answer.
struct Slot<T>(Mutex<Option<Kept<T>>>);

struct Kept<T> {
    value: Arc<T>,
    since: Instant,
    /// The writes that had been sent before it was asked for.
    writes: u64,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl Workspace {
    /// Keeps answers that rarely change for this long.
    pub fn cache(&self, life: Duration) -> Cache {
        Cache { workspace: self.clone(), inner: Arc::new(Inner { life, ..Inner::default() }) }
    }
}

impl Cache {
    /// The node types of clusters.
    ///
    /// # Errors
    /// What the call fails with; failures are not kept.
    #[cfg(feature = "compute")]
    pub async fn node_types(&self) -> Result<Arc<crate::compute::types::ListNodeTypesResponse>> {
        let ask = || self.workspace.clusters().list_node_types().send();
        self.get(&self.inner.node_types, "", ask).await
    }

    /// The Spark versions of clusters.
    ///
    /// # Errors
    /// What the call fails with; failures are not kept.
    #[cfg(feature = "compute")]
    pub async fn spark_versions(&self) -> Result<Arc<crate::compute::types::GetSparkVersionsResponse>> {
        let ask = || self.workspace.clusters().spark_versions().send();
        self.get(&self.inner.spark_versions, "", ask).await
    }

    /// The SQL warehouses.
    ///
    /// # Errors
    /// What the call fails with; failures are not kept.
    #[cfg(feature = "sql")]
    pub async fn warehouses(&self) -> Result<Arc<Vec<crate::sql::types::EndpointInfo>>> {
        let ask = || self.workspace.warehouses().list().stream().collect_all();
        self.get(&self.inner.warehouses, "warehouses", ask).await
    }

    /// The catalogs of Unity Catalog.
    ///
    /// # Errors
    /// What the call fails with; failures are not kept.
    #[cfg(feature = "catalog")]
    pub async fn catalogs(&self) -> Result<Arc<Vec<crate::catalog::types::CatalogInfo>>> {
        let ask = || self.workspace.catalogs().list().stream().collect_all();
        self.get(&self.inner.catalogs, "catalogs", ask).await
    }

    /// How often there was an answer.
    pub fn stats(&self) -> Stats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Stats { hits: read(&self.inner.hits), misses: read(&self.inner.misses) }
    }

    /// Forgets all answers.
    pub async fn clear(&self) {
        #[cfg(feature = "compute")]
        {
            *self.inner.node_types.0.lock().await = None;
            *self.inner.spark_versions.0.lock().await = None;
        }
        #[cfg(feature = "sql")]
        {
            *self.inner.warehouses.0.lock().await = None;
        }
        #[cfg(feature = "catalog")]
        {
            *self.inner.catalogs.0.lock().await = None;
        }
    }

    /// What is kept, unless it is too old or this program has written to the API since. Those who ask
    /// at once wait for one answer.
    #[allow(dead_code, reason = "used by the services that are on")]
    async fn get<T, F: Future<Output = Result<T>>>(
        &self,
        slot: &Slot<T>,
        api: &'static str,
        ask: impl FnOnce() -> F,
    ) -> Result<Arc<T>> {
        let transport: &Transport = self.workspace.transport();
        let mut kept = slot.0.lock().await;
        let writes = transport.writes_to(api);
        let fresh = |kept: &&Kept<T>| kept.since.elapsed() < self.inner.life && kept.writes == writes;
        if let Some(kept) = kept.as_ref().filter(fresh) {
            self.inner.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Arc::clone(&kept.value));
        }
        self.inner.misses.fetch_add(1, Ordering::Relaxed);
        let since = Instant::now();
        let value = Arc::new(ask().await?);
        *kept = Some(Kept { value: Arc::clone(&value), since, writes });
        Ok(value)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats { hits, misses } = self.stats();
        formatter.debug_struct("Cache").field("hits", &hits).field("misses", &misses).finish_non_exhaustive()
    }
}
