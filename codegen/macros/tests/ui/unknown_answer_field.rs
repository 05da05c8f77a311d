use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    /// List clusters.
    #[tool(operation = "clusters_list", answer("clusters.cluster_id", "clusters.cluster_nam"))]
    ListClusters,
}

fn main() {}
