//! Where settings come from, which of them win, and what is shown of them.

use std::collections::BTreeSet;

use databricks_toolkit::config::{Attribute, Cloud, Config, Environment, Source};
use databricks_toolkit::{Error, Workspace};

use crate::support::*;

const FILE: &str = "\
[DEFAULT]
host = https://default.cloud.databricks.com
token = s3cret-default

[dev]
host = https://dev.cloud.databricks.com/?o=17 # the small one
token = s3cret-dev#1
warehouse_id = w1

[azure]
host = https://adb-1.2.azuredatabricks.net
azure_client_id = app
azure_client_secret = s3cret-azure
azure_tenant_id = tenant
";

struct Home(tempfile::TempDir);

impl Home {
    fn new(file: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".databrickscfg"), file).unwrap();
        Self(home)
    }

    fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let home = self.0.path().display().to_string();
        Environment::of(variables.iter().copied().chain([("HOME", home.as_str())]))
    }

    fn config(&self, variables: &[(&str, &str)]) -> Config {
        Config::default().with_environment(self.environment(variables))
    }
}

fn token(config: &Config) -> Option<&str> {
    config.get(Attribute::Token)
}

#[test]
pub(crate) fn code_wins_over_the_environment_and_that_over_a_profile() {
    let home = Home::new(FILE);
    let variables = [("DATABRICKS_CONFIG_PROFILE", "dev"), ("DATABRICKS_TOKEN", "s3cret-env")];
    let config = home.config(&variables).with(Attribute::WarehouseId, "w2").load().unwrap();
    assert_eq!(config.host(), Some("https://dev.cloud.databricks.com/?o=17"));
    assert_eq!((token(&config), config.warehouse_id()), (Some("s3cret-env"), Some("w2")));
    let sources = |attribute| config.source(attribute).unwrap().clone();
    assert_eq!(sources(Attribute::WarehouseId), Source::Explicit);
    assert_eq!(sources(Attribute::Token), Source::Variable("DATABRICKS_TOKEN"));
    let Source::Profile { name, file, .. } = sources(Attribute::Host) else { panic!("not of the profile") };
    assert!(name == "dev" && file.ends_with(".databrickscfg"), "{name} {file}");
    assert_eq!(config.workspace_id().as_deref(), Some("17"));
}

#[test]
pub(crate) fn the_file_is_left_alone_where_there_is_a_host_or_a_credential() {
    let home = Home::new(FILE);
    for variables in [
        [("DATABRICKS_HOST", "https://x.com")],
        [("DATABRICKS_TOKEN", "s3cret-env")],
        [("DATABRICKS_AZURE_RESOURCE_ID", "/subscriptions/1")],
        [("DATABRICKS_CLIENT_ID", "app")],
    ] {
        let config = home.config(&variables).load().unwrap();
        assert_eq!(config.describe().count(), 1, "{variables:?}: {config:?}");
    }
    let config = home.config(&[("DATABRICKS_WAREHOUSE_ID", "w")]).load().unwrap();
    assert_eq!(token(&config), Some("s3cret-default"));
}

#[test]
pub(crate) fn the_profile_is_the_named_one_or_the_files_own_default() {
    let home = Home::new(&format!("{FILE}[__settings__]\ndefault_profile = dev\n"));
    assert_eq!(token(&home.config(&[]).load().unwrap()), Some("s3cret-dev#1"));
    let named = home.config(&[("DATABRICKS_CONFIG_PROFILE", "DEFAULT")]).load().unwrap();
    assert_eq!(token(&named), Some("s3cret-default"));
    let error = home.config(&[("DATABRICKS_CONFIG_PROFILE", "gone")]).load().unwrap_err().to_string();
    assert!(error.contains("no profile `gone`; there are: DEFAULT, dev, azure"), "{error}");
    // Neither a file nor a DEFAULT is needed.
    let empty = Home::new("[dev]\nhost = x\n").config(&[]).load().unwrap();
    assert_eq!(empty.describe().count(), 0);
    let nowhere = Environment::of([("HOME", "/nowhere")]);
    assert_eq!(Config::default().with_environment(nowhere).load().unwrap().describe().count(), 0);
}

