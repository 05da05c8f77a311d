use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    /// Start a cluster.
    #[tool(operation = "clusters_start", done = "Starting.")]
    StartCluster,
    /// Stop a cluster.
    #[tool(operation = "clusters_delete", effect = kill, done = "Stopping.")]
    StopCluster,
    /// Restart a cluster.
    #[tool(operation = "clusters_restart", efect = write)]
    RestartCluster,
}

fn main() {}
