use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "clusters")]
enum Clusters {
    /// List clusters.
    #[tool(operation = "clusters_list")]
    ListClusters,
}

fn main() {}
