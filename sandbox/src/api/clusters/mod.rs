//! Clusters: made, started, resized and stopped on the sandbox's clock. They run no Spark; what they stand for is the
//! right to run commands and jobs.

mod list;
mod model;
mod offers;
mod policy;

use axum::extract::State;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use self::model::{AutoScale, Cluster, Reason, Spec, State as ClusterState};
use super::plain::Caller;
use super::{scim, versions};
use crate::error::Error;
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply};
use crate::state::AppState;
use crate::store::{Collection, Store};

/// The clusters of the workspace.
pub(crate) struct Clusters(Collection<Cluster>);

impl Clusters {
    /// Loads the clusters; a new folder begins with one that runs.
    pub(crate) fn open(store: &Store, now: i64) -> Result<Self, Error> {
        let clusters = Self(store.collection("clusters")?);
        if store.is_new() {
            let spec = Spec {
                cluster_name: Some("demo".into()),
                spark_version: Some(offers::DEFAULT_SPARK_VERSION.into()),
                node_type_id: Some(offers::DEFAULT_NODE_TYPE.into()),
                num_workers: Some(1),
                ..Spec::default()
            };
            // made an hour ago, so that it runs by now
            let made = now - 3_600_000;
            let cluster = Cluster::new(ids::cluster(made), spec, made);
            clusters.0.put(&cluster.id.clone(), cluster).map_err(|cause| Error::Seed(cause.to_string()))?;
        }
        Ok(clusters)
    }

    fn get(&self, id: &str, now: i64) -> Reply<Cluster> {
        let mut cluster = self.0.get(id).ok_or_else(|| unknown(id))?;
        cluster.settle(now);
        Ok(cluster)
    }

    fn update<R>(&self, id: &str, now: i64, change: impl FnOnce(&mut Cluster) -> Reply<R>) -> Reply<R> {
        let done = self.0.update(id, |cluster| {
            cluster.settle(now);
            change(cluster)
        })?;
        done.ok_or_else(|| unknown(id))
    }

    /// Notes that a cluster is in use now. It must be running.
    pub(crate) fn use_running(&self, id: &str, now: i64) -> Reply<()> {
        self.update(id, now, |cluster| {
            cluster.expect(&[ClusterState::Running, ClusterState::Resizing])?;
            cluster.active = now;
            Ok(())
        })
    }

    /// Sees to it that a cluster runs or will: a stopped one is started. Gives back the time to wait for, if any.
    pub(crate) fn ensure_started(&self, id: &str, now: i64) -> Reply<Option<i64>> {
        self.update(id, now, |cluster| {
            if matches!(cluster.state, ClusterState::Terminating | ClusterState::Terminated) {
                cluster.start(now);
            }
            cluster.active = now;
            Ok(cluster.ready_at())
        })
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.get(id).is_some()
    }

    /// When a running cluster came up; what runs on it ends with that number.
    pub(crate) fn epoch(&self, id: &str, now: i64) -> Option<i64> {
        let cluster = self.get(id, now).ok()?;
        matches!(cluster.state, ClusterState::Running | ClusterState::Resizing).then_some(cluster.epoch)
    }
}

fn unknown(id: &str) -> ApiError {
    ApiError::invalid(format!("Cluster {id} does not exist"))
}

pub(crate) fn routes() -> Router<AppState> {
    let both: [(&str, MethodRouter<AppState>); 17] = [
        ("create", post(create)),
        ("change-owner", post(change_owner)),
        ("get", get(show)),
        ("start", post(start)),
        ("restart", post(restart)),
        ("delete", post(terminate)),
        ("permanent-delete", post(permanent_delete)),
        ("edit", post(edit)),
        ("update", post(update)),
        ("resize", post(resize)),
        ("pin", post(pin)),
        ("unpin", post(unpin)),
        ("events", post(list::events)),
        ("list-node-types", get(offers::list_node_types)),
        ("spark-versions", get(offers::spark_versions)),
        ("list-zones", get(offers::list_zones)),
        ("list", get(list::list)),
    ];
    both.into_iter().fold(Router::new(), |router, (path, handler)| {
        versions(router, &["2.0", "2.1"], &format!("clusters/{path}"), handler)
    })
}

#[derive(Deserialize)]
struct ClusterId {
    cluster_id: String,
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(mut spec): Body<Spec>,
) -> Answer {
    spec.rest.shift_remove("idempotency_token");
    policy::hold(&state, &mut spec)?;
    spec.check()?;
    if spec.is_single_node == Some(true) {
        spec.num_workers = Some(0);
    }
    let now = state.now();
    let id = ids::cluster(now);
    let mut cluster = Cluster::new(id.clone(), spec, now);
    cluster.owner = Some(caller.name);
    state.clusters.0.put(&id, cluster)?;
    Ok(Json(json!({ "cluster_id": id })))
}

async fn show(State(state): State<AppState>, Params(query): Params<ClusterId>) -> Answer {
    Ok(Json(state.clusters.get(&query.cluster_id, state.now())?.view()))
}

