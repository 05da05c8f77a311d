//! SQL warehouses: what a statement names as the place to run. Like clusters they keep a state and the time it was
//! entered, and work out on demand where that has led.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::identity::USER;
use super::paging::{self, Page};
use crate::error::Error;
use crate::ids;
use crate::server::{Answer, ApiError, Body, Params, Reply, UrlPath};
use crate::state::AppState;
use crate::store::{Collection, Store};

/// How long a warehouse takes to start.
const START_MS: i64 = 2_000;

/// How long it takes to stop.
const STOP_MS: i64 = 1_000;

const MINUTE_MS: i64 = 60_000;

const SIZES: &[&str] = &[
    "2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large",
    "5X-Large",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Phase {
    Starting,
    Running,
    Stopping,
    Stopped,
}

/// What a caller asks a warehouse to be.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Spec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster_size: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_num_clusters: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_num_clusters: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auto_stop_mins: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enable_photon: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enable_serverless_compute: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warehouse_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spot_instance_policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<Map<String, Value>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Spec {
    fn check(&self) -> Reply<()> {
        if self.name.as_deref().is_none_or(|name| name.trim().is_empty()) {
            return Err(ApiError::invalid("Missing required field: name"));
        }
        let size = self.cluster_size.as_deref();
        let size = size.ok_or_else(|| ApiError::invalid("Missing required field: cluster_size"))?;
        if !SIZES.contains(&size) {
            let known = SIZES.join(", ");
            return Err(ApiError::invalid(format!(
                "Invalid cluster_size '{size}'. It must be one of: {known}"
            )));
        }
        let (least, most) = (self.min_num_clusters.unwrap_or(1), self.max_num_clusters.unwrap_or(1));
        if least == 0 || most < least {
            return Err(ApiError::invalid(
                "min_num_clusters must be at least 1 and no more than max_num_clusters",
            ));
        }
        if self.auto_stop_mins.is_some_and(|minutes| (1..10).contains(&minutes))
            && self.enable_serverless_compute != Some(true)
        {
            return Err(ApiError::invalid("auto_stop_mins must be 0 (never) or at least 10"));
        }
        Ok(())
    }

    /// Takes over what an edit leaves out.
    fn or(self, old: Spec) -> Reply<Spec> {
        let (Value::Object(mut fields), Value::Object(new)) = (json!(old), json!(self)) else {
            return Ok(self);
        };
        fields.extend(new);
        crate::server::from_value(Value::Object(fields))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Warehouse {
    id: String,
    spec: Spec,
    phase: Phase,
    /// When the phase was entered.
    since: i64,
    /// When a statement last used it.
    active: i64,
}

impl Warehouse {
    fn new(id: String, spec: Spec, now: i64) -> Self {
        Self { id, spec, phase: Phase::Starting, since: now, active: now }
    }

    fn settle(&mut self, now: i64) {
        loop {
            let (next, due) = match self.phase {
                Phase::Starting => (Phase::Running, self.since + START_MS),
                Phase::Running => {
                    let minutes = self.spec.auto_stop_mins.unwrap_or(120);
                    if minutes == 0 {
                        return;
                    }
                    (Phase::Stopping, self.active.max(self.since) + i64::from(minutes) * MINUTE_MS)
                }
                Phase::Stopping => (Phase::Stopped, self.since + STOP_MS),
                Phase::Stopped => return,
            };
            if due > now {
                return;
            }
            (self.phase, self.since) = (next, due);
        }
    }

    fn start(&mut self, now: i64) {
        if matches!(self.phase, Phase::Stopping | Phase::Stopped) {
            (self.phase, self.since, self.active) = (Phase::Starting, now, now);
        }
    }

    fn stop(&mut self, now: i64) {
        if matches!(self.phase, Phase::Starting | Phase::Running) {
            (self.phase, self.since) = (Phase::Stopping, now);
        }
    }

    fn view(&self, url: &str) -> Value {
        let spec = &self.spec;
        let runs = self.phase == Phase::Running;
        let host = url.trim_start_matches("http://");
        let (name, port) = host.split_once(':').unwrap_or((host, "443"));
        let path = format!("/sql/1.0/warehouses/{}", self.id);
        let mut view = json!({
            "id": self.id,
            "name": spec.name,
            "cluster_size": spec.cluster_size,
            "min_num_clusters": spec.min_num_clusters.unwrap_or(1),
            "max_num_clusters": spec.max_num_clusters.unwrap_or(1),
            "auto_stop_mins": spec.auto_stop_mins.unwrap_or(120),
            "creator_name": USER,
            "enable_photon": spec.enable_photon.unwrap_or(true),
            "enable_serverless_compute": spec.enable_serverless_compute.unwrap_or(false),
            "warehouse_type": spec.warehouse_type.as_deref().unwrap_or("PRO"),
            "spot_instance_policy": spec.spot_instance_policy.as_deref().unwrap_or("COST_OPTIMIZED"),
            "channel": spec.channel.clone().unwrap_or_default(),
            "state": self.phase,
            "num_clusters": i32::from(runs),
            "num_active_sessions": 0,
            "jdbc_url": format!("jdbc:databricks://{host}/default;transportMode=http;ssl=0;AuthMech=3;httpPath={path};"),
            "odbc_params": {"hostname": name, "path": path, "port": port.parse::<u16>().unwrap_or(443), "protocol": "http"},
            "health": if runs { json!({"status": "HEALTHY"}) } else { json!({}) },
        });
        if let (Some(tags), Value::Object(view)) = (&spec.tags, &mut view) {
            view.insert("tags".into(), json!(tags));
        }
        view
    }
}

/// The warehouses of the workspace.
pub(crate) struct Warehouses(Collection<Warehouse>);

impl Warehouses {
    /// Loads the warehouses; a new folder begins with one that runs.
    pub(crate) fn open(store: &Store, now: i64) -> Result<Self, Error> {
        let warehouses = Self(store.collection("warehouses")?);
        if store.is_new() {
            let spec = Spec {
                name: Some("Starter Warehouse".into()),
                cluster_size: Some("2X-Small".into()),
                enable_serverless_compute: Some(true),
                auto_stop_mins: Some(0),
                ..Spec::default()
            };
            let warehouse = Warehouse::new(ids::hex16(), spec, now - START_MS);
            warehouses
                .0
                .put(&warehouse.id.clone(), warehouse)
                .map_err(|cause| Error::Seed(cause.to_string()))?;
        }
        Ok(warehouses)
    }

    fn update<R>(&self, id: &str, now: i64, change: impl FnOnce(&mut Warehouse) -> Reply<R>) -> Reply<R> {
        let done = self.0.update(id, |warehouse| {
            warehouse.settle(now);
            change(warehouse)
        })?;
        done.ok_or_else(|| unknown(id))
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.get(id).is_some()
    }

    /// The ids and names of all.
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        self.0.all().into_iter().map(|it| (it.id, it.spec.name.unwrap_or_default())).collect()
    }

    /// Every name is given once.
    fn check_name(&self, spec: &Spec, but: Option<&str>) -> Reply<()> {
        let taken = |other: &Warehouse| other.spec.name == spec.name && Some(other.id.as_str()) != but;
        if self.0.find(|other| taken(other).then_some(())).is_some() {
            let name = spec.name.as_deref().unwrap_or_default();
            return Err(ApiError::invalid(format!("SQL warehouse with name '{name}' already exists")));
        }
        Ok(())
    }
}

/// Notes that a statement uses a warehouse now, and starts it if it has stopped.
pub(crate) fn use_warehouse(state: &AppState, id: &str) -> Reply<()> {
    let now = state.now();
    state.warehouses.update(id, now, |warehouse| {
        warehouse.start(now);
        warehouse.active = now;
        Ok(())
    })
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("SQL warehouse {id} does not exist"))
}