#[test]
pub(crate) fn a_file_elsewhere_is_named_by_a_variable() {
    let home = Home::new(FILE);
    std::fs::write(home.0.path().join("other"), "[DEFAULT]\nhost = https://other.com\n").unwrap();
    let config = home.config(&[("DATABRICKS_CONFIG_FILE", "~/other")]).load().unwrap();
    assert_eq!(config.host(), Some("https://other.com"));
}

#[test]
pub(crate) fn profiles_live_side_by_side_whatever_the_environment_says() {
    let home = Home::new(FILE);
    let variables = [("DATABRICKS_HOST", "https://env.com"), ("DATABRICKS_TOKEN", "s3cret-env")];
    let open = |name: &str| {
        let config = home.config(&variables).with_profile(name).unwrap();
        Workspace::builder().config(config).build().unwrap()
    };
    let (dev, default, azure) = (open("dev"), open("DEFAULT"), open("azure"));
    assert_eq!(dev.host(), "https://dev.cloud.databricks.com");
    assert_eq!(token(dev.config()), Some("s3cret-dev#1"));
    assert_eq!(default.host(), "https://default.cloud.databricks.com");
    assert_eq!(azure.config().cloud(), Some(Cloud::Azure));
}

fn conflict(config: Config) -> Result<Workspace, Error> {
    Workspace::builder().config(config).build()
}

#[test]
pub(crate) fn two_ways_to_log_in_are_told_with_their_sources() {
    let home = Home::new(FILE);
    let variables = [
        ("DATABRICKS_CONFIG_PROFILE", "dev"),
        ("DATABRICKS_CLIENT_ID", "app"),
        ("DATABRICKS_CLIENT_SECRET", "s3cret-very"),
    ];
    let error = conflict(home.config(&variables).load().unwrap()).unwrap_err().to_string();
    for part in [
        "token (pat) from profile dev of ",
        ".databrickscfg",
        "client_secret (oauth) from variable DATABRICKS_CLIENT_SECRET",
        "set DATABRICKS_AUTH_TYPE",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("s3cret-very") && !error.contains("s3cret-dev"), "{error}");
    let chosen = home.config(&variables).with(Attribute::AuthType, "pat").load().unwrap();
    conflict(chosen).unwrap();
}

#[test]
pub(crate) fn credentials_said_in_code_beat_those_of_the_environment() {
    let home = Home::new(FILE);
    let variables = [
        ("DATABRICKS_HOST", "https://x.com"),
        ("DATABRICKS_CLIENT_ID", "app"),
        ("DATABRICKS_CLIENT_SECRET", "s3cret"),
        ("DATABRICKS_AUTH_TYPE", "oauth-m2m"),
    ];
    let config = home.config(&variables).with(Attribute::Token, "s3cret-code").load().unwrap();
    let workspace = conflict(config.clone()).unwrap();
    assert!(format!("{workspace:?}").contains("PersonalAccessToken"), "{workspace:?}");
    // Two ways said in code are a conflict all the same.
    let twice = config.with(Attribute::Username, "me").with(Attribute::Password, "word");
    let error = conflict(twice).unwrap_err().to_string();
    assert!(error.contains("token (pat) from code; username (basic) from code"), "{error}");
    // A half that is said in code takes its other half from the environment.
    let half = home.config(&variables[..3]).with(Attribute::ClientId, "other").load().unwrap();
    conflict(half).unwrap();
}

