//! `auth`: settings, tokens and the login in a browser.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::{body_string_contains, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{binary, complaint, said, text};

const PROFILES: &str = "[DEFAULT]\nhost = https://one.cloud.databricks.com\ntoken = s3cret-one\n\n[two]\nhost = https://two.cloud.databricks.com\ntoken = s3cret-two\n";

fn home_with_profiles() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".databrickscfg"), PROFILES).unwrap();
    home
}

#[test]
fn settings_are_shown_with_their_sources_and_without_secrets() {
    let home = home_with_profiles();
    let describe = |more: &[&str]| {
        let mut command = binary(home.path());
        command.env("DATABRICKS_WAREHOUSE_ID", "abc").args(["auth", "describe"]).args(more);
        let output = command.output().unwrap();
        assert!(!text(&output.stdout).contains("s3cret") && !text(&output.stderr).contains("s3cret"));
        (said(&output), text(&output.stderr))
    };
    let (table, note) = describe(&[]);
    let line =
        |name: &str| table.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    assert!(line("token").contains("***") && line("token").contains("profile DEFAULT of"), "{table}");
    assert!(line("warehouse_id").contains("variable DATABRICKS_WAREHOUSE_ID"), "{table}");
    assert!(note.contains("logs in by: pat"), "{note}");
    let (json, _) = describe(&["--profile", "two", "--output", "json"]);
    let answer: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["auth_type"], "pat");
    let host = answer["settings"].as_array().unwrap().iter().find(|it| it["setting"] == "host").unwrap();
    assert_eq!(host["value"], "https://two.cloud.databricks.com");
    let (all, _) = describe(&["--all", "--output", "csv"]);
    assert!(all.contains("client_id,,not set; variable DATABRICKS_CLIENT_ID"), "{all}");
}

#[test]
fn settings_that_do_not_fit_are_shown_and_the_code_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut command = binary(home.path());
    command.env("DATABRICKS_HOST", "https://x.cloud.databricks.com").env("DATABRICKS_TOKEN", "s3cret");
    command.env("DATABRICKS_USERNAME", "me").env("DATABRICKS_PASSWORD", "s3cret").args(["auth", "describe"]);
    let output = command.output().unwrap();
    let told = complaint(&output, 1);
    assert!(told.contains("DATABRICKS_TOKEN") && told.contains("DATABRICKS_USERNAME"), "{told}");
    assert!(text(&output.stdout).contains("username") && !text(&output.stdout).contains("s3cret"));
}

#[test]
fn a_token_is_printed_alone() {
    let home = home_with_profiles();
    let token = |more: &[&str]| {
        let mut command = binary(home.path());
        said(&command.args(["auth", "token"]).args(more).output().unwrap())
    };
    assert_eq!(token(&[]), "s3cret-one\n");
    let answer: Value = serde_json::from_str(&token(&["--profile", "two", "-o", "json"])).unwrap();
    assert_eq!((&answer["access_token"], &answer["token_type"]), (&json!("s3cret-two"), &json!("Bearer")));
    let mut command = binary(home.path());
    command.env("DATABRICKS_HOST", "https://x.cloud.databricks.com").env("DATABRICKS_USERNAME", "me");
    command.env("DATABRICKS_PASSWORD", "s3cret").args(["auth", "token"]);
    assert!(complaint(&command.output().unwrap(), 1).contains("`basic` has no token"));
}

async fn oauth() -> MockServer {
    let server = MockServer::start().await;
    let endpoint = |name: &str| format!("{}/oidc/v1/{name}", server.uri());
    let description =
        json!({"authorization_endpoint": endpoint("authorize"), "token_endpoint": endpoint("token")});
    Mock::given(path("/oidc/.well-known/oauth-authorization-server"))
        .respond_with(ResponseTemplate::new(200).set_body_json(description))
        .mount(&server)
        .await;
    let answer =
        json!({"access_token": "s3cret-access", "refresh_token": "s3cret-refresh", "expires_in": 3600});
    Mock::given(path("/oidc/v1/token"))
        .and(body_string_contains("code=s3cret-code"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .expect(1)
        .mount(&server)
        .await;
    server
}

/// A browser that notes the page which it is to open.
#[cfg(unix)]
fn browser(folder: &Path) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (program, page) = (folder.join("xdg-open"), folder.join("page"));
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho \"$1\" > {0}.part && /bin/mv {0}.part {0}\n", page.display()),
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::copy(&program, folder.join("open")).unwrap();
    page
}

/// What the browser does once the user has logged in.
#[cfg(unix)]
async fn redirect(page: &Path) {
    let page = loop {
        match std::fs::read_to_string(page) {
            Ok(page) => break url::Url::parse(page.trim()).unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let value = |name: &str| page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let back = format!("{}/?code=s3cret-code&state={}", value("redirect_uri"), value("state"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(back).send().await.unwrap().status(), 200);
}

#[cfg(unix)]
#[tokio::test]
async fn a_login_is_kept_and_its_profile_works_at_once() {
    let server = oauth().await;
    let home = home_with_profiles();
    let programs = tempfile::tempdir().unwrap();
    let page = browser(programs.path());
    let (host, path) = (server.uri(), programs.path().display().to_string());
    let login = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::from(binary(home.path()));
        command.env("PATH", &path).args(["auth", "login"]).args(arguments).kill_on_drop(true);
        tokio::time::timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap()
    };
    let arguments = ["--host", &host, "--profile", "work"];
    let (output, ()) = tokio::join!(login(&arguments), redirect(&page));
    assert!(said(&output).contains("setup CLIENT --profile work"));
    assert!(!text(&output.stdout).contains("s3cret"), "{}", text(&output.stdout));
    let file = std::fs::read_to_string(home.path().join(".databrickscfg")).unwrap();
    assert_eq!(file, format!("{PROFILES}\n[work]\nhost      = {host}\nauth_type = external-browser\n"));
    // A copy would be one more file with tokens in it.
    let files = std::fs::read_dir(home.path()).unwrap().map(|it| it.unwrap().file_name());
    assert!(!files.into_iter().any(|name| name.to_string_lossy().ends_with(".bak")));
    // Neither the next login nor a token needs the browser again.
    std::fs::remove_file(&page).unwrap();
    said(&login(&["--profile", "work"]).await);
    let token = binary(home.path()).args(["auth", "token", "--profile", "work"]).output().unwrap();
    assert_eq!(said(&token), "s3cret-access\n");
    assert!(!page.exists());
    // A name that is taken by another workspace is left alone.
    let told = complaint(&login(&["--host", &host, "--profile", "two"]).await, 2);
    assert!(told.contains("choose another name"), "{told}");
    assert_eq!(std::fs::read_to_string(home.path().join(".databrickscfg")).unwrap(), file);
}
