//! Long calls as tasks (`io.modelcontextprotocol/tasks`), where the client can follow one.
//!
//! A call of a tool that waits is run as any other; only when it has not ended after a moment does the
//! client get a task in the place of the result. So what is quick costs no further request.

use std::time::Duration;

use rmcp::model::{ProtocolVersion, Task};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::task_manager::{TaskContext, TaskExit, TaskOptions};
use tokio_util::sync::CancellationToken;

use super::callers::Caller;
use super::calls::{Call, Cancelled, Report, attended};
use crate::mcp::toolsets;

/// The tools that wait for something at Databricks.
const WAITING: &[&str] = &[
    "execute_sql",
    "get_statement",
    "run_code",
    "execute_command",
    "get_command",
    "wait_for_run",
    "start_cluster",
    "start_warehouse",
    "ask_genie",
];

/// A result that comes within this time is answered as a result.
pub(super) const AT_HAND: Duration = Duration::from_secs(1);
/// How long a task is kept: one that runs longer is ended. The longest wait of a tool is an hour, and
/// who asked for it may come back as much later.
const KEPT: Duration = Duration::from_secs(2 * 3600);
/// How often a client should look.
const LOOK_MS: u64 = 1_000;

/// Whether the client takes a task in the place of this tool's result.
pub(super) fn may_become_task(tool: &str, context: &RequestContext<RoleServer>) -> bool {
    let modern = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    modern
        && WAITING.contains(&toolsets::current_name(tool))
        && context.client_capabilities().is_some_and(|client| client.supports_tasks())
}

/// Makes a task of a call that has begun. Cancelling the task cancels the call, as the client's cancel would have.
pub(super) fn hand_over(caller: &Caller, mut call: Call, stop: CancellationToken, report: &Report) -> Task {
    let options = TaskOptions::new()
        .with_ttl_ms(u64::try_from(KEPT.as_millis()).ok())
        .with_poll_interval_ms(LOOK_MS)
        .with_status_message("running");
    caller.tasks.spawn(options, |task: TaskContext| {
        report.to_task(task.clone());
        Box::pin(async move {
            let cancelled = CancellationToken::new();
            let watch = async {
                task.cancelled().await;
                cancelled.cancel();
                std::future::pending().await
            };
            tokio::select! {
                ended = attended(&mut call, &cancelled, &stop) => {
                    ended.map_err(|Cancelled| TaskExit::Cancelled)
                }
                never = watch => never,
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_that_wait_are_tools_and_say_how_long() {
        let all = toolsets::all();
        for name in WAITING {
            let spec = all.iter().find(|spec| spec.name == *name).unwrap_or_else(|| panic!("no {name}"));
            let schema = spec.input_schema();
            let properties = schema["properties"].as_object().unwrap();
            let waits =
                ["timeout_seconds", "wait_seconds"].iter().any(|field| properties.contains_key(*field));
            assert!(waits, "{name}");
        }
        for spec in &all {
            let schema = spec.input_schema();
            let waits = schema.get("properties").is_some_and(|fields| {
                let of = |field: &str| fields.get(field).is_some();
                spec.operation.is_none() && (of("timeout_seconds") || of("wait_seconds"))
            });
            // Of a submitted run it is the run's own limit.
            assert!(!waits || WAITING.contains(&spec.name) || spec.name == "submit_run", "{}", spec.name);
        }
    }
}
