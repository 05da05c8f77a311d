//! Search by likeness.

use databricks_toolkit_macros::Toolset;

/// Vector search endpoints and indexes: find, create, query, fill.
#[derive(Debug, Toolset)]
#[toolset(name = "vector_search", document = "vectorsearch")]
pub enum VectorSearch {
    /// Which vector search endpoints there are, that hold indexes, and their state.
    #[tool(
        operation = "vector_search_endpoints_list_endpoints",
        answer(
            "endpoints.name",
            "endpoints.endpoint_type",
            "endpoints.num_indexes",
            "endpoints.creator",
            "endpoints.endpoint_status.state",
            "endpoints.endpoint_status.message",
            "next_page_token"
        )
    )]
    ListVectorSearchEndpoints,
    /// Create an endpoint (compute) for vector search indexes. It costs money while it exists.
    #[tool(
        operation = "vector_search_endpoints_create_endpoint",
        fields("name", "endpoint_type"),
        defaults(endpoint_type = "STANDARD"),
        effect = write,
        answer("name", "endpoint_type", "endpoint_status.state", "endpoint_status.message")
    )]
    CreateVectorSearchEndpoint,
    /// Delete a vector search endpoint. Its indexes must be deleted first.
    #[tool(
        title = "Delete a vector search endpoint",
        operation = "vector_search_endpoints_delete_endpoint",
        effect = destroy,
        idempotent,
        done = "The endpoint is deleted."
    )]
    DeleteVectorSearchEndpoint,
    /// List the vector search indexes on an endpoint.
    #[tool(
        operation = "vector_search_indexes_list_indexes",
        answer(
            "vector_indexes.name",
            "vector_indexes.index_type",
            "vector_indexes.primary_key",
            "vector_indexes.creator",
            "next_page_token"
        )
    )]
    ListVectorSearchIndexes,
    /// One vector search index: is it ready, rows indexed so far, source table, embedding model.
    #[tool(
        title = "Is a vector search index ready?",
        operation = "vector_search_indexes_get_index",
        fields("index_name"),
        answer(
            "name",
            "endpoint_name",
            "index_type",
            "primary_key",
            "status",
            "delta_sync_index_spec",
            "direct_access_index_spec",
            "creator"
        )
    )]
    GetVectorSearchIndex,
    /// Create (build) a vector search index, usually over a table: embeddings of its text column, for semantic search
    /// of documents.
    #[tool(
        title = "Create a vector search index over a table",
        operation = "vector_search_indexes_create_index",
        fields(
            "name", "endpoint_name", "primary_key", "index_type", "delta_sync_index_spec.source_table",
            "delta_sync_index_spec.pipeline_type", "delta_sync_index_spec.embedding_source_columns.name",
            "delta_sync_index_spec.embedding_source_columns.embedding_model_endpoint_name",
            "direct_access_index_spec.schema_json", "direct_access_index_spec.embedding_vector_columns"
        ),
        effect = write,
        answer("name", "endpoint_name", "index_type", "status.ready", "status.message")
    )]
    CreateVectorSearchIndex,
    /// Search an index for the documents most similar to a text, question or vector.
    #[tool(
        title = "Search documents in a vector index",
        operation = "vector_search_indexes_query_index",
        fields(
            "index_name", "columns", "query_text", "query_vector", "query_type", "num_results",
            "filters_json", "score_threshold"
        ),
        defaults(num_results = 10),
        effect = read,
        answer("manifest.columns.name", "result.row_count", "result.data_array", "next_page_token"),
        untrusted("result.data_array")
    )]
    QueryVectorSearchIndex,
    /// Sync (refresh, reindex) a TRIGGERED vector search index after its source Delta table changed.
    #[tool(
        title = "Sync a vector search index",
        operation = "vector_search_indexes_sync_index",
        effect = write,
        idempotent,
        done = "The sync has begun. get_vector_search_index tells how many rows are indexed."
    )]
    SyncVectorSearchIndex,
    /// Insert or replace rows (embeddings) of a DIRECT_ACCESS vector search index.
    #[tool(
        operation = "vector_search_indexes_upsert_data_vector_index",
        effect = write,
        idempotent,
        answer("status", "result.success_row_count", "result.failed_primary_keys")
    )]
    UpsertVectorSearchData,
    /// Delete (drop) a vector search index.
    #[tool(
        title = "Delete a vector search index",
        operation = "vector_search_indexes_delete_index",
        effect = destroy,
        idempotent,
        done = "The index is deleted."
    )]
    DeleteVectorSearchIndex,
}
