//! Unity Catalog: what data there is.

use databricks_toolkit_macros::Toolset;

use super::{DescribeTable, FindByName, UpdateGrants};

/// Catalogs, schemas and tables of Unity Catalog.
#[derive(Debug, Toolset)]
#[toolset(name = "catalog", document = "catalog")]
pub enum Catalog {
    /// Which catalogs Unity Catalog has, the top level of the data.
    #[tool(
        operation = "catalogs_list",
        fields("max_results", "page_token"),
        answer(
            "catalogs.name",
            "catalogs.comment",
            "catalogs.owner",
            "catalogs.catalog_type",
            "next_page_token"
        )
    )]
    ListCatalogs,
    /// Which schemas (databases) are in a catalog such as main.
    #[tool(
        title = "Schemas (databases) in a catalog",
        operation = "schemas_list",
        fields("catalog_name", "max_results", "page_token"),
        answer("schemas.full_name", "schemas.comment", "schemas.owner", "next_page_token")
    )]
    ListSchemas,
    /// Which tables and views (datasets) are in a schema.
    #[tool(
        title = "List the tables and views of a schema",
        operation = "tables_list",
        fields("catalog_name", "schema_name", "max_results", "page_token", "omit_columns"),
        defaults(omit_columns = true, max_results = 50),
        answer(
            "tables.full_name",
            "tables.table_type",
            "tables.data_source_format",
            "tables.comment",
            "tables.owner",
            "tables.columns.name",
            "tables.columns.type_text",
            "next_page_token"
        )
    )]
    ListTables,
    /// Describe a table or view: columns (fields), primary key, partitions, owner. Size, lineage (upstream, downstream)
    /// and sample rows need a running warehouse.
    #[tool(title = "Columns, types and owner of a table", effect = read)]
    DescribeTable(DescribeTable),
    /// Is there a table, notebook or file about something, and where? Searches all catalogs and folders by a part of the
    /// name.
    #[tool(title = "Where is it? Find a table or notebook by name", effect = read)]
    FindByName(FindByName),
    /// Search for tables when you do not know where the data is, such as refunds, customers or churn, by a part of
    /// their name, in all schemas of a catalog.
    #[tool(
        title = "Find tables by name",
        operation = "tables_list_summaries",
        fields("catalog_name", "schema_name_pattern", "table_name_pattern", "max_results", "page_token"),
        defaults(max_results = 100),
        answer("tables.full_name", "tables.table_type", "next_page_token")
    )]
    SearchTables,
    /// List the volumes in a schema of Unity Catalog such as main.raw. list_files shows their files.
    #[tool(
        title = "List volumes",
        operation = "volumes_list",
        fields("catalog_name", "schema_name", "max_results", "page_token"),
        defaults(max_results = 50),
        answer(
            "volumes.full_name",
            "volumes.volume_type",
            "volumes.storage_location",
            "volumes.comment",
            "volumes.owner",
            "next_page_token"
        )
    )]
    ListVolumes,
    /// Create a volume, a place for files, in a schema of Unity Catalog.
    #[tool(
        title = "Create a volume",
        operation = "volumes_create",
        fields("catalog_name", "schema_name", "name", "volume_type", "storage_location", "comment"),
        defaults(volume_type = "MANAGED"),
        effect = write,
        answer("full_name", "volume_type", "storage_location")
    )]
    CreateVolume,
    /// List the user-defined functions (UDFs) in a schema of Unity Catalog. get_function shows parameters and body.
    #[tool(
        title = "List SQL functions (UDFs)",
        operation = "functions_list",
        fields("catalog_name", "schema_name", "max_results", "page_token"),
        defaults(max_results = 50),
        answer(
            "functions.full_name",
            "functions.full_data_type",
            "functions.comment",
            "functions.owner",
            "functions.routine_body",
            "functions.external_language",
            "next_page_token"
        )
    )]
    ListFunctions,
    /// The code of a function (UDF): body, parameters, what it does.
    #[tool(
        title = "Code of a user-defined function",
        operation = "functions_get",
        fields("name"),
        answer(
            "full_name",
            "comment",
            "owner",
            "input_params.parameters.name",
            "input_params.parameters.type_text",
            "input_params.parameters.parameter_default",
            "input_params.parameters.comment",
            "full_data_type",
            "return_params.parameters.name",
            "return_params.parameters.type_text",
            "routine_body",
            "external_language",
            "routine_definition",
            "is_deterministic",
            "created_at",
            "updated_at"
        )
    )]
    GetFunction,
    /// Who has access to a table, schema or catalog: who may select from (read) or change it; privileges of users and
    /// groups, direct and inherited.
    #[tool(
        title = "Who may read a table",
        operation = "grants_get_effective",
        fields("securable_type", "full_name", "principal", "max_results", "page_token"),
        answer(
            "privilege_assignments.principal",
            "privilege_assignments.privileges.privilege",
            "privilege_assignments.privileges.inherited_from_type",
            "privilege_assignments.privileges.inherited_from_name",
            "next_page_token"
        )
    )]
    GetGrants,
    /// Let a user or everyone in a group select from a table, use a schema or catalog, or take away that access:
    /// SELECT, USE SCHEMA, USE CATALOG.
    #[tool(title = "Allow or stop someone reading a table", effect = destroy, idempotent)]
    UpdateGrants(UpdateGrants),
    /// Create a new schema (database) in a catalog.
    #[tool(
        operation = "schemas_create",
        fields("catalog_name", "name", "comment", "storage_root"),
        effect = write,
        answer("full_name", "owner", "comment", "storage_location")
    )]
    CreateSchema,
    /// Delete (drop, remove) a schema (database) from a catalog. One that has tables, volumes or functions is refused
    /// unless force is set.
    #[tool(
        title = "Delete a schema",
        operation = "schemas_delete",
        fields("full_name", "force"),
        effect = destroy,
        idempotent,
        done = "The schema is deleted."
    )]
    DeleteSchema,
    /// Delete (drop, remove) a whole table or view from Unity Catalog, such as one that nobody uses. Data of a managed
    /// table go too; UNDROP in SQL can bring it back for some days.
    #[tool(
        title = "Delete a table",
        operation = "tables_delete",
        fields("full_name"),
        effect = destroy,
        idempotent,
        done = "The table is deleted."
    )]
    DeleteTable,
}
