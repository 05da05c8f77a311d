//! Jobs and runs.

use std::time::Duration;

use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::jobs::types::{Run, RunLifeCycleState};
use crate::mcp::poll::Poll;
use crate::mcp::{Answer, Compound, Context, ToolError};

/// Jobs: find, run, wait, read results.
#[derive(Debug, Toolset)]
#[toolset(name = "jobs", document = "jobs")]
pub enum Jobs {
    /// List jobs with name, schedule and creator, a page at a time.
    #[tool(
        operation = "jobs_list",
        fields("name", "limit", "page_token"),
        defaults(limit = 20),
        answer(
            "jobs.job_id",
            "jobs.settings.name",
            "jobs.settings.schedule",
            "jobs.creator_user_name",
            "jobs.created_time",
            "next_page_token"
        )
    )]
    ListJobs,
    /// Everything about one job: tasks, clusters, schedule, parameters, notifications.
    #[tool(operation = "jobs_get", fields("job_id", "page_token"))]
    GetJob,
    /// Run a job now. Answers the run's id at once; wait_for_run waits for its end.
    #[tool(
        operation = "jobs_run_now",
        fields("job_id", "job_parameters", "notebook_params", "python_params", "only", "idempotency_token"),
        effect = write
    )]
    RunJob,
    /// Run tasks once without making a job: a notebook, a Python file, SQL. Answers the run's id at once; wait_for_run
    /// waits for its end.
    #[tool(
        operation = "jobs_submit",
        fields(
            "run_name", "timeout_seconds", "idempotency_token", "tasks.task_key", "tasks.depends_on",
            "tasks.existing_cluster_id", "tasks.timeout_seconds", "tasks.new_cluster.spark_version",
            "tasks.new_cluster.node_type_id", "tasks.new_cluster.num_workers", "tasks.notebook_task",
            "tasks.spark_python_task", "tasks.sql_task.warehouse_id", "tasks.sql_task.file",
            "tasks.sql_task.parameters", "tasks.python_wheel_task", "tasks.environment_key"
        ),
        effect = write
    )]
    SubmitRun,
    /// List runs, newest first: of one job or of all.
    #[tool(
        operation = "jobs_list_runs",
        fields("job_id", "active_only", "completed_only", "limit", "page_token"),
        defaults(limit = 20),
        answer(
            "runs.run_id",
            "runs.job_id",
            "runs.run_name",
            "runs.state",
            "runs.start_time",
            "runs.end_time",
            "runs.run_page_url",
            "next_page_token"
        )
    )]
    ListRuns,
    /// One run with the state of each of its tasks. get_run_output takes the run_id of a task.
    #[tool(
        operation = "jobs_get_run",
        fields("run_id", "page_token"),
        answer(
            "run_id",
            "job_id",
            "run_name",
            "state",
            "start_time",
            "end_time",
            "run_page_url",
            "run_type",
            "tasks.run_id",
            "tasks.task_key",
            "tasks.state",
            "tasks.start_time",
            "tasks.end_time",
            "tasks.depends_on",
            "tasks.attempt_number",
            "next_page_token"
        )
    )]
    GetRun,
    /// Wait for a run to end and answer the state of each task. Answers too when the time is up: then call it again.
    #[tool(effect = read)]
    WaitForRun(WaitForRun),
    /// What one task's run gave: notebook result, logs, error and its trace. Takes the run_id of a task, not of a run of
    /// several tasks.
    #[tool(
        operation = "jobs_get_run_output",
        answer(
            "notebook_output",
            "sql_output",
            "dbt_output",
            "run_job_output",
            "logs",
            "logs_truncated",
            "error",
            "error_trace",
            "info",
            "metadata.run_id",
            "metadata.state",
            "metadata.run_page_url"
        )
    )]
    GetRunOutput,
    /// Cancel a run that has not ended.
    #[tool(
        operation = "jobs_cancel_run",
        effect = write,
        idempotent,
        done = "The run is being cancelled. get_run tells when it has ended."
    )]
    CancelRun,
}

/// Arguments of `wait_for_run`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WaitForRun {
    /// Id of the run.
    run_id: i64,
    /// Longest wait in seconds; 300 unless set.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
}

impl Compound for WaitForRun {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let mut poll = Poll::new(context, Duration::from_secs(self.timeout_seconds.unwrap_or(300)));
        loop {
            let run = context.workspace().jobs().get_run().run_id(self.run_id).send().await?;
            if has_ended(&run) {
                return ended(&run);
            }
            if !poll.again(&state(&run)).await? {
                let hint = format!("The run goes on. Call wait_for_run with run_id {} again.", self.run_id);
                return Ok(Answer::new(json!({ "run_id": self.run_id, "state": run.state, "next": hint })));
            }
        }
    }
}

fn has_ended(run: &Run) -> bool {
    use RunLifeCycleState::{InternalError, Skipped, Terminated};
    let state = run.state.as_ref().and_then(|state| state.life_cycle_state.as_ref());
    matches!(state, Some(Terminated | Skipped | InternalError))
}

fn state(run: &Run) -> String {
    let state = run.state.as_ref().and_then(|state| state.life_cycle_state.as_ref());
    state.map_or_else(|| "UNKNOWN".to_owned(), ToString::to_string)
}

fn ended(run: &Run) -> Result<Answer, ToolError> {
    Answer::of(
        run,
        &[
            "run_id",
            "run_name",
            "state",
            "start_time",
            "end_time",
            "run_page_url",
            "tasks.run_id",
            "tasks.task_key",
            "tasks.state",
        ],
    )
}
