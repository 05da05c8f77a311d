//! OAuth at Databricks itself: where its server is, and service principals with a secret.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

use super::chain::{Offer, Setup};
use super::http::{self, Answer};
use super::{OAuth, TokenFuture, TokenSource};
use crate::config::{Attribute, Discovery, HostInfo};
use crate::error::{AuthError, ConfigError};

/// The OAuth server of a workspace or account. Asked once.
#[derive(Debug)]
pub(super) struct Server {
    pub http: reqwest::Client,
    host: String,
    /// Whether the host's name is that of an account's console.
    is_account: bool,
    account_id: Option<String>,
    discovery_url: Option<String>,
    discovery: Arc<Discovery>,
    pub scopes: String,
    endpoints: OnceCell<Endpoints>,
}

#[derive(Debug)]
pub(super) struct Endpoints {
    pub token: Url,
    pub authorization: Option<String>,
}

/// What a server says of itself by RFC 8414.
#[derive(Deserialize)]
struct Metadata {
    token_endpoint: String,
    authorization_endpoint: Option<String>,
}

const METADATA: &str = ".well-known/oauth-authorization-server";

impl Server {
    pub(super) fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let scopes = setup.config.get(Attribute::Scopes).unwrap_or("all-apis");
        let scopes: Vec<_> = scopes.split([',', ' ']).filter(|scope| !scope.is_empty()).collect();
        Ok(Self {
            http: http::client(Duration::from_secs(60))?,
            host: setup.host.clone(),
            is_account: setup.is_account(),
            account_id: setup.config.account_id(),
            discovery_url: setup.config.get(Attribute::DiscoveryUrl).map(str::to_owned),
            discovery: setup.discovery.clone(),
            scopes: scopes.join(" "),
            endpoints: OnceCell::new(),
        })
    }

    pub(super) async fn endpoints(&self, auth_type: &'static str) -> Result<&Endpoints, AuthError> {
        self.endpoints
            .get_or_try_init(async || {
                let address = match &self.discovery_url {
                    Some(address) => address.clone(),
                    // Hosts of late say where their server is. One that does not is no error.
                    None => {
                        let info = self.discovery.get(&self.http).await;
                        let named = info.and_then(|info| info.oauth(self.account_id.as_deref()));
                        named.map_or_else(|| self.usual(auth_type, info), Ok)?
                    }
                };
                let address = http::private(auth_type, "the OAuth server's description", &address)?;
                let what = "the OAuth server's description";
                let found: Metadata = http::json(auth_type, what, self.http.get(address)).await?;
                Ok(Endpoints {
                    token: http::private(auth_type, "the OAuth server", &found.token_endpoint)?,
                    authorization: found.authorization_endpoint,
                })
            })
            .await
    }

    /// Where the server of such a host has always been.
    fn usual(&self, auth_type: &'static str, info: Option<&HostInfo>) -> Result<String, AuthError> {
        let host = &self.host;
        let is_account = info.and_then(HostInfo::is_account).unwrap_or(self.is_account);
        let account = self.account_id.as_deref().or_else(|| info?.account_id());
        match (is_account, account) {
            (false, _) => Ok(format!("{host}/oidc/{METADATA}")),
            (true, Some(account)) => Ok(format!("{host}/oidc/accounts/{account}/{METADATA}")),
            (true, None) => Err(AuthError::new(
                auth_type,
                "an account's host needs account_id; set DATABRICKS_ACCOUNT_ID",
            )),
        }
    }

    /// The audience that the host wants of tokens to exchange; none where it does not say. An address
    /// that is no workspace's takes tokens that are for the account.
    pub(super) async fn audience(&self) -> Option<String> {
        let info = self.discovery.get(&self.http).await?;
        let account = || {
            let account = self.account_id.as_deref().or(info.account_id());
            account.filter(|_| info.workspace_id().is_none())
        };
        info.audience().or_else(account).map(str::to_owned)
    }
}

/// A service principal with an OAuth secret.
#[derive(Debug)]
struct ServicePrincipal {
    server: Server,
    client_id: String,
    client_secret: SecretString,
}

impl TokenSource for ServicePrincipal {
    fn auth_type(&self) -> &'static str {
        "oauth-m2m"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let auth_type = self.auth_type();
            let endpoint = self.server.endpoints(auth_type).await?.token.clone();
            let form = [("grant_type", "client_credentials"), ("scope", &self.server.scopes)];
            let request = self
                .server
                .http
                .post(endpoint)
                .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
                .form(&form);
            let answer: Answer = http::json(auth_type, "the OAuth server", request).await?;
            Ok(answer.token())
        })
    }
}

pub(super) fn offer(setup: &Setup) -> Result<Offer, ConfigError> {
    Ok(Offer::certain(OAuth::new(ServicePrincipal {
        server: Server::new(setup)?,
        client_id: setup.text(Attribute::ClientId),
        client_secret: setup.text(Attribute::ClientSecret).into(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn usual(host: &str, account: Option<&str>) -> Result<String, String> {
        let config = Config::default().with(Attribute::Host, host);
        let config = account.map_or(config.clone(), |id| config.with(Attribute::AccountId, id));
        let setup = Setup::new(config).unwrap();
        Server::new(&setup).unwrap().usual("oauth-m2m", None).map_err(|error| error.to_string())
    }

    #[test]
    fn an_accounts_console_has_a_server_of_each_account() {
        for host in ["https://accounts.cloud.databricks.com", "https://accounts-dod.cloud.databricks.us"] {
            let expected = format!("{host}/oidc/accounts/acc/.well-known/oauth-authorization-server");
            assert_eq!(usual(host, Some("acc")), Ok(expected));
            assert!(usual(host, None).unwrap_err().contains("DATABRICKS_ACCOUNT_ID"));
        }
        let workspace = "https://accounts-of-mine.cloud.databricks.com";
        let expected = format!("{workspace}/oidc/.well-known/oauth-authorization-server");
        assert_eq!(usual(workspace, Some("acc")), Ok(expected));
    }
}
