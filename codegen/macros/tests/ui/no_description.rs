use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    #[tool(operation = "clusters_list")]
    ListClusters,
    /// Make somebody else the owner of a cluster.
    #[tool(operation = "clusters_change_owner", effect = write, done = "Done.")]
    ChangeOwner,
}

fn main() {}
