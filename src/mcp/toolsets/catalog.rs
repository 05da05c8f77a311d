//! Unity Catalog: what data there is.

use databricks_toolkit_macros::Toolset;

/// Catalogs, schemas and tables of Unity Catalog.
#[derive(Debug, Toolset)]
#[toolset(name = "catalog", document = "catalog")]
pub enum Catalog {
    /// List the catalogs that the caller may see.
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
    /// List the schemas of a catalog.
    #[tool(
        operation = "schemas_list",
        fields("catalog_name", "max_results", "page_token"),
        answer("schemas.full_name", "schemas.comment", "schemas.owner", "next_page_token")
    )]
    ListSchemas,
    /// List the tables and views of a schema, without their columns.
    #[tool(
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
    /// Describe a table or view: columns with types and comments, keys, owner, format, properties, view text.
    #[tool(
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
}
