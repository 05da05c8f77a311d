//! Clusters and warehouses started, and waited for as long as the caller likes.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mcp::poll::Poll;
use crate::mcp::{Compound, Context, ToolError};
use crate::{ErrorKind, compute, sql};

/// Arguments of `start_cluster`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StartCluster {
    /// Id of the cluster.
    cluster_id: String,
    /// Longest wait in seconds for it to run; 0 unless set.
    #[schemars(range(max = 3600))]
    wait_seconds: Option<u64>,
}

/// How far a start has come.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Started {
    done: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    state: String,
}

impl Compound for StartCluster {
    type Output = Started;

    async fn call(self, context: &Context) -> Result<Started, ToolError> {
        use compute::types::State;
        let clusters = context.workspace().clusters();
        let look = async || clusters.get().cluster_id(&self.cluster_id).send().await;
        match clusters.start().cluster_id(&self.cluster_id).send().await {
            Ok(_) => {}
            // Whoever wants it to run has what they want when it does, or is about to.
            Err(error) if error.kind() == Some(ErrorKind::Conflict) => {
                let state = look().await?.state;
                let alive = [State::Running, State::Pending, State::Restarting, State::Resizing];
                if !state.is_some_and(|state| alive.contains(&state)) {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
        let mut poll = Poll::new(context, Duration::from_secs(self.wait_seconds.unwrap_or(0)));
        loop {
            let cluster = look().await?;
            let state = cluster.state.unwrap_or(State::Unknown);
            match state {
                State::Running => return Ok(Started::cluster(self.cluster_id.clone()).running()),
                State::Terminated | State::Terminating | State::Error if poll.began() => {
                    let why = cluster.state_message.unwrap_or_default();
                    return Err(ToolError::Failed(format!(
                        "the cluster did not start, it is {}: {why}\nlist_cluster_events tells more.",
                        state.as_str()
                    )));
                }
                _ => {}
            }
            if !poll.again(state.as_str()).await? {
                return Ok(Started::cluster(self.cluster_id.clone()).starting(state.as_str()));
            }
        }
    }
}

/// Arguments of `start_warehouse`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StartWarehouse {
    /// Id of the warehouse.
    id: String,
    /// Longest wait in seconds for it to run; 0 unless set.
    #[schemars(range(max = 3600))]
    wait_seconds: Option<u64>,
}

impl Compound for StartWarehouse {
    type Output = Started;

    async fn call(self, context: &Context) -> Result<Started, ToolError> {
        use sql::types::State;
        let warehouses = context.workspace().warehouses();
        warehouses.start().id(&self.id).send().await?;
        let mut poll = Poll::new(context, Duration::from_secs(self.wait_seconds.unwrap_or(0)));
        loop {
            let warehouse = warehouses.get().id(&self.id).send().await?;
            let state = warehouse.state.unwrap_or(State::Starting);
            match state {
                State::Running => return Ok(Started::warehouse(self.id.clone()).running()),
                State::Deleted | State::Deleting => {
                    return Err(ToolError::Failed("the warehouse is deleted".to_owned()));
                }
                State::Stopped | State::Stopping if poll.began() => {
                    let health = warehouse.health.and_then(|health| health.summary).unwrap_or_default();
                    return Err(ToolError::Failed(format!(
                        "the warehouse did not start, it is {}: {health}",
                        state.as_str()
                    )));
                }
                _ => {}
            }
            if !poll.again(state.as_str()).await? {
                return Ok(Started::warehouse(self.id.clone()).starting(state.as_str()));
            }
        }
    }
}

impl Started {
    fn cluster(id: String) -> Self {
        Self { done: String::new(), cluster_id: Some(id), id: None, state: String::new() }
    }

    fn warehouse(id: String) -> Self {
        Self { done: String::new(), cluster_id: None, id: Some(id), state: String::new() }
    }

    /// What it is, and the tool that tells its state.
    fn kind(&self) -> (&'static str, &'static str) {
        match self.cluster_id {
            Some(_) => ("cluster", "get_cluster"),
            None => ("warehouse", "list_warehouses"),
        }
    }

    fn running(self) -> Self {
        let (kind, _) = self.kind();
        Self { done: format!("The {kind} is running."), state: "RUNNING".to_owned(), ..self }
    }

    fn starting(self, state: &str) -> Self {
        let (kind, tool) = self.kind();
        let done = format!("The {kind} is starting. {tool} tells when it is RUNNING.");
        Self { done, state: state.to_owned(), ..self }
    }
}
