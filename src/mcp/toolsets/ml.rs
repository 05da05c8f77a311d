//! MLflow.

use databricks_toolkit_macros::Toolset;

/// MLflow experiments, their runs, and registered models.
#[derive(Debug, Toolset)]
#[toolset(name = "ml", document = "ml")]
pub enum Ml {
    /// Which MLflow experiments there are; find them by name, tags or time.
    #[tool(
        title = "Find MLflow experiments",
        operation = "experiments_search_experiments",
        fields("filter", "order_by", "max_results", "page_token"),
        defaults(max_results = 20),
        effect = read,
        answer(
            "experiments.experiment_id", "experiments.name", "experiments.lifecycle_stage",
            "experiments.last_update_time", "next_page_token"
        )
    )]
    SearchExperiments,
    /// One MLflow experiment by its id: name, tags, where its artifacts are kept (stored).
    #[tool(
        title = "One MLflow experiment",
        operation = "experiments_get_experiment",
        answer(
            "experiment.experiment_id",
            "experiment.name",
            "experiment.lifecycle_stage",
            "experiment.artifact_location",
            "experiment.creation_time",
            "experiment.last_update_time",
            "experiment.tags"
        )
    )]
    GetExperiment,
    /// Find and compare the MLflow (training) runs of experiments by metrics such as accuracy or loss, parameters, tags
    /// or status; order_by gives the best first.
    #[tool(
        title = "Find or list runs of experiments",
        operation = "experiments_search_runs",
        fields("experiment_ids", "filter", "order_by", "max_results", "page_token"),
        defaults(max_results = 20),
        effect = read,
        answer(
            "runs.info.run_id", "runs.info.run_name", "runs.info.experiment_id", "runs.info.status",
            "runs.info.start_time", "runs.info.end_time", "runs.data.metrics", "runs.data.params",
            "next_page_token"
        )
    )]
    SearchMlflowRuns,
    /// One MLflow (training) run: parameters (hyperparameters), last value of each metric, status, tags, artifact
    /// location.
    #[tool(
        title = "Metrics and parameters of an MLflow run",
        operation = "experiments_get_run",
        fields("run_id"),
        answer(
            "run.info.run_id",
            "run.info.run_name",
            "run.info.experiment_id",
            "run.info.status",
            "run.info.start_time",
            "run.info.end_time",
            "run.info.artifact_uri",
            "run.info.lifecycle_stage",
            "run.data.metrics",
            "run.data.params",
            "run.data.tags"
        )
    )]
    GetMlflowRun,
    /// How one metric (such as the loss) of an MLflow training run developed over the steps or epochs: all its values.
    #[tool(
        title = "A metric's values over the steps",
        operation = "experiments_get_history",
        fields("run_id", "metric_key", "max_results", "page_token"),
        defaults(max_results = 200),
        answer("metrics.step", "metrics.value", "metrics.timestamp", "next_page_token")
    )]
    GetMetricHistory,
    /// List the artifacts (files) that an MLflow training run saved.
    #[tool(
        title = "Files that an MLflow run saved",
        operation = "experiments_list_artifacts",
        fields("run_id", "path", "page_token"),
        answer("root_uri", "files.path", "files.is_dir", "files.file_size", "next_page_token")
    )]
    ListMlflowArtifacts,
    /// Log (record) metrics, parameters and tags to an MLflow (training) run. A parameter once set cannot change.
    #[tool(
        title = "Log to an MLflow run",
        operation = "experiments_log_batch",
        fields(
            "run_id", "metrics.key", "metrics.value", "metrics.step", "metrics.timestamp", "params", "tags"
        ),
        effect = write,
        done = "Logged."
    )]
    LogToMlflowRun,
    /// List models registered in Unity Catalog.
    #[tool(
        operation = "registered_models_list",
        document = "catalog",
        fields("catalog_name", "schema_name", "max_results", "page_token"),
        defaults(max_results = 50),
        answer(
            "registered_models.full_name",
            "registered_models.comment",
            "registered_models.owner",
            "registered_models.updated_at",
            "next_page_token"
        )
    )]
    ListRegisteredModels,
    /// Which versions one registered model has: status, aliases (champion), source run.
    #[tool(
        title = "List versions of a model",
        operation = "model_versions_list",
        document = "catalog",
        fields("full_name", "max_results", "page_token"),
        defaults(max_results = 50),
        answer(
            "model_versions.version",
            "model_versions.status",
            "model_versions.comment",
            "model_versions.run_id",
            "model_versions.created_at",
            "model_versions.created_by",
            "model_versions.aliases.alias_name",
            "next_page_token"
        )
    )]
    ListModelVersions,
    /// Point an alias such as champion at a version of a registered model, to promote that version.
    #[tool(
        operation = "registered_models_set_alias",
        document = "catalog",
        effect = write,
        idempotent,
        answer("model_name", "alias_name", "version_num")
    )]
    SetModelAlias,
}
