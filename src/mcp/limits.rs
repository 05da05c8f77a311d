//! How long a tool's call may take.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::ToolError;

/// Longest call unless it asks to wait longer: what takes more is waited for by other calls.
const LONGEST: Duration = Duration::from_secs(900);
/// What a call gets beyond the wait that it asks for.
const BEYOND: Duration = Duration::from_secs(60);
/// Arguments that say how long a tool waits, in seconds.
const WAITS: [&str; 2] = ["timeout_seconds", "wait_seconds"];

/// How long calls may take. A call whose time is up is cancelled, as if its client had done it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest call that does not ask to wait longer.
    pub longest: Duration,
    /// Longest call of single tools, whatever they ask for.
    pub by_tool: BTreeMap<String, Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { longest: LONGEST, by_tool: BTreeMap::new() }
    }
}

impl Limits {
    /// The limit of one call.
    pub(crate) fn of(&self, tool: &str, arguments: &Map<String, Value>) -> Duration {
        if let Some(limit) = self.by_tool.get(tool) {
            return *limit;
        }
        let waits = WAITS.iter().filter_map(|name| arguments.get(*name)?.as_u64()).max();
        let waits = waits.map(|seconds| Duration::from_secs(seconds).saturating_add(BEYOND));
        waits.map_or(self.longest, |waits| waits.max(self.longest))
    }
}

/// What a call is told whose time is up.
pub(crate) fn late(tool: &str, limit: Duration) -> ToolError {
    ToolError::Failed(format!(
        "{tool} took longer than {} s and was cancelled: ask for less, or have the owner of the server raise \
         --tool-timeout",
        limit.as_secs_f64()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_that_is_asked_for_is_given_unless_the_tool_has_a_limit() {
        let limits = Limits {
            longest: Duration::from_secs(100),
            by_tool: BTreeMap::from([("execute_sql".to_owned(), Duration::from_secs(30))]),
        };
        let of = |tool, arguments: Value| limits.of(tool, arguments.as_object().unwrap()).as_secs();
        assert_eq!(of("list_jobs", json!({})), 100);
        assert_eq!(of("wait_for_run", json!({ "timeout_seconds": 10 })), 100);
        assert_eq!(of("wait_for_run", json!({ "timeout_seconds": 3600 })), 3660);
        assert_eq!(of("start_cluster", json!({ "wait_seconds": 600 })), 660);
        assert_eq!(of("execute_sql", json!({ "timeout_seconds": 3600 })), 30);
    }
}
