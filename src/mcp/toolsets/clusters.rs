//! Clusters and their life.

use databricks_toolkit_macros::Toolset;

/// All-purpose and job clusters: find, create, start, stop.
#[derive(Debug, Toolset)]
#[toolset(name = "clusters", document = "compute")]
pub enum Clusters {
    /// List clusters with their state and size, a page at a time.
    #[tool(
        operation = "clusters_list",
        fields("filter_by.cluster_states", "filter_by.cluster_sources", "page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "clusters.cluster_id",
            "clusters.cluster_name",
            "clusters.state",
            "clusters.spark_version",
            "clusters.node_type_id",
            "clusters.num_workers",
            "clusters.autoscale",
            "clusters.creator_user_name",
            "clusters.cluster_source",
            "next_page_token"
        )
    )]
    ListClusters,
    /// Everything about one cluster: state and its reason, nodes, Spark settings, tags.
    #[tool(operation = "clusters_get", fields("cluster_id"))]
    GetCluster,
    /// Create an all-purpose cluster and begin to start it. Answers its id at once; get_cluster tells when it is
    /// RUNNING.
    #[tool(
        operation = "clusters_create",
        fields(
            "cluster_name", "spark_version", "node_type_id", "num_workers", "autoscale", "autotermination_minutes",
            "data_security_mode", "single_user_name", "is_single_node", "kind", "policy_id", "spark_conf",
            "spark_env_vars", "custom_tags", "instance_pool_id"
        ),
        defaults(autotermination_minutes = 60),
        effect = write
    )]
    CreateCluster,
    /// Start a terminated cluster.
    #[tool(
        operation = "clusters_start",
        effect = write,
        done = "The cluster is starting. get_cluster tells when it is RUNNING, usually after some minutes."
    )]
    StartCluster,
    /// Stop a cluster: its commands end and its memory is lost, its settings stay and it can be started again.
    #[tool(
        operation = "clusters_delete",
        effect = destroy,
        idempotent,
        done = "The cluster is terminating. Its settings stay; start_cluster starts it again."
    )]
    TerminateCluster,
    /// Restart a running cluster: its commands end and its memory is lost.
    #[tool(
        operation = "clusters_restart",
        fields("cluster_id"),
        effect = destroy,
        done = "The cluster is restarting. get_cluster tells when it is RUNNING."
    )]
    RestartCluster,
}
