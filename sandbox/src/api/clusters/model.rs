//! A cluster and its states.
//!
//! Nothing runs in the background: what is stored is a state and the time it was entered, and [`Cluster::settle`] works
//! out where that has led by now. So a cluster goes on while the sandbox is down, as it would in the cloud.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::offers;
use crate::api::identity::USER;
use crate::server::{ApiError, Reply};

/// How long a cluster takes to start, restart or resize.
const START_MS: i64 = 2_000;

/// How long it takes to stop.
const STOP_MS: i64 = 1_000;

const MINUTE_MS: i64 = 60_000;

/// More events than this are forgotten, the oldest first.
const EVENTS_KEPT: usize = 1_000;

/// The service's states, less those that the sandbox never enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Pending,
    Running,
    Restarting,
    Resizing,
    Terminating,
    Terminated,
}

impl State {
    /// The state's name in the service's messages.
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Restarting => "Restarting",
            Self::Resizing => "Resizing",
            Self::Terminating => "Terminating",
            Self::Terminated => "Terminated",
        }
    }
}

/// What a caller asks a cluster to be. What is not looked at here is kept and given back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Spec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cluster_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spark_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) node_type_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) driver_node_type_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) instance_pool_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) policy_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) num_workers: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) autoscale: Option<AutoScale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) is_single_node: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) autotermination_minutes: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) custom_tags: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spark_conf: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spark_env_vars: Option<Map<String, Value>>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// The limits of a cluster that grows and shrinks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct AutoScale {
    pub(super) min_workers: u32,
    pub(super) max_workers: u32,
}

impl Spec {
    /// Refuses what the service would refuse to start.
    pub(super) fn check(&self) -> Reply<()> {
        let version = self.spark_version.as_deref().filter(|version| !version.is_empty());
        let version = version.ok_or_else(|| ApiError::invalid("Missing required field: spark_version"))?;
        if !offers::has_spark_version(version) {
            return Err(ApiError::invalid(format!("Invalid spark version {version}.")));
        }
        let kinds =
            [("node_type_id", &self.node_type_id), ("driver_node_type_id", &self.driver_node_type_id)];
        for (field, kind) in kinds {
            if let Some(kind) = kind.as_deref().filter(|kind| offers::node_type(kind).is_none()) {
                let known = offers::node_type_ids().join(", ");
                return Err(ApiError::invalid(format!(
                    "Node type {kind} in {field} is not supported. Supported node types: {known}"
                )));
            }
        }
        if self.node_type_id.is_none() && self.instance_pool_id.is_none() {
            return Err(ApiError::invalid("Missing required field: node_type_id"));
        }
        let single = self.is_single_node == Some(true);
        match (self.num_workers, self.autoscale) {
            (None, None) if !single => {
                Err(ApiError::invalid("Missing required field: num_workers or autoscale"))
            }
            (Some(_), Some(_)) => {
                Err(ApiError::invalid("Only one of num_workers and autoscale may be given."))
            }
            (_, Some(scale)) if scale.min_workers > scale.max_workers => {
                Err(ApiError::invalid("autoscale.min_workers must not exceed autoscale.max_workers"))
            }
            _ => Ok(()),
        }
    }

    /// The number of workers that a running cluster has.
    fn workers(&self) -> u32 {
        self.num_workers.or(self.autoscale.map(|scale| scale.min_workers)).unwrap_or(0)
    }
}

/// Why a cluster stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reason {
    code: String,
    r#type: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    parameters: Map<String, Value>,
}

impl Reason {
    pub(super) fn user() -> Self {
        Self::new("USER_REQUEST", json!({ "username": USER }))
    }

    fn inactivity(minutes: u32) -> Self {
        Self::new("INACTIVITY", json!({ "inactivity_duration_min": minutes.to_string() }))
    }

    fn new(code: &str, parameters: Value) -> Self {
        let parameters = if let Value::Object(map) = parameters { map } else { Map::new() };
        Self { code: code.into(), r#type: "SUCCESS".into(), parameters }
    }
}

/// Something that happened to a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) timestamp: i64,
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) details: Map<String, Value>,
}

