//! The login of a user in a browser, played by a program that notes the address it is told to open.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use databricks_toolkit::Error;
use databricks_toolkit::config::{Attribute, Config};
use serde_json::{Value, json};
use wiremock::matchers::{body_string_contains, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::*;

/// The program that opens a page in a browser.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

fn settings(server: &MockServer, programs: &Programs) -> Config {
    config(&server.uri(), &[(Attribute::AuthType, "external-browser")])
        .with_environment(programs.environment())
}

fn answer(token: &str, refresh: &str) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"access_token": token, "refresh_token": refresh, "expires_in": 3600}))
}

/// Waits for the browser, and sends it back with this query beside the state.
async fn redirect(programs: &Programs, query: &str) -> url::Url {
    let page = loop {
        if let Some(page) = programs.runs(OPENER).pop() {
            break url::Url::parse(&page).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let value = |name: &str| page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let redirect = value("redirect_uri");
    // What a browser asks for beside, and what somebody else may try.
    assert_eq!(get(&format!("{redirect}/favicon.ico")).await, 404);
    assert_eq!(get(&format!("{redirect}/?code=theirs&state=guessed")).await, 404);
    get(&format!("{redirect}/?{query}&state={}", value("state"))).await;
    page
}

async fn get(address: &str) -> u16 {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(address)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

fn cached(programs: &Programs) -> (std::path::PathBuf, Value) {
    let file = programs.path().join(".databricks/token-cache.json");
    let text = std::fs::read_to_string(&file).unwrap();
    (file, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
pub(crate) async fn a_user_logs_in_once_and_the_login_is_kept() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    programs.add(OPENER, "");
    describe_oauth(&server, DESCRIPTION).await;
    Mock::given(path("/oidc/v1/token"))
        .and(body_string_contains("grant_type=authorization_code&code=s3cret-mine&code_verifier="))
        .and(body_string_contains("client_id=databricks-cli"))
        .respond_with(answer("s3cret-t1", "s3cret-r1"))
        .mount(&server)
        .await;
    accept(&server, "s3cret-t1", "me").await;
    let (name, page) =
        tokio::join!(who(settings(&server, &programs)), redirect(&programs, "code=s3cret-mine"));
    assert_eq!(name.unwrap(), "me");
    let query = page.query().unwrap();
    for part in ["code_challenge_method=S256", "scope=all-apis+offline_access", "response_type=code"] {
        assert!(query.contains(part), "{part}: {query}");
    }
    let requests = server.received_requests().await.unwrap();
    let forms = requests.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned());
    let verifier = forms.filter_map(|form| form.split("code_verifier=").nth(1).map(str::to_owned)).next();
    secret(verifier.unwrap().split('&').next().unwrap());
    let (file, kept) = cached(&programs);
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        (&kept["version"], &kept["tokens"][server.uri()]["refresh_token"]),
        (&json!(1), &json!("s3cret-r1"))
    );
    // Another process finds it, and opens no browser.
    assert_eq!(who(settings(&server, &programs)).await.unwrap(), "me");
    assert_eq!((programs.runs(OPENER).len(), asked(&server, "/oidc/v1/token").await), (1, 1));
}

#[tokio::test]
pub(crate) async fn a_login_that_is_refused_says_why() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    programs.add(OPENER, "");
    describe_oauth(&server, DESCRIPTION).await;
    let query = "error=access_denied&error_description=not%20you";
    let (outcome, _) = tokio::join!(who(settings(&server, &programs)), redirect(&programs, query));
    let error: Error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "external-browser: the login was refused: access_denied: not you");
}

#[tokio::test]
pub(crate) async fn an_expired_login_is_renewed_and_others_of_the_file_are_left() {
    let (server, programs) = (MockServer::start().await, Programs::new().await);
    describe_oauth(&server, DESCRIPTION).await;
    Mock::given(path("/oidc/v1/token"))
        .and(body_string_contains("grant_type=refresh_token&refresh_token=s3cret-r1"))
        .respond_with(answer("s3cret-t2", "s3cret-r2"))
        .mount(&server)
        .await;
    accept(&server, "s3cret-t2", "me").await;
    let folder = programs.path().join(".databricks");
    std::fs::create_dir(&folder).unwrap();
    let login = json!({"access_token": "s3cret-t1", "token_type": "Bearer", "refresh_token": "s3cret-r1", "expiry": "2020-01-01T00:00:00.5+02:00"});
    let whole = json!({"version": 1, "tokens": {server.uri(): login, "https://other.com": {"access_token": "s3cret-x"}}});
    std::fs::write(folder.join("token-cache.json"), whole.to_string()).unwrap();
    assert_eq!(who(settings(&server, &programs)).await.unwrap(), "me");
    let (_, kept) = cached(&programs);
    assert_eq!(kept["tokens"][server.uri()]["refresh_token"], "s3cret-r2");
    assert_eq!(kept["tokens"]["https://other.com"]["access_token"], "s3cret-x");
}
