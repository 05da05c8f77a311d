//! Tokens that expire or are revoked while many calls are under way.

use std::time::Duration;

use databricks_toolkit::Workspace;
use databricks_toolkit::config::{Attribute, Config, Environment};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::proxy::Proxy;

const CALLS: usize = 100;

/// An OAuth server whose first token is taken for one call and expired for all others.
async fn expiring() -> MockServer {
    let server = MockServer::start().await;
    let token = |value: &str| {
        ResponseTemplate::new(200)
            .set_delay(Duration::from_millis(20))
            .set_body_json(json!({ "access_token": value, "token_type": "Bearer", "expires_in": 3600 }))
    };
    for (value, times) in [("one", 1), ("two", 99)] {
        Mock::given(path("/oidc/v1/token"))
            .respond_with(token(value))
            .up_to_n_times(times)
            .mount(&server)
            .await;
    }
    let job = ResponseTemplate::new(200).set_body_json(json!({ "job_id": 7 }));
    Mock::given(method("POST"))
        .and(header("authorization", "Bearer one"))
        .respond_with(job.clone())
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(header("authorization", "Bearer two"))
        .respond_with(job)
        .mount(&server)
        .await;
    Mock::given(path("/api/2.2/jobs/create"))
        .respond_with(
            ResponseTemplate::new(401)
                .set_body_json(json!({ "error_code": "401", "message": "token expired" })),
        )
        .with_priority(9)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_burst_of_calls_with_an_expired_token_makes_one_new_one() {
    let server = expiring().await;
    let proxy = Proxy::start(&server, []).await;
    let describe = json!({ "token_endpoint": format!("{}/oidc/v1/token", proxy.host) });
    Mock::given(path("/oidc/.well-known/oauth-authorization-server"))
        .respond_with(ResponseTemplate::new(200).set_body_json(describe))
        .mount(&server)
        .await;
    let config = Config::default()
        .with_environment(Environment::of::<String, String>([]))
        .with(Attribute::Host, &proxy.host)
        .with(Attribute::ClientId, "app")
        .with(Attribute::ClientSecret, "s3cret");
    let workspace = Workspace::builder().config(config).rate_limit(0).build().unwrap();
    workspace.jobs().create().name("before").send().await.unwrap();
    let calls = (0..CALLS).map(|_| workspace.jobs().create().name("n").send());
    let made = futures_util::future::try_join_all(calls).await.unwrap();
    assert_eq!(made.len(), CALLS);

    let received = server.received_requests().await.unwrap();
    let count = |path: &str, token: &str| {
        let sent = |request: &&wiremock::Request| {
            request.url.path() == path
                && (token.is_empty()
                    || request.headers["authorization"] == format!("Bearer {token}").as_str())
        };
        received.iter().filter(sent).count()
    };
    assert_eq!(count("/oidc/v1/token", ""), 2, "one login, and one more for all that were refused");
    // Each write had its effect once: what was refused had none.
    assert_eq!(count("/api/2.2/jobs/create", "two"), CALLS);
    assert!(count("/api/2.2/jobs/create", "one") <= CALLS + 1);
}
