//! Jobs and runs.

use databricks_toolkit_macros::Toolset;

use super::{CreateJob, ExplainRun, SubmitRun, WaitForRun};

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
    #[tool(
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
    /// Run a job now. Answers the run's id at once; wait_for_run waits for its end.
    #[tool(
        operation = "jobs_run_now",
        fields("job_id", "job_parameters", "only", "idempotency_token"),
        effect = write
    )]
    RunJob,
    /// Run tasks once without making a job: notebooks, Python files, SQL files, pipelines. Tasks without a cluster run
    /// serverless. Answers the run's id at once, or waits and answers what each task gave.
    #[tool(effect = write)]
    SubmitRun(SubmitRun),
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
    /// Wait for a run to end and answer what each task gave: state, result, error, end of its log. Answers too when the
    /// time is up: then call it again.
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
        ),
        untrusted("notebook_output.result", "logs", "error", "error_trace")
    )]
    GetRunOutput,
    /// Why a run failed: state of each task; error, trace and end of the logs of those that failed.
    #[tool(effect = read)]
    ExplainRun(ExplainRun),
    /// Cancel a run that has not ended.
    #[tool(
        operation = "jobs_cancel_run",
        effect = write,
        idempotent,
        done = "The run is being cancelled. get_run tells when it has ended."
    )]
    CancelRun,
    /// Create a job from tasks: notebooks, Python files, SQL files, pipelines. Tasks without a cluster run serverless.
    /// Answers its id; run_job runs it.
    #[tool(effect = write)]
    CreateJob(CreateJob),
    /// Change name, schedule, parameters or limits of a job: each one given replaces the old one as a whole, the others
    /// stay.
    #[tool(
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
    /// Delete a job with its schedule. Runs that have begun go on.
    #[tool(
        operation = "jobs_delete",
        effect = destroy,
        idempotent,
        done = "The job is deleted."
    )]
    DeleteJob,
    /// Run failed or chosen tasks of an ended run again, in the same run. wait_for_run waits for its end.
    #[tool(
        operation = "jobs_repair_run",
        fields(
            "run_id", "rerun_all_failed_tasks", "rerun_tasks", "latest_repair_id"),
        effect = write,
        answer("repair_id")
    )]
    RepairRun,
    /// Cancel all runs of a job that have not ended.
    #[tool(
        operation = "jobs_cancel_all_runs",
        fields("job_id", "all_queued_runs"),
        effect = destroy,
        idempotent,
        done = "The runs are being cancelled. list_runs with active_only tells which have not ended."
    )]
    CancelAllRuns,
    /// A notebook task's run as HTML: code and results of each cell. Large; for results alone use get_run_output.
    #[tool(
        operation = "jobs_export_run",
        answer("views.name", "views.type", "views.content"),
        untrusted("views.content")
    )]
    ExportRun,
}
