//! Names of what is in a workspace, looked up for completions and kept for a short while: a client asks
//! at every letter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::observe::ToolObservers;
use crate::paging::Items;
use crate::workspace::types::ObjectType;
use crate::{Result, Workspace};

/// How long names are kept.
const KEPT: Duration = Duration::from_secs(30);
/// Lists that are kept at once.
const LISTS: usize = 64;
/// Names that are read of one list; who looks for another types more of it or asks a tool.
const MOST: usize = 1_000;

/// A list of names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum List {
    /// Catalogs that the caller may see.
    Catalogs,
    /// Schemas of a catalog.
    Schemas(String),
    /// Tables and views of a schema: catalog, schema.
    Tables(String, String),
    /// Clusters.
    Clusters,
    /// SQL warehouses.
    Warehouses,
    /// Jobs.
    Jobs,
    /// Runs of jobs, the newest first.
    Runs,
    /// Notebooks, files and folders in a folder of the workspace. A folder's name ends with a slash.
    Folder(String),
}

impl List {
    /// The call of a tool that lists the same: who may not make it does not learn the names either.
    pub(crate) fn call(&self) -> (&'static str, Map<String, Value>) {
        let (tool, arguments) = match self {
            Self::Catalogs => ("list_catalogs", json!({})),
            Self::Schemas(catalog) => ("list_schemas", json!({ "catalog_name": catalog })),
            Self::Tables(catalog, schema) => {
                ("list_tables", json!({ "catalog_name": catalog, "schema_name": schema }))
            }
            Self::Clusters => ("list_clusters", json!({})),
            Self::Warehouses => ("list_warehouses", json!({})),
            Self::Jobs => ("list_jobs", json!({})),
            Self::Runs => ("list_runs", json!({})),
            Self::Folder(path) => ("list_workspace", json!({ "path": path })),
        };
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        (tool, arguments)
    }
}

/// Something with a name, and with an id where tools know it by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
}

/// The names of a list, and when they were read.
type Kept = HashMap<List, (Instant, Arc<Vec<Named>>)>;

/// Lists that were read a moment ago, for one caller.
#[derive(Debug, Default)]
pub(crate) struct Names {
    kept: Mutex<Kept>,
    observers: ToolObservers,
}

impl Names {
    pub(crate) fn new(observers: ToolObservers) -> Self {
        Self { kept: Mutex::default(), observers }
    }

    /// The list, as it is or was a moment ago.
    pub(crate) async fn of(&self, workspace: &Workspace, list: List) -> Result<Arc<Vec<Named>>> {
        let kept = self.fresh().get(&list).map(|(_, names)| Arc::clone(names));
        self.observers.looked_up("names", kept.is_some());
        if let Some(names) = kept {
            return Ok(names);
        }
        let names = Arc::new(read(workspace, &list).await?);
        let mut kept = self.fresh();
        if kept.len() >= LISTS {
            kept.clear();
        }
        kept.insert(list, (Instant::now(), Arc::clone(&names)));
        Ok(names)
    }

    /// The id behind a name, or what was given where nothing has that name.
    pub(crate) async fn id(&self, workspace: &Workspace, list: List, name: &str) -> Result<String> {
        let names = self.of(workspace, list).await?;
        let found = names.iter().find(|named| named.name == name);
        Ok(found.and_then(|named| named.id.clone()).unwrap_or_else(|| name.to_owned()))
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < KEPT);
        kept
    }
}

async fn read(workspace: &Workspace, list: &List) -> Result<Vec<Named>> {
    let plain = |name: Option<String>| Some(Named { name: name?, id: None });
    let with_id = |name: Option<String>, id: Option<String>| Some(Named { name: name?, id: Some(id?) });
    match list {
        List::Catalogs => gather(workspace.catalogs().list().stream(), |item| plain(item.name)).await,
        List::Schemas(catalog) => {
            gather(workspace.schemas().list().catalog_name(catalog).stream(), |item| plain(item.name)).await
        }
        List::Tables(catalog, schema) => {
            let tables = workspace.tables().list().catalog_name(catalog).schema_name(schema);
            gather(tables.omit_columns(true).omit_properties(true).stream(), |item| plain(item.name)).await
        }
        List::Clusters => {
            let clusters = workspace.clusters().list().page_size(100).stream();
            gather(clusters, |item| with_id(item.cluster_name, item.cluster_id)).await
        }
        List::Warehouses => {
            gather(workspace.warehouses().list().stream(), |item| with_id(item.name, item.id)).await
        }
        List::Jobs => {
            let jobs = workspace.jobs().list().limit(100).stream();
            gather(jobs, |item| {
                with_id(
                    item.settings.and_then(|settings| settings.name),
                    item.job_id.map(|id| id.to_string()),
                )
            })
            .await
        }
        List::Runs => {
            // One page is enough: the newest are what is asked about.
            let page = workspace.jobs().list_runs().limit(25).send().await?;
            let runs = page.runs.unwrap_or_default().into_iter();
            Ok(runs
                .filter_map(|run| {
                    with_id(Some(run.run_name.unwrap_or_default()), run.run_id.map(|id| id.to_string()))
                })
                .collect())
        }
        List::Folder(path) => {
            gather(workspace.workspace().list().path(path).stream(), |item| {
                let mut path = item.path?;
                if matches!(item.object_type, Some(ObjectType::Directory | ObjectType::Repo)) {
                    path.push('/');
                }
                plain(Some(path))
            })
            .await
        }
    }
}

async fn gather<T>(mut items: Items<T>, name: impl Fn(T) -> Option<Named>) -> Result<Vec<Named>> {
    let mut names = Vec::new();
    while names.len() < MOST
        && let Some(item) = items.next().await
    {
        names.extend(name(item?));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::Registry;

    #[test]
    fn each_list_is_a_call_that_its_tool_takes() {
        let lists = [
            List::Catalogs,
            List::Schemas("c".to_owned()),
            List::Tables("c".to_owned(), "s".to_owned()),
            List::Clusters,
            List::Warehouses,
            List::Jobs,
            List::Runs,
            List::Folder("/".to_owned()),
        ];
        for list in lists {
            let (tool, arguments) = list.call();
            Registry::default().judge(tool, arguments).unwrap();
        }
    }
}
