//! Logins of Microsoft Entra ID: an application with a secret, and the login of `az`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderName, HeaderValue, LOCATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

use super::chain::{Offer, Setup};
use super::http::{self, Answer};
use super::locate::Locator;
use super::{AccessToken, OAuth, TokenFuture, TokenSource, programs};
use crate::config::{Attribute, Environment};
use crate::error::{AuthError, ConfigError};

/// Databricks, as Entra ID knows it in every part of Azure.
pub(super) const DATABRICKS: &str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
const MANAGEMENT_TOKEN: HeaderName = HeaderName::from_static("x-databricks-azure-sp-management-token");
const RESOURCE_ID: HeaderName = HeaderName::from_static("x-databricks-azure-workspace-resource-id");

/// Entra ID, and the tenant in it.
#[derive(Debug)]
pub(super) struct Entra {
    pub http: reqwest::Client,
    login: String,
    host: String,
    tenant: OnceCell<String>,
}

impl Entra {
    pub(super) fn new(setup: &Setup, login: &str) -> Result<Self, ConfigError> {
        // The variable by which Microsoft's own libraries are pointed elsewhere.
        let named = setup.config.environment().find("AZURE_AUTHORITY_HOST");
        let login = named.unwrap_or_else(|| login.to_owned());
        let login = if login.contains("://") { login } else { format!("https://{login}") };
        let tenant = setup.config.get(Attribute::AzureTenantId).map(str::to_owned);
        Ok(Self {
            http: http::client(Duration::from_secs(60))?,
            login: login.trim_end_matches('/').to_owned(),
            host: setup.host.clone(),
            tenant: OnceCell::new_with(tenant),
        })
    }

    /// The tenant that is set, else the one that the workspace sends its own users to.
    async fn tenant(&self, auth_type: &'static str) -> Result<&str, AuthError> {
        let ask = async || {
            let failed =
                || AuthError::new(auth_type, "the workspace does not tell its tenant; set ARM_TENANT_ID");
            if self.host.is_empty() {
                return Err(AuthError::new(auth_type, "the tenant is not known; set ARM_TENANT_ID"));
            }
            let answer = self.http.get(format!("{}/aad/auth", self.host)).send().await;
            let location = answer.map_err(|_| failed())?.headers().get(LOCATION).cloned();
            let location = location.as_ref().and_then(|value| value.to_str().ok()).ok_or_else(failed)?;
            let url = Url::parse(location).map_err(|_| failed())?;
            let tenant = url.path_segments().and_then(|mut parts| parts.next()).unwrap_or_default();
            if tenant.is_empty() { Err(failed()) } else { Ok(tenant.to_owned()) }
        };
        self.tenant.get_or_try_init(ask).await.map(String::as_str)
    }

    /// A token for a resource, by what proves who asks.
    pub(super) async fn token(
        &self,
        auth_type: &'static str,
        resource: &str,
        proof: &[(&str, &str)],
    ) -> Result<AccessToken, AuthError> {
        let address = format!("{}/{}/oauth2/token", self.login, self.tenant(auth_type).await?);
        let address = http::private(auth_type, "Entra ID", &address)?;
        let mut form = vec![("grant_type", "client_credentials"), ("resource", resource)];
        form.extend(proof);
        let request = self.http.post(address).form(&form);
        Ok(http::json::<Answer>(auth_type, "Entra ID", request).await?.token())
    }
}

/// An application with a secret.
#[derive(Debug, Clone)]
struct Application {
    entra: Arc<Entra>,
    client_id: String,
    client_secret: SecretString,
    resource: &'static str,
}

impl TokenSource for Application {
    fn auth_type(&self) -> &'static str {
        "azure-client-secret"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let proof = [
                ("client_id", self.client_id.as_str()),
                ("client_secret", self.client_secret.expose_secret()),
            ];
            self.entra.token(self.auth_type(), self.resource, &proof).await
        })
    }
}

pub(super) fn client_secret(setup: &Setup) -> Result<Offer, ConfigError> {
    let Some(azure) = setup.config.azure() else { return Ok(Offer::No(NOT_AZURE.to_owned())) };
    let source = Application {
        entra: Arc::new(Entra::new(setup, azure.login)?),
        client_id: setup.text(Attribute::AzureClientId),
        client_secret: setup.text(Attribute::AzureClientSecret).into(),
        resource: DATABRICKS,
    };
    let management = Application { resource: azure.management, ..source.clone() };
    let locator = Locator::new(setup, azure, management.clone())?;
    Ok(Offer::certain(with_headers(setup, source, management).with_locator(locator)))
}

