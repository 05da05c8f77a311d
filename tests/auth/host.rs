//! Which workspace a call is for: by header, by what the host says of itself, or by what Azure says.

use databricks_toolkit::Workspace;
use databricks_toolkit::config::{Attribute, Cloud, Config, Environment, Source};
use databricks_toolkit::error::ConfigError;
use serde_json::json;
use wiremock::matchers::{body_string_contains, header, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::*;

const TOKEN: (Attribute, &str) = (Attribute::Token, "s3cret-t1");
const METADATA: &str = "/.well-known/databricks-config";

async fn says(server: &MockServer, body: serde_json::Value) {
    Mock::given(path(METADATA))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

/// The header of the last request by which an address knows which of its workspaces is meant.
async fn told(server: &MockServer) -> Option<String> {
    let request = server.received_requests().await.unwrap().pop().unwrap();
    request.headers.get("x-databricks-workspace-id").map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
pub(crate) async fn the_workspace_is_told_where_its_id_is_set() {
    let server = MockServer::start().await;
    accept(&server, "s3cret-t1", "me").await;
    for (host, more, expected) in [
        (server.uri(), None, None),
        (server.uri(), Some("17"), Some("17")),
        (format!("{}/?o=18", server.uri()), None, Some("18")),
        (format!("{}/?o=18", server.uri()), Some("17"), Some("17")),
    ] {
        let config = config(&host, &[TOKEN]);
        let config = more.map_or(config.clone(), |id| config.with(Attribute::WorkspaceId, id));
        assert_eq!(who(config).await.unwrap(), "me");
        assert_eq!(told(&server).await.as_deref(), expected);
    }
    let config = config(&server.uri(), &[TOKEN, (Attribute::WorkspaceId, "a\nb")]);
    let error = workspace(config).unwrap_err().to_string();
    assert!(error.starts_with("workspace_id"), "{error}");
}

#[tokio::test]
pub(crate) async fn an_account_tells_no_workspace() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer s3cret-t1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(&server)
        .await;
    let config =
        config(&server.uri(), &[TOKEN, (Attribute::AccountId, "acc"), (Attribute::WorkspaceId, "17")]);
    let account = databricks_toolkit::Account::builder().config(config).build().unwrap();
    account.groups().list().send().await.unwrap();
    assert_eq!(told(&server).await, None);
}

#[tokio::test]
pub(crate) async fn a_call_with_a_token_asks_nothing_else() {
    let server = MockServer::start().await;
    says(&server, json!({"workspace_id": "17", "cloud": "AWS"})).await;
    accept(&server, "s3cret-t1", "me").await;
    assert_eq!(who(config(&server.uri(), &[TOKEN])).await.unwrap(), "me");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
pub(crate) async fn a_host_says_what_is_not_set() {
    let server = MockServer::start().await;
    let endpoint = format!("{}/oidc/accounts/{{account_id}}", server.uri());
    says(
        &server,
        json!({
            "account_id": "acc", "workspace_id": 17, "cloud": "GCP", "oidc_endpoint": endpoint,
            "token_federation_default_oidc_audiences": ["aud", "other"],
        }),
    )
    .await;
    let found = config(&server.uri(), &[TOKEN]).discover().await.unwrap();
    assert_eq!((found.account_id().as_deref(), found.workspace_id().as_deref()), (Some("acc"), Some("17")));
    assert_eq!((found.cloud(), found.get(Attribute::TokenAudience)), (Some(Cloud::Gcp), Some("aud")));
    let description = format!("{}/oidc/accounts/acc/.well-known/oauth-authorization-server", server.uri());
    assert_eq!(found.get(Attribute::DiscoveryUrl), Some(description.as_str()));
    assert_eq!(found.source(Attribute::AccountId), Some(&Source::Host));
    databricks_toolkit::Account::builder().config(found).build().unwrap();
    // What is set stays, also where it is part of the address.
    let host = format!("{}/?o=18", server.uri());
    let found = config(&host, &[TOKEN, (Attribute::AccountId, "mine")]).discover().await.unwrap();
    assert_eq!((found.account_id().as_deref(), found.workspace_id().as_deref()), (Some("mine"), Some("18")));
}

#[tokio::test]
pub(crate) async fn a_host_that_says_nothing_is_no_error() {
    for answer in [
        ResponseTemplate::new(404),
        ResponseTemplate::new(503),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(302).insert_header("location", "/login.html"),
    ] {
        let server = MockServer::start().await;
        Mock::given(path(METADATA)).respond_with(answer).mount(&server).await;
        let found = config(&server.uri(), &[TOKEN]).discover().await.unwrap();
        assert_eq!(found.describe().count(), 2);
    }
    let found = config("http://127.0.0.1:9", &[TOKEN]).discover().await.unwrap();
    assert_eq!(found.describe().count(), 2);
    let error = Config::default().with_environment(nothing()).discover().await.unwrap_err();
    assert!(matches!(error, ConfigError::Missing { attribute: "host", .. }), "{error}");
}

#[tokio::test]
pub(crate) async fn a_cloud_that_the_name_does_not_tell_is_asked_of_the_host() {
    let server = MockServer::start().await;
    says(&server, json!({"cloud": "Azure", "workspace_id": "17"})).await;
    Mock::given(path("/tenant/oauth2/token"))
        .and(body_string_contains("client_secret=s3cret-app"))
        .respond_with(token("s3cret-aad"))
        .mount(&server)
        .await;
    accept(&server, "s3cret-aad", "app").await;
    let application = [
        (Attribute::AzureClientId, "app"),
        (Attribute::AzureClientSecret, "s3cret-app"),
        (Attribute::AzureTenantId, "tenant"),
    ];
    let login = Environment::of([("AZURE_AUTHORITY_HOST", server.uri())]);
    let settings = |server: &MockServer| config(&server.uri(), &application).with_environment(login.clone());
    let workspace = workspace(settings(&server)).unwrap();
    for _ in 0..3 {
        assert_eq!(me(&workspace).await.unwrap(), "app");
    }
    assert_eq!(asked(&server, METADATA).await, 1);

    let other = MockServer::start().await;
    says(&other, json!({"cloud": "AWS"})).await;
    let error = who(settings(&other)).await.unwrap_err().to_string();
    assert!(error.contains("azure-client-secret: the host is not one of Azure's"), "{error}");
}

const ID: &str = "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";

/// Entra ID, and Azure Resource Manager that knows the workspace at this server.
async fn azure(server: &MockServer) -> Environment {
    for (resource, value) in [
        ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "s3cret-aad"),
        ("management.core.windows.net", "s3cret-manage"),
    ] {
        Mock::given(path("/tenant/oauth2/token"))
            .and(body_string_contains(resource))
            .respond_with(token(value))
            .mount(server)
            .await;
    }
    Mock::given(path(ID))
        .and(query_param("api-version", "2018-04-01"))
        .and(header("authorization", "Bearer s3cret-manage"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"properties": {"workspaceId": "17", "workspaceUrl": server.uri()}})),
        )
        .mount(server)
        .await;
    accept(server, "s3cret-aad", "app").await;
    Environment::of([("AZURE_AUTHORITY_HOST", server.uri()), ("ARM_ENDPOINT", server.uri())])
}

