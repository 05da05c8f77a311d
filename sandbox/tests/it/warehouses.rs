//! SQL warehouses.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::Lab;

#[tokio::test]
async fn a_warehouse_starts_stops_and_is_edited() {
    let lab = Lab::start().await;
    let made = lab
        .post("2.0/sql/warehouses", json!({"name": "bi", "cluster_size": "Small", "auto_stop_mins": 10}))
        .await;
    let path = format!("2.0/sql/warehouses/{}", made["id"].as_str().unwrap());
    let state = async |seconds: u64| {
        lab.sandbox.clock().advance(Duration::from_secs(seconds));
        lab.get(&path).await["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(0).await, "STARTING");
    assert_eq!(state(2).await, "RUNNING");
    lab.post(&format!("{path}/stop"), json!({})).await;
    assert_eq!(state(0).await, "STOPPING");
    assert_eq!(state(1).await, "STOPPED");
    lab.post(&format!("{path}/start"), json!({})).await;
    assert_eq!(state(602).await, "STOPPING");
    lab.post(&format!("{path}/edit"), json!({"cluster_size": "Large", "tags": {"custom_tags": []}})).await;
    let edited = lab.get(&path).await;
    assert_eq!((edited["name"].as_str(), edited["cluster_size"].as_str()), (Some("bi"), Some("Large")));
    lab.send(lab.request(Method::DELETE, &path)).await;
    assert!(lab.refused(Method::GET, &path, None).await.starts_with("404 RESOURCE_DOES_NOT_EXIST"));
}

#[tokio::test]
async fn wrong_warehouses_are_refused() {
    let lab = Lab::start().await;
    for (body, expected) in [
        (json!({}), "Missing required field: name"),
        (json!({"name": "a"}), "Missing required field: cluster_size"),
        (json!({"name": "a", "cluster_size": "Huge"}), "Invalid cluster_size 'Huge'."),
        (json!({"name": "a", "cluster_size": "Small", "auto_stop_mins": 3}), "auto_stop_mins must be"),
        (json!({"name": "a", "cluster_size": "Small", "min_num_clusters": 3}), "min_num_clusters must be"),
        (
            json!({"name": "Starter Warehouse", "cluster_size": "Small"}),
            "SQL warehouse with name 'Starter Warehouse' already exists",
        ),
    ] {
        let refused = lab.refused(Method::POST, "2.0/sql/warehouses", Some(body)).await;
        assert!(refused.starts_with(&format!("400 INVALID_PARAMETER_VALUE: {expected}")), "{refused}");
    }
    let list = lab.get("2.0/sql/warehouses").await;
    assert_eq!(
        (list["warehouses"][0]["state"].as_str(), list["warehouses"].as_array().unwrap().len()),
        (Some("RUNNING"), 1)
    );
}
