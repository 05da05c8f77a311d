//! Logins of Microsoft Entra ID without a secret: a job of GitHub Actions that an application trusts,
//! and the managed identity of a machine.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::azure::{DATABRICKS, Entra, NOT_AZURE, with_headers};
use super::chain::{Offer, Setup};
use super::federation::IdTokens;
use super::locate::Locator;
use super::{AccessToken, OAuth, TokenFuture, TokenSource, http};
use crate::config::Attribute;
use crate::error::{AuthError, ConfigError};

/// An application that trusts GitHub.
#[derive(Debug, Clone)]
struct GitHub {
    entra: Arc<Entra>,
    tokens: Arc<IdTokens>,
    client_id: String,
    resource: &'static str,
}

impl TokenSource for GitHub {
    fn auth_type(&self) -> &'static str {
        "github-oidc-azure"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let token = self.tokens.get(self.auth_type(), "api://AzureADTokenExchange").await?;
            let proof = [
                ("client_id", self.client_id.as_str()),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", token.expose_secret()),
            ];
            self.entra.token(self.auth_type(), self.resource, &proof).await
        })
    }
}

pub(super) fn github(setup: &Setup) -> Result<Offer, ConfigError> {
    let Some(azure) = setup.config.azure() else { return Ok(Offer::No(NOT_AZURE.to_owned())) };
    let chosen = setup.config.get(Attribute::AuthType).is_some();
    if !chosen && setup.config.get(Attribute::AzureClientSecret).is_some() {
        return Ok(Offer::No("azure_client_secret is set".to_owned()));
    }
    let tokens = match IdTokens::of_github(setup.config.environment())? {
        Ok(tokens) => Arc::new(tokens),
        Err(reason) => return Ok(Offer::No(reason)),
    };
    let entra = Arc::new(Entra::new(setup, azure.login)?);
    let client_id = setup.text(Attribute::AzureClientId);
    let source = GitHub { entra, tokens, client_id, resource: DATABRICKS };
    let management = GitHub { resource: azure.management, ..source.clone() };
    let locator = Locator::new(setup, azure, management)?;
    Ok(Offer::certain(OAuth::new(source).with_locator(locator)))
}

/// The identity of the machine that this runs on.
#[derive(Debug, Clone)]
struct ManagedIdentity {
    http: reqwest::Client,
    url: String,
    client_id: Option<String>,
    resource: &'static str,
}

#[derive(Deserialize)]
struct Identity {
    access_token: String,
    expires_on: serde_json::Value,
}

impl TokenSource for ManagedIdentity {
    fn auth_type(&self) -> &'static str {
        "azure-msi"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let mut query = vec![("api-version", "2018-02-01"), ("resource", self.resource)];
            query.extend(self.client_id.as_deref().map(|id| ("client_id", id)));
            let request = self.http.get(&self.url).header("Metadata", "true").query(&query);
            let identity: Identity = http::json(self.auth_type(), "the machine's identity", request).await?;
            let expiry = http::seconds(&identity.expires_on)
                .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
                .ok_or_else(|| AuthError::new(self.auth_type(), "the machine's token has no expiry"))?;
            Ok(AccessToken::until(identity.access_token, expiry))
        })
    }
}

pub(super) fn managed_identity(setup: &Setup) -> Result<Offer, ConfigError> {
    let Some(azure) = setup.config.azure() else { return Ok(Offer::No(NOT_AZURE.to_owned())) };
    if !setup.config.is_on(Attribute::AzureUseMsi) {
        return Ok(Offer::No("azure_use_msi is not true".to_owned()));
    }
    // The variable by which Microsoft's own libraries are pointed elsewhere.
    let named = setup.config.environment().find("AZURE_POD_IDENTITY_AUTHORITY_HOST");
    let host = named.unwrap_or_else(|| "http://169.254.169.254".to_owned());
    let source = ManagedIdentity {
        http: http::local_client(Duration::from_secs(10))?,
        url: format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/')),
        client_id: setup.config.get(Attribute::AzureClientId).map(str::to_owned),
        resource: DATABRICKS,
    };
    let management = ManagedIdentity { resource: azure.management, ..source.clone() };
    let locator = Locator::new(setup, azure, management.clone())?;
    Ok(Offer::certain(with_headers(setup, source, management).with_locator(locator)))
}