/// Applies a change to the cluster that a request names and answers `{}`.
fn change(state: &AppState, id: &str, change: impl FnOnce(&mut Cluster, i64) -> Reply<()>) -> Answer {
    let now = state.now();
    state.clusters.update(id, now, |cluster| change(cluster, now))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct ChangeOwner {
    cluster_id: String,
    owner_username: String,
}

/// Gives a cluster that has stopped to somebody else.
async fn change_owner(State(state): State<AppState>, Body(body): Body<ChangeOwner>) -> Answer {
    if !state.store.records.with(|change| Ok(scim::is_user(&body.owner_username, change)))? {
        return Err(ApiError::invalid(format!("User {} does not exist.", body.owner_username)));
    }
    change(&state, &body.cluster_id, |cluster, _| {
        cluster.expect(&[ClusterState::Terminated])?;
        cluster.owner = Some(body.owner_username);
        Ok(())
    })
}

async fn start(State(state): State<AppState>, Body(body): Body<ClusterId>) -> Answer {
    change(&state, &body.cluster_id, |cluster, now| {
        cluster.expect(&[ClusterState::Terminated])?;
        cluster.start(now);
        Ok(())
    })
}

async fn restart(State(state): State<AppState>, Body(body): Body<ClusterId>) -> Answer {
    change(&state, &body.cluster_id, |cluster, now| {
        cluster.expect(&[ClusterState::Running])?;
        cluster.restart(now);
        Ok(())
    })
}

async fn terminate(State(state): State<AppState>, Body(body): Body<ClusterId>) -> Answer {
    change(&state, &body.cluster_id, |cluster, now| {
        cluster.terminate(Reason::user(), now);
        Ok(())
    })
}

async fn permanent_delete(State(state): State<AppState>, Body(body): Body<ClusterId>) -> Answer {
    let cluster = state.clusters.get(&body.cluster_id, state.now())?;
    if cluster.pinned {
        let message = format!("Cluster {} is pinned. Unpin it before deleting it permanently.", cluster.id);
        return Err(ApiError::invalid_state(message));
    }
    state.clusters.0.remove(&cluster.id)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Edit {
    cluster_id: String,
    #[serde(flatten)]
    spec: Spec,
}

async fn edit(State(state): State<AppState>, Body(mut body): Body<Edit>) -> Answer {
    policy::hold(&state, &mut body.spec)?;
    body.spec.check()?;
    change(&state, &body.cluster_id, |cluster, now| {
        cluster.expect(&[ClusterState::Running, ClusterState::Terminated])?;
        cluster.edit(body.spec, now);
        Ok(())
    })
}

#[derive(Deserialize)]
struct Update {
    cluster_id: String,
    update_mask: String,
    #[serde(default)]
    cluster: serde_json::Map<String, Value>,
}

/// Changes the fields that the mask names: to what is given, or away if nothing is.
async fn update(State(state): State<AppState>, Body(body): Body<Update>) -> Answer {
    change(&state, &body.cluster_id, |cluster, now| {
        cluster.expect(&[ClusterState::Running, ClusterState::Terminated])?;
        let Value::Object(mut fields) = json!(cluster.spec) else { return Ok(()) };
        let whole = body.update_mask.trim() == "*";
        let mask = body.update_mask.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "*");
        let names: Vec<&str> =
            if whole { body.cluster.keys().map(String::as_str).collect() } else { mask.collect() };
        for name in names {
            // a path below a field replaces the field: the service's masks for maps do too
            let field = name.split('.').next().unwrap_or(name);
            match body.cluster.get(field) {
                Some(value) => drop(fields.insert(field.to_owned(), value.clone())),
                None => drop(fields.shift_remove(field)),
            }
            match field {
                "num_workers" => drop(fields.shift_remove("autoscale")),
                "autoscale" => drop(fields.shift_remove("num_workers")),
                _ => {}
            }
        }
        let spec: Spec = crate::server::from_value(Value::Object(fields))?;
        spec.check()?;
        cluster.edit(spec, now);
        Ok(())
    })
}

#[derive(Deserialize)]
struct Resize {
    cluster_id: String,
    num_workers: Option<u32>,
    autoscale: Option<AutoScale>,
}

async fn resize(State(state): State<AppState>, Body(body): Body<Resize>) -> Answer {
    if body.num_workers.is_some() == body.autoscale.is_some() {
        return Err(ApiError::invalid("Exactly one of num_workers and autoscale must be given."));
    }
    change(&state, &body.cluster_id, |cluster, now| {
        cluster.expect(&[ClusterState::Running])?;
        cluster.resize(body.num_workers, body.autoscale, now);
        Ok(())
    })
}

async fn pin(State(state): State<AppState>, Body(body): Body<ClusterId>) -> Answer {
    set_pinned(&state, &body.cluster_id, true)
}

async fn unpin(State(state): State<AppState>, Body(body): Body<ClusterId>) -> Answer {
    set_pinned(&state, &body.cluster_id, false)
}

fn set_pinned(state: &AppState, id: &str, pinned: bool) -> Answer {
    change(state, id, |cluster, now| {
        if cluster.pinned != pinned {
            cluster.pinned = pinned;
            cluster.log(now, if pinned { "PINNED" } else { "UNPINNED" }, json!({}));
        }
        Ok(())
    })
}
