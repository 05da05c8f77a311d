use databricks_toolkit_macros::Toolset;

/// Clusters.
#[derive(Toolset)]
#[toolset(document = "compute")]
enum Clusters {
    /// Nothing.
    Nothing,
    /// Both.
    #[tool(operation = "clusters_list")]
    Both(String),
}

fn main() {}
