//! Jobs: kept, changed and listed. Their runs are real: see [`runs`] and [`engine`].
//!
//! Runs start when somebody asks for them, and when a schedule or a periodic trigger is due: see [`schedule`]. Other
//! triggers are kept and never fire.

mod engine;
mod execute;
mod export;
mod launch;
mod model;
mod references;
mod repair;
mod runs;
mod schedule;
mod settings;
mod state;

use axum::extract::State;
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use self::launch::Jobs;
pub(crate) use self::schedule::keep as keep_schedules;
use self::settings::Settings;
use super::identity::USER;
use super::paging::{self, Page};
use super::{lenient, versions};
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply};
use crate::state::AppState;

/// A job as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    id: i64,
    created: i64,
    settings: Settings,
}

impl Job {
    fn view(&self, expand: bool) -> Value {
        json!({
            "job_id": self.id,
            "created_time": self.created,
            "creator_user_name": USER,
            "settings": self.settings.view(expand),
        })
    }
}

pub(crate) fn routes() -> Router<AppState> {
    let all: [(&str, MethodRouter<AppState>); 16] = [
        ("create", post(create)),
        ("get", get(show)),
        ("list", get(list)),
        ("update", post(update)),
        ("reset", post(reset)),
        ("delete", post(delete)),
        ("run-now", post(runs::run_now)),
        ("runs/submit", post(runs::submit)),
        ("runs/get", get(runs::show)),
        ("runs/list", get(runs::list)),
        ("runs/get-output", get(runs::output)),
        ("runs/cancel", post(runs::cancel)),
        ("runs/cancel-all", post(runs::cancel_all)),
        ("runs/delete", post(runs::delete)),
        ("runs/export", get(export::export)),
        ("runs/repair", post(repair::repair)),
    ];
    all.into_iter().fold(Router::new(), |router, (path, handler)| {
        versions(router, &["2.1", "2.2"], &format!("jobs/{path}"), handler)
    })
}

async fn create(State(state): State<AppState>, Body(mut settings): Body<Settings>) -> Answer {
    settings.rest.shift_remove("access_control_list");
    settings.check()?;
    let id = ids::number();
    let scheduled = schedule::When::of(&settings)?.is_some();
    state.jobs.jobs.put(&id.to_string(), Job { id, created: state.now(), settings })?;
    if scheduled {
        state.jobs.rescheduled.notify_one();
    }
    Ok(Json(json!({ "job_id": id })))
}

#[derive(Deserialize)]
struct JobId {
    #[serde(deserialize_with = "lenient::int")]
    job_id: i64,
}

async fn show(State(state): State<AppState>, Params(query): Params<JobId>) -> Answer {
    let mut job = state.jobs.job(query.job_id)?.view(true);
    job["run_as_user_name"] = json!(USER);
    Ok(Json(job))
}

#[derive(Deserialize)]
struct List {
    limit: Option<i64>,
    offset: Option<i64>,
    page_token: Option<String>,
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    expand_tasks: bool,
}

async fn list(State(state): State<AppState>, Params(query): Params<List>) -> Answer {
    // only the jobs of the page are copied: a workspace may have very many
    let wanted = query.name.as_ref().map(|name| name.to_lowercase());
    let mut jobs: Vec<(i64, i64)> = Vec::new();
    state.jobs.jobs.find(|job| -> Option<()> {
        let name = || job.settings.name.as_deref().unwrap_or("Untitled").to_lowercase();
        if wanted.as_ref().is_none_or(|wanted| name() == *wanted) {
            jobs.push((job.created, job.id));
        }
        None
    });
    jobs.sort_unstable_by_key(|job| std::cmp::Reverse(*job));
    let page = page(jobs, query.page_token.as_deref(), query.offset, paging::size(query.limit, 20, 100)?)?;
    let more = page.next.is_some();
    let view = |(_, id): (i64, i64)| {
        state.jobs.jobs.get(&id.to_string()).map_or(Value::Null, |job| job.view(query.expand_tasks))
    };
    let mut answer = page.answer("jobs", view);
    // what was deleted in between
    if let Some(Value::Array(jobs)) = answer.get_mut("jobs") {
        jobs.retain(|job| !job.is_null());
    }
    answer.insert("has_more".into(), json!(more));
    Ok(Json(Value::Object(answer)))
}

/// A page by its token, or by the offset that version 2.1 knows.
fn page<T>(all: Vec<T>, token: Option<&str>, offset: Option<i64>, size: usize) -> Reply<Page<T>> {
    match offset {
        Some(offset) if token.is_none() => {
            let start =
                usize::try_from(offset).map_err(|_| ApiError::invalid("offset must not be negative"))?;
            Ok(Page::at(all, start, size))
        }
        _ => Page::cut(all, token, size),
    }
}

#[derive(Deserialize)]
struct Update {
    #[serde(deserialize_with = "lenient::int")]
    job_id: i64,
    #[serde(default)]
    new_settings: Map<String, Value>,
    #[serde(default)]
    fields_to_remove: Vec<String>,
}

/// Changes the settings of a job and answers `{}`.
fn change(state: &AppState, id: i64, new: impl FnOnce(&Settings) -> Reply<Settings>) -> Answer {
    let changed = state.jobs.jobs.update(&id.to_string(), |job| {
        let settings = new(&job.settings)?;
        settings.check()?;
        let same = schedule::When::of(&job.settings)? == schedule::When::of(&settings)?;
        job.settings = settings;
        Ok(same)
    })?;
    let same = changed.ok_or_else(|| ApiError::invalid(format!("Job {id} does not exist.")))?;
    if !same {
        state.jobs.rescheduled.notify_one();
    }
    Ok(Json(json!({})))
}

async fn update(State(state): State<AppState>, Body(body): Body<Update>) -> Answer {
    change(&state, body.job_id, |old| settings::update(old, body.new_settings, &body.fields_to_remove))
}

#[derive(Deserialize)]
struct Reset {
    #[serde(deserialize_with = "lenient::int")]
    job_id: i64,
    new_settings: Settings,
}

async fn reset(State(state): State<AppState>, Body(body): Body<Reset>) -> Answer {
    change(&state, body.job_id, |_| Ok(body.new_settings))
}

async fn delete(State(state): State<AppState>, Body(body): Body<JobId>) -> Answer {
    state.jobs.job(body.job_id)?;
    for run in state.jobs.active(Some(body.job_id), false) {
        state.jobs.cancel(run, state.now())?;
    }
    state.jobs.jobs.remove(&body.job_id.to_string())?;
    Ok(Json(json!({})))
}
