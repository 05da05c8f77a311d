//! What every request passes through, and how a sandbox starts and stops.

use databricks_sandbox::{Error, Sandbox};
use reqwest::Method;

use crate::support::Lab;

#[tokio::test]
async fn only_the_token_gets_in() {
    let lab = Lab::start().await;
    let url = format!("{}/api/2.0/preview/scim/v2/Me", lab.sandbox.url());
    let client = reqwest::Client::new();
    for request in [
        client.get(&url),
        client.get(&url).bearer_auth("dapi-wrong"),
        client.get(&url).basic_auth("a", Some(lab.sandbox.token())),
    ] {
        let (status, body) = lab.send(request).await;
        assert_eq!((status, body["message"].as_str()), (403, Some("Invalid access token.")));
    }
    assert_eq!(lab.get("2.0/preview/scim/v2/Me").await["active"], true);
}

#[tokio::test]
async fn what_is_not_emulated_says_so() {
    let lab = Lab::start().await;
    let refused = lab.refused(Method::POST, "2.0/no/such", None).await;
    assert_eq!(refused, "501 NOT_IMPLEMENTED: the sandbox does not emulate POST /api/2.0/no/such");
    let refused = lab.refused(Method::PUT, "2.0/preview/scim/v2/Me", None).await;
    assert_eq!(refused, "501 NOT_IMPLEMENTED: the sandbox does not emulate PUT /api/2.0/preview/scim/v2/Me");
}

#[tokio::test]
async fn answers_have_a_request_id_and_head_works() {
    let lab = Lab::start().await;
    let response = lab.request(Method::HEAD, "2.0/preview/scim/v2/Me").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(response.headers()["x-databricks-org-id"], "1000000000000001");
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_folder_has_one_sandbox_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Sandbox::builder().dir(dir.path()).start().await.unwrap();
    let second = Sandbox::builder().dir(dir.path()).start().await;
    assert!(matches!(second, Err(Error::Locked { .. })));
    first.shutdown().await;
    Sandbox::builder().dir(dir.path()).start().await.unwrap();
}

#[tokio::test]
async fn dropping_stops_the_server() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let address = sandbox.url().replace("http://", "");
    drop(sandbox);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
