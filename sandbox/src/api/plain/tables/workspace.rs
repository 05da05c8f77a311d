//! Git credentials, repos, dashboards of the workspace's own kinds.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "git_credential",
        "Git credential",
        Key::Made("credential_id", Form::Number),
        &[
            ("git_credentials_create", Verb::Create),
            ("git_credentials_get", Verb::Get),
            ("git_credentials_list", Verb::List),
            ("git_credentials_update", Verb::Merge),
            ("git_credentials_delete", Verb::Delete),
        ],
    )
    .defaults(r#"{"is_default_for_provider":true}"#)
    .prepare(credential),
    Resource::new(
        "repo",
        "Repo",
        Key::Made("id", Form::Number),
        &[
            ("repos_create", Verb::Create),
            ("repos_get", Verb::Get),
            ("repos_list", Verb::List),
            ("repos_update", Verb::Merge),
            ("repos_delete", Verb::Delete),
        ],
    )
    .defaults(r#"{"branch":"main"}"#)
    .state(r#"{"head_commit_id":"0000000000000000000000000000000000000000"}"#)
    .prepare(repo)
    .lacks("nothing is cloned: the folder is empty and there is no commit"),
];

const PROVIDERS: &[&str] = &[
    "gitHub",
    "bitbucketCloud",
    "gitLab",
    "azureDevOpsServices",
    "azureDevOpsServicesAad",
    "gitHubEnterprise",
    "bitbucketServer",
    "gitLabEnterpriseEdition",
    "awsCodeCommit",
    "gitHubOAuth",
];

fn provider(given: &Map<String, Value>, field: &str) -> Reply<()> {
    let Some(asked) = given.get(field).and_then(Value::as_str) else { return Ok(()) };
    if PROVIDERS.iter().any(|known| known.eq_ignore_ascii_case(asked)) {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Invalid Git provider '{asked}'. Supported: {}", PROVIDERS.join(", "))))
}

fn credential(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    _: &mut Map<String, Value>,
) -> Reply<()> {
    provider(given, "git_provider")?;
    // nothing reads the token here, and it must not lie about
    given.shift_remove("personal_access_token");
    let same = |stored: &Value| {
        stored["given"]["git_provider"].as_str().map(str::to_lowercase)
            == given.get("git_provider").and_then(Value::as_str).map(str::to_lowercase)
    };
    if call.path.is_empty() && change.all("git_credential", "").iter().any(|(_, stored)| same(stored)) {
        return Err(ApiError::new(
            axum::http::StatusCode::BAD_REQUEST,
            "RESOURCE_ALREADY_EXISTS",
            "Only one Git credential is supported at this time. If you would like to update your credential, please use the PATCH endpoint.",
        ));
    }
    Ok(())
}

fn repo(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if !call.path.is_empty() {
        if let Some(tag) = given.shift_remove("tag") {
            tracing::debug!(%tag, "a tag is checked out without a branch");
            given.insert("branch".into(), json!(""));
        }
        return Ok(());
    }
    provider(given, "provider")?;
    let url = given.get("url").and_then(Value::as_str).unwrap_or_default();
    let name =
        url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git").to_owned();
    let path = match given.get("path").and_then(Value::as_str) {
        Some(path) => path.trim_end_matches('/').to_owned(),
        None => format!("/Repos/{}/{name}", call.caller.name),
    };
    if !path.starts_with("/Repos/") && !path.starts_with("/Users/") && !path.starts_with("/Workspace/") {
        return Err(ApiError::invalid(format!(
            "The path '{path}' must be below /Repos, /Users or /Workspace"
        )));
    }
    if change.all("repo", "").iter().any(|(_, stored)| stored["given"]["path"] == json!(path)) {
        return Err(ApiError::already_exists(format!("Repo with path {path} already exists")));
    }
    let id = call.state.objects.make_repo(&call.state.store.workspace, &path, call.now)?;
    out.insert("id".into(), json!(id));
    given.insert("path".into(), json!(path));
    Ok(())
}
