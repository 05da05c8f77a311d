//! Logins of Google: a key that signs, and a service account that one may act as.

use std::time::Duration;

use base64::Engine;
use databricks_toolkit::config::{Attribute, Environment};
use serde_json::json;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::*;

/// The workspace, which wants both tokens.
async fn accept_both(server: &MockServer, identity: &str) {
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .and(header("authorization", format!("Bearer {identity}")))
        .and(header("x-databricks-gcp-sa-access-token", "s3cret-cloud"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "sa"})))
        .mount(server)
        .await;
}

/// A key made for these tests, which opens nothing.
pub(crate) const KEY: &str = include_str!("key.pem");

/// Google, which takes assertions signed by the key: for an identity, or for its own cloud.
async fn google(server: &MockServer, identity: &str) -> String {
    let (answer, host) = (identity.to_owned(), server.uri());
    // Which token is asked for stands in the claims.
    Mock::given(method("POST"))
        .and(path("/google"))
        .and(body_string_contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"))
        .respond_with(move |request: &Request| {
            let body = String::from_utf8(request.body.clone()).unwrap();
            let assertion = body.split("assertion=").nth(1).unwrap();
            let claims = assertion.split('.').nth(1).unwrap();
            let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            assert_eq!(claims["iss"], "sa@example.com");
            let cloud = claims["scope"].as_str().is_some_and(|scope| scope.contains("cloud-platform"));
            let identity = claims["target_audience"] == host.as_str();
            assert!(cloud != identity, "{claims}");
            ResponseTemplate::new(200).set_body_json(match cloud {
                true => json!({"access_token": "s3cret-cloud", "expires_in": 3600}),
                false => json!({"id_token": answer}),
            })
        })
        .mount(server)
        .await;
    let uri = format!("{}/google", server.uri());
    json!({"client_email": "sa@example.com", "private_key": KEY, "token_uri": uri}).to_string()
}

#[tokio::test]
pub(crate) async fn a_service_account_logs_in_by_its_key() {
    let server = MockServer::start().await;
    let identity = jwt(&json!({"exp": epoch(Duration::from_secs(3600))}));
    let key = google(&server, &identity).await;
    accept_both(&server, &identity).await;
    let workspace = workspace(config(&server.uri(), &[(Attribute::GoogleCredentials, &key)])).unwrap();
    assert!(!format!("{workspace:?}").contains("PRIVATE KEY"));
    assert_eq!(me(&workspace).await.unwrap(), "sa");
}

/// Who acts as a service account, which Google lets the caller with this token do.
async fn acts_as(server: &MockServer, caller: &str, variables: &[(&str, &str)]) -> String {
    let identity = jwt(&json!({"exp": epoch(Duration::from_secs(3600))}));
    for (call, body) in [
        ("generateIdToken", json!({"token": identity})),
        ("generateAccessToken", json!({"accessToken": "s3cret-cloud", "expireTime": "2999-01-01T00:00:00Z"})),
    ] {
        Mock::given(method("POST"))
            .and(path(format!("/v1/projects/-/serviceAccounts/sa@example.com:{call}")))
            .and(header("authorization", format!("Bearer {caller}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(server)
            .await;
    }
    accept_both(server, &identity).await;
    let api = ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", server.uri());
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).chain([api]);
    let config = config(&server.uri(), &[(Attribute::GoogleServiceAccount, "sa@example.com")]);
    let outcome = who(config.with_environment(Environment::of(variables))).await;
    let paths: Vec<_> = server.received_requests().await.unwrap();
    let paths: Vec<_> = paths.iter().map(|request| request.url.path()).collect();
    outcome.unwrap_or_else(|error| panic!("{error}: {paths:?}"))
}

#[tokio::test]
pub(crate) async fn a_key_acts_as_another_service_account() {
    let server = MockServer::start().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("key.json");
    std::fs::write(&file, google(&server, "unused").await).unwrap();
    let file = file.display().to_string();
    let user = acts_as(&server, "s3cret-cloud", &[("GOOGLE_APPLICATION_CREDENTIALS", &file)]).await;
    assert_eq!(user, "sa");
}

#[tokio::test]
pub(crate) async fn a_machine_acts_as_a_service_account() {
    let server = MockServer::start().await;
    Mock::given(path("/computeMetadata/v1/instance/service-accounts/default/token"))
        .and(header("metadata-flavor", "Google"))
        .respond_with(token("s3cret-machine"))
        .mount(&server)
        .await;
    let host = server.address().to_string();
    assert_eq!(acts_as(&server, "s3cret-machine", &[("GCE_METADATA_HOST", &host)]).await, "sa");
}

#[test]
pub(crate) fn a_key_that_is_none_is_refused_without_being_shown() {
    for given in ["{\"private_key\": \"s3cret\"}", "/nowhere/s3cret.json"] {
        let config = config("https://1.2.gcp.databricks.com", &[(Attribute::GoogleCredentials, given)]);
        let error = workspace(config).unwrap_err();
        assert!(error.to_string().starts_with("google_credentials `***` cannot be used"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[tokio::test]
pub(crate) async fn a_user_acts_as_a_service_account() {
    let server = MockServer::start().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("login.json");
    let login = json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "s3cret-s", "refresh_token": "s3cret-r",
        "token_uri": format!("{}/google", server.uri()),
    });
    std::fs::write(&file, login.to_string()).unwrap();
    Mock::given(path("/google"))
        .and(body_string_contains("grant_type=refresh_token"))
        .respond_with(token("s3cret-user"))
        .mount(&server)
        .await;
    let file = file.display().to_string();
    let user = acts_as(&server, "s3cret-user", &[("GOOGLE_APPLICATION_CREDENTIALS", &file)]).await;
    assert_eq!(user, "sa");
}
