//! Where the workspace is and how to log in to it, with the source of each setting.
//!
//! What is said in code wins over the environment, the environment over a profile of
//! `.databrickscfg`. The rules are those of the official tools, so that who has these set up changes
//! nothing; where they refuse what is said in code because of a variable that happens to be set,
//! code wins.

mod attribute;
mod discovery;
mod environment;
mod host;
mod profile;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::error::ConfigError;

pub use attribute::Attribute;
pub(crate) use discovery::{Discovery, HostInfo};
pub use environment::Environment;
pub use host::Cloud;
pub(crate) use host::{AzureCloud, is_private};

/// Where a setting comes from, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// Said in code.
    Explicit,
    /// This environment variable.
    Variable(&'static str),
    /// A profile of a file.
    Profile {
        /// The section.
        name: String,
        /// The file.
        file: String,
    },
    /// The query of the address, or what the host says of itself.
    Host,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Explicit => f.write_str("code"),
            Source::Variable(name) => write!(f, "variable {name}"),
            Source::Profile { name, file } => write!(f, "profile {name} of {file}"),
            Source::Host => f.write_str("the host"),
        }
    }
}

/// A setting as it may be shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Described {
    /// Which one.
    pub attribute: Attribute,
    /// Its value; `***` for a secret.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// The settings of a workspace or an account.
///
/// ```
/// use databricks_toolkit::config::{Attribute, Config};
///
/// let config = Config::default()
///     .with(Attribute::Host, "https://my-workspace.cloud.databricks.com")
///     .with(Attribute::Token, "dapi123");
/// assert_eq!(config.host(), Some("https://my-workspace.cloud.databricks.com"));
/// assert!(!format!("{config:?}").contains("dapi123"));
/// ```
#[derive(Clone, Default)]
pub struct Config {
    settings: BTreeMap<Attribute, Setting>,
    environment: Environment,
}

#[derive(Clone)]
struct Setting {
    value: SecretString,
    source: Source,
}

