//! Postgres databases (Lakebase).

use databricks_toolkit_macros::Toolset;

/// Postgres database instances (Lakebase), their catalogs and synced tables.
#[derive(Debug, Toolset)]
#[toolset(name = "database", document = "database")]
pub enum Database {
    /// Which databases (Postgres instances) Lakebase has.
    #[tool(
        operation = "database_list_database_instances",
        fields("page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "database_instances.name",
            "database_instances.state",
            "database_instances.capacity",
            "database_instances.pg_version",
            "database_instances.read_write_dns",
            "database_instances.effective_stopped",
            "database_instances.creator",
            "next_page_token"
        )
    )]
    ListDatabaseInstances,
    /// One Postgres database instance (Lakebase): its state, host name to connect to, capacity.
    #[tool(
        title = "State of a Postgres database instance",
        operation = "database_get_database_instance",
        answer(
            "name",
            "uid",
            "state",
            "capacity",
            "pg_version",
            "read_write_dns",
            "read_only_dns",
            "effective_node_count",
            "effective_stopped",
            "effective_retention_window_in_days",
            "parent_instance_ref",
            "creator",
            "creation_time"
        )
    )]
    GetDatabaseInstance,
    /// Create (set up) a managed Postgres database instance (Lakebase), or a copy of another at a point in time.
    /// get_database_instance tells when it is AVAILABLE.
    #[tool(
        title = "Create a Postgres database instance",
        operation = "database_create_database_instance",
        fields(
            "name", "capacity", "node_count", "retention_window_in_days", "parent_instance_ref.name",
            "parent_instance_ref.branch_time"
        ),
        defaults(capacity = "CU_1"),
        effect = write,
        answer("name", "uid", "state", "capacity")
    )]
    CreateDatabaseInstance,
    /// Delete a Postgres database instance with all its data.
    #[tool(
        title = "Delete a Postgres instance",
        operation = "database_delete_database_instance",
        fields("name", "purge", "force"),
        defaults(purge = true),
        effect = destroy,
        idempotent,
        done = "The instance is deleted."
    )]
    DeleteDatabaseInstance,
    /// List the Unity Catalog catalogs that show databases of a Postgres instance (Lakebase).
    #[tool(
        operation = "database_list_database_catalogs",
        fields("instance_name", "page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "database_catalogs.name",
            "database_catalogs.database_name",
            "database_catalogs.database_instance_name",
            "next_page_token"
        )
    )]
    ListDatabaseCatalogs,
    /// Show (register, expose) a Postgres database of Lakebase as a catalog in Unity Catalog.
    #[tool(
        title = "Show a Postgres database as a catalog",
        operation = "database_create_database_catalog",
        fields("name", "database_instance_name", "database_name", "create_database_if_not_exists"),
        effect = write,
        answer("name", "uid", "database_instance_name", "database_name")
    )]
    CreateDatabaseCatalog,
    /// Copy (sync, replicate, mirror) a Unity Catalog table into Postgres (Lakebase) and keep the copy in step.
    /// get_synced_table tells when it is online.
    #[tool(
        title = "Sync a table to Postgres",
        operation = "database_create_synced_database_table",
        fields(
            "name", "database_instance_name", "logical_database_name", "spec.source_table_full_name",
            "spec.primary_key_columns", "spec.scheduling_policy", "spec.create_database_objects_if_missing",
            "spec.new_pipeline_spec.storage_catalog", "spec.new_pipeline_spec.storage_schema"
        ),
        effect = write,
        answer(
            "name", "data_synchronization_status.detailed_state", "data_synchronization_status.message",
            "data_synchronization_status.pipeline_id"
        )
    )]
    CreateSyncedTable,
    /// One synced table: source, schedule, state and last sync.
    #[tool(
        title = "State of a synced table",
        operation = "database_get_synced_database_table",
        answer(
            "name",
            "effective_database_instance_name",
            "effective_logical_database_name",
            "spec.source_table_full_name",
            "spec.scheduling_policy",
            "spec.primary_key_columns",
            "data_synchronization_status.detailed_state",
            "data_synchronization_status.message",
            "data_synchronization_status.pipeline_id",
            "data_synchronization_status.last_sync"
        )
    )]
    GetSyncedTable,
    /// Which tables are synced (copied, replicated) from Unity Catalog into Postgres: the synced tables of a database
    /// instance.
    #[tool(
        operation = "database_list_synced_database_tables",
        fields("instance_name", "page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "synced_tables.name",
            "synced_tables.spec.source_table_full_name",
            "synced_tables.spec.scheduling_policy",
            "synced_tables.data_synchronization_status.detailed_state",
            "next_page_token"
        )
    )]
    ListSyncedTables,
    /// End a synced table and remove it from Unity Catalog; with purge_data the Postgres copy goes too.
    #[tool(
        title = "Delete a synced table",
        operation = "database_delete_synced_database_table",
        fields("name", "purge_data"),
        effect = destroy,
        idempotent,
        done = "The synced table is deleted."
    )]
    DeleteSyncedTable,
}
