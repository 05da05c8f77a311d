//! Clusters and their states on a clock.

use std::time::Duration;

use databricks_sandbox::{Clock, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

fn spec(name: &str) -> Value {
    json!({
        "cluster_name": name, "spark_version": "16.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 2,
        "autotermination_minutes": 30, "custom_tags": {"team": "x"}, "aws_attributes": {"zone_id": "auto"},
    })
}

impl Lab {
    async fn cluster(&self, id: &str) -> Value {
        self.get(&format!("2.1/clusters/get?cluster_id={id}")).await
    }

    async fn state_after(&self, id: &str, span: Duration) -> String {
        self.sandbox.clock().advance(span);
        self.cluster(id).await["state"].as_str().unwrap().to_owned()
    }

    async fn new_cluster(&self, name: &str) -> String {
        let made = self.post("2.1/clusters/create", spec(name)).await;
        made["cluster_id"].as_str().unwrap().to_owned()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_cluster_starts_idles_and_terminates() {
    let lab = Lab::start().await;
    let id = lab.new_cluster("etl").await;
    let cluster = lab.cluster(&id).await;
    assert_eq!((cluster["state"].as_str(), cluster["num_workers"].as_i64()), (Some("PENDING"), Some(2)));
    assert_eq!(cluster["default_tags"]["ClusterName"], "etl");
    assert_eq!(cluster["spec"]["aws_attributes"]["zone_id"], "auto");
    assert_eq!(lab.state_after(&id, SECOND).await, "PENDING");
    assert_eq!(lab.state_after(&id, SECOND).await, "RUNNING");
    assert_eq!(lab.cluster(&id).await["executors"].as_array().unwrap().len(), 2);
    assert_eq!(lab.state_after(&id, 29 * 60 * SECOND).await, "RUNNING");
    assert_eq!(lab.state_after(&id, 60 * SECOND).await, "TERMINATING");
    assert_eq!(lab.state_after(&id, SECOND).await, "TERMINATED");
    let cluster = lab.cluster(&id).await;
    assert_eq!(cluster["termination_reason"]["code"], "INACTIVITY");
    assert_eq!(cluster["state_message"], "Inactivity for 30 minutes");
    let events = lab.post("2.1/clusters/events", json!({"cluster_id": id})).await;
    let kinds: Vec<&str> =
        events["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["TERMINATING", "RUNNING", "CREATING"]);
}

#[tokio::test]
async fn transitions_that_the_service_refuses_are_refused() {
    let lab = Lab::start().await;
    let id = lab.new_cluster("x").await;
    let body = json!({"cluster_id": id});
    let unexpected = |state: &str| format!("400 INVALID_STATE: Cluster {id} is in unexpected state {state}.");
    assert_eq!(
        lab.refused(Method::POST, "2.1/clusters/start", Some(body.clone())).await,
        unexpected("Pending")
    );
    lab.sandbox.clock().advance(2 * SECOND);
    assert_eq!(
        lab.refused(Method::POST, "2.1/clusters/start", Some(body.clone())).await,
        unexpected("Running")
    );
    lab.post("2.0/clusters/delete", body.clone()).await;
    assert_eq!(
        lab.refused(Method::POST, "2.1/clusters/restart", Some(body.clone())).await,
        unexpected("Terminating")
    );
    assert_eq!(lab.state_after(&id, SECOND).await, "TERMINATED");
    lab.post("2.1/clusters/start", body.clone()).await;
    assert_eq!(lab.state_after(&id, 2 * SECOND).await, "RUNNING");
    lab.post("2.1/clusters/resize", json!({"cluster_id": id, "num_workers": 5})).await;
    assert_eq!(lab.cluster(&id).await["state"], "RESIZING");
    assert_eq!(lab.state_after(&id, 2 * SECOND).await, "RUNNING");
    lab.post("2.1/clusters/pin", body.clone()).await;
    assert!(
        lab.refused(Method::POST, "2.1/clusters/permanent-delete", Some(body.clone()))
            .await
            .contains("Unpin")
    );
    lab.post("2.1/clusters/unpin", body.clone()).await;
    lab.post("2.1/clusters/permanent-delete", body).await;
    let gone = lab.refused(Method::GET, &format!("2.1/clusters/get?cluster_id={id}"), None).await;
    assert_eq!(gone, format!("400 INVALID_PARAMETER_VALUE: Cluster {id} does not exist"));
}

#[tokio::test]
async fn wrong_specifications_name_what_is_wrong() {
    let lab = Lab::start().await;
    for (field, value, expected) in [
        ("spark_version", Value::Null, "Missing required field: spark_version"),
        ("spark_version", json!("1.0"), "Invalid spark version 1.0."),
        ("node_type_id", json!("z9"), "Node type z9 in node_type_id is not supported."),
        (
            "num_workers",
            json!("two"),
            "Invalid value for field 'num_workers': expected an integer, not this string",
        ),
        ("num_workers", Value::Null, "Missing required field: num_workers or autoscale"),
        ("autoscale", json!({"min_workers": 1, "max_workers": 2}), "Only one of num_workers and autoscale"),
    ] {
        let mut spec = spec("x");
        spec[field] = value;
        let refused = lab.refused(Method::POST, "2.1/clusters/create", Some(spec)).await;
        assert!(refused.starts_with(&format!("400 INVALID_PARAMETER_VALUE: {expected}")), "{refused}");
    }
}

#[tokio::test]
async fn lists_have_pages_filters_and_an_order() {
    let lab = Lab::start().await;
    for name in ["c", "a", "b"] {
        lab.new_cluster(name).await;
    }
    let names = |list: &Value| -> Vec<String> {
        list["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["cluster_name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first =
        lab.get("2.1/clusters/list?page_size=3&sort_by.field=CLUSTER_NAME&sort_by.direction=ASC").await;
    assert_eq!(names(&first), ["a", "b", "c"]);
    let token = first["next_page_token"].as_str().unwrap();
    let second = lab
        .get(&format!("2.1/clusters/list?page_size=3&sort_by.field=CLUSTER_NAME&page_token={token}"))
        .await;
    assert_eq!((names(&second), second.get("next_page_token")), (vec!["demo".to_owned()], None));
    let list = "2.1/clusters/list?filter_by.cluster_states=RUNNING&filter_by.cluster_states=TERMINATED";
    assert_eq!(names(&lab.get(list).await), ["demo"]);
    assert_eq!(names(&lab.get("2.0/clusters/list").await).len(), 4);
    let refused = lab.refused(Method::GET, "2.1/clusters/list?filter_by.cluster_states=ODD", None).await;
    assert!(refused.contains("'filter_by.cluster_states") && refused.contains("not 'ODD'"), "{refused}");
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    let lab = Lab::start().await;
    let id = lab.new_cluster("x").await;
    lab.sandbox.clock().advance(2 * SECOND);
    let body = json!({
        "cluster_id": id, "update_mask": "num_workers,custom_tags,autoscale",
        "cluster": {"autoscale": {"min_workers": 1, "max_workers": 3}, "cluster_name": "not in the mask"},
    });
    lab.post("2.1/clusters/update", body).await;
    let cluster = lab.cluster(&id).await;
    assert_eq!(cluster["state"], "RESTARTING");
    assert_eq!(
        (cluster["cluster_name"].as_str(), cluster["autoscale"]["max_workers"].as_i64()),
        (Some("x"), Some(3))
    );
    assert!(cluster.get("custom_tags").is_none() && cluster.get("num_workers").is_none());
}

#[tokio::test]
async fn clusters_outlive_the_process_and_go_on_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::with(Sandbox::builder().dir(dir.path())).await;
    let id = lab.new_cluster("kept").await;
    let clock = Clock::manual_at(lab.sandbox.clock().now_ms() + 2_000);
    lab.sandbox.shutdown().await;
    let lab = Lab::on(Sandbox::builder().dir(dir.path()), clock).await;
    assert_eq!(lab.cluster(&id).await["state"], "RUNNING");
    assert_eq!(lab.get("2.0/clusters/list").await["clusters"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn clusters_are_held_to_their_policy() {
    let lab = Lab::start().await;
    let definition = json!({
        "autotermination_minutes": { "type": "range", "maxValue": 30, "defaultValue": 20 },
        "spark_conf.spark.x": { "type": "fixed", "value": "1" },
    });
    let policy = json!({ "name": "short", "definition": definition.to_string() });
    let id = lab.post("2.0/policies/clusters/create", policy).await["policy_id"].clone();
    let node = lab.get("2.1/clusters/list-node-types").await["node_types"][0]["node_type_id"].clone();
    let version = lab.get("2.1/clusters/spark-versions").await["versions"][0]["key"].clone();
    let cluster = |minutes: Option<i64>, defaults: bool| {
        json!({
            "cluster_name": "c", "policy_id": id, "node_type_id": node, "spark_version": version, "num_workers": 1,
            "autotermination_minutes": minutes, "apply_policy_default_values": defaults,
        })
    };
    let refused = lab.refused(Method::POST, "2.1/clusters/create", Some(cluster(Some(60), false))).await;
    assert!(refused.contains("autotermination_minutes, the value cannot exceed 30 (is 60)"), "{refused}");
    let made = lab.post("2.1/clusters/create", cluster(None, true)).await["cluster_id"].clone();
    let shown = lab.get(&format!("2.1/clusters/get?cluster_id={}", made.as_str().unwrap())).await;
    assert_eq!(
        (&shown["autotermination_minutes"], &shown["spark_conf"]["spark.x"]),
        (&json!(20), &json!("1"))
    );
    let mut unknown = cluster(Some(20), false);
    unknown["policy_id"] = json!("NONE");
    let refused = lab.refused(Method::POST, "2.1/clusters/create", Some(unknown)).await;
    assert!(refused.contains("'NONE' does not exist"), "{refused}");
}