impl Config {
    /// The settings of the environment and of the profile that it, or the file, names.
    ///
    /// # Errors
    /// [`ConfigError`] for a variable that is not Unicode, and a profile that cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::default().load()
    }

    /// The settings of one profile alone, so that several workspaces live side by side. The
    /// environment only says where the file is.
    ///
    /// # Errors
    /// [`ConfigError::Profile`] where it is not there or cannot be read.
    pub fn from_profile(name: impl Into<String>) -> Result<Self, ConfigError> {
        Self::default().with_profile(name)
    }

    /// Sets one, in the place of what is set.
    pub fn set(&mut self, attribute: Attribute, value: impl Into<String>) {
        self.put(attribute, value.into(), Source::Explicit);
    }

    /// The same with one more set.
    pub fn with(mut self, attribute: Attribute, value: impl Into<String>) -> Self {
        self.set(attribute, value);
        self
    }

    /// The same with other variables than those of the process.
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Fills what is not set from the environment, then from a profile. The file is left alone where
    /// no profile is named and there is a host or a credential already.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn load(mut self) -> Result<Self, ConfigError> {
        for &attribute in Attribute::ALL {
            for &name in attribute.variables() {
                if let Some(value) = self.environment.get(name)? {
                    self.fill(attribute, value, Source::Variable(name));
                }
            }
        }
        let settled =
            |attribute: &Attribute| !attribute.groups().is_empty() || matches!(attribute, Attribute::Host);
        let wanted = self.get(Attribute::Profile).map(str::to_owned);
        if wanted.is_some() || !self.settings.keys().any(settled) {
            self.read_profile(wanted.as_deref())?;
        }
        Ok(self)
    }

    /// Fills what is not set from this profile, and from nothing else.
    ///
    /// # Errors
    /// As [`Config::from_profile`].
    pub fn with_profile(mut self, name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        if let &[variable] = Attribute::ConfigFile.variables()
            && let Some(file) = self.environment.get(variable)?
        {
            self.fill(Attribute::ConfigFile, file, Source::Variable(variable));
        }
        self.read_profile(Some(&name))?;
        self.set(Attribute::Profile, name);
        Ok(self)
    }

    fn read_profile(&mut self, wanted: Option<&str>) -> Result<(), ConfigError> {
        let file = self.environment.expand(self.get(Attribute::ConfigFile).unwrap_or("~/.databrickscfg"));
        let Some(profile) = profile::read(&file, wanted)? else { return Ok(()) };
        let source = Source::Profile { name: profile.name.clone(), file: file.display().to_string() };
        for (name, value) in profile.values {
            match Attribute::named(&name) {
                Some(attribute) if !value.is_empty() => self.fill(attribute, value, source.clone()),
                // The official tools add settings now and then.
                _ => tracing::debug!(name, "not a setting that is known, or an empty one"),
            }
        }
        if profile.name != "DEFAULT" {
            self.fill(Attribute::Profile, profile.name, source);
        }
        Ok(())
    }

    /// The value, also of a secret; nothing else of this type shows one.
    pub fn get(&self, attribute: Attribute) -> Option<&str> {
        self.settings.get(&attribute).map(|setting| setting.value.expose_secret())
    }

    /// Where a setting comes from.
    pub fn source(&self, attribute: Attribute) -> Option<&Source> {
        self.settings.get(&attribute).map(|setting| &setting.source)
    }

    /// What is set, as it may be shown.
    pub fn describe(&self) -> impl Iterator<Item = Described> + '_ {
        self.settings.iter().map(|(&attribute, setting)| Described {
            attribute,
            value: match attribute.is_secret() {
                true => "***".to_owned(),
                // What is before an @ of an address may be a password.
                false => setting.value.expose_secret().rsplit('@').next().unwrap_or_default().to_owned(),
            },
            source: setting.source.clone(),
        })
    }

    /// The address as it was given.
    pub fn host(&self) -> Option<&str> {
        self.get(Attribute::Host)
    }

    /// The account's id, also from the address (`?a=`).
    pub fn account_id(&self) -> Option<String> {
        self.id(Attribute::AccountId, |address| address.account_id)
    }

    /// The workspace's id, also from the address (`?o=`, `?w=`).
    pub fn workspace_id(&self) -> Option<String> {
        self.id(Attribute::WorkspaceId, |address| address.workspace_id)
    }

    fn id(&self, attribute: Attribute, of: impl Fn(host::Address) -> Option<String>) -> Option<String> {
        let set = self.get(attribute).map(str::to_owned);
        set.or_else(|| of(host::parse(self.host()?).ok()?))
    }

    /// The warehouse that runs statements unless one is named.
    pub fn warehouse_id(&self) -> Option<&str> {
        self.get(Attribute::WarehouseId)
    }

    /// The cluster that runs commands unless one is named.
    pub fn cluster_id(&self) -> Option<&str> {
        self.get(Attribute::ClusterId)
    }

    /// Longest silence of the service during one attempt.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for what is no number of seconds.
    pub fn http_timeout(&self) -> Result<Duration, ConfigError> {
        Ok(self.seconds(Attribute::HttpTimeoutSeconds)?.unwrap_or(Duration::from_secs(60)))
    }

    /// Requests that may be begun in a second, where that is set; zero for no limit.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for what is no such number.
    pub fn rate_limit(&self) -> Result<Option<u32>, ConfigError> {
        let Some(value) = self.get(Attribute::RateLimit) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| ConfigError::Invalid {
            attribute: Attribute::RateLimit.name(),
            value: value.to_owned(),
            expected: "a whole number of requests a second, 0 for no limit".to_owned(),
        })
    }

    /// A number of seconds, where it is set.
    pub(crate) fn seconds(&self, attribute: Attribute) -> Result<Option<Duration>, ConfigError> {
        let Some(value) = self.get(attribute) else { return Ok(None) };
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match seconds {
            Some(seconds) if !seconds.is_zero() => Ok(Some(seconds)),
            _ => Err(ConfigError::Invalid {
                attribute: attribute.name(),
                value: value.to_owned(),
                expected: "a positive number of seconds".to_owned(),
            }),
        }
    }

    /// `true`, `1` and the like.
    pub(crate) fn is_on(&self, attribute: Attribute) -> bool {
        self.get(attribute).is_some_and(|value| ["true", "1", "t"].contains(&&*value.to_ascii_lowercase()))
    }

    /// The cloud the workspace is in: as set, else by its address.
    pub fn cloud(&self) -> Option<Cloud> {
        if self.get(Attribute::AzureWorkspaceResourceId).is_some() {
            return Some(Cloud::Azure);
        }
        let named = self.get(Attribute::Cloud).and_then(Cloud::named);
        named.or_else(|| host::zone(&self.normalised_host().ok()?).map(|(cloud, _)| cloud))
    }

    /// The part of Azure the workspace is in; none in another cloud.
    pub(crate) fn azure(&self) -> Option<&'static AzureCloud> {
        if self.cloud() != Some(Cloud::Azure) {
            return None;
        }
        let by_host = || host::zone(&self.normalised_host().ok()?)?.1;
        let by_name = self.get(Attribute::AzureEnvironment).and_then(host::azure_cloud);
        by_host().or(by_name).or_else(|| host::azure_cloud("PUBLIC"))
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The same without what says who calls.
    pub(crate) fn without_credentials(&self) -> Self {
        let mut config = self.clone();
        config.settings.retain(|attribute, _| {
            attribute.groups().is_empty() && !attribute.is_secret() && *attribute != Attribute::AuthType
        });
        config
    }

    /// Sets one unless it is set.
    pub(crate) fn fill(&mut self, attribute: Attribute, value: String, source: Source) {
        if !self.settings.contains_key(&attribute) {
            self.put(attribute, value, source);
        }
    }

    fn put(&mut self, attribute: Attribute, value: String, source: Source) {
        self.settings.insert(attribute, Setting { value: value.into(), source });
    }

    /// The address as calls use it; none where only Azure knows it, by the workspace's resource id.
    pub(crate) fn known_host(&self) -> Result<Option<String>, ConfigError> {
        match (self.host(), self.get(Attribute::AzureWorkspaceResourceId)) {
            (None, Some(_)) => Ok(None),
            _ => self.normalised_host().map(Some),
        }
    }

    /// The address as calls use it: scheme and authority, nothing else.
    pub(crate) fn normalised_host(&self) -> Result<String, ConfigError> {
        match self.host() {
            Some(host) => host::parse(host).map(|address| address.origin),
            None => Err(ConfigError::Missing { attribute: "host", variable: "DATABRICKS_HOST" }),
        }
    }

    /// The same with one way to log in: credentials said in code put aside those of the environment
    /// and the profile that do not go with them.
    ///
    /// # Errors
    /// [`ConfigError::Conflict`] where two ways remain and `auth_type` does not choose.
    pub(crate) fn settled(&self, uses: impl Fn(&str) -> &'static [Attribute]) -> Result<Self, ConfigError> {
        let mut settled = self.clone();
        let said: Vec<Attribute> = self
            .credentials()
            .filter(|(_, source)| **source == Source::Explicit)
            .map(|(attribute, _)| attribute)
            .collect();
        if !said.is_empty() {
            let groups = common_groups(said.iter().copied());
            settled.settings.retain(|attribute, setting| {
                let own = setting.source == Source::Explicit || attribute.groups().is_empty();
                own || attribute.groups().iter().any(|group| groups.contains(group))
            });
            // A type that has no use for what was said in code was meant for something else.
            let chosen = self.get(Attribute::AuthType).map(uses).unwrap_or_default();
            let weaker = self.source(Attribute::AuthType) != Some(&Source::Explicit);
            if weaker && !said.iter().any(|attribute| chosen.contains(attribute)) {
                settled.settings.remove(&Attribute::AuthType);
            }
        }
        let conflict = settled.get(Attribute::AuthType).is_none()
            && settled.credentials().next().is_some()
            && common_groups(settled.credentials().map(|(attribute, _)| attribute)).is_empty();
        if conflict {
            let listed: Vec<_> = settled
                .credentials()
                .map(|(attribute, source)| {
                    format!("{attribute} ({}) from {source}", attribute.groups().join(", "))
                })
                .collect();
            return Err(ConfigError::Conflict { settings: listed.join("; ") });
        }
        Ok(settled)
    }

    fn credentials(&self) -> impl Iterator<Item = (Attribute, &Source)> {
        let all = self.settings.iter().map(|(attribute, setting)| (*attribute, &setting.source));
        all.filter(|(attribute, _)| !attribute.groups().is_empty())
    }
}

/// Scheme and authority of an address.
pub(crate) fn origin(host: &str) -> Result<String, ConfigError> {
    host::parse(host).map(|address| address.origin)
}

/// The groups that all of these can be part of.
fn common_groups(mut attributes: impl Iterator<Item = Attribute>) -> Vec<&'static str> {
    let mut groups = attributes.next().map_or(Vec::new(), |first| first.groups().to_vec());
    for attribute in attributes {
        groups.retain(|group| attribute.groups().contains(group));
    }
    groups
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.describe().map(|setting| (setting.attribute, (setting.value, setting.source)));
        f.debug_map().entries(shown).finish()
    }
}