#[test]
pub(crate) fn a_client_id_goes_with_a_token_in_a_file() {
    let home = Home::new("");
    let variables = [
        ("DATABRICKS_HOST", "https://x.com"),
        ("DATABRICKS_CLIENT_ID", "app"),
        ("DATABRICKS_OIDC_TOKEN_FILE", "/token"),
    ];
    let config = home.config(&variables).load().unwrap();
    assert_eq!(config.get(Attribute::OidcTokenFilepath), Some("/token"));
    assert!(!matches!(
        conflict(config),
        Err(Error::Config(databricks_toolkit::error::ConfigError::Conflict { .. }))
    ));
}

#[test]
pub(crate) fn no_secret_is_shown() {
    let secrets: Vec<_> = Attribute::ALL.iter().filter(|attribute| attribute.is_secret()).collect();
    assert!(secrets.len() >= 6, "{secrets:?}");
    let config = Attribute::ALL.iter().fold(Config::default(), |config, attribute| {
        config.with(*attribute, format!("value-of-{attribute}"))
    });
    let shown = format!("{config:?} {:?}", config.describe().collect::<Vec<_>>());
    for attribute in Attribute::ALL {
        assert_eq!(shown.contains(&format!("value-of-{attribute}\"")), !attribute.is_secret(), "{attribute}");
    }
}

#[test]
pub(crate) fn the_table_holds_every_variable_of_the_official_tools_once() {
    let variables: Vec<_> = Attribute::ALL.iter().flat_map(|attribute| attribute.variables()).collect();
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
    for name in [
        "HOST",
        "ACCOUNT_ID",
        "WORKSPACE_ID",
        "CLUSTER_ID",
        "WAREHOUSE_ID",
        "SERVERLESS_COMPUTE_ID",
        "TOKEN",
        "USERNAME",
        "PASSWORD",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "METADATA_SERVICE_URL",
        "OIDC_TOKEN_ENV",
        "OIDC_TOKEN_FILEPATH",
        "TOKEN_AUDIENCE",
        "AZURE_RESOURCE_ID",
        "GOOGLE_SERVICE_ACCOUNT",
        "CONFIG_PROFILE",
        "CONFIG_FILE",
        "AUTH_TYPE",
        "CLI_PATH",
        "DEBUG_TRUNCATE_BYTES",
        "DEBUG_HEADERS",
        "RATE_LIMIT",
    ] {
        assert!(variables.contains(&&format!("DATABRICKS_{name}").as_str()), "{name}");
    }
}

#[test]
pub(crate) fn a_timeout_is_a_number_of_seconds() {
    for (value, expected) in [("2.5", Some(2500)), ("0", None), ("-1", None), ("soon", None), ("inf", None)] {
        let found = Config::default().with(Attribute::HttpTimeoutSeconds, value).http_timeout();
        assert_eq!(found.ok().map(|timeout| timeout.as_millis()), expected, "{value}");
    }
}

#[test]
pub(crate) fn a_limit_that_is_no_number_is_an_error_and_zero_is_none() {
    let with =
        |attribute, value: &str| config("http://127.0.0.1:9", &[(Attribute::Token, "t"), (attribute, value)]);
    let workspace = |config: Config| Workspace::builder().config(config).build();
    let error = workspace(with(Attribute::RateLimit, "many")).unwrap_err().to_string();
    assert!(error.contains("rate_limit") && error.contains("many"), "{error}");
    let error = workspace(with(Attribute::RetryTimeoutSeconds, "-1")).unwrap_err().to_string();
    assert!(error.contains("retry_timeout_seconds"), "{error}");
    workspace(with(Attribute::RateLimit, "0")).unwrap();
}

#[tokio::test]
pub(crate) async fn retries_end_when_the_settings_say_so() {
    let server = wiremock::MockServer::start().await;
    let busy = wiremock::ResponseTemplate::new(503);
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(busy).mount(&server).await;
    let settings = [(Attribute::Token, "t"), (Attribute::RetryTimeoutSeconds, "0.1")];
    let workspace = Workspace::builder().config(config(&server.uri(), &settings)).build().unwrap();
    let error = me(&workspace).await.unwrap_err();
    // The first wait is half a second and more: there is no second attempt within a tenth.
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "{error}");
}
