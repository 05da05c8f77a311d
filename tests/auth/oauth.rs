//! Service principals at an OAuth server on loopback, and the metadata service.

use databricks_toolkit::config::Attribute;
use serde_json::json;
use wiremock::matchers::{basic_auth, body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::*;

const CLIENT: [(Attribute, &str); 2] = [(Attribute::ClientId, "app"), (Attribute::ClientSecret, "s3cret")];

async fn give(server: &MockServer, value: &str, times: u64) {
    Mock::given(method("POST"))
        .and(path("/oidc/v1/token"))
        .and(basic_auth("app", "s3cret"))
        .and(body_string("grant_type=client_credentials&scope=all-apis"))
        .respond_with(token(value))
        .up_to_n_times(times)
        .mount(server)
        .await;
}

#[tokio::test]
pub(crate) async fn a_service_principal_logs_in_once_for_many_calls() {
    let server = MockServer::start().await;
    describe_oauth(&server, DESCRIPTION).await;
    give(&server, "s3cret-t1", 9).await;
    accept(&server, "s3cret-t1", "principal").await;
    let workspace = workspace(config(&server.uri(), &CLIENT)).unwrap();
    for _ in 0..3 {
        assert_eq!(me(&workspace).await.unwrap(), "principal");
    }
    let agent = &server.received_requests().await.unwrap().pop().unwrap().headers["user-agent"];
    assert!(agent.to_str().unwrap().contains("auth/oauth-m2m"), "{agent:?}");
    assert_eq!((asked(&server, DESCRIPTION).await, asked(&server, "/oidc/v1/token").await), (1, 1));
}

#[tokio::test]
pub(crate) async fn a_burst_of_refused_calls_logs_in_once_more() {
    let server = MockServer::start().await;
    describe_oauth(&server, DESCRIPTION).await;
    give(&server, "s3cret-revoked", 1).await;
    give(&server, "s3cret-good", 9).await;
    accept(&server, "s3cret-good", "principal").await;
    refuse_others(&server).await;
    let workspace = workspace(config(&server.uri(), &CLIENT)).unwrap();
    let calls = (0..100).map(|_| {
        let workspace = workspace.clone();
        tokio::spawn(async move { me(&workspace).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), "principal");
    }
    assert_eq!(asked(&server, "/oidc/v1/token").await, 2);
}

#[tokio::test]
pub(crate) async fn a_service_that_refuses_every_token_is_believed() {
    let server = MockServer::start().await;
    describe_oauth(&server, DESCRIPTION).await;
    give(&server, "s3cret-one", 1).await;
    give(&server, "s3cret-two", 9).await;
    refuse_others(&server).await;
    let workspace = workspace(config(&server.uri(), &CLIENT)).unwrap();
    for _ in 0..5 {
        assert!(me(&workspace).await.unwrap_err().to_string().contains("who?"));
    }
    assert_eq!(asked(&server, "/oidc/v1/token").await, 2);
}

#[tokio::test]
pub(crate) async fn a_personal_token_that_is_refused_is_sent_once() {
    let server = MockServer::start().await;
    refuse_others(&server).await;
    who(config(&server.uri(), &[(Attribute::Token, "s3cret-dapi")])).await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
pub(crate) async fn a_host_may_say_where_its_oauth_server_is() {
    let server = MockServer::start().await;
    let endpoint = format!("{}/elsewhere/{{account_id}}", server.uri());
    Mock::given(path("/.well-known/databricks-config"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"oidc_endpoint": endpoint, "account_id": "acc"})),
        )
        .mount(&server)
        .await;
    describe_oauth(&server, "/elsewhere/acc/.well-known/oauth-authorization-server").await;
    give(&server, "s3cret-t1", 1).await;
    accept(&server, "s3cret-t1", "principal").await;
    assert_eq!(who(config(&server.uri(), &CLIENT)).await.unwrap(), "principal");
}

#[tokio::test]
pub(crate) async fn an_account_has_a_server_of_its_own() {
    let server = MockServer::start().await;
    Mock::given(path("/.well-known/databricks-config"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"host_type": "account"})))
        .mount(&server)
        .await;
    describe_oauth(&server, "/oidc/accounts/acc/.well-known/oauth-authorization-server").await;
    give(&server, "s3cret-t1", 9).await;
    accept(&server, "s3cret-t1", "principal").await;
    let settings = config(&server.uri(), &CLIENT);
    assert_eq!(who(settings.clone().with(Attribute::AccountId, "acc")).await.unwrap(), "principal");
    let error = who(settings).await.unwrap_err().to_string();
    assert_eq!(error, "oauth-m2m: an account's host needs account_id; set DATABRICKS_ACCOUNT_ID");
}