pub(super) const NOT_AZURE: &str = "the host is not one of Azure's; set DATABRICKS_CLOUD=AZURE if it is";

/// Calls that add a principal to a workspace need to know which workspace, and a token of the
/// management plane.
pub(super) fn with_headers(setup: &Setup, source: impl TokenSource, management: impl TokenSource) -> OAuth {
    let id = setup.config.get(Attribute::AzureWorkspaceResourceId);
    let id = id.and_then(|id| HeaderValue::from_str(id).ok());
    OAuth::new(source).with_header(RESOURCE_ID, id).with_second(MANAGEMENT_TOKEN, management)
}

/// The login of `az login`.
#[derive(Debug, Clone)]
struct AzureCli {
    environment: Environment,
    program: PathBuf,
    resource: &'static str,
    subscription: Option<String>,
    tenant: Option<String>,
    /// Users need no token of the management plane.
    machines_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    access_token: String,
    /// Seconds since 1970, printed from 2.54 on; the older `expiresOn` is in local time.
    #[serde(rename = "expires_on")]
    expires_on: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Account {
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
}

impl AzureCli {
    async fn ask(&self, subscription: Option<&str>, tenant: Option<&str>) -> Result<Printed, AuthError> {
        let mut arguments =
            vec!["account", "get-access-token", "--resource", self.resource, "--output", "json"];
        for (option, value) in [("--subscription", subscription), ("--tenant", tenant)] {
            arguments.extend(value.into_iter().flat_map(|value| [option, value]));
        }
        programs::run(self.auth_type(), &self.environment, &self.program, &arguments).await
    }

    /// `az` refuses a tenant where it is logged in as a managed identity.
    async fn is_managed_identity(&self) -> bool {
        let arguments = ["account", "show", "--output", "json"];
        let account: Result<Account, _> =
            programs::run(self.auth_type(), &self.environment, &self.program, &arguments).await;
        let name = account.ok().and_then(|account| account.user?.name);
        matches!(name.as_deref(), Some("systemAssignedIdentity" | "userAssignedIdentity"))
    }
}

impl TokenSource for AzureCli {
    fn auth_type(&self) -> &'static str {
        "azure-cli"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let tenant = match &self.tenant {
                Some(tenant) if !self.is_managed_identity().await => Some(tenant.as_str()),
                _ => None,
            };
            let printed = match self.subscription.as_deref() {
                // One may have access to the workspace and not to its subscription.
                Some(subscription) => match self.ask(Some(subscription), tenant).await {
                    Ok(printed) => printed,
                    Err(_) => self.ask(None, tenant).await?,
                },
                None => self.ask(None, tenant).await?,
            };
            if self.machines_only
                && programs::claims(&printed.access_token).is_some_and(|claims| claims.get("upn").is_some())
            {
                return Err(AuthError::new(
                    self.auth_type(),
                    "a user needs no token of the management plane",
                ));
            }
            let told = printed.expires_on.as_ref().and_then(http::seconds);
            let told = told.and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at)));
            // Five minutes is the least that Entra ID gives.
            Ok(match told.or_else(|| programs::expiry(&printed.access_token)) {
                Some(expiry) => AccessToken::until(printed.access_token, expiry),
                None => AccessToken::new(printed.access_token, Some(Duration::from_secs(300))),
            })
        })
    }
}

pub(super) fn cli(setup: &Setup) -> Result<Offer, ConfigError> {
    let Some(azure) = setup.config.azure() else { return Ok(Offer::No(NOT_AZURE.to_owned())) };
    let environment = setup.config.environment().clone();
    let Some(program) = environment.programs("az").into_iter().next() else {
        return Ok(Offer::No("`az` is not on the PATH".to_owned()));
    };
    // /subscriptions/{id}/resourceGroups/…
    let id = setup.config.get(Attribute::AzureWorkspaceResourceId);
    let source = AzureCli {
        environment,
        program,
        resource: DATABRICKS,
        subscription: id.and_then(|id| id.split('/').nth(2)).map(str::to_owned),
        tenant: setup.config.get(Attribute::AzureTenantId).map(str::to_owned),
        machines_only: false,
    };
    let management = AzureCli { resource: azure.management, machines_only: true, ..source.clone() };
    let locator = Locator::new(setup, azure, AzureCli { machines_only: false, ..management.clone() })?;
    Ok(Offer::perhaps(with_headers(setup, source, management).with_locator(locator)))
}
