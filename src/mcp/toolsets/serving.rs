//! Model serving.

use databricks_toolkit_macros::Toolset;

/// Model serving endpoints: find, create, query, read logs.
#[derive(Debug, Toolset)]
#[toolset(name = "serving", document = "serving")]
pub enum Serving {
    /// Which models are served: list the model serving endpoints with state, task, models.
    #[tool(
        title = "Which models and LLMs are served",
        operation = "serving_endpoints_list",
        answer(
            "endpoints.name",
            "endpoints.state",
            "endpoints.task",
            "endpoints.creator",
            "endpoints.description",
            "endpoints.config.served_entities.name",
            "endpoints.config.served_entities.entity_name",
            "endpoints.config.served_entities.entity_version"
        )
    )]
    ListServingEndpoints,
    /// State of one model serving endpoint: is it ready, its model versions, traffic, pending change.
    #[tool(
        title = "Status of a serving endpoint",
        operation = "serving_endpoints_get",
        answer(
            "name",
            "state",
            "task",
            "creator",
            "description",
            "endpoint_url",
            "permission_level",
            "config.served_entities.name",
            "config.served_entities.entity_name",
            "config.served_entities.entity_version",
            "config.served_entities.workload_size",
            "config.served_entities.workload_type",
            "config.served_entities.scale_to_zero_enabled",
            "config.served_entities.state",
            "config.traffic_config",
            "pending_config.served_entities.name",
            "pending_config.served_entities.entity_name",
            "pending_config.served_entities.entity_version",
            "pending_config.served_entities.state",
            "pending_config.start_time",
            "last_updated_timestamp"
        )
    )]
    GetServingEndpoint,
    /// Call a model behind a serving endpoint: ask an LLM (messages), embed text (input), get a prediction or score for
    /// a record or row (dataframe_records, inputs).
    #[tool(
        title = "Call a model: LLM answers, predictions",
        operation = "serving_endpoints_query",
        fields(
            "name", "messages", "prompt", "input", "inputs", "dataframe_records", "max_tokens", "temperature"
        ),
        effect = write,
        answer("choices", "data", "predictions", "outputs", "usage", "model")
    )]
    QueryServingEndpoint,
    /// Newest log lines (stdout, stderr) of one served model of an endpoint, to find why it fails.
    #[tool(
        title = "Logs of a served model",
        operation = "serving_endpoints_logs",
        answer("logs"),
        untrusted("logs")
    )]
    GetServingLogs,
    /// Log of building the container image of one served model, to find why a deployment failed.
    #[tool(operation = "serving_endpoints_build_logs", answer("logs"), untrusted("logs"))]
    GetServingBuildLogs,
    /// Create a serving endpoint: put a registered model online as a REST API.
    #[tool(
        title = "Deploy a model as an endpoint",
        operation = "serving_endpoints_create",
        fields(
            "name", "description", "config.name", "config.served_entities.entity_name",
            "config.served_entities.entity_version", "config.served_entities.workload_size",
            "config.served_entities.workload_type", "config.served_entities.scale_to_zero_enabled"
        ),
        effect = write,
        answer(
            "name", "state", "config.served_entities.name", "config.served_entities.entity_name",
            "config.served_entities.entity_version"
        )
    )]
    CreateServingEndpoint,
    /// Change a serving endpoint: serve (deploy) another model version, split the traffic between versions, another
    /// size. The old models serve until the new are ready.
    #[tool(
        title = "Change a serving endpoint",
        operation = "serving_endpoints_update_config",
        fields(
            "name", "served_entities.entity_name", "served_entities.entity_version", "served_entities.name",
            "served_entities.workload_size", "served_entities.scale_to_zero_enabled",
            "traffic_config.routes.served_entity_name", "traffic_config.routes.traffic_percentage"
        ),
        effect = write,
        idempotent,
        answer(
            "name", "state", "pending_config.served_entities.name",
            "pending_config.served_entities.entity_name", "pending_config.served_entities.entity_version"
        )
    )]
    UpdateServingEndpoint,
    /// Delete (remove, take down) a model serving endpoint; the registered model stays.
    #[tool(
        title = "Delete a serving endpoint",
        operation = "serving_endpoints_delete",
        effect = destroy,
        idempotent,
        done = "The endpoint is deleted."
    )]
    DeleteServingEndpoint,
}
