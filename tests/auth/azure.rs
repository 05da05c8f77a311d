//! Logins of Microsoft Entra ID: applications at a server on loopback, and a program called `az`.

use std::time::Duration;

use databricks_toolkit::config::{Attribute, Config, Environment};
use serde_json::json;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::*;

const DATABRICKS: &str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
const ID: &str = "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";

/// Entra ID of a tenant, with tokens for Databricks and for the management plane.
async fn entra(server: &MockServer, tenant: &str, proof: &str) {
    for (resource, value) in [(DATABRICKS, "s3cret-aad"), ("management.core.windows.net", "s3cret-manage")] {
        let body = json!({"access_token": value, "token_type": "Bearer", "expires_in": "3599"});
        Mock::given(method("POST"))
            .and(path(format!("/{tenant}/oauth2/token")))
            .and(body_string_contains(resource))
            .and(body_string_contains(proof))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(server)
            .await;
    }
}

/// The workspace, which wants all three headers.
async fn accept_with_management(server: &MockServer) {
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .and(header("authorization", "Bearer s3cret-aad"))
        .and(header("x-databricks-azure-sp-management-token", "s3cret-manage"))
        .and(header("x-databricks-azure-workspace-resource-id", ID))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "app"})))
        .mount(server)
        .await;
}

fn settings(server: &MockServer, more: &[(Attribute, &str)]) -> Config {
    let environment = Environment::of([("AZURE_AUTHORITY_HOST", server.uri())]);
    let config = config(&server.uri(), more).with_environment(environment);
    config.with(Attribute::Cloud, "AZURE").with(Attribute::AzureWorkspaceResourceId, ID)
}

const APPLICATION: [(Attribute, &str); 2] =
    [(Attribute::AzureClientId, "app"), (Attribute::AzureClientSecret, "s3cret")];

#[tokio::test]
pub(crate) async fn an_application_logs_in_by_its_secret() {
    let server = MockServer::start().await;
    entra(&server, "tenant", "client_id=app&client_secret=s3cret").await;
    accept_with_management(&server).await;
    let config = settings(&server, &APPLICATION).with(Attribute::AzureTenantId, "tenant");
    let workspace = workspace(config).unwrap();
    assert!(!format!("{workspace:?}").contains("s3cret"));
    for _ in 0..3 {
        assert_eq!(me(&workspace).await.unwrap(), "app");
    }
    assert_eq!(asked(&server, "/tenant/oauth2/token").await, 2);
}

#[tokio::test]
pub(crate) async fn the_tenant_is_asked_of_the_workspace() {
    let server = MockServer::start().await;
    let login = "https://login.microsoftonline.com/found/oauth2/authorize?client_id=x";
    Mock::given(path("/aad/auth"))
        .respond_with(ResponseTemplate::new(302).insert_header("location", login))
        .mount(&server)
        .await;
    entra(&server, "found", "client_secret=s3cret").await;
    accept_with_management(&server).await;
    assert_eq!(who(settings(&server, &APPLICATION)).await.unwrap(), "app");
    assert_eq!(asked(&server, "/aad/auth").await, 1);
}

#[tokio::test]
pub(crate) async fn a_tenant_that_cannot_be_learnt_is_asked_for() {
    let server = MockServer::start().await;
    let error = who(settings(&server, &APPLICATION)).await.unwrap_err().to_string();
    assert!(error.contains("azure-client-secret: ") && error.contains("ARM_TENANT_ID"), "{error}");
}

fn az(server: &MockServer, programs: &Programs, more: &[(Attribute, &str)]) -> Config {
    config(&server.uri(), more)
        .with_environment(programs.environment())
        .with(Attribute::Cloud, "AZURE")
        .with(Attribute::AuthType, "azure-cli")
}

fn printed(token: &str) -> String {
    let expires = epoch(Duration::from_secs(3600));
    json!({"accessToken": token, "tokenType": "Bearer", "expires_on": expires}).to_string()
}

#[tokio::test]
pub(crate) async fn the_login_of_az_is_used() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    let user = jwt(&json!({"upn": "me@example.com"}));
    programs.add("az", &format!("echo '{}'", printed(&user)));
    accept(&server, &user, "me").await;
    let workspace = workspace(az(&server, &programs, &[])).unwrap();
    for _ in 0..3 {
        assert_eq!(me(&workspace).await.unwrap(), "me");
    }
    // A user has no token of the management plane, and is asked for one once.
    let ask = |resource: &str| format!("account get-access-token --resource {resource} --output json");
    let management = ask("https://management.core.windows.net/");
    assert_eq!(programs.runs("az"), [ask(DATABRICKS), management]);
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests
            .iter()
            .all(|request| !request.headers.contains_key("x-databricks-azure-sp-management-token"))
    );
}

#[tokio::test]
pub(crate) async fn az_is_told_the_subscription_and_the_tenant() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    let script = format!(
        "case \"$*\" in 'account show'*) echo '{{\"user\":{{\"name\":\"me\"}}}}' ;;\n*subscription*) echo denied >&2; exit 1 ;;\n*{DATABRICKS}*) echo '{}' ;;\n*) echo '{}' ;; esac",
        printed("s3cret-aad"),
        printed("s3cret-manage")
    );
    programs.add("az", &script);
    accept_with_management(&server).await;
    let more = [(Attribute::AzureWorkspaceResourceId, ID), (Attribute::AzureTenantId, "tenant")];
    assert_eq!(who(az(&server, &programs, &more)).await.unwrap(), "app");
    let runs = programs.runs("az");
    assert!(runs[1].ends_with("--subscription sub --tenant tenant"), "{runs:?}");
    assert!(runs[2].ends_with("--output json --tenant tenant"), "{runs:?}");
}

#[tokio::test]
pub(crate) async fn an_older_az_tells_the_expiry_in_the_token_only() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    let token = jwt(&json!({"upn": "me", "exp": epoch(Duration::from_secs(3600))}));
    let body = json!({"accessToken": token, "expiresOn": "2026-01-01 00:00:00.000000"});
    programs.add("az", &format!("echo '{body}'"));
    accept(&server, &token, "me").await;
    assert_eq!(who(az(&server, &programs, &[])).await.unwrap(), "me");
}
