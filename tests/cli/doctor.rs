//! `doctor`: what a report says, and above all what it does not say.

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use databricks_toolkit::config::Attribute;

use crate::{binary, said};

#[tokio::test]
async fn no_secret_is_in_a_report_wherever_it_was() {
    let server = MockServer::start().await;
    // A workspace that repeats what it was sent, as some proxies do.
    let refusal =
        json!({"error_code": "UNAUTHENTICATED", "message": "bad token s3cret-token of s3cret-user"});
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .mount(&server)
        .await;
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".cursor")).unwrap();
    let servers = json!({"mcpServers": {"databricks": {"command": "databricks-mcp", "env": {"DATABRICKS_TOKEN": "s3cret-file"}}}});
    std::fs::write(home.path().join(".cursor/mcp.json"), servers.to_string()).unwrap();
    for format in ["yaml", "json", "table", "csv"] {
        let mut command = tokio::process::Command::from(binary(home.path()));
        command
            .env("DATABRICKS_HOST", server.uri())
            .env("DATABRICKS_TOKEN", "s3cret-token")
            .env("DATABRICKS_AUTH_TYPE", "pat")
            .env("DATABRICKS_USERNAME", "s3cret-user")
            .env("NO_PROXY", "127.0.0.1")
            .env("HTTPS_PROXY", "http://me:s3cret-proxy@127.0.0.1:9")
            .env("DATABRICKS_MCP_SOME_API_KEY", "s3cret-key");
        // Every setting that is secret, also those that are of no use here.
        for attribute in Attribute::ALL.iter().filter(|it| it.is_secret() && **it != Attribute::Token) {
            for variable in attribute.variables() {
                command.env(variable, format!("s3cret-{}", attribute.name()));
            }
        }
        let output = command.args(["doctor", "--output", format]).output().await.unwrap();
        let report = said(&output);
        assert!(!report.contains("s3cret"), "{report}");
        assert!(!report.contains(&home.path().display().to_string()), "{report}");
        for expected in [env!("CARGO_PKG_VERSION"), "DATABRICKS_TOKEN", "HTTPS_PROXY", "Cursor"] {
            assert!(report.contains(expected), "{format} lacks {expected}: {report}");
        }
    }
}

#[tokio::test]
async fn a_report_tells_what_was_tried_and_not_whose_workspace_it_is() {
    let server = MockServer::start().await;
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": "someone@example.com"})))
        .mount(&server)
        .await;
    let home = tempfile::tempdir().unwrap();
    let report = async |host: &str, more: &[&str]| {
        let mut command = tokio::process::Command::from(binary(home.path()));
        command.env("DATABRICKS_HOST", host).env("DATABRICKS_TOKEN", "t0ken").args(["doctor", "-o", "json"]);
        let output = command.args(more).output().await.unwrap();
        let text = said(&output);
        (serde_json::from_str::<Value>(&text).unwrap(), text)
    };
    let (told, text) = report(&server.uri(), &[]).await;
    assert_eq!(
        (&told["workspace"]["answers"], &told["workspace"]["logged_in"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told["logs_in_by"], "pat");
    assert!(!text.contains("someone"), "{text}");
    let (told, text) =
        report("https://acme-prod.cloud.databricks.com/?o=4711471147114711", &["--offline"]).await;
    assert!(told.get("workspace").is_none());
    assert!(
        text.contains("***.cloud.databricks.com") && !text.contains("acme") && !text.contains("4711"),
        "{text}"
    );
    let (told, _) = report("ftp://somewhere", &[]).await;
    assert!(told["logs_in_by"]["error"].is_string(), "{told}");
}
