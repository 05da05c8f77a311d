//! What every handler can reach.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::clusters::Clusters;
use crate::api::commands::Contexts;
use crate::api::dbfs::Handles;
use crate::api::files::Sessions;
use crate::api::jobs::Jobs;
use crate::api::warehouses::Warehouses;
use crate::api::workspace::Objects;
use crate::clock::Clock;
use crate::store::Store;

/// The state shared by all requests; a clone is a pointer.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// The parts of [`AppState`].
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// The one token that is let in.
    pub(crate) token: String,
    /// Whether answers are held to their documents, so that one that differs becomes an error.
    pub(crate) strict: bool,
    /// The base URL, for addresses that answers contain.
    pub(crate) url: String,
    /// The interpreter that was asked for; none means: look on PATH when it is needed.
    pub(crate) python: Option<PathBuf>,
    #[cfg(feature = "sql")]
    pub(crate) sql: Arc<crate::sql::Engine>,
    #[cfg(feature = "sql")]
    pub(crate) statements: crate::api::statements::Statements,
    pub(crate) clusters: Clusters,
    pub(crate) warehouses: Warehouses,
    pub(crate) contexts: Contexts,
    pub(crate) objects: Objects,
    pub(crate) jobs: Jobs,
    /// What goes wrong on demand.
    pub(crate) faults: crate::server::Faults,
    /// Uploads of large files under way.
    pub(crate) sessions: Sessions,
    /// DBFS files that are being written.
    pub(crate) uploads: Handles,
    /// Cancelled when the sandbox stops; work in the background watches it.
    pub(crate) stop: CancellationToken,
    /// Work in the background, awaited by a shutdown.
    pub(crate) tasks: TaskTracker,
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// The present on the sandbox's clock.
    pub(crate) fn now(&self) -> i64 {
        self.0.clock.now_ms()
    }

    /// The folders that Python finds under the service's paths. Every volume has its own by then.
    pub(crate) fn mounts(&self) -> Vec<(&'static str, PathBuf)> {
        for volume in self.volumes() {
            if let Err(cause) = self.store.volumes.make_dirs(&volume) {
                tracing::warn!(%cause, volume, "the volume has no folder");
            }
        }
        let root = self.store.root();
        [("/Volumes", "volumes"), ("/Workspace", "workspace"), ("/dbfs", "dbfs")]
            .map(|(path, area)| (path, root.join(area)))
            .into()
    }

    /// The paths of all volumes: catalog, schema and name.
    #[cfg(feature = "sql")]
    fn volumes(&self) -> Vec<String> {
        use crate::sql::catalog::SchemaName;
        let tree = self.sql.catalogs();
        let mut paths = Vec::new();
        for catalog in tree.catalogs().unwrap_or_default() {
            let catalog = catalog.common.name;
            for schema in tree.schemas(&catalog).unwrap_or_default() {
                let schema = SchemaName::new(&catalog, &schema.common.name);
                let volumes = tree.volumes(&schema).unwrap_or_default();
                paths.extend(
                    volumes
                        .iter()
                        .map(|volume| format!("{}/{}/{}", schema.catalog, schema.schema, volume.common.name)),
                );
            }
        }
        paths
    }

    #[cfg(not(feature = "sql"))]
    fn volumes(&self) -> Vec<String> {
        vec!["main/default/files".to_owned()]
    }

    /// Whether the catalog has a volume. Without the SQL engine there is no catalog, only the volume of a new workspace.
    pub(crate) fn volume_exists(&self, catalog: &str, schema: &str, volume: &str) -> bool {
        #[cfg(feature = "sql")]
        return self.sql.volume_exists(catalog, schema, volume);
        #[cfg(not(feature = "sql"))]
        return [catalog, schema, volume] == ["main", "default", "files"];
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
