//! Web applications that Databricks runs.

use databricks_toolkit_macros::Toolset;

/// Apps: find, create, deploy, start, stop.
#[derive(Debug, Toolset)]
#[toolset(name = "apps", document = "apps")]
pub enum Apps {
    /// Which (web) apps run on Databricks: address, state of app and compute.
    #[tool(
        title = "List all apps",
        operation = "apps_list",
        fields("page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "apps.name",
            "apps.description",
            "apps.url",
            "apps.creator",
            "apps.update_time",
            "apps.app_status.state",
            "apps.compute_status.state",
            "next_page_token"
        )
    )]
    ListApps,
    /// One app: its URL (link), whether it is up and running.
    #[tool(
        title = "Status of an app",
        operation = "apps_get",
        answer(
            "name",
            "description",
            "url",
            "app_status",
            "compute_status",
            "compute_size",
            "active_deployment.deployment_id",
            "active_deployment.source_code_path",
            "active_deployment.mode",
            "active_deployment.status",
            "active_deployment.create_time",
            "pending_deployment.deployment_id",
            "pending_deployment.status",
            "resources",
            "service_principal_name",
            "service_principal_client_id",
            "default_source_code_path",
            "creator",
            "update_time"
        )
    )]
    GetApp,
    /// Create (make) a new web app such as a Streamlit dashboard or chatbot on Databricks; deploy_app puts code on it.
    #[tool(
        title = "Make a new web app",
        operation = "apps_create",
        fields("name", "description", "compute_size", "no_compute"),
        effect = write,
        answer(
            "name", "url", "compute_status", "app_status", "service_principal_client_id",
            "service_principal_name"
        )
    )]
    CreateApp,
    /// Deploy (ship, roll out, redeploy) new code from a workspace folder to an app: its new version goes live.
    #[tool(
        title = "Deploy a new version of an app",
        operation = "apps_deploy",
        fields("app_name", "source_code_path", "mode"),
        effect = write,
        answer("deployment_id", "status", "source_code_path", "mode")
    )]
    DeployApp,
    /// One deployment of an app: did it succeed or fail, and why.
    #[tool(
        title = "State of an app's deployment",
        operation = "apps_get_deployment",
        answer(
            "deployment_id",
            "status",
            "source_code_path",
            "mode",
            "command",
            "creator",
            "create_time",
            "update_time"
        )
    )]
    GetAppDeployment,
    /// Which deployments an app has had.
    #[tool(
        title = "List the deployments of an app",
        operation = "apps_list_deployments",
        fields("app_name", "page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "app_deployments.deployment_id",
            "app_deployments.status",
            "app_deployments.source_code_path",
            "app_deployments.mode",
            "app_deployments.creator",
            "app_deployments.create_time",
            "next_page_token"
        )
    )]
    ListAppDeployments,
    /// Start (turn on, bring back up) a stopped app.
    #[tool(
        title = "Start an app",
        operation = "apps_start",
        effect = write,
        idempotent,
        answer("name", "compute_status", "app_status")
    )]
    StartApp,
    /// Stop (shut down, take down) an app.
    #[tool(
        title = "Stop a web app",
        operation = "apps_stop",
        effect = destroy,
        idempotent,
        answer("name", "compute_status", "app_status")
    )]
    StopApp,
    /// Delete an app with its deployments and its service principal.
    #[tool(
        title = "Delete an app",
        operation = "apps_delete",
        effect = destroy,
        idempotent,
        answer("name", "compute_status")
    )]
    DeleteApp,
}
