//! Tables, notebooks and files found by a part of their names, across catalogs and folders.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mcp::{Compound, Context, LeftOut, ToolError};
use crate::workspace::types::{ObjectInfo, ObjectType};

/// Hits of each kind unless the caller says otherwise.
const HITS: usize = 30;
/// Most catalogs and folders that are looked through, and how many at once.
const CATALOGS: usize = 100;
const FOLDERS: usize = 500;
const AT_ONCE: usize = 8;
/// The longest search of the workspace.
const LONGEST: Duration = Duration::from_secs(25);

/// Arguments of `find_by_name`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FindByName {
    /// A part of the name.
    name: String,
    /// Folder to search below, without tables.
    path: Option<String>,
    /// Hits of each kind; 30 unless set.
    limit: Option<usize>,
}

/// What has such a name.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Found {
    tables: Vec<FoundTable>,
    objects: Vec<FoundObject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundTable {
    full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_type: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundObject {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

impl Compound for FindByName {
    type Output = Found;

    async fn call(self, context: &Context) -> Result<Found, ToolError> {
        let name = self.name.trim().to_lowercase();
        if name.is_empty() {
            return Err(ToolError::Argument("`name`: give a part of the name".to_owned()));
        }
        let limit = self.limit.unwrap_or(HITS);
        let mut found = Found::default();
        if self.path.is_none() {
            // A workspace without Unity Catalog has notebooks all the same.
            if let Err(error) = found.tables(context, &name, limit).await {
                found.left_out.push(LeftOut::new("tables", format!("not available: {error}")));
            }
        }
        let root = self.path.as_deref().map(|path| path.trim_end_matches('/')).unwrap_or_default();
        found.objects(context, &name, if root.is_empty() { "/" } else { root }, limit).await?;
        Ok(found)
    }
}

impl Found {
    async fn tables(&mut self, context: &Context, name: &str, limit: usize) -> Result<(), ToolError> {
        let client = context.workspace();
        let listed = client.catalogs().list().send().await?.catalogs.unwrap_or_default();
        let catalogs: Vec<String> = listed.into_iter().filter_map(|catalog| catalog.name).collect();
        if catalogs.len() > CATALOGS {
            let note = LeftOut::new("catalogs", "search_tables with catalog_name");
            self.left_out.push(note.count((catalogs.len() - CATALOGS) as u64));
        }
        let look = |catalog: String| async move {
            let list = client.tables().list_summaries().catalog_name(&catalog);
            let listed = list.table_name_pattern(format!("%{name}%")).send().await;
            (catalog, listed)
        };
        let mut looks = stream::iter(catalogs.into_iter().take(CATALOGS).map(look)).buffered(AT_ONCE);
        let mut more = 0;
        while let Some((catalog, listed)) = looks.next().await {
            if context.is_cancelled() {
                return Err(ToolError::Cancelled);
            }
            let tables = match listed {
                Ok(listed) => listed.tables.unwrap_or_default(),
                Err(error) => {
                    self.left_out.push(LeftOut::new(
                        format!("tables of {catalog}"),
                        format!("not available: {error}"),
                    ));
                    continue;
                }
            };
            for table in tables {
                let Some(full_name) = table.full_name else { continue };
                // `_` is any letter in a pattern.
                let last = full_name.rsplit('.').next().unwrap_or(&full_name).to_lowercase();
                if !last.contains(name) {
                    continue;
                }
                match self.tables.len() < limit {
                    true => self.tables.push(FoundTable {
                        full_name,
                        table_type: table.table_type.map(|kind| kind.as_str().to_owned()),
                    }),
                    false => more += 1,
                }
            }
        }
        if more > 0 {
            self.left_out.push(LeftOut::new("tables", "a larger limit, or more of the name").count(more));
        }
        Ok(())
    }

    async fn objects(
        &mut self,
        context: &Context,
        name: &str,
        root: &str,
        limit: usize,
    ) -> Result<(), ToolError> {
        let began = Instant::now();
        let mut folders = VecDeque::from([root.to_owned()]);
        let (mut looked, mut refused, mut more) = (0, 0, 0);
        while !folders.is_empty() && looked < FOLDERS && began.elapsed() < LONGEST {
            if context.is_cancelled() {
                return Err(ToolError::Cancelled);
            }
            let batch: Vec<String> = folders.drain(..folders.len().min(AT_ONCE)).collect();
            let lists = batch.iter().map(|folder| context.workspace().workspace().list().path(folder).send());
            let is_first = looked == 0;
            looked += batch.len();
            for listed in futures_util::future::join_all(lists).await {
                let objects = match listed {
                    Ok(listed) => listed.objects.unwrap_or_default(),
                    Err(error) if is_first => return Err(error.into()),
                    Err(_) => {
                        refused += 1;
                        continue;
                    }
                };
                for object in objects {
                    let Some(path) = object.path.clone() else { continue };
                    if path.rsplit('/').next().unwrap_or(&path).to_lowercase().contains(name) {
                        match self.objects.len() < limit {
                            true => self.objects.push(hit(&object, &path)),
                            false => more += 1,
                        }
                    }
                    if matches!(object.object_type, Some(ObjectType::Directory | ObjectType::Repo)) {
                        folders.push_back(path);
                    }
                }
            }
            context.progress(looked as f64, None, format!("{looked} folders, {} left", folders.len()));
        }
        for (what, count, how) in [
            ("folders", folders.len(), "a path to search below"),
            ("folders", refused, "not readable by the caller"),
            ("notebooks and files", more, "a larger limit, or more of the name"),
        ] {
            if count > 0 {
                self.left_out.push(LeftOut::new(what, how).count(count as u64));
            }
        }
        Ok(())
    }
}

fn hit(object: &ObjectInfo, path: &str) -> FoundObject {
    FoundObject {
        path: path.to_owned(),
        object_type: object.object_type.as_ref().map(|kind| kind.as_str().to_owned()),
        language: object.language.as_ref().map(|language| language.as_str().to_owned()),
    }
}
