//! What the tests share: a workspace that tells who called, and programs made of a few lines.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use databricks_toolkit::config::{Attribute, Config, Environment};
use databricks_toolkit::transport::RetryPolicy;
use databricks_toolkit::{Error, Workspace};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Settings of this host, with nothing of the process's environment.
pub(crate) fn config(host: &str, settings: &[(Attribute, &str)]) -> Config {
    let config = Config::default().with_environment(nothing()).with(Attribute::Host, host);
    settings.iter().fold(config, |config, (attribute, value)| config.with(*attribute, *value))
}

pub(crate) fn nothing() -> Environment {
    Environment::of::<String, String>([])
}

pub(crate) fn workspace(config: Config) -> Result<Workspace, Error> {
    note(&config);
    let built = Workspace::builder().config(config).retry(RetryPolicy::none()).rate_limit(0).build();
    match &built {
        Ok(workspace) => note(workspace),
        Err(error) => note_error(error),
    }
    built
}

/// Who the workspace takes the caller for.
pub(crate) async fn who(config: Config) -> Result<String, Error> {
    me(&workspace(config)?).await
}

pub(crate) async fn me(workspace: &Workspace) -> Result<String, Error> {
    let answer = workspace.current_user().me().send().await;
    // What logins keep can be seen in them only now.
    note(workspace);
    match answer {
        Ok(user) => Ok(user.user_name.unwrap()),
        Err(error) => {
            note_error(&error);
            Err(error)
        }
    }
}

std::thread_local! {
    static SHOWN: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// Keeps what `Debug` shows of it, for the test that looks for secrets.
pub(crate) fn note(shown: &dyn std::fmt::Debug) {
    SHOWN.with_borrow_mut(|all| *all += &format!("{shown:?}\n"));
}

/// The same of an error, its sources, and what it says of itself.
pub(crate) fn note_error(error: &Error) {
    note(error);
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        SHOWN.with_borrow_mut(|all| *all += &format!("{error} {error:?}\n"));
        next = error.source();
    }
}

std::thread_local! {
    static SECRETS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Tells of a secret that the test did not choose.
pub(crate) fn secret(value: &str) {
    SECRETS.with_borrow_mut(|all| all.push(value.to_owned()));
}

/// The secrets of this thread that were told.
pub(crate) fn secrets() -> Vec<String> {
    SECRETS.with_borrow(Clone::clone)
}

/// What was shown on this thread since it was asked last.
pub(crate) fn shown() -> String {
    SHOWN.with_borrow_mut(std::mem::take)
}

/// Takes callers with this token for this user; all others are refused.
pub(crate) async fn accept(server: &MockServer, token: &str, user: &str) {
    Mock::given(method("GET"))
        .and(path("/api/2.0/preview/scim/v2/Me"))
        .and(header("authorization", format!("Bearer {token}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"userName": user})))
        .mount(server)
        .await;
}

/// Refuses every caller that nothing else is said of.
pub(crate) async fn refuse_others(server: &MockServer) {
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .respond_with(
            ResponseTemplate::new(401)
                .set_body_json(json!({"error_code": "UNAUTHENTICATED", "message": "who?"})),
        )
        .with_priority(9)
        .mount(server)
        .await;
}

/// Answers a form at `to` with a token that lives for an hour.
pub(crate) fn token(value: &str) -> ResponseTemplate {
    let body = json!({"access_token": value, "token_type": "Bearer", "expires_in": 3600});
    ResponseTemplate::new(200).set_body_json(body)
}

/// Describes an OAuth server at `/oidc/v1/token`.
pub(crate) async fn describe_oauth(server: &MockServer, at: &str) {
    let body = json!({
        "token_endpoint": format!("{}/oidc/v1/token", server.uri()),
        "authorization_endpoint": format!("{}/oidc/v1/authorize", server.uri()),
    });
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

pub(crate) const DESCRIPTION: &str = "/oidc/.well-known/oauth-authorization-server";

/// How often a path was asked for.
pub(crate) async fn asked(server: &MockServer, path: &str) -> usize {
    let requests = server.received_requests().await.unwrap();
    requests.iter().filter(|request| request.url.path() == path).count()
}

/// A folder that is the whole PATH, and the home.
pub(crate) struct Programs {
    pub folder: tempfile::TempDir,
    // A program is not run while another is written: a fork keeps the file open, and it is busy.
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl Programs {
    pub(crate) async fn new() -> Self {
        Self { _alone: ALONE.lock().await, folder: tempfile::tempdir().unwrap() }
    }

    /// A shell script of this name. It notes its arguments, a line each run, in `NAME.log`.
    pub(crate) fn add(&self, name: &str, script: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        let log = self.folder.path().join(format!("{name}.log"));
        let text = format!("#!/bin/sh\necho \"$*\" >> {}\n{script}\nexit 0\n", log.display());
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    /// The same as large as a program of today: the shell does not read on after `exit`.
    pub(crate) fn add_large(&self, name: &str, script: &str) {
        let file = self.add(name, script);
        let mut text = std::fs::read(&file).unwrap();
        text.resize(1024 * 1024 + 1, b'#');
        std::fs::write(&file, text).unwrap();
    }

    pub(crate) fn runs(&self, name: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join(format!("{name}.log")));
        log.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    pub(crate) fn environment(&self) -> Environment {
        let folder = self.path().display().to_string();
        Environment::of([("PATH", folder.clone()), ("HOME", folder)])
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A JWT that nobody signed.
pub(crate) fn jwt(claims: &serde_json::Value) -> String {
    use base64::Engine;
    let part = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part("{}"), part(&claims.to_string()), part("s3cret-signature"))
}

pub(crate) fn epoch(from_now: Duration) -> u64 {
    let at = std::time::SystemTime::now() + from_now;
    at.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