#[tokio::test]
pub(crate) async fn an_oauth_server_that_is_busy_is_asked_again() {
    let server = MockServer::start().await;
    describe_oauth(&server, DESCRIPTION).await;
    for status in [429, 503] {
        Mock::given(path("/oidc/v1/token"))
            .respond_with(ResponseTemplate::new(status).insert_header("retry-after", "0"))
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    give(&server, "s3cret-t1", 1).await;
    accept(&server, "s3cret-t1", "principal").await;
    assert_eq!(who(config(&server.uri(), &CLIENT)).await.unwrap(), "principal");
    assert_eq!(asked(&server, "/oidc/v1/token").await, 3);
}

#[tokio::test]
pub(crate) async fn what_an_oauth_server_refuses_is_said_without_the_secret() {
    let server = MockServer::start().await;
    describe_oauth(&server, DESCRIPTION).await;
    let body = json!({"error": "invalid_client", "error_description": "Client authentication failed"});
    Mock::given(path("/oidc/v1/token"))
        .respond_with(ResponseTemplate::new(401).set_body_json(body))
        .mount(&server)
        .await;
    let error = who(config(&server.uri(), &CLIENT)).await.unwrap_err();
    let expected = "oauth-m2m: the OAuth server answered 401: invalid_client: Client authentication failed";
    assert_eq!(error.to_string(), expected);
    assert!(!format!("{error:?}").contains("s3cret"));
    assert_eq!(asked(&server, "/oidc/v1/token").await, 1);
}

#[tokio::test]
pub(crate) async fn an_answer_that_is_no_token_is_not_shown() {
    let server = MockServer::start().await;
    describe_oauth(&server, DESCRIPTION).await;
    Mock::given(path("/oidc/v1/token"))
        .respond_with(ResponseTemplate::new(200).set_body_string("half a s3cret"))
        .mount(&server)
        .await;
    let error = who(config(&server.uri(), &CLIENT)).await.unwrap_err();
    assert!(error.to_string().contains("not the JSON expected"), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
pub(crate) async fn secrets_are_not_sent_in_the_clear() {
    let server = MockServer::start().await;
    Mock::given(path(DESCRIPTION))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"token_endpoint": "http://example.com/token"})),
        )
        .mount(&server)
        .await;
    let error = who(config(&server.uri(), &CLIENT)).await.unwrap_err();
    assert_eq!(error.to_string(), "oauth-m2m: the OAuth server is at an address that is not https");
}

#[tokio::test]
pub(crate) async fn users_names_and_passwords_are_sent() {
    let server = MockServer::start().await;
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .and(basic_auth("me", "pass:s3cret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "me"})))
        .mount(&server)
        .await;
    let settings = [(Attribute::Username, "me"), (Attribute::Password, "pass:s3cret")];
    let config = config(&server.uri(), &settings);
    assert!(!format!("{:?}", workspace(config.clone()).unwrap()).contains("pass:s3cret"));
    assert_eq!(who(config).await.unwrap(), "me");
}

#[tokio::test]
pub(crate) async fn a_metadata_service_hands_out_tokens() {
    let server = MockServer::start().await;
    let expires = epoch(std::time::Duration::from_secs(3600));
    Mock::given(path("/local/s3cret"))
        .and(header("X-Databricks-Metadata-Version", "1"))
        .and(header("X-Databricks-Host", server.uri()))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({"access_token": "s3cret-t1", "token_type": "Bearer", "expires_on": expires}),
        ))
        .mount(&server)
        .await;
    accept(&server, "s3cret-t1", "local").await;
    let url = format!("{}/local/s3cret", server.uri());
    let config = |url: &str| config(&server.uri(), &[(Attribute::MetadataServiceUrl, url)]);
    assert_eq!(who(config(&url)).await.unwrap(), "local");
    let error = who(config(&format!("{url}/gone"))).await.unwrap_err();
    assert_eq!(error.to_string(), "metadata-service: the metadata service answered 404");
    assert!(!format!("{error:?}").contains("s3cret"));
}
