//! The ways to log in, in one table: what each is called, what it needs, and how it is made.

use super::chain::{Offer, Setup};
use super::{Basic, PersonalAccessToken, azure, browser, entra, federation, google, m2m, metadata, programs};
use crate::config::Attribute::{self, *};
use crate::error::ConfigError;

/// A way to log in.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AuthType {
    /// The name, as in `auth_type`.
    pub name: &'static str,
    /// The settings it needs, beside the host.
    pub needs: &'static [Attribute],
    /// The settings it uses if they are there.
    pub uses: &'static [Attribute],
    /// Who logs in and how.
    pub about: &'static str,
    /// Whether it is tried where `auth_type` is not set.
    pub is_default: bool,
    /// Whether it is for hosts of Azure, and finds one by its resource id.
    pub(super) is_of_azure: bool,
    pub(super) offer: fn(&Setup) -> Result<Offer, ConfigError>,
}

/// A row of the table.
const fn row(
    name: &'static str,
    needs: &'static [Attribute],
    uses: &'static [Attribute],
    about: &'static str,
    offer: fn(&Setup) -> Result<Offer, ConfigError>,
) -> AuthType {
    AuthType { name, needs, uses, about, is_default: true, is_of_azure: false, offer }
}

/// A row of a login that is for hosts of Azure.
const fn of_azure(kind: AuthType) -> AuthType {
    AuthType { is_of_azure: true, ..kind }
}

/// The ways to log in, in the order in which they are tried where `auth_type` is not set.
pub const AUTH_TYPES: &[AuthType] = &[
    row("pat", &[Token], &[], "a personal access token", pat),
    row("basic", &[Username, Password], &[], "a user's name and password", basic),
    row(
        "oauth-m2m",
        &[ClientId, ClientSecret],
        &[AccountId, Scopes, DiscoveryUrl],
        "a service principal with an OAuth secret",
        m2m::offer,
    ),
    row(
        "databricks-cli",
        &[],
        &[Profile, DatabricksCliPath, AccountId],
        "the login that the Databricks CLI keeps",
        programs::offer,
    ),
    row(
        "metadata-service",
        &[MetadataServiceUrl],
        &[],
        "a local service that hands out tokens",
        metadata::offer,
    ),
    row(
        "github-oidc",
        &[ClientId],
        &[TokenAudience, AccountId, Scopes, DiscoveryUrl],
        "a job of GitHub Actions",
        federation::github,
    ),
    row(
        "azure-devops-oidc",
        &[ClientId],
        &[AccountId, Scopes, DiscoveryUrl],
        "a pipeline of Azure DevOps",
        federation::azure_devops,
    ),
    row(
        "env-oidc",
        &[],
        &[OidcTokenEnv, ClientId, AccountId, Scopes, DiscoveryUrl],
        "an OIDC token in a variable",
        federation::variable,
    ),
    row(
        "file-oidc",
        &[OidcTokenFilepath],
        &[ClientId, AccountId, Scopes, DiscoveryUrl],
        "an OIDC token in a file",
        federation::file,
    ),
    of_azure(row(
        "github-oidc-azure",
        &[AzureClientId],
        &[AzureTenantId, AzureEnvironment, AzureWorkspaceResourceId],
        "a job of GitHub Actions, by Microsoft Entra ID",
        entra::github,
    )),
    of_azure(row(
        "azure-msi",
        &[AzureUseMsi],
        &[AzureClientId, AzureWorkspaceResourceId],
        "the managed identity of an Azure machine",
        entra::managed_identity,
    )),
    of_azure(row(
        "azure-client-secret",
        &[AzureClientId, AzureClientSecret],
        &[AzureTenantId, AzureEnvironment, AzureWorkspaceResourceId],
        "an application of Microsoft Entra ID with a secret",
        azure::client_secret,
    )),
    of_azure(row(
        "azure-cli",
        &[],
        &[AzureTenantId, AzureEnvironment, AzureWorkspaceResourceId],
        "the login that `az` keeps",
        azure::cli,
    )),
    row(
        "google-credentials",
        &[GoogleCredentials],
        &[],
        "the key of a Google service account",
        google::credentials,
    ),
    row(
        "google-id",
        &[GoogleServiceAccount],
        &[],
        "a Google service account that one may act as",
        google::impersonated,
    ),
    AuthType {
        is_default: false,
        ..row(
            "external-browser",
            &[],
            &[ClientId, ClientSecret, AccountId, Scopes, DiscoveryUrl],
            "a user, in a browser",
            browser::offer,
        )
    },
];

/// The settings that a type has a use for.
pub(super) fn used_by(name: &str) -> &'static [Attribute] {
    let found = AUTH_TYPES.iter().find(|kind| kind.name == name);
    found.map_or(&[], |kind| if kind.needs.is_empty() { kind.uses } else { kind.needs })
}

fn pat(setup: &Setup) -> Result<Offer, ConfigError> {
    Ok(Offer::certain(PersonalAccessToken::new(setup.text(Token).into())?))
}

fn basic(setup: &Setup) -> Result<Offer, ConfigError> {
    Ok(Offer::certain(Basic::new(&setup.text(Username), &setup.text(Password).into())?))
}
