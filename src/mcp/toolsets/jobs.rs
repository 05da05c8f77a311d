//! Jobs and runs.

use std::time::Duration;

use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{CreateJob, ExplainRun, SubmitRun};
use crate::jobs::types::{Run, RunLifeCycleState};
use crate::mcp::poll::Poll;
use crate::mcp::{Answer, Compound, Context, ToolError};

/// Jobs: find, run, wait, read results.
#[derive(Debug, Toolset)]
#[toolset(name = "jobs", document = "jobs")]
pub enum Jobs {
    /// Which jobs (workflows) there are: name, schedule, creator.
    #[tool(
        title = "List or find jobs",
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
    /// What one job does: tasks, clusters, schedule, parameters, who is notified.
    #[tool(title = "Job details", operation = "jobs_get", fields("job_id", "page_token"))]
    GetJob,
    /// Start (trigger) a job or workflow now, with parameters. wait_for_run waits for its end.
    #[tool(
        title = "Start a job",
        operation = "jobs_run_now",
        fields("job_id", "job_parameters", "notebook_params", "only", "idempotency_token"),
        effect = write
    )]
    RunJob,
    /// Run tasks once without making a job: notebooks, Python files, SQL files, pipelines. Tasks without a cluster run
    /// serverless. wait_for_run waits for its end.
    #[tool(title = "Run a notebook or file once", effect = write)]
    SubmitRun(SubmitRun),
    /// List job runs (executions), newest first: of one job or of all.
    #[tool(
        title = "History of job runs",
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
    /// Details of one run: whether it succeeded, state and times of each task. get_run_output takes the run_id of a
    /// task.
    #[tool(
        title = "Details of a run",
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
    /// Wait until a job run is finished and answer how each task ended. Answers too when the time is up: then call
    /// again.
    #[tool(title = "Wait until a run is over", effect = read)]
    WaitForRun(WaitForRun),
    /// What one task's run gave: notebook result, logs, error and its trace. Takes the run_id of a task, not of a run
    /// of several.
    #[tool(
        title = "Output of a task",
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
    /// Why a run failed: state of each task; error, trace and end of the log of those that failed.
    #[tool(title = "Find why a job or run failed", effect = read)]
    ExplainRun(ExplainRun),
    /// Cancel (stop) a job run that has not ended.
    #[tool(
        title = "Cancel a run",
        operation = "jobs_cancel_run",
        effect = write,
        idempotent,
        done = "The run is being cancelled. get_run tells when it has ended."
    )]
    CancelRun,
    /// Create a workflow (job) with one or more tasks, scheduled or not: notebooks, Python scripts, SQL files,
    /// pipelines. Tasks without a cluster run serverless. run_job runs it.
    #[tool(title = "Create a workflow (job) with tasks", effect = write)]
    CreateJob(CreateJob),
    /// Change a job: name, schedule, parameters, timeout, concurrent runs. Each one given replaces the old one as a
    /// whole, the others stay.
    #[tool(
        title = "Change a job's settings",
        operation = "jobs_update",
        fields(
            "job_id", "new_settings.name", "new_settings.max_concurrent_runs", "new_settings.timeout_seconds",
            "new_settings.schedule.quartz_cron_expression", "new_settings.schedule.timezone_id",
            "new_settings.schedule.pause_status", "new_settings.parameters", "fields_to_remove"
        ),
        effect = write,
        idempotent,
        done = "The job is changed."
    )]
    UpdateJob,
    /// Delete (remove) a job with its schedule. Runs that have begun go on.
    #[tool(
        title = "Remove a job",
        operation = "jobs_delete",
        effect = destroy,
        idempotent,
        done = "The job is deleted."
    )]
    DeleteJob,
    /// Retry an ended run: its failed or chosen tasks run again, in the same run. wait_for_run waits for its end.
    #[tool(
        title = "Rerun failed tasks",
        operation = "jobs_repair_run",
        fields(
            "run_id", "rerun_all_failed_tasks", "rerun_tasks", "latest_repair_id"),
        effect = write,
        answer("repair_id")
    )]
    RepairRun,
    /// Cancel each run of one job that has not ended.
    #[tool(
        title = "Cancel all runs of a job",
        operation = "jobs_cancel_all_runs",
        fields("job_id", "all_queued_runs"),
        effect = destroy,
        idempotent,
        done = "The runs are being cancelled. list_runs with active_only tells which have not ended."
    )]
    CancelAllRuns,
    /// A notebook task's run as HTML: code and results of each cell. Large; for results alone use get_run_output.
    #[tool(
        title = "Export a notebook run as HTML",
        operation = "jobs_export_run",
        answer("views.name", "views.type", "views.content")
    )]
    ExportRun,
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
