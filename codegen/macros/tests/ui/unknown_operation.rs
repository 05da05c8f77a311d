use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    /// List clusters.
    #[tool(operation = "cluster_list")]
    ListClusters,
}

fn main() {}
