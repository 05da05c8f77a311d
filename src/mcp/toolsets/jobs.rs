//! Jobs and runs.

use databricks_toolkit_macros::Toolset;

use super::{CreateJob, ExplainRun, SubmitRun, WaitForRun};

/// Jobs: find, run, wait, read results.
#[derive(Debug, Toolset)]
#[toolset(name = "jobs", document = "jobs")]
pub enum Jobs {
    /// List or find jobs (workflows, automated work) by name, such as one that loads some data.
    #[tool(
        title = "Find or list jobs",
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
    /// Definition of one job: tasks, schedule (cron), cluster, parameters, who is notified.
    #[tool(
        title = "Job details",
        operation = "jobs_get",
        fields("job_id", "page_token"),
        answer(
            "job_id",
            "creator_user_name",
            "run_as_user_name",
            "created_time",
            "settings",
            "next_page_token"
        )
    )]
    GetJob,
    /// Start (trigger) a job or workflow now.
    #[tool(
        title = "Start a job",
        operation = "jobs_run_now",
        fields("job_id", "job_parameters", "only", "idempotency_token"),
        effect = write
    )]
    RunJob,
    /// Run a notebook, Python script or SQL file once (one-off), without making a job.
    #[tool(title = "Run a notebook or script once", effect = write)]
    SubmitRun(SubmitRun),
    /// Job runs (executions), newest first: when they ran, which failed.
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
    /// State (status), progress and duration of one job run and its tasks: when it started, what triggered it, did it
    /// succeed.
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
    /// Wait for a job run to complete and answer how it ended, with the output of each task. When the time is up call
    /// again.
    #[tool(title = "Wait until a run has completed", effect = read)]
    WaitForRun(WaitForRun),
    /// Output of a run's task: what the notebook returned (exit value), printed logs, error.
    #[tool(
        title = "Output of a task of a run",
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
        ),
        untrusted("notebook_output.result", "logs", "error", "error_trace")
    )]
    GetRunOutput,
    /// Find out why a job, pipeline job or run fails (dies, is broken): root cause, stack trace, logs.
    #[tool(title = "Debug a failed job run", effect = read)]
    ExplainRun(ExplainRun),
    /// Cancel (stop, abort, kill) a running job run.
    #[tool(
        title = "Cancel a job run",
        operation = "jobs_cancel_run",
        effect = write,
        idempotent,
        done = "The run is being cancelled. get_run tells when it has ended."
    )]
    CancelRun,
    /// Create a job or workflow with one or more tasks (notebooks, Python scripts, SQL files), one after another,
    /// scheduled (every day, every hour) or not.
    #[tool(title = "Create a workflow (job) with tasks", effect = write)]
    CreateJob(CreateJob),
    /// Change a job: its name, schedule (another time, pause), concurrent runs, e-mail notifications, parameters. Each
    /// one given replaces the old one as a whole, the others stay.
    #[tool(
        title = "Change or pause a job",
        operation = "jobs_update",
        fields(
            "job_id", "new_settings.name", "new_settings.max_concurrent_runs", "new_settings.timeout_seconds",
            "new_settings.schedule.quartz_cron_expression", "new_settings.schedule.timezone_id",
            "new_settings.schedule.pause_status", "new_settings.email_notifications.on_failure", "new_settings.parameters",
            "fields_to_remove"
        ),
        effect = write,
        idempotent,
        done = "The job is changed."
    )]
    UpdateJob,
    /// Delete (remove) a job or workflow.
    #[tool(
        title = "Remove a job",
        operation = "jobs_delete",
        effect = destroy,
        idempotent,
        done = "The job is deleted."
    )]
    DeleteJob,
    /// Repair (retry) a failed run: only its failed or chosen tasks run again.
    #[tool(
        title = "Rerun failed tasks",
        operation = "jobs_repair_run",
        fields(
            "run_id", "rerun_all_failed_tasks", "rerun_tasks", "latest_repair_id"),
        effect = write,
        answer("repair_id")
    )]
    RepairRun,
    /// Cancel all running instances of one job at once.
    #[tool(
        title = "Cancel all runs of a job",
        operation = "jobs_cancel_all_runs",
        fields("job_id", "all_queued_runs"),
        effect = destroy,
        idempotent,
        done = "The runs are being cancelled. list_runs with active_only tells which have not ended."
    )]
    CancelAllRuns,
    /// The notebook of a job run as rendered HTML. Large; for results alone use get_run_output.
    #[tool(
        title = "Export a notebook run as HTML",
        operation = "jobs_export_run",
        answer("views.name", "views.type", "views.content"),
        untrusted("views.content")
    )]
    ExportRun,
}
