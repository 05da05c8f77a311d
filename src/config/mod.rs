//! Where the workspace is and how to log in to it, with the source of each setting.

mod host;

use std::time::Duration;

use secrecy::SecretString;

use crate::error::ConfigError;

/// The settings of a workspace.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address of the workspace: `DATABRICKS_HOST`.
    pub host: Option<String>,
    /// The account's id, for calls of an account: `DATABRICKS_ACCOUNT_ID`.
    pub account_id: Option<String>,
    /// A personal access token: `DATABRICKS_TOKEN`.
    pub token: Option<SecretString>,
    /// The warehouse that runs statements unless one is named: `DATABRICKS_WAREHOUSE_ID`.
    pub warehouse_id: Option<String>,
    /// The cluster that runs commands unless one is named: `DATABRICKS_CLUSTER_ID`.
    pub cluster_id: Option<String>,
    /// Longest silence of the service during one attempt; 60 s unless set.
    pub http_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: None,
            account_id: None,
            token: None,
            warehouse_id: None,
            cluster_id: None,
            http_timeout: Duration::from_secs(60),
        }
    }
}

impl Config {
    /// The settings that the environment gives; an empty variable counts as unset.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for a variable that is not Unicode.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::Invalid {
                attribute: "environment",
                value: name.to_owned(),
                expected: "text in Unicode".to_owned(),
            }),
        })
    }

    fn from_variables(
        read: impl Fn(&str) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let variable = |name: &str| {
            let value = read(name)?.map(|value| value.trim().to_owned());
            Ok::<_, ConfigError>(value.filter(|value| !value.is_empty()))
        };
        Ok(Self {
            host: variable("DATABRICKS_HOST")?,
            account_id: variable("DATABRICKS_ACCOUNT_ID")?,
            token: variable("DATABRICKS_TOKEN")?.map(SecretString::from),
            warehouse_id: variable("DATABRICKS_WAREHOUSE_ID")?,
            cluster_id: variable("DATABRICKS_CLUSTER_ID")?,
            ..Self::default()
        })
    }

    /// The address as calls use it: scheme and authority, nothing else.
    pub(crate) fn normalised_host(&self) -> Result<String, ConfigError> {
        match &self.host {
            Some(host) => host::normalise(host),
            None => Err(ConfigError::Missing { attribute: "host", variable: "DATABRICKS_HOST" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_unset() {
        let config = Config::from_variables(|name| {
            Ok((name == "DATABRICKS_HOST")
                .then(|| " https://x.cloud.databricks.com/ ".to_owned())
                .or((name == "DATABRICKS_TOKEN").then(String::new)))
        })
        .unwrap();
        assert_eq!(config.host.as_deref(), Some("https://x.cloud.databricks.com/"));
        assert!(config.token.is_none());
    }

    #[test]
    fn debug_hides_the_token() {
        let config = Config { token: Some("dapi123".to_owned().into()), ..Config::default() };
        assert!(!format!("{config:?}").contains("dapi123"));
    }
}
