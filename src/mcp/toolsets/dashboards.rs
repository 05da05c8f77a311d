//! AI/BI dashboards.

use databricks_toolkit_macros::Toolset;

/// Dashboards: find, create, change, publish.
#[derive(Debug, Toolset)]
#[toolset(name = "dashboards", document = "dashboards")]
pub enum Dashboards {
    /// List AI/BI (Lakeview) dashboards, a page at a time.
    #[tool(
        operation = "lakeview_list",
        fields("page_size", "page_token", "show_trashed"),
        defaults(page_size = 20),
        answer(
            "dashboards.dashboard_id",
            "dashboards.display_name",
            "dashboards.lifecycle_state",
            "dashboards.warehouse_id",
            "dashboards.update_time",
            "next_page_token"
        )
    )]
    ListDashboards,
    /// What a dashboard shows: its draft with title, warehouse, etag and, as JSON text, datasets (queries), pages,
    /// charts and widgets.
    #[tool(
        title = "Content of a dashboard",
        operation = "lakeview_get",
        answer(
            "dashboard_id",
            "display_name",
            "path",
            "warehouse_id",
            "etag",
            "lifecycle_state",
            "update_time",
            "serialized_dashboard"
        )
    )]
    GetDashboard,
    /// Create (make, build) a new AI/BI dashboard with charts, as a draft, from JSON. publish_dashboard lets others see
    /// it.
    #[tool(
        title = "Create or build a dashboard",
        operation = "lakeview_create",
        fields(
            "display_name", "serialized_dashboard", "warehouse_id", "parent_path", "dataset_catalog",
            "dataset_schema"
        ),
        effect = write,
        answer("dashboard_id", "display_name", "path", "etag", "warehouse_id")
    )]
    CreateDashboard,
    /// Change (edit, rename) the draft of a dashboard: title, warehouse; serialized_dashboard replaces the whole
    /// content (charts, datasets).
    #[tool(
        operation = "lakeview_update",
        fields("dashboard_id", "display_name", "serialized_dashboard", "warehouse_id", "etag"),
        effect = write,
        idempotent,
        answer("dashboard_id", "display_name", "path", "etag", "warehouse_id")
    )]
    UpdateDashboard,
    /// Publish a dashboard (go live): viewers see the draft with its latest changes. With embedded credentials they see
    /// data as the publisher.
    #[tool(
        operation = "lakeview_publish",
        fields("dashboard_id", "warehouse_id", "embed_credentials"),
        effect = write,
        idempotent,
        answer("display_name", "warehouse_id", "embed_credentials", "revision_create_time")
    )]
    PublishDashboard,
    /// Whether and how a dashboard is published (live): warehouse, embedded credentials, time.
    #[tool(
        title = "Published version of a dashboard",
        operation = "lakeview_get_published",
        answer("display_name", "warehouse_id", "embed_credentials", "revision_create_time")
    )]
    GetPublishedDashboard,
    /// Withdraw (take offline) the published version of a dashboard; the draft stays.
    #[tool(
        title = "Unpublish a dashboard",
        operation = "lakeview_unpublish",
        effect = destroy,
        idempotent,
        done = "The dashboard is no longer published."
    )]
    UnpublishDashboard,
    /// Delete a dashboard: move it to the trash (bin), from where it can be restored for 30 days.
    #[tool(
        operation = "lakeview_trash",
        effect = destroy,
        idempotent,
        done = "The dashboard is in the trash."
    )]
    TrashDashboard,
}