fn by_id(environment: Environment, more: &[(Attribute, &str)]) -> Config {
    let config = Config::default().with_environment(environment);
    let config =
        config.with(Attribute::AzureWorkspaceResourceId, ID).with(Attribute::AzureTenantId, "tenant");
    more.iter().fold(config, |config, (attribute, value)| config.with(*attribute, *value))
}

const APPLICATION: [(Attribute, &str); 2] =
    [(Attribute::AzureClientId, "app"), (Attribute::AzureClientSecret, "s3cret-app")];

#[tokio::test]
pub(crate) async fn a_workspace_is_found_by_its_resource_id() {
    let server = MockServer::start().await;
    let environment = azure(&server).await;
    let workspace = workspace(by_id(environment, &APPLICATION)).unwrap();
    assert!(workspace.host().ends_with(".invalid"), "{}", workspace.host());
    let calls = (0..20).map(|_| me(&workspace));
    let users = futures_util::future::try_join_all(calls).await.unwrap();
    assert!(users.iter().all(|user| user == "app"));
    assert_eq!((workspace.host(), asked(&server, ID).await), (server.uri().as_str(), 1));
    assert_eq!(me(&workspace).await.unwrap(), "app");
    let last = server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(last.headers["x-databricks-azure-workspace-resource-id"], ID);
}

