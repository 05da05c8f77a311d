//! The login that the Databricks CLI keeps.

use std::time::Duration;

use databricks_toolkit::config::{Attribute, Config};
use serde_json::json;
use wiremock::MockServer;

use crate::support::*;

/// A CLI of this version, whose token expires in an hour, told in a zone of its own.
fn cli(version: (u32, u32, u32), token: &str) -> String {
    let (major, minor, patch) = version;
    let expiry = chrono::DateTime::from_timestamp(epoch(Duration::from_secs(3600)) as i64, 5).unwrap();
    let expiry = expiry.with_timezone(&chrono::FixedOffset::east_opt(2 * 3600).unwrap()).to_rfc3339();
    let version = json!({"Major": major, "Minor": minor, "Patch": patch});
    let token = json!({"access_token": token, "token_type": "Bearer", "expiry": expiry});
    format!("case \"$1\" in version) echo '{version}' ;; *) echo '{token}' ;; esac")
}

fn settings(server: &MockServer, programs: &Programs) -> Config {
    config(&server.uri(), &[]).with_environment(programs.environment())
}

#[tokio::test]
pub(crate) async fn the_login_of_the_cli_is_used() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    programs.add_large("databricks", &cli((0, 300, 0), "s3cret-t1"));
    accept(&server, "s3cret-t1", "me").await;
    let workspace = workspace(settings(&server, &programs)).unwrap();
    for _ in 0..3 {
        assert_eq!(me(&workspace).await.unwrap(), "me");
    }
    let host = format!("auth token --host {}", server.uri());
    assert_eq!(programs.runs("databricks"), ["version --output json", &host]);
}

#[tokio::test]
pub(crate) async fn a_profile_is_named_where_the_cli_understands_it() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    accept(&server, "s3cret-t1", "me").await;
    let host = format!("auth token --host {}", server.uri());
    for (name, version, expected) in [
        ("new", (0, 207, 1), "auth token --profile dev"),
        ("old", (0, 207, 0), host.as_str()),
        ("major", (1, 0, 0), "auth token --profile dev"),
    ] {
        let program = programs.add(name, &cli(version, "s3cret-t1"));
        let config = settings(&server, &programs)
            .with(Attribute::Profile, "dev")
            .with(Attribute::AuthType, "databricks-cli")
            .with(Attribute::DatabricksCliPath, program.display().to_string());
        assert_eq!(who(config).await.unwrap(), "me");
        assert_eq!(programs.runs(name)[1], expected);
    }
}

#[tokio::test]
pub(crate) async fn a_refused_token_is_made_new_past_the_clis_own_cache() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    let script = cli((0, 296, 0), "s3cret-old").replace(
        "*)",
        "*--force-refresh) echo '{\"access_token\":\"s3cret-new\",\"expiry\":\"2999-01-01T00:00:00Z\"}' ;; *)",
    );
    programs.add_large("databricks", &script.replace("\"$1\"", "\"$*\"").replace("version)", "version*)"));
    accept(&server, "s3cret-new", "me").await;
    refuse_others(&server).await;
    assert_eq!(who(settings(&server, &programs)).await.unwrap(), "me");
    let runs = programs.runs("databricks");
    assert!(runs.len() == 3 && runs[2].ends_with("--force-refresh"), "{runs:?}");
}

#[tokio::test]
pub(crate) async fn what_the_cli_says_is_told() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    let chosen =
        |programs: &Programs| settings(&server, programs).with(Attribute::AuthType, "databricks-cli");
    let error = who(chosen(&programs)).await.unwrap_err().to_string();
    assert!(error.contains("databricks-cli: `databricks` is not on the PATH"), "{error}");
    programs.add("databricks", "");
    let error = who(chosen(&programs)).await.unwrap_err().to_string();
    assert!(error.contains("is the legacy CLI"), "{error}");
    programs.add_large("databricks", "echo 's3cret on the way'; echo 'no login; run auth login' >&2; exit 1");
    let error = who(chosen(&programs)).await.unwrap_err().to_string();
    assert_eq!(error, "databricks-cli: `databricks` failed: no login; run auth login");
    programs.add_large("databricks", "echo '{\"s3cret\": '");
    let error = who(chosen(&programs)).await.unwrap_err();
    assert!(error.to_string().contains("not the JSON expected"), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
}
