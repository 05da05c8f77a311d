use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    /// List clusters.
    #[tool(operation = "clusters_list", fields("page_size", "page_tokn"))]
    ListClusters,
    /// Create a cluster.
    #[tool(operation = "clusters_create", fields("spark_version", "autoscale.min_worker"), effect = write)]
    CreateCluster,
}

fn main() {}
