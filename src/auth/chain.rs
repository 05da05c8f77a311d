//! Which way to log in: the one that is set, else the first that fits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use tokio::sync::OnceCell;

use super::deferred::Deferred;
use super::types::used_by;
use super::{AUTH_TYPES, AuthType, Credentials, HeadersFuture, HostFuture, http};
use crate::Config;
use crate::config::{Attribute, Discovery};
use crate::error::{AuthError, ConfigError};

/// What credentials are made from.
pub(super) struct Setup {
    pub config: Config,
    /// The address; empty where it is not known yet.
    pub host: String,
    pub known_host: Option<String>,
    pub discovery: Arc<Discovery>,
}

impl Setup {
    pub(super) fn new(config: Config) -> Result<Self, ConfigError> {
        let known_host = config.known_host()?;
        let host = known_host.clone().unwrap_or_default();
        Ok(Self { discovery: Arc::new(Discovery::new(&host)), config, host, known_host })
    }

    /// A setting that is known to be there, since the type needs it.
    pub(super) fn text(&self, attribute: Attribute) -> String {
        self.config.get(attribute).unwrap_or_default().to_owned()
    }

    /// Whether the host is an account's console.
    pub(super) fn is_account(&self) -> bool {
        let name = self.host.trim_start_matches("https://");
        name.starts_with("accounts.") || name.starts_with("accounts-dod.")
    }
}

/// What a way to log in has to offer with given settings.
#[derive(Debug)]
pub(super) enum Offer {
    /// It is meant: where it fails, that is an error.
    Certain(Arc<dyn Credentials>),
    /// It may work: where it fails, the next one is tried.
    Perhaps(Arc<dyn Credentials>),
    /// It cannot work, and why.
    No(String),
}

impl Offer {
    pub(super) fn certain(credentials: impl Credentials + 'static) -> Self {
        Self::Certain(Arc::new(credentials))
    }

    pub(super) fn perhaps(credentials: impl Credentials + 'static) -> Self {
        Self::Perhaps(Arc::new(credentials))
    }
}

/// The credentials that the settings name. Nothing is sent or run yet.
pub(crate) fn from_config(config: &Config) -> Result<Arc<dyn Credentials>, ConfigError> {
    let config = config.settled(used_by)?;
    let setup = Setup::new(config)?;
    match setup.config.get(Attribute::AuthType) {
        Some(name) => chosen(&setup, name),
        None => first(&setup),
    }
}

fn chosen(setup: &Setup, name: &str) -> Result<Arc<dyn Credentials>, ConfigError> {
    let Some(kind) = AUTH_TYPES.iter().find(|kind| kind.name == name) else {
        let names: Vec<_> = AUTH_TYPES.iter().map(|kind| kind.name).collect();
        return Err(ConfigError::Invalid {
            attribute: Attribute::AuthType.name(),
            value: name.to_owned(),
            expected: format!("one of {}", names.join(", ")),
        });
    };
    match offered(setup, kind)? {
        Offer::Certain(credentials) | Offer::Perhaps(credentials) => Ok(credentials),
        Offer::No(reason) => Err(ConfigError::NoCredentials { tried: format!("{name}: {reason}") }),
    }
}

fn first(setup: &Setup) -> Result<Arc<dyn Credentials>, ConfigError> {
    let (mut candidates, mut skipped) = (Vec::new(), Vec::new());
    for kind in AUTH_TYPES.iter().filter(|kind| kind.is_default) {
        match offered(setup, kind)? {
            Offer::Certain(credentials) if candidates.is_empty() => return Ok(credentials),
            Offer::Certain(credentials) => {
                candidates.push(credentials);
                return Ok(Arc::new(Chain::new(candidates, skipped, true)));
            }
            Offer::Perhaps(credentials) => candidates.push(credentials),
            Offer::No(reason) => skipped.push(format!("{}: {reason}", kind.name)),
        }
    }
    match candidates.is_empty() {
        true => Err(ConfigError::NoCredentials { tried: skipped.join("; ") }),
        false => Ok(Arc::new(Chain::new(candidates, skipped, false))),
    }
}

