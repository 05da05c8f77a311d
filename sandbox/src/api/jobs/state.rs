//! The states of runs and of their tasks, in both of the service's spellings.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where a run is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Life {
    Queued,
    Blocked,
    Pending,
    Running,
    WaitingForRetry,
    Terminating,
    Terminated,
    Skipped,
    InternalError,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Success,
    SuccessWithFailures,
    Failed,
    TimedOut,
    Canceled,
    Excluded,
    Disabled,
    UpstreamFailed,
    UpstreamCanceled,
    MaximumConcurrentRuns,
    /// What was to be run is not there.
    NotFound,
    /// The cluster is not there.
    ClusterError,
    InternalError,
}

impl Outcome {
    /// The life cycle's end, `result_state`, and the termination's code and type.
    #[rustfmt::skip]
    fn row(self) -> (Life, &'static str, &'static str, &'static str) {
        use Life::{InternalError, Skipped, Terminated};
        match self {
            Self::Success               => (Terminated, "SUCCESS", "SUCCESS", "SUCCESS"),
            Self::SuccessWithFailures   => (Terminated, "SUCCESS_WITH_FAILURES", "SUCCESS_WITH_FAILURES", "SUCCESS"),
            Self::Failed                => (Terminated, "FAILED", "RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
            Self::TimedOut              => (Terminated, "TIMEDOUT", "CANCELED", "CLIENT_ERROR"),
            Self::Canceled              => (Terminated, "CANCELED", "USER_CANCELED", "SUCCESS"),
            Self::Excluded              => (Terminated, "EXCLUDED", "SKIPPED", "SUCCESS"),
            Self::Disabled              => (Terminated, "DISABLED", "DISABLED", "SUCCESS"),
            Self::UpstreamFailed        => (Terminated, "UPSTREAM_FAILED", "SKIPPED", "CLIENT_ERROR"),
            Self::UpstreamCanceled      => (Terminated, "UPSTREAM_CANCELED", "SKIPPED", "SUCCESS"),
            Self::MaximumConcurrentRuns => (Skipped, "MAXIMUM_CONCURRENT_RUNS_REACHED", "MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR"),
            Self::NotFound              => (InternalError, "FAILED", "RESOURCE_NOT_FOUND", "CLIENT_ERROR"),
            Self::ClusterError          => (InternalError, "FAILED", "CLUSTER_ERROR", "CLIENT_ERROR"),
            Self::InternalError         => (InternalError, "FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR"),
        }
    }

    /// What depends on this may go on.
    pub(super) fn is_success(self) -> bool {
        matches!(self, Self::Success | Self::SuccessWithFailures | Self::Disabled)
    }

    /// Neither good nor bad: it had nothing to do.
    pub(super) fn is_excluded(self) -> bool {
        self == Self::Excluded
    }

    pub(super) fn is_canceled(self) -> bool {
        matches!(self, Self::Canceled | Self::UpstreamCanceled)
    }

    pub(super) fn is_failure(self) -> bool {
        !self.is_success() && !self.is_excluded() && !self.is_canceled()
    }

    /// The `result_state`, for references to it.
    pub(super) fn name(self) -> &'static str {
        self.row().1
    }
}

/// A state with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) life: Life,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) message: String,
}

impl State {
    pub(super) fn at(life: Life) -> Self {
        Self { life, outcome: None, message: String::new() }
    }

    pub(super) fn ended(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { life: outcome.row().0, outcome: Some(outcome), message: message.into() }
    }

    pub(super) fn is_final(&self) -> bool {
        self.outcome.is_some()
    }

    /// `state`: the spelling of 2.1.
    pub(super) fn view(&self) -> Value {
        let mut view = json!({
            "life_cycle_state": self.life,
            "state_message": self.message,
            "user_cancelled_or_timedout": matches!(self.outcome, Some(Outcome::Canceled | Outcome::TimedOut)),
        });
        if let (Some(outcome), Value::Object(view)) = (self.outcome, &mut view) {
            view.insert("result_state".into(), json!(outcome.name()));
        }
        view
    }

    /// `status`: the spelling of 2.2.
    pub(super) fn status(&self) -> Value {
        let state = match self.life {
            Life::Skipped | Life::InternalError => json!(Life::Terminated),
            Life::WaitingForRetry => json!("WAITING"),
            life => json!(life),
        };
        match self.outcome.map(Outcome::row) {
            Some((_, _, code, kind)) => {
                json!({ "state": state, "termination_details": { "code": code, "type": kind, "message": self.message } })
            }
            None if self.life == Life::Queued => {
                json!({ "state": state, "queue_details": { "code": "MAX_CONCURRENT_RUNS_REACHED", "message": self.message } })
            }
            None => json!({ "state": state }),
        }
    }
}
