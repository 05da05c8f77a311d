//! Declarative pipelines that keep tables up to date.

use databricks_toolkit_macros::Toolset;

/// Pipelines: find, create, run, read their events.
#[derive(Debug, Toolset)]
#[toolset(name = "pipelines", document = "pipelines")]
pub enum Pipelines {
    /// List declarative pipelines (DLT) with state and latest updates.
    #[tool(
        title = "List pipelines (DLT)",
        operation = "pipelines_list_pipelines",
        fields("filter", "max_results", "page_token"),
        defaults(max_results = 20),
        answer(
            "statuses.pipeline_id",
            "statuses.name",
            "statuses.state",
            "statuses.health",
            "statuses.creator_user_name",
            "statuses.latest_updates.update_id",
            "statuses.latest_updates.state",
            "statuses.latest_updates.creation_time",
            "next_page_token"
        )
    )]
    ListPipelines,
    /// Details of one pipeline: source code, target schema, whether it runs and is healthy.
    #[tool(
        title = "Pipeline details",
        operation = "pipelines_get",
        answer(
            "pipeline_id",
            "name",
            "state",
            "health",
            "cause",
            "run_as_user_name",
            "last_modified",
            "latest_updates.update_id",
            "latest_updates.state",
            "latest_updates.creation_time",
            "spec.catalog",
            "spec.schema",
            "spec.target",
            "spec.libraries",
            "spec.serverless",
            "spec.continuous",
            "spec.development",
            "spec.channel",
            "spec.root_path",
            "spec.configuration",
            "spec.ingestion_definition"
        )
    )]
    GetPipeline,
    /// Create a new declarative pipeline (DLT) from notebooks or SQL or Python files.
    #[tool(
        title = "Create a pipeline (DLT)",
        operation = "pipelines_create",
        fields(
            "name", "catalog", "schema", "libraries.notebook.path", "libraries.file.path",
            "libraries.glob.include", "root_path", "configuration", "serverless", "continuous", "development"
        ),
        defaults(serverless = true),
        effect = write,
        answer("pipeline_id", "effective_settings")
    )]
    CreatePipeline,
    /// Run (trigger, start, refresh) a pipeline now, with a full refresh if wanted. get_pipeline_update tells when it
    /// has COMPLETED.
    #[tool(
        title = "Start a pipeline update (DLT)",
        operation = "pipelines_start_update",
        fields(
            "pipeline_id", "full_refresh", "refresh_selection", "full_refresh_selection", "validate_only"
        ),
        effect = write,
        answer("update_id")
    )]
    StartPipelineUpdate,
    /// Stop (halt, cancel) a pipeline that is running or continuous: its update ends.
    #[tool(
        title = "Stop a pipeline",
        operation = "pipelines_stop",
        effect = destroy,
        idempotent,
        done = "The pipeline is stopping. get_pipeline tells when it is IDLE."
    )]
    StopPipeline,
    /// List when a pipeline was updated (refreshed) and how that ended, newest first.
    #[tool(
        operation = "pipelines_list_updates",
        fields("pipeline_id", "max_results", "page_token"),
        defaults(max_results = 20),
        answer(
            "updates.update_id",
            "updates.state",
            "updates.cause",
            "updates.creation_time",
            "updates.full_refresh",
            "updates.validate_only",
            "next_page_token"
        )
    )]
    ListPipelineUpdates,
    /// State and cause of one update (refresh) of a pipeline: how it went.
    #[tool(
        title = "State of a pipeline update",
        operation = "pipelines_get_update",
        answer(
            "update.update_id",
            "update.state",
            "update.cause",
            "update.creation_time",
            "update.full_refresh",
            "update.refresh_selection",
            "update.validate_only",
            "update.cluster_id"
        )
    )]
    GetPipelineUpdate,
    /// Errors, warnings and other events of a pipeline, newest first. Use it to find why an update failed.
    #[tool(
        operation = "pipelines_list_pipeline_events",
        fields("pipeline_id", "filter", "max_results", "page_token"),
        defaults(max_results = 20),
        answer(
            "events.timestamp",
            "events.level",
            "events.event_type",
            "events.message",
            "events.error",
            "events.origin.update_id",
            "events.origin.flow_name",
            "events.origin.dataset_name",
            "next_page_token"
        )
    )]
    ListPipelineEvents,
    /// Delete (remove) a pipeline for good; the tables it made in Unity Catalog go too.
    #[tool(
        operation = "pipelines_delete",
        fields("pipeline_id"),
        effect = destroy,
        idempotent,
        done = "The pipeline is deleted."
    )]
    DeletePipeline,
}
