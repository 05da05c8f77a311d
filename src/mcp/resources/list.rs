//! The resources that are listed: a few that a person is likely to look for. All others are reached by the templates.

use rmcp::model::Resource;

use super::{kinds, uri};
use crate::jobs::types::BaseRun;
use crate::mcp::ToolError;
use crate::mcp::names::List;
use crate::workspace::types::ObjectType;
use crate::{Result, Workspace};

/// How long a client may keep the list.
pub(super) const FRESH_MS: u64 = 60_000;
/// The folder of everybody's own folders.
const HOMES: &str = "/Users";
/// Most of each kind.
const EACH: usize = 20;

/// Jobs, the newest runs, and the notebooks of the caller's own folder.
pub(super) async fn likely(
    workspace: &Workspace,
    may: impl Fn(&str, &List) -> bool,
) -> Result<Vec<Resource>, ToolError> {
    let none = || async { Ok(Vec::new()) };
    let (jobs, runs, notebooks) = tokio::join!(
        async { if may("job", &List::Jobs) { jobs(workspace).await } else { none().await } },
        async { if may("run", &List::Runs) { runs(workspace).await } else { none().await } },
        async {
            if may("notebook", &List::Folder(HOMES.to_owned())) {
                notebooks(workspace).await
            } else {
                none().await
            }
        },
    );
    let mut listed = Vec::new();
    let mut failed = None;
    for part in [jobs, runs, notebooks] {
        match part {
            Ok(part) => listed.extend(part),
            Err(error) => {
                tracing::debug!(%error, "a part of the resources cannot be listed");
                failed.get_or_insert(error);
            }
        }
    }
    match failed {
        // What can be listed is worth having; that nothing can is worth saying.
        Some(error) if listed.is_empty() => Err(error.into()),
        _ => Ok(listed),
    }
}

async fn jobs(workspace: &Workspace) -> Result<Vec<Resource>> {
    let page = workspace.jobs().list().limit(EACH as i64).send().await?;
    let jobs = page.jobs.unwrap_or_default().into_iter().filter_map(|job| {
        let id = job.job_id?.to_string();
        let name = job.settings.and_then(|settings| settings.name).unwrap_or_else(|| format!("job {id}"));
        Some(resource("job", &id, format!("job-{id}")).with_title(name))
    });
    Ok(jobs.collect())
}

async fn runs(workspace: &Workspace) -> Result<Vec<Resource>> {
    let page = workspace.jobs().list_runs().limit(EACH as i64).send().await?;
    let runs = page.runs.unwrap_or_default().into_iter().filter_map(|run| {
        let id = run.run_id?.to_string();
        let title = format!("{} ({})", run.run_name.as_deref().unwrap_or("run"), state(&run));
        Some(resource("run", &id, format!("run-{id}")).with_title(title))
    });
    Ok(runs.collect())
}

fn state(run: &BaseRun) -> String {
    let state = run.state.as_deref();
    let result = state.and_then(|state| state.result_state.as_ref()).map(ToString::to_string);
    let life = state.and_then(|state| state.life_cycle_state.as_ref()).map(ToString::to_string);
    result.or(life).unwrap_or_else(|| "UNKNOWN".to_owned())
}

async fn notebooks(workspace: &Workspace) -> Result<Vec<Resource>> {
    let me = workspace.current_user().me().send().await?;
    let Some(user) = me.user_name else { return Ok(Vec::new()) };
    let mut objects = workspace.workspace().list().path(format!("{HOMES}/{user}")).stream();
    let mut found = Vec::new();
    while found.len() < EACH
        && let Some(object) = objects.next().await
    {
        let object = object?;
        if let (Some(path), Some(ObjectType::Notebook)) = (object.path, object.object_type) {
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            found.push(resource("notebook", &path, name).with_title(path));
        }
    }
    Ok(found)
}

fn resource(kind: &str, id: &str, name: String) -> Resource {
    let mime = kinds::KINDS.iter().find(|other| other.name == kind).map_or("text/plain", |kind| kind.mime);
    Resource::new(uri(kind, id), name).with_mime_type(mime)
}