fn offered(setup: &Setup, kind: &AuthType) -> Result<Offer, ConfigError> {
    let missing: Vec<_> = kind
        .needs
        .iter()
        .filter(|attribute| setup.config.get(**attribute).is_none())
        .map(|attribute| attribute.name())
        .collect();
    if !missing.is_empty() {
        return Ok(Offer::No(format!("no {}", missing.join(" and no "))));
    }
    match (kind.is_of_azure, &setup.known_host, setup.config.cloud()) {
        (false, None, _) => Ok(Offer::No("no host".to_owned())),
        (true, Some(_), None) => deferred(setup, kind),
        _ => (kind.offer)(setup),
    }
}

/// What a login of Azure has to offer if the host is one of Azure's.
fn deferred(setup: &Setup, kind: &AuthType) -> Result<Offer, ConfigError> {
    let assumed = Setup {
        discovery: setup.discovery.clone(),
        ..Setup::new(setup.config.clone().with(Attribute::Cloud, "AZURE"))?
    };
    Ok(match (kind.offer)(&assumed)? {
        Offer::No(reason) => Offer::No(reason),
        Offer::Certain(login) | Offer::Perhaps(login) => Offer::perhaps(Deferred {
            http: http::client(Duration::from_secs(60))?,
            discovery: setup.discovery.clone(),
            login,
        }),
    })
}

/// Ways to log in of which the first that works is taken, at the first call.
#[derive(Debug)]
struct Chain {
    candidates: Vec<Arc<dyn Credentials>>,
    skipped: Vec<String>,
    /// Whether the last one is meant.
    ends_certain: bool,
    chosen: OnceCell<Arc<dyn Credentials>>,
    failed: Mutex<Option<(Instant, String)>>,
}

/// How long a failure is told to further callers before the programs are run again.
const PAUSE: Duration = Duration::from_secs(5);

impl Chain {
    fn new(candidates: Vec<Arc<dyn Credentials>>, skipped: Vec<String>, ends_certain: bool) -> Self {
        Self { candidates, skipped, ends_certain, chosen: OnceCell::new(), failed: Mutex::default() }
    }

    async fn choose(&self) -> Result<Arc<dyn Credentials>, AuthError> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = failed().clone().filter(|(at, _)| at.elapsed() < PAUSE);
        if let Some((_, message)) = before {
            return Err(AuthError::new("default", message));
        }
        let mut tried = Vec::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            if self.ends_certain && index + 1 == self.candidates.len() {
                return Ok(candidate.clone());
            }
            match candidate.headers().await {
                Ok(_) => return Ok(candidate.clone()),
                Err(error) => tried.push(error.to_string()),
            }
        }
        tried.extend(self.skipped.iter().cloned());
        let message = format!(
            "no way to log in: set DATABRICKS_TOKEN, or what another auth_type needs; tried {}",
            tried.join("; ")
        );
        *failed() = Some((Instant::now(), message.clone()));
        Err(AuthError::new("default", message))
    }
}

impl Credentials for Chain {
    fn auth_type(&self) -> &'static str {
        self.chosen.get().map_or("default", |chosen| chosen.auth_type())
    }

    fn headers(&self) -> HeadersFuture<'_> {
        Box::pin(async {
            let chosen = self.chosen.get_or_try_init(|| self.choose()).await?;
            chosen.headers().await
        })
    }

    fn host(&self) -> HostFuture<'_> {
        Box::pin(async {
            let chosen = self.chosen.get_or_try_init(|| self.choose()).await?;
            chosen.host().await
        })
    }

    fn refused(&self, headers: &HeaderMap) -> bool {
        self.chosen.get().is_some_and(|chosen| chosen.refused(headers))
    }
}
