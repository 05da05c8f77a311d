//! The long tail: any operation found, described and called, over MCP.

use serde_json::{Value, json};

use crate::support::{fails, ok, sandbox, serve};

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_found_described_and_called() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let found = ok(&client, "api_search", json!({ "query": "show me all clusters", "limit": 5 })).await;
    let hits: Vec<&str> =
        found["operations"].as_array().unwrap().iter().map(|hit| hit.as_str().unwrap()).collect();
    assert_eq!(hits.len(), 5);
    assert!(
        hits.iter().any(|hit| hit.starts_with("clusters_list: GET /api/2.1/clusters/list, reads")),
        "{hits:?}"
    );

    let told = ok(&client, "api_describe", json!({ "operation": "clusters_list" })).await;
    assert!(told["arguments"].to_string().contains("page_size: integer"), "{told}");
    assert!(told["paging"].as_str().unwrap().contains("next_page"), "{told}");

    let clusters = ok(
        &client,
        "api_call",
        json!({
            "operation": "clusters_list", "arguments": { "page_size": 1 },
            "fields": ["clusters.cluster_id", "clusters.state"]
        }),
    )
    .await;
    let first = clusters["clusters"][0].as_object().unwrap();
    assert!(
        first.contains_key("cluster_id") && first.contains_key("state") && first.len() == 2,
        "{clusters}"
    );
    // A path's and a query's parameter, and what the typed tool says.
    let typed = ok(&client, "get_cluster", json!({ "cluster_id": first["cluster_id"] })).await;
    let dynamic = json!({ "operation": "clusters_get", "arguments": { "cluster_id": first["cluster_id"] } });
    assert_eq!(ok(&client, "api_call", dynamic).await["cluster_name"], typed["cluster_name"]);
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_sent_with_its_body() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let me = ok(&client, "who_am_i", json!({})).await;
    let home = format!("/Users/{}", me["userName"].as_str().unwrap());
    let path = format!("{home}/made by api_call");
    let call = json!({ "operation": "workspace_mkdirs", "arguments": { "path": path, "unused": null } });
    // A null is left out, also where no argument has the name.
    let made = ok(&client, "api_call", call).await;
    assert!(made["done"].is_string(), "{made}");
    let listed = json!({ "operation": "workspace_list", "arguments": { "path": home } });
    let listed = ok(&client, "api_call", listed).await;
    assert!(
        listed["objects"].as_array().unwrap().iter().any(|object| object["path"] == path.as_str()),
        "{listed}"
    );
    // An error of the service reads as with every other tool.
    let gone = json!({ "operation": "workspace_get_status", "arguments": { "path": "/no/such" } });
    let gone = fails(&client, "api_call", gone).await;
    assert!(gone.contains("RESOURCE_DOES_NOT_EXIST"), "{gone}");
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_called_is_said_before_anything_is_sent() {
    let sandbox = sandbox().await;
    let client = serve(&sandbox).await;
    let call = async |operation: &str, arguments: Value| {
        fails(&client, "api_call", json!({ "operation": operation, "arguments": arguments })).await
    };
    let unknown = call("clusters_lst", json!({})).await;
    assert!(
        unknown.contains("there is no operation `clusters_lst`") && unknown.contains("`clusters_list`"),
        "{unknown}"
    );
    let argument = call("clusters_get", json!({ "clusterid": "x" })).await;
    assert!(
        argument.contains("did you mean `cluster_id`?") && argument.contains("`cluster_id` is required"),
        "{argument}"
    );
    let kind = call("clusters_list", json!({ "page_size": "many" })).await;
    assert!(kind.contains("`page_size`") && kind.contains("integer"), "{kind}");
    let empty = call("repos_get", json!({ "repo_id": 7, "x": 1 })).await;
    assert!(empty.contains("`x` is unknown"), "{empty}");
    let account = call("account_users_list", json!({})).await;
    assert!(account.contains("it is an account's, and tools have a workspace"), "{account}");
    let bytes = call("files_upload", json!({ "file_path": "/Volumes/a/b/c/d" })).await;
    assert!(bytes.contains("write_file"), "{bytes}");
    let fields = json!({ "operation": "clusters_list", "fields": ["clusters.cluster_nam"] });
    let fields = fails(&client, "api_call", fields).await;
    assert!(fields.contains("did you mean `cluster_name`?"), "{fields}");
    let nothing = fails(&client, "api_search", json!({ "query": "xyzzy" })).await;
    assert!(nothing.contains("nothing is found"), "{nothing}");
    let unknown = fails(&client, "api_describe", json!({ "operation": "jobs_listt" })).await;
    assert!(unknown.contains("`jobs_list`"), "{unknown}");
    client.cancel().await.unwrap();
}
