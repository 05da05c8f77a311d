//! What a host says of itself at `/.well-known/databricks-config`: ids, cloud, and where its OAuth
//! server is.
//!
//! It is asked when something needs it that the settings do not say, and once: a call with a personal
//! token never asks. A host that does not answer is no error, since older ones know nothing of this.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::host::Cloud;
use super::{Attribute, Config, Source};
use crate::error::ConfigError;

/// Longest wait for an answer: what is asked for is better had late by another way than never.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a host says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HostInfo {
    oidc_endpoint: Text,
    account_id: Text,
    workspace_id: Text,
    cloud: Text,
    host_type: Text,
    token_federation_default_oidc_audiences: Vec<String>,
}

/// A text that may be absent, null, empty, or come as a number.
#[derive(Clone, Debug, Default)]
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(from)? {
            serde_json::Value::String(text) if !text.is_empty() => Some(text),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        }))
    }
}

impl HostInfo {
    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account_id.0.as_deref()
    }

    pub(crate) fn workspace_id(&self) -> Option<&str> {
        self.workspace_id.0.as_deref()
    }

    pub(super) fn cloud_name(&self) -> Option<&str> {
        self.cloud.0.as_deref()
    }

    pub(crate) fn cloud(&self) -> Option<Cloud> {
        self.cloud_name().and_then(Cloud::named)
    }

    /// Whether the host is an account's and no workspace's; none where it does not say.
    pub(crate) fn is_account(&self) -> Option<bool> {
        let kind = self.host_type.0.as_deref()?;
        Some(kind.to_ascii_lowercase().starts_with("account"))
    }

    /// The audience of tokens that are to be exchanged here.
    pub(crate) fn audience(&self) -> Option<&str> {
        self.token_federation_default_oidc_audiences.first().map(String::as_str)
    }

    /// Where the OAuth server describes itself; none where that takes an account that is not known.
    pub(crate) fn oauth(&self, account_id: Option<&str>) -> Option<String> {
        let endpoint = self.oidc_endpoint.0.as_deref()?.trim_end_matches('/');
        let endpoint = match (endpoint.contains("{account_id}"), account_id.or(self.account_id())) {
            (true, None) => return None,
            (true, Some(account)) => endpoint.replace("{account_id}", account),
            (false, _) => endpoint.to_owned(),
        };
        Some(format!("{endpoint}/.well-known/oauth-authorization-server"))
    }
}

/// Asks a host, once.
#[derive(Debug)]
pub(crate) struct Discovery {
    address: String,
    found: OnceCell<Option<HostInfo>>,
}

impl Discovery {
    pub(crate) fn new(host: &str) -> Self {
        Self { address: format!("{host}/.well-known/databricks-config"), found: OnceCell::new() }
    }

    /// What the host says. That it says nothing is kept as well, that it cannot be reached is not.
    pub(crate) async fn get(&self, http: &Client) -> Option<&HostInfo> {
        let ask = async || {
            let response = http.get(&self.address).timeout(PATIENCE).send().await.map_err(drop)?;
            if response.status().is_server_error() {
                return Err(());
            }
            let body = response.error_for_status().ok();
            Ok(match body {
                Some(body) => body.json().await.ok(),
                None => None,
            })
        };
        self.found.get_or_try_init(ask).await.ok()?.as_ref()
    }
}

impl Config {
    /// Asks the host for what is not set: the ids of account and workspace, the cloud, where its OAuth
    /// server is, and the audience of tokens to exchange. A host that does not say stays as it is.
    ///
    /// Calls do not need it: what a login needs, it asks for itself. It is for programs that want to know
    /// where they are, and for an [`Account`](crate::Account) whose id only the host knows.
    ///
    /// # Errors
    /// [`ConfigError`] for a host that is missing or cannot be used.
    pub async fn discover(mut self) -> Result<Self, ConfigError> {
        let discovery = Discovery::new(&self.normalised_host()?);
        let http = crate::auth::http::client(Duration::from_secs(10))?;
        let Some(info) = discovery.get(&http).await else { return Ok(self) };
        let account = self.account_id();
        for (attribute, set, found) in [
            (Attribute::AccountId, account.clone(), info.account_id().map(str::to_owned)),
            (Attribute::WorkspaceId, self.workspace_id(), info.workspace_id().map(str::to_owned)),
            (Attribute::Cloud, None, info.cloud_name().map(str::to_owned)),
            (Attribute::DiscoveryUrl, None, info.oauth(account.as_deref())),
            (Attribute::TokenAudience, None, info.audience().map(str::to_owned)),
        ] {
            if let (None, Some(found)) = (set, found) {
                self.fill(attribute, found, Source::Host);
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> HostInfo {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn texts_may_be_absent_null_empty_or_numbers() {
        let info = read(r#"{"workspace_id": 17, "account_id": "", "cloud": null, "new": {}}"#);
        assert_eq!((info.workspace_id(), info.account_id(), info.cloud()), (Some("17"), None, None));
        assert_eq!(info.is_account(), None);
        let info = read(r#"{"cloud": "Azure", "host_type": "ACCOUNT_HOST"}"#);
        assert_eq!((info.cloud(), info.is_account()), (Some(Cloud::Azure), Some(true)));
    }

    #[test]
    fn the_account_is_put_into_the_servers_address() {
        let info =
            read(r#"{"oidc_endpoint": "https://x.com/oidc/accounts/{account_id}/", "account_id": "a"}"#);
        let expected = |account: &str| {
            Some(format!("https://x.com/oidc/accounts/{account}/.well-known/oauth-authorization-server"))
        };
        assert_eq!((info.oauth(None), info.oauth(Some("b"))), (expected("a"), expected("b")));
        assert_eq!(read(r#"{"oidc_endpoint": "https://x.com/{account_id}"}"#).oauth(None), None);
        assert_eq!(read("{}").oauth(Some("b")), None);
    }
}
