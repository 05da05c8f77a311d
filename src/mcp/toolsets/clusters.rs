//! Clusters and their life.

use databricks_toolkit_macros::Toolset;

use super::StartCluster;

/// All-purpose and job clusters: find, create, start, stop.
#[derive(Debug, Toolset)]
#[toolset(name = "clusters", document = "compute")]
pub enum Clusters {
    /// List all clusters (compute) there are, running, idle or terminated.
    #[tool(
        title = "Which clusters (compute) there are",
        operation = "clusters_list",
        fields("filter_by.cluster_states", "page_size", "page_token"),
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
    /// Details of one cluster: is it up, pending or why it went down, node (instance) type, autoscaling limits, memory,
    /// runtime.
    #[tool(
        title = "Configuration and state of a cluster",
        operation = "clusters_get",
        fields("cluster_id"),
        answer(
            "cluster_id",
            "cluster_name",
            "state",
            "state_message",
            "termination_reason",
            "spark_version",
            "node_type_id",
            "driver_node_type_id",
            "num_workers",
            "autoscale",
            "autotermination_minutes",
            "data_security_mode",
            "single_user_name",
            "policy_id",
            "runtime_engine",
            "spark_conf",
            "custom_tags",
            "cluster_log_conf",
            "creator_user_name",
            "cluster_source",
            "start_time",
            "terminated_time"
        )
    )]
    GetCluster,
    /// Create a new cluster: number of workers, autoscaling, single node, machine type, idle time, runtime. get_cluster
    /// tells when it is RUNNING.
    #[tool(
        title = "Make a new cluster (compute)",
        operation = "clusters_create",
        fields(
            "cluster_name", "spark_version", "node_type_id", "num_workers", "autoscale", "autotermination_minutes",
            "data_security_mode", "policy_id"
        ),
        defaults(autotermination_minutes = 60),
        effect = write
    )]
    CreateCluster,
    /// Start (fire up, boot, wake up) a terminated cluster.
    #[tool(title = "Start a cluster (compute)", effect = write, idempotent)]
    StartCluster(StartCluster),
    /// Stop (shut down) a cluster to save money; its settings stay.
    #[tool(
        title = "Turn off a cluster",
        operation = "clusters_delete",
        effect = destroy,
        idempotent,
        done = "The cluster is terminating. Its settings stay; start_cluster starts it again."
    )]
    TerminateCluster,
    /// Restart (reboot, bounce) a running cluster so that it loads new libraries or works again; its memory is lost.
    #[tool(
        title = "Restart a running cluster",
        operation = "clusters_restart",
        fields("cluster_id"),
        effect = destroy,
        done = "The cluster is restarting. get_cluster tells when it is RUNNING."
    )]
    RestartCluster,
    /// Edit a cluster that exists: more or fewer workers, autoscaling, another node type, after how many idle minutes
    /// it stops; what update_mask does not name stays. A running cluster restarts.
    #[tool(
        title = "Resize, upgrade or change a cluster",
        operation = "clusters_update",
        fields(
            "cluster_id", "update_mask", "cluster.cluster_name", "cluster.spark_version",
            "cluster.node_type_id", "cluster.num_workers", "cluster.autoscale",
            "cluster.autotermination_minutes", "cluster.spark_conf"
        ),
        effect = write,
        idempotent,
        done = "The settings are changed. A running cluster restarts with them; get_cluster tells when it is RUNNING."
    )]
    UpdateCluster,
    /// Delete a cluster permanently, so that it leaves the list with all its settings.
    #[tool(
        title = "Delete a cluster permanently",
        operation = "clusters_permanent_delete",
        effect = destroy,
        idempotent,
        done = "The cluster is deleted for good."
    )]
    DeleteClusterPermanently,
    /// What happened to a cluster and when, newest first: starts, resizes, why it terminated or shut down.
    #[tool(
        title = "Event log of a cluster",
        operation = "clusters_events",
        fields("cluster_id", "start_time", "end_time", "page_size", "page_token"),
        defaults(page_size = 20),
        effect = read,
        answer(
            "events.timestamp", "events.type", "events.details.reason", "events.details.cause",
            "events.details.user", "events.details.current_num_workers", "events.details.target_num_workers",
            "events.details.driver_state_message", "events.details.did_not_expand_reason", "next_page_token"
        )
    )]
    ListClusterEvents,
    /// Node types (VM, instance or machine types) that can be chosen: memory, cores, GPUs.
    #[tool(
        operation = "clusters_list_node_types",
        answer(
            "node_types.node_type_id",
            "node_types.memory_mb",
            "node_types.num_cores",
            "node_types.num_gpus",
            "node_types.category",
            "node_types.is_deprecated"
        )
    )]
    ListNodeTypes,
    /// Which runtime versions (DBR) clusters can use, such as the newest LTS, by the key that create_cluster takes as
    /// spark_version.
    #[tool(
        title = "Runtime versions to choose from",
        operation = "clusters_spark_versions",
        answer("versions.key", "versions.name")
    )]
    ListSparkVersions,
    /// List the cluster (compute) policies that the caller may use to create a cluster. get_cluster_policy shows the
    /// rules of one.
    #[tool(
        operation = "cluster_policies_list",
        answer(
            "policies.policy_id",
            "policies.name",
            "policies.description",
            "policies.is_default",
            "policies.policy_family_id",
            "policies.max_clusters_per_user"
        )
    )]
    ListClusterPolicies,
    /// One cluster (compute) policy: the limits and defaults it sets for clusters.
    #[tool(
        title = "Rules of a cluster policy",
        operation = "cluster_policies_get",
        answer(
            "policy_id",
            "name",
            "description",
            "definition",
            "policy_family_definition_overrides",
            "libraries",
            "max_clusters_per_user"
        )
    )]
    GetClusterPolicy,
    /// List pools of idle machines (instances) for clusters.
    #[tool(
        operation = "instance_pools_list",
        answer(
            "instance_pools.instance_pool_id",
            "instance_pools.instance_pool_name",
            "instance_pools.node_type_id",
            "instance_pools.state",
            "instance_pools.min_idle_instances",
            "instance_pools.max_capacity",
            "instance_pools.idle_instance_autotermination_minutes",
            "instance_pools.preloaded_spark_versions",
            "instance_pools.stats"
        )
    )]
    ListInstancePools,
    /// Is a library on the cluster? Its Python packages, wheels and jars, with the state of their installation and
    /// error messages.
    #[tool(
        title = "Libraries on a cluster",
        operation = "libraries_cluster_status",
        answer("library_statuses.library", "library_statuses.status", "library_statuses.messages")
    )]
    ListClusterLibraries,
    /// Install (add) libraries on a cluster: PyPI packages such as pandas, Maven packages, wheels, jars.
    #[tool(
        title = "Install packages on a cluster",
        operation = "libraries_install",
        fields(
            "cluster_id", "libraries.pypi.package", "libraries.whl", "libraries.jar",
            "libraries.maven.coordinates"
        ),
        effect = write,
        idempotent,
        done = "The installation has begun. list_cluster_libraries tells when the libraries are INSTALLED."
    )]
    InstallLibraries,
}
