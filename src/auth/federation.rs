//! Tokens of an OIDC provider (a CI system, a file, a variable), exchanged for one of Databricks.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::chain::{Offer, Setup};
use super::http::{self, Answer};
use super::m2m::Server;
use super::{OAuth, TokenFuture, TokenSource};
use crate::config::{Attribute, Environment};
use crate::error::{AuthError, ConfigError};

/// Where an OIDC token comes from; it is read anew for each exchange, since it lives for minutes.
#[derive(Debug)]
pub(super) enum IdTokens {
    GitHub { http: reqwest::Client, url: String, proof: SecretString },
    AzureDevOps { http: reqwest::Client, url: String, proof: SecretString },
    Variable { environment: Environment, name: String },
    File(PathBuf),
}

/// GitHub says `value`, Azure DevOps `oidcToken`.
#[derive(Deserialize)]
struct IdToken {
    #[serde(alias = "oidcToken")]
    value: String,
}

impl IdTokens {
    /// What a job of GitHub Actions is given when it may ask for tokens.
    pub(super) fn of_github(environment: &Environment) -> Result<Result<Self, String>, ConfigError> {
        let names = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
        let [Some(url), Some(proof)] = names.map(|name| environment.find(name)) else {
            return Ok(Err("not in a job of GitHub Actions with `id-token: write`".to_owned()));
        };
        let http = http::client(Duration::from_secs(60))?;
        Ok(Ok(Self::GitHub { http, url, proof: proof.into() }))
    }

    /// What a pipeline of Azure DevOps is given.
    fn of_azure_devops(environment: &Environment) -> Result<Result<Self, String>, ConfigError> {
        let [proof, collection, project, hub, plan, job] = AZURE_DEVOPS.map(|name| environment.find(name));
        let (Some(proof), Some(collection), Some(project), Some(hub), Some(plan), Some(job)) =
            (proof, collection, project, hub, plan, job)
        else {
            let missing = AZURE_DEVOPS.into_iter().find(|name| environment.find(name).is_none());
            let missing = missing.unwrap_or_default();
            return Ok(Err(format!("not in a pipeline of Azure DevOps: {missing} is not set")));
        };
        let collection = collection.trim_end_matches('/');
        let url = format!(
            "{collection}/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken\
             ?api-version=7.2-preview.1"
        );
        let http = http::client(Duration::from_secs(60))?;
        Ok(Ok(Self::AzureDevOps { http, url, proof: proof.into() }))
    }

    /// Whether the one who gives them is told what they are for.
    fn are_for_an_audience(&self) -> bool {
        matches!(self, Self::GitHub { .. })
    }

    pub(super) async fn get(
        &self,
        auth_type: &'static str,
        audience: &str,
    ) -> Result<SecretString, AuthError> {
        let failed = |message: String| AuthError::new(auth_type, message);
        let token = match self {
            Self::GitHub { http, url, proof } => {
                let mut url = http::private(auth_type, "GitHub", url)?;
                url.query_pairs_mut().append_pair("audience", audience);
                let request = http.get(url).bearer_auth(proof.expose_secret());
                http::json::<IdToken>(auth_type, "GitHub", request).await?.value
            }
            Self::AzureDevOps { http, url, proof } => {
                let url = http::private(auth_type, "Azure DevOps", url)?;
                let request = http.post(url).bearer_auth(proof.expose_secret()).header("content-length", "0");
                http::json::<IdToken>(auth_type, "Azure DevOps", request).await?.value
            }
            Self::Variable { environment, name } => environment
                .find(name)
                .ok_or_else(|| failed(format!("the variable {name} with the OIDC token is not set")))?,
            Self::File(file) => std::fs::read_to_string(file)
                .map_err(|error| failed(format!("{} with the OIDC token: {error}", file.display())))?,
        };
        match token.trim() {
            "" => Err(failed("the OIDC token is empty".to_owned())),
            token => Ok(token.to_owned().into()),
        }
    }
}

const AZURE_DEVOPS: [&str; 6] = [
    "SYSTEM_ACCESSTOKEN",
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
    "SYSTEM_TEAMPROJECTID",
    "SYSTEM_HOSTTYPE",
    "SYSTEM_PLANID",
    "SYSTEM_JOBID",
];

/// The exchange. Without a client it is the account that trusts the provider.
#[derive(Debug)]
struct Federated {
    auth_type: &'static str,
    server: Server,
    tokens: IdTokens,
    client_id: Option<String>,
    audience: Option<String>,
}

impl TokenSource for Federated {
    fn auth_type(&self) -> &'static str {
        self.auth_type
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let endpoint = self.server.endpoints(self.auth_type).await?.token.clone();
            let audience = match &self.audience {
                Some(audience) => Some(audience.clone()),
                None if self.tokens.are_for_an_audience() => self.server.audience().await,
                None => None,
            };
            let audience = audience.as_deref().unwrap_or(endpoint.as_str());
            let token = self.tokens.get(self.auth_type, audience).await?;
            let mut form = vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
                ("subject_token", token.expose_secret()),
                ("scope", &self.server.scopes),
            ];
            form.extend(self.client_id.as_deref().map(|id| ("client_id", id)));
            let request = self.server.http.post(endpoint.clone()).form(&form);
            Ok(http::json::<Answer>(self.auth_type, "the OAuth server", request).await?.token())
        })
    }
}

fn federated(
    setup: &Setup,
    auth_type: &'static str,
    tokens: Result<IdTokens, String>,
) -> Result<Offer, ConfigError> {
    let tokens = match tokens {
        Ok(tokens) => tokens,
        Err(reason) => return Ok(Offer::No(reason)),
    };
    // An account's own tokens are for the account, not for the endpoint.
    let account = || setup.config.account_id().filter(|_| setup.is_account());
    Ok(Offer::certain(OAuth::new(Federated {
        auth_type,
        server: Server::new(setup)?,
        tokens,
        client_id: setup.config.get(Attribute::ClientId).map(str::to_owned),
        audience: setup.config.get(Attribute::TokenAudience).map(str::to_owned).or_else(account),
    })))
}

pub(super) fn github(setup: &Setup) -> Result<Offer, ConfigError> {
    federated(setup, "github-oidc", IdTokens::of_github(setup.config.environment())?)
}

pub(super) fn azure_devops(setup: &Setup) -> Result<Offer, ConfigError> {
    federated(setup, "azure-devops-oidc", IdTokens::of_azure_devops(setup.config.environment())?)
}

pub(super) fn variable(setup: &Setup) -> Result<Offer, ConfigError> {
    let name = setup.config.get(Attribute::OidcTokenEnv).unwrap_or("DATABRICKS_OIDC_TOKEN").to_owned();
    let environment = setup.config.environment().clone();
    let tokens = match environment.find(&name) {
        Some(_) => Ok(IdTokens::Variable { environment, name }),
        None => Err(format!("the variable {name} is not set")),
    };
    federated(setup, "env-oidc", tokens)
}

pub(super) fn file(setup: &Setup) -> Result<Offer, ConfigError> {
    let path = setup.config.environment().expand(&setup.text(Attribute::OidcTokenFilepath));
    federated(setup, "file-oidc", Ok(IdTokens::File(path)))
}
