//! `doctor`: what a report of a bug needs, and nothing that is secret or says whose workspace it is.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::output::{Format, Output};
use super::setup::{self, hidden};
use super::{Failure, auth, explain};
use crate::config::{Attribute, Config};
use crate::{ErrorKind, Workspace};

/// Longest time the workspace is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Variables beside `DATABRICKS_*` that change how calls are made.
const OTHERS: &[&str] =
    &["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_LOG"];

/// Options of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp doctor > report.yaml
  databricks-mcp doctor --offline --output json

The report has no token, no name of a user and no address of a workspace. Read it before you send it all the same.")]
pub(super) struct Doctor {
    /// Do not call the workspace.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    output: Output,
}

impl Doctor {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = Config::from_env();
        let mut report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "platform": { "os": std::env::consts::OS, "arch": std::env::consts::ARCH, "family": std::env::consts::FAMILY },
            "build": { "sandbox": cfg!(feature = "sandbox"), "debug": cfg!(debug_assertions) },
            "launcher": std::env::var_os("DATABRICKS_MCP_LAUNCHER").is_some(),
            "variables": variables(),
            "clients": setup::found(),
        });
        let mut secrets = secret_values();
        match &config {
            Ok(config) => {
                secrets.extend(private(config));
                report["settings"] = json!(auth::settings(config, false));
                report["logs_in_by"] = match auth::way(config) {
                    Ok(way) => json!(way),
                    Err(error) => json!({ "error": explain(&error) }),
                };
                if !self.offline {
                    report["workspace"] = reach(config, &mut secrets).await;
                }
            }
            Err(error) => report["settings"] = json!({ "error": explain(error) }),
        }
        // The last word: whatever brought a secret here, it does not go out.
        scrub(&mut report, &secrets);
        self.output.print(&report, Format::Yaml)
    }
}

/// The names of variables that are set. Values stay here: a proxy's may hold a password.
fn variables() -> Vec<String> {
    let mut names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            let upper = name.to_ascii_uppercase();
            ["DATABRICKS_", "ARM_"].iter().any(|start| upper.starts_with(start))
                || OTHERS.contains(&upper.as_str())
        })
        .collect();
    names.sort();
    names
}

/// Values of variables that look secret by their names, and of proxies, which may have a password.
fn secret_values() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            let proxy = name.to_ascii_uppercase().ends_with("_PROXY");
            name != "NO_PROXY" && (proxy || hidden::looks_secret(name) || name == "GOOGLE_CREDENTIALS")
        })
        .map(|(_, value)| value)
        .collect()
}

/// Values of settings that are secret, or tell whose workspace it is.
fn private(config: &Config) -> Vec<String> {
    let told = |attribute: &Attribute| {
        attribute.is_secret()
            || matches!(
                attribute,
                Attribute::AccountId
                    | Attribute::WorkspaceId
                    | Attribute::Username
                    | Attribute::ClientId
                    | Attribute::AzureClientId
                    | Attribute::AzureTenantId
                    | Attribute::AzureWorkspaceResourceId
                    | Attribute::GoogleServiceAccount
            )
    };
    let mut values: Vec<String> = Attribute::ALL
        .iter()
        .filter(|attribute| told(attribute))
        .filter_map(|attribute| config.get(*attribute).map(str::to_owned))
        .collect();
    values.extend(config.account_id());
    values.extend(config.workspace_id());
    // Of the address its domain stays, which tells the cloud.
    if let Ok(host) = config.normalised_host() {
        let name = host.split_once("://").map_or(host.as_str(), |(_, name)| name);
        if let Some((first, rest)) = name.split_once('.')
            && rest.contains(|letter: char| letter.is_ascii_alphabetic())
        {
            values.push(first.to_owned());
        }
    }
    if let Some(home) = std::env::home_dir() {
        values.push(home.display().to_string());
    }
    values
}

async fn reach(config: &Config, secrets: &mut Vec<String>) -> Value {
    let workspace = match Workspace::builder().config(config.clone()).build() {
        Ok(workspace) => workspace,
        Err(error) => return json!({ "error": explain(&error) }),
    };
    let started = Instant::now();
    let call = workspace.current_user();
    let call = call.me();
    let result = tokio::time::timeout(PATIENCE, call.send()).await;
    let milliseconds = started.elapsed().as_millis();
    match result {
        Err(_) => json!({ "error": format!("no answer within {} s", PATIENCE.as_secs()) }),
        Ok(Ok(me)) => {
            secrets.extend(me.user_name);
            json!({ "answers": true, "logged_in": true, "milliseconds": milliseconds })
        }
        Ok(Err(error)) => {
            let answers = matches!(error, crate::Error::Api(_));
            let refused =
                matches!(error.kind(), Some(ErrorKind::Unauthenticated | ErrorKind::PermissionDenied));
            json!({
                "answers": answers, "logged_in": answers && !refused, "milliseconds": milliseconds, "error": explain(&error),
            })
        }
    }
}

fn scrub(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) => {
            // One letter or two would take every text apart and hide nothing.
            for secret in secrets.iter().filter(|secret| secret.len() > 2) {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), hidden::MASK);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| scrub(value, secrets)),
        Value::Object(members) => members.values_mut().for_each(|value| scrub(value, secrets)),
        _ => {}
    }
}
