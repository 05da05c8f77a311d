//! What a cluster can be made of: a small choice of the service's node types, runtimes and zones.

use axum::Json;
use serde_json::{Value, json};

/// A machine: its id, category, memory, cores, GPUs and local disks of so many GB.
pub(super) struct NodeType {
    pub(super) id: &'static str,
    category: &'static str,
    pub(super) memory_mb: i64,
    pub(super) cores: f64,
    gpus: i64,
    disks: i64,
    disk_gb: i64,
}

const fn node(
    id: &'static str,
    category: &'static str,
    memory_mb: i64,
    cores: f64,
    gpus: i64,
    disks: i64,
    disk_gb: i64,
) -> NodeType {
    NodeType { id, category, memory_mb, cores, gpus, disks, disk_gb }
}

#[rustfmt::skip]
const NODE_TYPES: &[NodeType] = &[
    node("m5d.large",    "General Purpose",       8_192,  2.0, 0, 1,   75),
    node("m5d.xlarge",   "General Purpose",      16_384,  4.0, 0, 1,  150),
    node("m5d.2xlarge",  "General Purpose",      32_768,  8.0, 0, 1,  300),
    node("m5d.4xlarge",  "General Purpose",      65_536, 16.0, 0, 2,  300),
    node("c5d.xlarge",   "Compute Optimized",     8_192,  4.0, 0, 1,  100),
    node("c5d.2xlarge",  "Compute Optimized",    16_384,  8.0, 0, 1,  200),
    node("r5d.xlarge",   "Memory Optimized",     32_768,  4.0, 0, 1,  150),
    node("r5d.2xlarge",  "Memory Optimized",     65_536,  8.0, 0, 1,  300),
    node("i3.xlarge",    "Storage Optimized",    31_232,  4.0, 0, 1,  950),
    node("i3.2xlarge",   "Storage Optimized",    62_464,  8.0, 0, 1, 1900),
    node("i3.4xlarge",   "Storage Optimized",   124_928, 16.0, 0, 2, 1900),
    node("g4dn.xlarge",  "GPU Accelerated",      16_384,  4.0, 1, 1,  125),
    node("g5.xlarge",    "GPU Accelerated",      16_384,  4.0, 1, 1,  250),
];

/// Runtimes by key and name.
#[rustfmt::skip]
const SPARK_VERSIONS: &[(&str, &str)] = &[
    ("17.3.x-scala2.13",         "17.3 LTS (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("17.3.x-cpu-ml-scala2.13",  "17.3 LTS ML (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("17.3.x-gpu-ml-scala2.13",  "17.3 LTS ML (includes Apache Spark 4.0.0, GPU, Scala 2.13)"),
    ("16.4.x-scala2.13",         "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.13)"),
    ("16.4.x-scala2.12",         "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("16.4.x-photon-scala2.12",  "16.4 LTS Photon (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("16.4.x-gpu-ml-scala2.12",  "16.4 LTS ML (includes Apache Spark 3.5.2, GPU, Scala 2.12)"),
    ("16.4.x-cpu-ml-scala2.12",  "16.4 LTS ML (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("15.4.x-scala2.12",         "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("15.4.x-cpu-ml-scala2.12",  "15.4 LTS ML (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("15.4.x-photon-scala2.12",  "15.4 LTS Photon (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("15.4.x-gpu-ml-scala2.12",  "15.4 LTS ML (includes Apache Spark 3.5.0, GPU, Scala 2.12)"),
    ("14.3.x-cpu-ml-scala2.12",  "14.3 LTS ML (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("14.3.x-scala2.12",         "14.3 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("13.3.x-cpu-ml-scala2.12",  "13.3 LTS ML (includes Apache Spark 3.4.1, Scala 2.12)"),
    ("13.3.x-scala2.12",         "13.3 LTS (includes Apache Spark 3.4.1, Scala 2.12)"),
    ("12.2.x-scala2.12",         "12.2 LTS (includes Apache Spark 3.3.2, Scala 2.12)"),
];

const ZONES: &[&str] = &["us-west-2a", "us-west-2b", "us-west-2c"];

/// The node type of the seeded cluster.
pub(super) const DEFAULT_NODE_TYPE: &str = "i3.xlarge";

/// The runtime of the seeded cluster.
pub(super) const DEFAULT_SPARK_VERSION: &str = "16.4.x-scala2.12";

pub(super) fn node_type(id: &str) -> Option<&'static NodeType> {
    NODE_TYPES.iter().find(|node| node.id == id)
}

pub(super) fn node_type_ids() -> Vec<&'static str> {
    NODE_TYPES.iter().map(|node| node.id).collect()
}

pub(super) fn has_spark_version(key: &str) -> bool {
    SPARK_VERSIONS.iter().any(|(known, _)| *known == key)
}

pub(super) async fn list_node_types() -> Json<Value> {
    let types = NODE_TYPES.iter().enumerate().map(|(order, node)| {
        json!({
            "node_type_id": node.id,
            "instance_type_id": node.id,
            "category": node.category,
            "description": node.id,
            "memory_mb": node.memory_mb,
            "num_cores": node.cores,
            "num_gpus": node.gpus,
            "is_deprecated": false,
            "is_hidden": false,
            "is_encrypted_in_transit": true,
            "is_graviton": false,
            "is_io_cache_enabled": node.category == "Storage Optimized",
            "photon_driver_capable": node.gpus == 0,
            "photon_worker_capable": node.gpus == 0,
            "support_cluster_tags": true,
            "support_ebs_volumes": true,
            "support_port_forwarding": true,
            "display_order": order,
            "node_info": {"status": []},
            "node_instance_type": {
                "instance_type_id": node.id,
                "local_disks": node.disks,
                "local_disk_size_gb": node.disk_gb,
                "local_nvme_disks": 0,
            },
        })
    });
    Json(json!({ "node_types": types.collect::<Vec<_>>() }))
}

pub(super) async fn spark_versions() -> Json<Value> {
    let versions = SPARK_VERSIONS.iter().map(|(key, name)| json!({"key": key, "name": name}));
    Json(json!({ "versions": versions.collect::<Vec<_>>() }))
}

pub(super) async fn list_zones() -> Json<Value> {
    Json(json!({ "zones": ZONES, "default_zone": ZONES.first() }))
}
