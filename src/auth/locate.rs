//! The address of a workspace of Azure of which only the resource id is known.

use serde::Deserialize;

use super::chain::Setup;
use super::{CachedTokens, TokenSource, http};
use crate::config::{Attribute, AzureCloud};
use crate::error::{AuthError, ConfigError};

/// Asks Azure Resource Manager.
#[derive(Debug, Clone)]
pub(super) struct Locator {
    http: reqwest::Client,
    address: String,
    /// Tokens of the management plane.
    tokens: CachedTokens,
}

/// What Azure says of a workspace.
#[derive(Deserialize)]
struct Resource {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    workspace_url: String,
}

impl Locator {
    /// None where the address is known anyway.
    pub(super) fn new(
        setup: &Setup,
        azure: &AzureCloud,
        management: impl TokenSource,
    ) -> Result<Option<Self>, ConfigError> {
        let (None, Some(id)) = (&setup.known_host, setup.config.get(Attribute::AzureWorkspaceResourceId))
        else {
            return Ok(None);
        };
        // The variable by which tools for Azure Stack are pointed elsewhere.
        let named = setup.config.environment().find("ARM_ENDPOINT");
        let manager = named.as_deref().unwrap_or(azure.resources).trim_end_matches('/');
        let id = id.trim_matches('/').split('/').map(crate::transport::encode_path).collect::<Vec<_>>();
        Ok(Some(Self {
            http: http::client(std::time::Duration::from_secs(60))?,
            address: format!("{manager}/{}?api-version=2018-04-01", id.join("/")),
            tokens: CachedTokens::new(management),
        }))
    }

    pub(super) async fn find(&self) -> Result<String, AuthError> {
        let auth_type = self.tokens.auth_type();
        let address = http::private(auth_type, "Azure Resource Manager", &self.address)?;
        let token = self.tokens.token().await?;
        let request = self.http.get(address).bearer_auth(token.expose());
        let found: Resource = http::json(auth_type, "Azure Resource Manager", request).await?;
        Ok(found.properties.workspace_url)
    }
}