/// A cluster as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) spec: Spec,
    pub(super) created: i64,
    pub(super) state: State,
    /// When the state was entered.
    since: i64,
    /// When it last came up: what runs on it belongs to this start.
    #[serde(default)]
    pub(super) epoch: i64,
    /// When somebody last used it.
    pub(super) active: i64,
    /// Who made it, or was given it; none for the one of a new workspace.
    #[serde(default)]
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) pinned: bool,
    #[serde(default)]
    restarted: Option<i64>,
    #[serde(default)]
    pub(super) terminated: Option<i64>,
    #[serde(default)]
    reason: Option<Reason>,
    pub(super) events: Vec<Event>,
}

impl Cluster {
    /// A cluster that begins to start.
    pub(super) fn new(id: String, spec: Spec, now: i64) -> Self {
        let mut cluster = Self {
            id,
            spec,
            created: now,
            state: State::Pending,
            since: now,
            epoch: now,
            active: now,
            owner: None,
            pinned: false,
            restarted: None,
            terminated: None,
            reason: None,
            events: Vec::new(),
        };
        cluster.log(now, "CREATING", json!({ "cluster_size": cluster.size(), "user": USER }));
        cluster
    }

    /// Lets time pass: does what has become due by `now`.
    pub(super) fn settle(&mut self, now: i64) {
        loop {
            match self.state {
                State::Pending | State::Restarting | State::Resizing => {
                    let due = self.since + START_MS;
                    if due > now {
                        return;
                    }
                    let event = if self.state == State::Resizing { "UPSIZE_COMPLETED" } else { "RUNNING" };
                    if self.state != State::Resizing {
                        (self.epoch, self.active) = (due, self.active.max(due));
                    }
                    self.enter(State::Running, due);
                    self.log(due, event, json!({ "current_num_workers": self.spec.workers(), "target_num_workers": self.spec.workers() }));
                }
                State::Running => {
                    let minutes = self.spec.autotermination_minutes.unwrap_or(0);
                    let due = self.active + i64::from(minutes) * MINUTE_MS;
                    if minutes == 0 || due > now {
                        return;
                    }
                    self.terminate(Reason::inactivity(minutes), due);
                }
                State::Terminating => {
                    let due = self.since + STOP_MS;
                    if due > now {
                        return;
                    }
                    self.enter(State::Terminated, due);
                    self.terminated = Some(due);
                }
                State::Terminated => return,
            }
        }
    }

    /// Refuses unless the cluster is in one of these states.
    pub(super) fn expect(&self, states: &[State]) -> Reply<()> {
        if states.contains(&self.state) {
            return Ok(());
        }
        Err(ApiError::invalid_state(format!(
            "Cluster {} is in unexpected state {}.",
            self.id,
            self.state.name()
        )))
    }

    pub(super) fn start(&mut self, now: i64) {
        self.enter(State::Pending, now);
        self.log(now, "STARTING", json!({ "user": USER }));
        (self.terminated, self.reason) = (None, None);
    }

    pub(super) fn restart(&mut self, now: i64) {
        self.enter(State::Restarting, now);
        self.restarted = Some(now);
        self.log(now, "RESTARTING", json!({ "user": USER }));
    }

    pub(super) fn resize(&mut self, workers: Option<u32>, scale: Option<AutoScale>, now: i64) {
        let before = self.size();
        (self.spec.num_workers, self.spec.autoscale) = (workers, scale);
        self.enter(State::Resizing, now);
        self.log(
            now,
            "RESIZING",
            json!({ "cluster_size": self.size(), "previous_cluster_size": before, "user": USER }),
        );
    }

    /// Begins to stop. A cluster that has stopped, or is about to, is left alone.
    pub(super) fn terminate(&mut self, reason: Reason, now: i64) {
        if matches!(self.state, State::Terminating | State::Terminated) {
            return;
        }
        self.enter(State::Terminating, now);
        self.log(now, "TERMINATING", json!({ "reason": reason }));
        self.reason = Some(reason);
    }

    /// Takes a new specification; a running cluster restarts with it.
    pub(super) fn edit(&mut self, spec: Spec, now: i64) {
        self.spec = spec;
        self.log(now, "EDITED", json!({ "cluster_size": self.size(), "user": USER }));
        if self.state == State::Running {
            self.restart(now);
        }
    }

