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
    /// Which schemas (databases) a catalog contains: the level below catalogs.
    #[tool(
        title = "List schemas (databases)",
        operation = "schemas_list",
        fields("catalog_name", "max_results", "page_token"),
        answer("schemas.full_name", "schemas.comment", "schemas.owner", "next_page_token")
    )]
    ListSchemas,
    /// Which tables and views (datasets) a schema contains.
    #[tool(
        title = "List the tables (data) of a schema",
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
    /// Describe a table or view: columns (fields), primary key, who owns it, format. Size, lineage and sample rows need
    /// a running warehouse.
    #[tool(title = "Describe a table: columns, types, owner", effect = read)]
    DescribeTable(DescribeTable),
    /// Search for a table, notebook or file by a part of its name, in all catalogs and folders.
    #[tool(title = "Find something by name", effect = read)]
    FindByName(FindByName),
    /// Search the tables of a catalog by a part of their name.
    #[tool(
        title = "Find tables by name",
        operation = "tables_list_summaries",
        fields("catalog_name", "schema_name_pattern", "table_name_pattern", "max_results", "page_token"),
        defaults(max_results = 100),
        answer("tables.full_name", "tables.table_type", "next_page_token")
    )]
    SearchTables,
    /// Which volumes are in a schema. list_files shows their files.
    #[tool(
        title = "Volumes in a schema",
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
    /// Who is allowed to select from (read) or change a table, schema or catalog: privileges, direct and inherited.
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
    /// Let a user or group select from a table or use a schema or catalog, or take away that access: SELECT, read
    /// access.
    #[tool(title = "Grant or revoke privileges", effect = destroy, idempotent)]
    UpdateGrants(UpdateGrants),
    /// Create a new schema (database) in a catalog.
    #[tool(
        operation = "schemas_create",
        fields("catalog_name", "name", "comment", "storage_root"),
        effect = write,
        answer("full_name", "owner", "comment", "storage_location")
    )]
    CreateSchema,
    /// Delete (drop) a schema (database) of a catalog. One that has tables, volumes or functions is refused unless
    /// force is set.
    #[tool(
        title = "Delete a schema",
        operation = "schemas_delete",
        fields("full_name", "force"),
        effect = destroy,
        idempotent,
        done = "The schema is deleted."
    )]
    DeleteSchema,
    /// Delete (drop, remove) a table or view from Unity Catalog. Data of a managed table go too; UNDROP in SQL can
    /// bring it back for some days.
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
