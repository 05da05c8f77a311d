use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    /// Create a cluster.
    #[tool(operation = "clusters_create", fields("cluster_name"), effect = write)]
    CreateCluster,
}

fn main() {}
