//! Unity Catalog: what data there is.

use databricks_toolkit_macros::Toolset;

use super::UpdateGrants;

/// Catalogs, schemas and tables of Unity Catalog.
#[derive(Debug, Toolset)]
#[toolset(name = "catalog", document = "catalog")]
pub enum Catalog {
    /// List the Unity Catalog catalogs, the top level of the data.
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
    /// List the schemas (databases) of a catalog.
    #[tool(
        title = "List schemas (databases)",
        operation = "schemas_list",
        fields("catalog_name", "max_results", "page_token"),
        answer("schemas.full_name", "schemas.comment", "schemas.owner", "next_page_token")
    )]
    ListSchemas,
    /// List the tables and views (datasets) in a schema, without their columns.
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
    /// Describe a table or view: columns with types and comments, primary key, owner, format, properties, view text.
    #[tool(
        title = "Describe a table",
        operation = "tables_get",
        fields("full_name"),
        answer(
            "full_name",
            "table_type",
            "data_source_format",
            "comment",
            "owner",
            "columns.name",
            "columns.type_text",
            "columns.nullable",
            "columns.comment",
            "columns.partition_index",
            "table_constraints",
            "view_definition",
            "properties",
            "created_at",
            "updated_at"
        )
    )]
    DescribeTable,
    /// Find tables and views of a catalog by name patterns, across schemas: full names and types only.
    #[tool(
        title = "Find tables by name",
        operation = "tables_list_summaries",
        fields("catalog_name", "schema_name_pattern", "table_name_pattern", "max_results", "page_token"),
        defaults(max_results = 100),
        answer("tables.full_name", "tables.table_type", "next_page_token")
    )]
    SearchTables,
    /// List the volumes of a schema. list_files lists the files in one: /Volumes/catalog/schema/volume.
    #[tool(
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
    /// List the functions (UDFs) that users defined in a schema. get_function shows parameters and body.
    #[tool(
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
    /// One user-defined function: parameters, return type, language and body.
    #[tool(
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
    /// Who has access to a table or other Unity Catalog object: privileges, direct and inherited, and where each comes
    /// from.
    #[tool(
        title = "Who has access to data",
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
    /// Let a user or group select from a table, use a schema, … (grant), or revoke it. get_grants shows those in force.
    #[tool(title = "Grant or revoke privileges", effect = destroy, idempotent)]
    UpdateGrants(UpdateGrants),
    /// Create a schema in a catalog.
    #[tool(
        operation = "schemas_create",
        fields("catalog_name", "name", "comment", "storage_root"),
        effect = write,
        answer("full_name", "owner", "comment", "storage_location")
    )]
    CreateSchema,
    /// Delete a schema. One that has tables, volumes or functions is refused unless force is set.
    #[tool(
        operation = "schemas_delete",
        fields("full_name", "force"),
        effect = destroy,
        idempotent,
        done = "The schema is deleted."
    )]
    DeleteSchema,
    /// Drop (delete) a table or view. Data of a managed table go too; UNDROP in SQL can bring it back for some days.
    #[tool(
        title = "Drop a table",
        operation = "tables_delete",
        fields("full_name"),
        effect = destroy,
        idempotent,
        done = "The table is deleted."
    )]
    DeleteTable,
}
