//! OAuth at Databricks itself: where its server is, and service principals with a secret.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

use super::chain::{Offer, Setup};
use super::http::{self, Answer};
use super::{OAuth, TokenFuture, TokenSource};
use crate::config::Attribute;
use crate::error::{AuthError, ConfigError};

/// The OAuth server of a workspace or account. Asked once.
#[derive(Debug)]
pub(super) struct Server {
    pub http: reqwest::Client,
    host: String,
    account_id: Option<String>,
    discovery_url: Option<String>,
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

/// What a host says of itself, as far as a login needs it.
#[derive(Deserialize)]
struct HostMetadata {
    oidc_endpoint: Option<String>,
    account_id: Option<String>,
}

const METADATA: &str = ".well-known/oauth-authorization-server";

impl Server {
    pub(super) fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let scopes = setup.config.get(Attribute::Scopes).unwrap_or("all-apis");
        let scopes: Vec<_> = scopes.split([',', ' ']).filter(|scope| !scope.is_empty()).collect();
        Ok(Self {
            http: http::client(Duration::from_secs(60))?,
            host: setup.host.clone(),
            account_id: setup.config.account_id(),
            discovery_url: setup.config.get(Attribute::DiscoveryUrl).map(str::to_owned),
            scopes: scopes.join(" "),
            endpoints: OnceCell::new(),
        })
    }

    pub(super) async fn endpoints(&self, auth_type: &'static str) -> Result<&Endpoints, AuthError> {
        self.endpoints
            .get_or_try_init(async || {
                let address = match &self.discovery_url {
                    Some(address) => address.clone(),
                    None => match self.named_by_host().await {
                        Some(address) => address,
                        None => self.usual(auth_type)?,
                    },
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

    /// Hosts of late say where their server is. One that does not is no error.
    async fn named_by_host(&self) -> Option<String> {
        let address = format!("{}/.well-known/databricks-config", self.host);
        let response = self.http.get(address).timeout(Duration::from_secs(5)).send().await.ok()?;
        let found: HostMetadata = response.error_for_status().ok()?.json().await.ok()?;
        let endpoint = found.oidc_endpoint.filter(|endpoint| !endpoint.is_empty())?;
        let account = self.account_id.clone().or(found.account_id);
        let endpoint = match (endpoint.contains("{account_id}"), account) {
            (true, None) => return None,
            (true, Some(account)) => endpoint.replace("{account_id}", &account),
            (false, _) => endpoint,
        };
        Some(format!("{}/{METADATA}", endpoint.trim_end_matches('/')))
    }

    fn usual(&self, auth_type: &'static str) -> Result<String, AuthError> {
        let host = &self.host;
        let is_account =
            ["accounts.", "accounts-dod."].iter().any(|name| host.starts_with(&format!("https://{name}")));
        match (is_account, &self.account_id) {
            (false, _) => Ok(format!("{host}/oidc/{METADATA}")),
            (true, Some(account)) => Ok(format!("{host}/oidc/accounts/{account}/{METADATA}")),
            (true, None) => Err(AuthError::new(
                auth_type,
                "an account's host needs account_id; set DATABRICKS_ACCOUNT_ID",
            )),
        }
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
