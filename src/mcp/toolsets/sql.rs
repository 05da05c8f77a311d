//! SQL statements on a warehouse.

use databricks_toolkit_macros::Toolset;

use super::{ExecuteSql, GetStatement, StartWarehouse};

/// SQL on a warehouse, and the warehouses.
#[derive(Debug, Toolset)]
#[toolset(name = "sql", document = "sql")]
pub enum Sql {
    /// Run SQL on a warehouse and answer the rows: SELECT, how many, orders per day, sales per country, the top ten,
    /// group by, distinct values, all rows since a date, a preview of rows, nulls; insert, update, delete rows, create
    /// tables. Name tables catalog.schema.table.
    #[tool(title = "Run SQL: query or change data", effect = destroy)]
    ExecuteSql(ExecuteSql),
    /// Whether a SQL statement that execute_sql began has finished, and the rows of its result.
    #[tool(title = "Status and result of a SQL statement", effect = read)]
    GetStatement(GetStatement),
    /// Cancel (abort, kill) a running SQL query or statement.
    #[tool(
        title = "Stop a SQL query",
        operation = "statement_execution_cancel_execution",
        effect = write,
        idempotent,
        done = "The statement is being cancelled. get_statement tells when it has ended."
    )]
    CancelStatement,
    /// List the available SQL warehouses (SQL endpoints, serverless or not) with size, running or not.
    #[tool(
        title = "Which SQL warehouses there are",
        operation = "warehouses_list",
        fields("page_size", "page_token"),
        answer(
            "warehouses.id",
            "warehouses.name",
            "warehouses.state",
            "warehouses.cluster_size",
            "warehouses.warehouse_type",
            "warehouses.auto_stop_mins",
            "next_page_token"
        )
    )]
    ListWarehouses,
    /// Queries that were run on SQL warehouses, newest first: who ran which SQL, how long it took, errors. Use it to
    /// find slow or failed ones.
    #[tool(
        title = "Queries that ran on warehouses",
        operation = "query_history_list",
        fields(
            "filter_by.warehouse_ids",
            "filter_by.statuses",
            "filter_by.query_start_time_range.start_time_ms",
            "filter_by.query_start_time_range.end_time_ms",
            "include_metrics",
            "max_results",
            "page_token"
        ),
        defaults(max_results = 20),
        answer(
            "res.query_id",
            "res.status",
            "res.statement_type",
            "res.query_text",
            "res.user_name",
            "res.warehouse_id",
            "res.query_start_time_ms",
            "res.duration",
            "res.rows_produced",
            "res.error_message",
            "res.metrics",
            "next_page_token"
        )
    )]
    ListQueryHistory,
    /// Details of one SQL warehouse: is it running, size, auto-stop, connection details (host, JDBC URL).
    #[tool(
        title = "State and settings of a SQL warehouse",
        operation = "warehouses_get",
        fields("id"),
        answer(
            "id",
            "name",
            "state",
            "health.status",
            "health.summary",
            "health.details",
            "cluster_size",
            "warehouse_type",
            "enable_serverless_compute",
            "min_num_clusters",
            "max_num_clusters",
            "num_clusters",
            "auto_stop_mins",
            "creator_name",
            "odbc_params",
            "jdbc_url"
        )
    )]
    GetWarehouse,
    /// Start (turn on, resume, wake up) a stopped SQL warehouse.
    #[tool(title = "Start a SQL warehouse", effect = write, idempotent)]
    StartWarehouse(StartWarehouse),
    /// Stop (shut down, turn off) a SQL warehouse: statements on it fail.
    #[tool(
        title = "Turn off a SQL warehouse",
        operation = "warehouses_stop",
        effect = destroy,
        idempotent,
        done = "The warehouse is stopping. Its settings stay; start_warehouse starts it again."
    )]
    StopWarehouse,
    /// Create (set up) a new SQL warehouse of a given size, such as a serverless one for a team or its dashboards, and
    /// begin to start it. It costs money while it runs.
    #[tool(
        title = "Create a new SQL warehouse",
        operation = "warehouses_create",
        fields(
            "name", "cluster_size", "warehouse_type", "enable_serverless_compute", "max_num_clusters",
            "auto_stop_mins"
        ),
        defaults(auto_stop_mins = 10, max_num_clusters = 1),
        effect = write,
        answer("id")
    )]
    CreateWarehouse,
    /// Change a SQL warehouse: size, minimum and maximum of clusters, auto-stop. Give all settings, from get_warehouse:
    /// what is left out may go back to its default.
    #[tool(
        title = "Scale or change a SQL warehouse",
        operation = "warehouses_edit",
        fields(
            "id", "name", "cluster_size", "warehouse_type", "enable_serverless_compute", "min_num_clusters",
            "max_num_clusters", "auto_stop_mins"
        ),
        effect = write,
        idempotent,
        done = "The settings are changed; a running warehouse may restart."
    )]
    UpdateWarehouse,
}
