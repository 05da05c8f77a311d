//! Logins that another program keeps: the Databricks CLI, and what running a program takes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::chain::{Offer, Setup};
use super::{AccessToken, OAuth, TokenFuture, TokenSource};
use crate::config::{Attribute, Environment};
use crate::error::{AuthError, ConfigError};

/// A program that asks something, or hangs, must not hold a call for ever.
const LIMIT: Duration = Duration::from_secs(60);

/// What a program prints, as JSON.
pub(super) async fn run<T: DeserializeOwned>(
    auth_type: &'static str,
    environment: &Environment,
    program: &Path,
    arguments: &[&str],
) -> Result<T, AuthError> {
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |message: String| AuthError::new(auth_type, format!("`{name}` {message}"));
    let output = environment.command(program).args(arguments).output();
    let output = tokio::time::timeout(LIMIT, output)
        .await
        .map_err(|_| failed(format!("did not end within {} s", LIMIT.as_secs())))?
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        // The standard output may hold a token, the error output is meant to be read.
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().chars().take(500).collect::<String>();
        return Err(failed(format!(
            "failed: {}",
            if said.is_empty() { "it does not say why" } else { &said }
        )));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|_| failed("printed something that is not the JSON expected".to_owned()))
}

/// The claims of a token that is a JWT, unchecked: who made it is not the question here.
pub(super) fn claims(token: &str) -> Option<serde_json::Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// When a token says it expires.
pub(super) fn expiry(token: &str) -> Option<SystemTime> {
    let seconds = claims(token)?.get("exp")?.as_u64()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The login of `databricks auth login`.
#[derive(Debug)]
struct DatabricksCli {
    environment: Environment,
    program: PathBuf,
    host: String,
    profile: Option<String>,
    account_id: Option<String>,
    version: OnceCell<Version>,
    fetched: AtomicBool,
}

#[derive(Debug, Deserialize, PartialEq, PartialOrd, Default, Clone, Copy)]
#[serde(rename_all = "PascalCase")]
struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    const PROFILE: Self = Self { major: 0, minor: 207, patch: 1 };
    const FORCE_REFRESH: Self = Self { major: 0, minor: 296, patch: 0 };
}

#[derive(Deserialize)]
struct Printed {
    access_token: String,
    expiry: Option<String>,
}

impl DatabricksCli {
    /// A version that cannot be learnt is taken for one that knows no options.
    async fn version(&self) -> Version {
        let ask = async || {
            let arguments = ["version", "--output", "json"];
            run(self.auth_type(), &self.environment, &self.program, &arguments).await.unwrap_or_default()
        };
        *self.version.get_or_init(ask).await
    }
}

impl TokenSource for DatabricksCli {
    fn auth_type(&self) -> &'static str {
        "databricks-cli"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let version = self.version().await;
            let mut arguments = vec!["auth", "token"];
            match &self.profile {
                Some(profile) if version >= Version::PROFILE => arguments.extend(["--profile", profile]),
                _ => arguments.extend(["--host", &self.host]),
            }
            if let Some(account) = &self.account_id
                && arguments.contains(&"--host")
            {
                arguments.extend(["--account-id", account]);
            }
            // The CLI keeps tokens too: the second time, the one it keeps is the one to replace.
            if self.fetched.load(Ordering::Relaxed) && version >= Version::FORCE_REFRESH {
                arguments.push("--force-refresh");
            }
            let printed: Printed =
                run(self.auth_type(), &self.environment, &self.program, &arguments).await?;
            self.fetched.store(true, Ordering::Relaxed);
            let told = printed
                .expiry
                .as_deref()
                .and_then(|expiry| chrono::DateTime::parse_from_rfc3339(expiry).ok().map(SystemTime::from));
            match told.or_else(|| expiry(&printed.access_token)) {
                Some(expiry) => Ok(AccessToken::until(printed.access_token, expiry)),
                None => {
                    Err(AuthError::new(self.auth_type(), "`databricks` printed a token without an expiry"))
                }
            }
        })
    }
}

/// The single binary of today is large; smaller ones of that name are scripts of the legacy CLI.
const LEAST_SIZE: u64 = 1024 * 1024;

pub(super) fn offer(setup: &Setup) -> Result<Offer, ConfigError> {
    let environment = setup.config.environment().clone();
    let named = setup.config.get(Attribute::DatabricksCliPath).unwrap_or("databricks");
    let program = if named.contains(['/', '\\']) {
        let program = environment.expand(named);
        if !program.is_file() {
            return Ok(Offer::No(format!("there is no {named}, which databricks_cli_path names")));
        }
        program
    } else {
        let found = environment.programs(named);
        let is_current = |file: &&PathBuf| file.metadata().is_ok_and(|data| data.len() >= LEAST_SIZE);
        match (found.iter().find(is_current), found.is_empty()) {
            (Some(program), _) => program.clone(),
            (None, true) => return Ok(Offer::No(format!("`{named}` is not on the PATH"))),
            (None, false) => {
                return Ok(Offer::No(format!(
                    "`{named}` on the PATH is the legacy CLI, which keeps no login"
                )));
            }
        }
    };
    Ok(Offer::perhaps(OAuth::new(DatabricksCli {
        environment,
        program,
        host: setup.host.clone(),
        profile: setup.config.get(Attribute::Profile).map(str::to_owned),
        account_id: setup.config.account_id().filter(|_| setup.is_account()),
        version: OnceCell::new(),
        fetched: AtomicBool::new(false),
    })))
}