    pub(super) fn log(&mut self, timestamp: i64, kind: &str, details: Value) {
        let details = if let Value::Object(map) = details { map } else { Map::new() };
        self.events.push(Event { timestamp, r#type: kind.into(), details });
        let surplus = self.events.len().saturating_sub(EVENTS_KEPT);
        self.events.drain(..surplus);
    }

    /// When a cluster that is on its way up will be running, if it is on its way.
    pub(super) fn ready_at(&self) -> Option<i64> {
        let rising = matches!(self.state, State::Pending | State::Restarting | State::Resizing);
        rising.then_some(self.since + START_MS)
    }

    fn enter(&mut self, state: State, now: i64) {
        (self.state, self.since) = (state, now);
    }

    fn size(&self) -> Value {
        match self.spec.autoscale {
            Some(scale) => json!({ "autoscale": scale }),
            None => json!({ "num_workers": self.spec.workers() }),
        }
    }

    fn state_message(&self) -> String {
        match self.state {
            State::Pending => "Starting Spark".into(),
            State::Running => String::new(),
            State::Restarting => "Restarting Spark".into(),
            State::Resizing => "Resizing the cluster".into(),
            State::Terminating | State::Terminated => match &self.reason {
                Some(reason) if reason.code == "INACTIVITY" => {
                    let minutes = reason.parameters.get("inactivity_duration_min").and_then(Value::as_str);
                    format!("Inactivity for {} minutes", minutes.unwrap_or("some"))
                }
                _ => format!("Terminated by {USER}"),
            },
        }
    }

    /// The cluster as the service shows it.
    pub(super) fn view(&self) -> Value {
        let name = self.spec.cluster_name.clone().unwrap_or_default();
        let mut view = json!(self.spec);
        let owner = self.owner.as_deref().unwrap_or(USER);
        let own = json!({
            "cluster_id": self.id,
            "cluster_name": name,
            "cluster_source": "API",
            "creator_user_name": owner,
            "state": self.state,
            "state_message": self.state_message(),
            "start_time": self.created,
            "last_state_loss_time": self.restarted.unwrap_or(0),
            "autotermination_minutes": self.spec.autotermination_minutes.unwrap_or(0),
            "enable_elastic_disk": self.spec.rest.get("enable_elastic_disk").and_then(Value::as_bool).unwrap_or(false),
            "driver_node_type_id": self.spec.driver_node_type_id.as_ref().or(self.spec.node_type_id.as_ref()),
            "default_tags": {
                "Vendor": "Databricks",
                "Creator": owner,
                "ClusterName": name,
                "ClusterId": self.id,
            },
            "spec": self.spec,
        });
        merge(&mut view, own);
        if self.spec.autoscale.is_none() {
            merge(&mut view, json!({ "num_workers": self.spec.workers() }));
        }
        if let Some(time) = self.restarted {
            merge(&mut view, json!({ "last_restarted_time": time }));
        }
        if let Some(reason) = &self.reason {
            merge(&mut view, json!({ "termination_reason": reason }));
        }
        match self.terminated {
            Some(time) => merge(&mut view, json!({ "terminated_time": time })),
            None if matches!(self.state, State::Running | State::Resizing) => {
                merge(&mut view, self.machines())
            }
            None => {}
        }
        view
    }

    /// What is known of a cluster only while its machines run.
    fn machines(&self) -> Value {
        let kind = self.spec.node_type_id.as_deref().and_then(offers::node_type);
        let workers = self.spec.workers();
        let machine = |index: u32| {
            json!({
                "node_id": format!("{}-{index}", self.id),
                "instance_id": format!("i-{}-{index}", self.id),
                "private_ip": format!("10.0.0.{}", index % 250 + 4),
                "host_private_ip": format!("10.0.0.{}", index % 250 + 4),
                "start_timestamp": self.created,
            })
        };
        let mut view = json!({
            "driver": machine(0),
            "executors": (1..=workers).map(machine).collect::<Vec<_>>(),
            "jdbc_port": 10000,
            "spark_context_id": self.created,
        });
        if let Some(kind) = kind {
            let nodes = i64::from(workers) + 1;
            let cores = kind.cores * f64::from(workers + 1);
            merge(&mut view, json!({ "cluster_cores": cores, "cluster_memory_mb": kind.memory_mb * nodes }));
        }
        view
    }
}

/// Puts the fields of one object into another.
fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