pub(crate) fn routes() -> Router<AppState> {
    const ALL: &str = "/api/2.0/sql/warehouses";
    Router::new()
        .route(ALL, get(list).post(create))
        .route(&format!("{ALL}/{{id}}"), get(show).delete(delete))
        .route(&format!("{ALL}/{{id}}/edit"), post(edit))
        .route(&format!("{ALL}/{{id}}/start"), post(start))
        .route(&format!("{ALL}/{{id}}/stop"), post(stop))
}

#[derive(Deserialize)]
struct List {
    page_size: Option<i64>,
    page_token: Option<String>,
}

async fn list(State(state): State<AppState>, Params(query): Params<List>) -> Answer {
    let now = state.now();
    let mut all = state.warehouses.0.all();
    for warehouse in &mut all {
        warehouse.settle(now);
    }
    all.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
    let size =
        if query.page_size.is_none() { usize::MAX } else { paging::size(query.page_size, 100, 1_000)? };
    let page = Page::cut(all, query.page_token.as_deref(), size)?;
    Ok(Json(Value::Object(page.answer("warehouses", |warehouse| warehouse.view(&state.url)))))
}

async fn create(State(state): State<AppState>, Body(spec): Body<Spec>) -> Answer {
    spec.check()?;
    state.warehouses.check_name(&spec, None)?;
    let id = ids::hex16();
    state.warehouses.0.put(&id, Warehouse::new(id.clone(), spec, state.now()))?;
    Ok(Json(json!({ "id": id })))
}

async fn show(State(state): State<AppState>, UrlPath(id): UrlPath<String>) -> Answer {
    let mut warehouse = state.warehouses.0.get(&id).ok_or_else(|| unknown(&id))?;
    warehouse.settle(state.now());
    Ok(Json(warehouse.view(&state.url)))
}

async fn edit(State(state): State<AppState>, UrlPath(id): UrlPath<String>, Body(spec): Body<Spec>) -> Answer {
    state.warehouses.update(&id, state.now(), |warehouse| {
        let spec = spec.or(warehouse.spec.clone())?;
        spec.check()?;
        warehouse.spec = spec;
        Ok(())
    })?;
    Ok(Json(json!({})))
}

async fn delete(State(state): State<AppState>, UrlPath(id): UrlPath<String>) -> Answer {
    state.warehouses.0.remove(&id)?.ok_or_else(|| unknown(&id))?;
    Ok(Json(json!({})))
}

async fn start(State(state): State<AppState>, UrlPath(id): UrlPath<String>) -> Answer {
    let now = state.now();
    state.warehouses.update(&id, now, |warehouse| {
        warehouse.start(now);
        Ok(Json(json!({})))
    })
}

async fn stop(State(state): State<AppState>, UrlPath(id): UrlPath<String>) -> Answer {
    let now = state.now();
    state.warehouses.update(&id, now, |warehouse| {
        warehouse.stop(now);
        Ok(Json(json!({})))
    })
}