#[tokio::test]
pub(crate) async fn a_workspace_is_found_by_the_login_of_az() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    azure(&server).await;
    let token = |value: &str| json!({"accessToken": value, "expires_on": epoch(std::time::Duration::from_secs(3600))});
    let script = format!(
        "case \"$*\" in 'account show'*) echo '{{}}' ;;\n*management*) echo '{}' ;;\n*) echo '{}' ;; esac",
        token("s3cret-manage"),
        token("s3cret-aad")
    );
    programs.add("az", &script);
    let folder = programs.path().display().to_string();
    let environment = Environment::of([("PATH", folder), ("ARM_ENDPOINT", server.uri())]);
    assert_eq!(who(by_id(environment, &[])).await.unwrap(), "app");
    let agent = server.received_requests().await.unwrap().pop().unwrap().headers["user-agent"].clone();
    assert!(agent.to_str().unwrap().ends_with("auth/azure-cli"), "{agent:?}");
}

#[tokio::test]
pub(crate) async fn a_job_of_github_finds_its_workspace() {
    let server = MockServer::start().await;
    azure(&server).await;
    Mock::given(path("/actions"))
        .and(header("authorization", "Bearer s3cret-request"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": "s3cret-id"})))
        .mount(&server)
        .await;
    let environment = Environment::of([
        ("AZURE_AUTHORITY_HOST", server.uri()),
        ("ARM_ENDPOINT", server.uri()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/actions?a=1", server.uri())),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cret-request".to_owned()),
    ]);
    assert_eq!(who(by_id(environment, &APPLICATION[..1])).await.unwrap(), "app");
}

#[tokio::test]
pub(crate) async fn a_workspace_that_azure_does_not_know_is_an_error_and_asked_for_again() {
    let server = MockServer::start().await;
    let body = json!({"error": {"code": "AuthorizationFailed", "message": "the client may not read it"}});
    Mock::given(path(ID))
        .respond_with(ResponseTemplate::new(403).set_body_json(body))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&server)
        .await;
    let environment = azure(&server).await;
    let workspace = workspace(by_id(environment, &APPLICATION)).unwrap();
    let error = me(&workspace).await.unwrap_err().to_string();
    let expected = "azure-client-secret: Azure Resource Manager answered 403: AuthorizationFailed: the client may not read it";
    assert_eq!(error, expected);
    assert_eq!(me(&workspace).await.unwrap(), "app");
}

#[tokio::test]
pub(crate) async fn other_logins_need_a_host() {
    let config = by_id(nothing(), &APPLICATION).with(Attribute::AccountId, "acc");
    let error = databricks_toolkit::Account::builder().config(config).build().unwrap_err().to_string();
    assert!(error.contains("no host is set"), "{error}");
    let error = workspace(by_id(nothing(), &[TOKEN, (Attribute::AuthType, "pat")])).unwrap_err().to_string();
    assert!(error.contains("pat: no host"), "{error}");
    let builder = Workspace::builder().config(by_id(nothing(), &[]));
    let own = databricks_toolkit::auth::PersonalAccessToken::new("s3cret".to_owned().into()).unwrap();
    let error = builder.credentials(own).build().unwrap().current_user().me().send().await.unwrap_err();
    assert!(error.to_string().contains("cannot find the workspace's address"), "{error}");
    // The tenant is asked of a workspace, and there is none to ask yet.
    let config = Config::default().with_environment(nothing()).with(Attribute::AzureWorkspaceResourceId, ID);
    let config = APPLICATION.iter().fold(config, |config, (name, value)| config.with(*name, *value));
    let error = who(config).await.unwrap_err().to_string();
    assert!(error.contains("set ARM_TENANT_ID"), "{error}");
}
