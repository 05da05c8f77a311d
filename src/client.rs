//! A workspace: where it is, who calls, and the calls.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::Credentials;
use crate::services::Services;
use crate::transport::{RetryPolicy, Transport};
use crate::{Config, Result};

/// A Databricks workspace. Cheap to clone; clones share connections and credentials.
///
/// The calls are reached by document: `workspace.jobs().jobs_list()`.
#[derive(Clone, Debug)]
pub struct Workspace {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    transport: Transport,
    services: Services,
}

impl Workspace {
    /// A workspace from the `DATABRICKS_*` environment.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) names what is missing or wrong.
    pub fn from_env() -> Result<Self> {
        Self::builder().config(Config::from_env()?).build()
    }

    /// A workspace from what is said here, and only from that.
    pub fn builder() -> WorkspaceBuilder {
        WorkspaceBuilder::default()
    }

    /// The address of the workspace, without a trailing slash.
    pub fn host(&self) -> &str {
        self.inner.transport.host()
    }

    /// The settings this workspace was made from.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn services(&self) -> &Services {
        &self.inner.services
    }
}

/// Builds a [`Workspace`].
#[derive(Debug, Default)]
pub struct WorkspaceBuilder {
    config: Config,
    credentials: Option<Arc<dyn Credentials>>,
    retry: RetryPolicy,
    user_agent: Option<String>,
}

impl WorkspaceBuilder {
    /// All settings at once; those set afterwards win.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The address, such as `https://adb-1234.5.azuredatabricks.net`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.config.host = Some(host.into());
        self
    }

    /// A personal access token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.config.token = Some(token.into().into());
        self
    }

    /// One's own credentials, in the place of those that the settings name.
    pub fn credentials(mut self, credentials: impl Credentials + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// How often and how long a failed call is tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Longest silence of the service during one attempt; 60 s unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.http_timeout = timeout;
        self
    }

    /// The name and version of the program that calls, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Checks the settings and makes the workspace. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) names what is missing or wrong.
    pub fn build(self) -> Result<Workspace> {
        let host = self.config.normalised_host()?;
        let credentials = match self.credentials {
            Some(credentials) => credentials,
            None => crate::auth::from_config(&self.config)?,
        };
        let transport = Transport::new(
            host,
            credentials,
            self.retry,
            self.config.http_timeout,
            self.user_agent.as_deref(),
        )?;
        let services = Services::new(&transport);
        Ok(Workspace { inner: Arc::new(Inner { config: self.config, transport, services }) })
    }
}
