//! Which way to log in is taken where none is named, and what is said where none fits.

use databricks_toolkit::Error;
use databricks_toolkit::auth::AUTH_TYPES;
use databricks_toolkit::config::Attribute;
use databricks_toolkit::error::ConfigError;
use wiremock::MockServer;

use crate::support::*;

const HOST: &str = "https://x.cloud.databricks.com";

#[test]
pub(crate) fn the_order_is_that_of_the_official_tools() {
    let names: Vec<_> = AUTH_TYPES.iter().filter(|kind| kind.is_default).map(|kind| kind.name).collect();
    let expected = "pat basic oauth-m2m databricks-cli metadata-service github-oidc azure-devops-oidc env-oidc \
        file-oidc github-oidc-azure azure-msi azure-client-secret azure-cli google-credentials google-id";
    assert_eq!(names.join(" "), expected);
}

#[test]
pub(crate) fn where_nothing_fits_every_way_is_listed_with_what_it_lacks() {
    let error = workspace(config(HOST, &[])).unwrap_err().to_string();
    assert!(error.contains("set DATABRICKS_TOKEN"), "{error}");
    for kind in AUTH_TYPES.iter().filter(|kind| kind.is_default) {
        assert!(error.contains(&format!("{}: ", kind.name)), "{}: {error}", kind.name);
    }
    for part in
        ["pat: no token", "basic: no username and no password", "azure-cli: the host is not one of Azure's"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
pub(crate) fn the_named_way_is_taken_or_refused_with_its_name() {
    let config = |name: &str| config(HOST, &[(Attribute::AuthType, name)]);
    let error = workspace(config("oauth-m2m")).unwrap_err().to_string();
    assert!(error.contains("oauth-m2m: no client_id and no client_secret"), "{error}");
    let error = workspace(config("magic")).unwrap_err();
    assert!(matches!(error, Error::Config(ConfigError::Invalid { attribute: "auth_type", .. })), "{error}");
    assert!(error.to_string().contains("`magic`") && error.to_string().contains("azure-cli"), "{error}");
}

#[tokio::test]
pub(crate) async fn a_login_that_is_not_there_is_passed_over_for_one_that_is_set() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    programs.add_large("databricks", "echo 'databricks OAuth is not configured for this host' >&2; exit 1");
    let expires = epoch(std::time::Duration::from_secs(3600));
    wiremock::Mock::given(wiremock::matchers::path("/local"))
        .respond_with(
            wiremock::ResponseTemplate::new(200)
                .set_body_json(serde_json::json!({"access_token": "s3cret-t1", "expires_on": expires})),
        )
        .mount(&server)
        .await;
    accept(&server, "s3cret-t1", "local").await;
    let url = format!("{}/local", server.uri());
    let config = config(&server.uri(), &[(Attribute::MetadataServiceUrl, &url)])
        .with_environment(programs.environment());
    let workspace = workspace(config).unwrap();
    for _ in 0..3 {
        assert_eq!(me(&workspace).await.unwrap(), "local");
    }
    assert_eq!(programs.runs("databricks").len(), 2);
    let agent = server.received_requests().await.unwrap().pop().unwrap().headers["user-agent"].clone();
    assert!(agent.to_str().unwrap().ends_with(" auth/metadata-service"), "{agent:?}");
}

#[tokio::test]
pub(crate) async fn programs_that_fail_are_listed_and_not_run_for_every_call() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    programs.add_large("databricks", "echo 'no login here' >&2; exit 1");
    programs.add("az", "echo 'please run az login' >&2; exit 1");
    let config =
        config(&server.uri(), &[(Attribute::Cloud, "AZURE")]).with_environment(programs.environment());
    let workspace = workspace(config).unwrap();
    for _ in 0..10 {
        let error = me(&workspace).await.unwrap_err().to_string();
        for part in [
            "databricks-cli: `databricks` failed: no login here",
            "azure-cli: `az` failed: please run az login",
            "pat: no token",
            "set DATABRICKS_TOKEN",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    assert_eq!(programs.runs("az").len(), 1);
    assert!(server.received_requests().await.unwrap().is_empty());
}
