//! Tokens of CI systems, files and variables, exchanged for one of Databricks or of Entra ID.

use databricks_toolkit::config::{Attribute, Config, Environment};
use serde_json::json;
use wiremock::matchers::{body_string_contains, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::*;

/// An OAuth server that takes one token of this client (or of none) for another.
async fn exchange(server: &MockServer, client: &str) {
    describe_oauth(server, DESCRIPTION).await;
    Mock::given(method("POST"))
        .and(path("/oidc/v1/token"))
        .and(body_string_contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"))
        .and(body_string_contains("subject_token=s3cret-id&scope=all-apis"))
        .and(body_string_contains(client))
        .respond_with(token("s3cret-t1"))
        .mount(server)
        .await;
    accept(server, "s3cret-t1", "job").await;
}

fn settings(server: &MockServer, variables: &[(&str, &str)], more: &[(Attribute, &str)]) -> Config {
    config(&server.uri(), more).with_environment(Environment::of(variables.iter().copied()))
}

async fn github(server: &MockServer, audience: &str) -> String {
    Mock::given(path("/actions"))
        .and(query_param("api", "1"))
        .and(query_param("audience", audience))
        .and(header("authorization", "Bearer s3cret-request"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": "s3cret-id"})))
        .mount(server)
        .await;
    format!("{}/actions?api=1", server.uri())
}

#[tokio::test]
pub(crate) async fn a_job_of_github_logs_in() {
    let server = MockServer::start().await;
    exchange(&server, "client_id=app").await;
    let url = github(&server, &format!("{}/oidc/v1/token", server.uri())).await;
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cret-request"),
    ];
    let config = settings(&server, &variables, &[(Attribute::ClientId, "app")]);
    assert!(!format!("{:?}", workspace(config.clone()).unwrap()).contains("s3cret-request"));
    assert_eq!(who(config).await.unwrap(), "job");
}

#[tokio::test]
pub(crate) async fn github_is_told_the_audience_that_the_host_wants() {
    for (said, audience) in [
        (json!({"token_federation_default_oidc_audiences": ["wanted"], "workspace_id": "1"}), "wanted"),
        // What is no workspace takes tokens for the account.
        (json!({"account_id": "acc"}), "acc"),
    ] {
        let server = MockServer::start().await;
        Mock::given(path("/.well-known/databricks-config"))
            .respond_with(ResponseTemplate::new(200).set_body_json(said))
            .mount(&server)
            .await;
        exchange(&server, "client_id=app").await;
        let url = github(&server, audience).await;
        let variables = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cret-request"),
        ];
        let config = settings(&server, &variables, &[(Attribute::ClientId, "app")]);
        assert_eq!(who(config).await.unwrap(), "job", "{audience}");
        assert_eq!(asked(&server, "/.well-known/databricks-config").await, 1);
    }
}

#[tokio::test]
pub(crate) async fn a_job_of_github_logs_in_by_entra() {
    let server = MockServer::start().await;
    let url = github(&server, "api://AzureADTokenExchange").await;
    Mock::given(path("/tenant/oauth2/token"))
        .and(body_string_contains("client_id=app"))
        .and(body_string_contains("client_assertion=s3cret-id"))
        .respond_with(token("s3cret-aad"))
        .mount(&server)
        .await;
    accept(&server, "s3cret-aad", "job").await;
    let authority = server.uri();
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cret-request"),
        ("AZURE_AUTHORITY_HOST", authority.as_str()),
    ];
    let more = [
        (Attribute::AzureClientId, "app"),
        (Attribute::AzureTenantId, "tenant"),
        (Attribute::Cloud, "AZURE"),
    ];
    assert_eq!(who(settings(&server, &variables, &more)).await.unwrap(), "job");
}

#[tokio::test]
pub(crate) async fn a_pipeline_of_azure_devops_logs_in() {
    let server = MockServer::start().await;
    exchange(&server, "client_id=app").await;
    Mock::given(method("POST"))
        .and(path("/org/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken"))
        .and(header("authorization", "Bearer s3cret-request"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"oidcToken": "s3cret-id"})))
        .mount(&server)
        .await;
    let collection = format!("{}/org/", server.uri());
    let mut variables = vec![
        ("SYSTEM_ACCESSTOKEN", "s3cret-request"),
        ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", collection.as_str()),
        ("SYSTEM_TEAMPROJECTID", "p"),
        ("SYSTEM_HOSTTYPE", "build"),
        ("SYSTEM_PLANID", "1"),
        ("SYSTEM_JOBID", "2"),
    ];
    let client = [(Attribute::ClientId, "app")];
    assert_eq!(who(settings(&server, &variables, &client)).await.unwrap(), "job");
    variables.pop();
    let error = who(settings(&server, &variables, &client)).await.unwrap_err().to_string();
    assert!(error.contains("azure-devops-oidc: not in a pipeline of Azure DevOps: SYSTEM_JOBID"), "{error}");
}

