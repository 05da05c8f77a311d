//! Completions of the arguments of prompts and of the variables of resource templates.

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};

use super::names::{List, Named};
use super::server::callers::Caller;
use super::{Registry, ToolError, prompts, resources};

/// What can be completed in the place of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Catalog,
    Schema,
    /// catalog.schema.table, a part at a time.
    FullName,
    Cluster,
    Warehouse,
    Job,
    Run,
    /// A path of the workspace, a folder at a time.
    Path,
}

impl Slot {
    /// What the argument of this name takes; arguments mean the same everywhere.
    fn of(argument: &str) -> Option<Self> {
        Some(match argument {
            "catalog" => Self::Catalog,
            "schema" => Self::Schema,
            "full_name" => Self::FullName,
            "cluster_id" => Self::Cluster,
            "warehouse_id" => Self::Warehouse,
            "job_id" => Self::Job,
            "run_id" => Self::Run,
            "path" => Self::Path,
            _ => return None,
        })
    }
}

/// Answers `completion/complete`.
pub(crate) async fn complete(
    registry: &Registry,
    caller: &Caller,
    request: CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let (of, arguments) = match &request.r#ref {
        Reference::Prompt(prompt) => {
            (format!("the prompt `{}`", prompt.name), prompts::arguments(registry, &prompt.name)?)
        }
        Reference::Resource(template) => {
            (format!("`{}`", template.uri), resources::variables(registry, &template.uri)?)
        }
        _ => {
            return Err(ErrorData::invalid_params(
                "only prompts and resource templates have completions",
                None,
            ));
        }
    };
    let argument = &request.argument;
    if !arguments.contains(&argument.name.as_str()) {
        let valid = arguments.join(", ");
        let message = format!("{of} has no argument `{}`; it has: {valid}", argument.name);
        return Err(ErrorData::invalid_params(message, None));
    }
    let given = |name: &str| {
        let context = request.context.as_ref()?.arguments.as_ref()?;
        context.get(name).filter(|value| !value.is_empty()).cloned()
    };
    let values = match Slot::of(&argument.name) {
        None => Vec::new(),
        // A completion is a courtesy: one that cannot be had is none, and the tools say what is wrong.
        Some(slot) => candidates(registry, caller, slot, &argument.value, given("catalog"))
            .await
            .unwrap_or_else(|error| {
                tracing::debug!(argument = argument.name, %error, "no completions");
                Vec::new()
            }),
    };
    let total = values.len();
    let shown: Vec<String> = values.into_iter().take(CompletionInfo::MAX_VALUES).collect();
    let has_more = total > shown.len();
    CompletionInfo::with_pagination(shown, u32::try_from(total).ok(), has_more)
        .map(CompleteResult::new)
        .map_err(|error| ErrorData::internal_error(error, None))
}

/// All that begins with what was typed.
async fn candidates(
    registry: &Registry,
    caller: &Caller,
    slot: Slot,
    typed: &str,
    catalog: Option<String>,
) -> Result<Vec<String>, ToolError> {
    let read = async |list: List| {
        let (tool, arguments) = list.call();
        caller.may_read(registry, tool, &arguments)?;
        Ok::<_, ToolError>(caller.names.of(caller.app.workspace(), list).await?)
    };
    let all: Vec<String> = match slot {
        Slot::Catalog => read(List::Catalogs).await?.iter().map(|named| named.name.clone()).collect(),
        Slot::Schema => {
            let Some(catalog) = catalog else { return Ok(Vec::new()) };
            read(List::Schemas(catalog)).await?.iter().map(|named| named.name.clone()).collect()
        }
        Slot::FullName => {
            let parts: Vec<&str> = typed.split('.').collect();
            let (list, before, after) = match parts.as_slice() {
                [catalog, schema, ..] if parts.len() > 2 => (
                    List::Tables((*catalog).to_owned(), (*schema).to_owned()),
                    format!("{catalog}.{schema}."),
                    "",
                ),
                [catalog, _] => (List::Schemas((*catalog).to_owned()), format!("{catalog}."), "."),
                _ => (List::Catalogs, String::new(), "."),
            };
            read(list).await?.iter().map(|named| format!("{before}{}{after}", named.name)).collect()
        }
        Slot::Cluster => names_and_ids(&read(List::Clusters).await?, typed),
        Slot::Warehouse => names_and_ids(&read(List::Warehouses).await?, typed),
        Slot::Job => names_and_ids(&read(List::Jobs).await?, typed),
        Slot::Run => read(List::Runs).await?.iter().filter_map(|named| named.id.clone()).collect(),
        Slot::Path => {
            let folder = typed
                .rsplit_once('/')
                .map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
            read(List::Folder(folder.to_owned())).await?.iter().map(|named| named.name.clone()).collect()
        }
    };
    let typed = typed.to_lowercase();
    let mut found: Vec<String> =
        all.into_iter().filter(|value| value.to_lowercase().starts_with(&typed)).collect();
    // Runs stay in the order of time; names are looked through by eye.
    if slot != Slot::Run {
        found.sort_unstable();
        found.dedup();
    }
    Ok(found)
}

/// Names, which people know; ids too once one was begun.
fn names_and_ids(all: &[Named], typed: &str) -> Vec<String> {
    let names = all.iter().map(|named| named.name.clone());
    match typed.is_empty() {
        true => names.collect(),
        false => names.chain(all.iter().filter_map(|named| named.id.clone())).collect(),
    }
}
