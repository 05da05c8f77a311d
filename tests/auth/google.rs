//! Logins of Google: a key that signs, and a service account that one may act as.

use std::process::Command;
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
        .and(header("x-databricks-gcp-sa-access-token", "cloud"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "sa"})))
        .mount(server)
        .await;
}

/// A new key; none where there is no openssl to make one.
fn key() -> Option<String> {
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let made = Command::new("openssl").args(arguments).output().ok()?;
    made.status.success().then(|| String::from_utf8(made.stdout).unwrap())
}

#[tokio::test]
async fn a_service_account_logs_in_by_its_key() {
    let Some(pem) = key() else { return };
    let server = MockServer::start().await;
    let identity = jwt(&json!({"exp": epoch(Duration::from_secs(3600))}));
    let (answer, host) = (identity.clone(), server.uri());
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
                true => json!({"access_token": "cloud", "expires_in": 3600}),
                false => json!({"id_token": answer}),
            })
        })
        .mount(&server)
        .await;
    accept_both(&server, &identity).await;
    let uri = format!("{}/google", server.uri());
    let key = json!({"client_email": "sa@example.com", "private_key": pem, "token_uri": uri}).to_string();
    let workspace = workspace(config(&server.uri(), &[(Attribute::GoogleCredentials, &key)])).unwrap();
    assert!(!format!("{workspace:?}").contains("PRIVATE KEY"));
    assert_eq!(me(&workspace).await.unwrap(), "sa");
}

#[test]
fn a_key_that_is_none_is_refused_without_being_shown() {
    for given in ["{\"private_key\": \"s3cret\"}", "/nowhere/s3cret.json"] {
        let config = config("https://1.2.gcp.databricks.com", &[(Attribute::GoogleCredentials, given)]);
        let error = workspace(config).unwrap_err();
        assert!(error.to_string().starts_with("google_credentials `***` cannot be used"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn a_user_acts_as_a_service_account() {
    let server = MockServer::start().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("login.json");
    let login = json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "token_uri": format!("{}/google", server.uri()),
    });
    std::fs::write(&file, login.to_string()).unwrap();
    Mock::given(path("/google"))
        .and(body_string_contains("grant_type=refresh_token"))
        .respond_with(token("user"))
        .mount(&server)
        .await;
    let identity = jwt(&json!({"exp": epoch(Duration::from_secs(3600))}));
    let expiry = "2999-01-01T00:00:00Z";
    for (call, body) in [
        ("generateIdToken", json!({"token": identity})),
        ("generateAccessToken", json!({"accessToken": "cloud", "expireTime": expiry})),
    ] {
        Mock::given(method("POST"))
            .and(path(format!("/v1/projects/-/serviceAccounts/sa@example.com:{call}")))
            .and(header("authorization", "Bearer user"))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    accept_both(&server, &identity).await;
    let environment = Environment::of([
        ("GOOGLE_APPLICATION_CREDENTIALS", file.display().to_string()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", server.uri()),
    ]);
    let config = config(&server.uri(), &[(Attribute::GoogleServiceAccount, "sa@example.com")]);
    let outcome = who(config.with_environment(environment)).await;
    let paths: Vec<_> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| request.url.path().to_owned())
        .collect();
    assert_eq!(outcome.unwrap(), "sa", "{paths:?}");
}