#[tokio::test]
pub(crate) async fn a_token_in_a_variable_is_exchanged_also_without_a_client() {
    let server = MockServer::start().await;
    exchange(&server, "subject_token").await;
    let usual = settings(&server, &[("DATABRICKS_OIDC_TOKEN", "s3cret-id")], &[]);
    assert_eq!(who(usual).await.unwrap(), "job");
    let named = [(Attribute::OidcTokenEnv, "MINE"), (Attribute::ClientId, "app")];
    assert_eq!(who(settings(&server, &[("MINE", "s3cret-id")], &named)).await.unwrap(), "job");
    let gone = settings(&server, &[], &[(Attribute::AuthType, "env-oidc")]);
    let error = who(gone).await.unwrap_err().to_string();
    assert!(error.contains("env-oidc: the variable DATABRICKS_OIDC_TOKEN is not set"), "{error}");
}

#[tokio::test]
pub(crate) async fn a_token_in_a_file_is_read_for_each_exchange() {
    let server = MockServer::start().await;
    exchange(&server, "client_id=app").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token").display().to_string();
    let more = [(Attribute::OidcTokenFilepath, file.as_str()), (Attribute::ClientId, "app")];
    let workspace = workspace(settings(&server, &[], &more)).unwrap();
    let error = me(&workspace).await.unwrap_err().to_string();
    assert!(error.starts_with("file-oidc: ") && error.contains("with the OIDC token: "), "{error}");
    std::fs::write(&file, "s3cret-id\n").unwrap();
    assert_eq!(me(&workspace).await.unwrap(), "job");
}

#[tokio::test]
pub(crate) async fn a_managed_identity_logs_in() {
    let server = MockServer::start().await;
    let expires = epoch(std::time::Duration::from_secs(3600)).to_string();
    for (resource, value) in [
        ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "s3cret-aad"),
        ("https://management.core.windows.net/", "s3cret-manage"),
    ] {
        Mock::given(path("/metadata/identity/oauth2/token"))
            .and(header("metadata", "true"))
            .and(query_param("resource", resource))
            .and(query_param("client_id", "mine"))
            .respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(json!({"access_token": value, "expires_on": expires})),
            )
            .mount(&server)
            .await;
    }
    Mock::given(header("x-databricks-azure-sp-management-token", "s3cret-manage"))
        .and(header("authorization", "Bearer s3cret-aad"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "machine"})))
        .mount(&server)
        .await;
    let authority = server.uri();
    let more =
        [(Attribute::AzureUseMsi, "true"), (Attribute::AzureClientId, "mine"), (Attribute::Cloud, "AZURE")];
    let config = settings(&server, &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &authority)], &more);
    assert_eq!(who(config.clone()).await.unwrap(), "machine");
    let error = who(config.with(Attribute::AzureUseMsi, "false")).await.unwrap_err().to_string();
    assert!(error.contains("azure-msi: azure_use_msi is not true"), "{error}");
}
