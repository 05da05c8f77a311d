//! A workspace or an account: where it is, who calls, and the way to the calls.

use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::auth::{Credentials, PersonalAccessToken};
use crate::config::Attribute;
use crate::error::ConfigError;
use crate::transport::{Log, Observer, Options, RetryPolicy, Transport};
use crate::{Config, Result};

/// A Databricks workspace. Cheap to clone; clones share connections and credentials.
///
/// Its calls are reached by API: `workspace.clusters().list()`.
#[derive(Clone, Debug)]
pub struct Workspace {
    inner: Arc<Inner>,
}

/// A Databricks account. Cheap to clone; clones share connections and credentials.
///
/// Its calls are reached by API, `account.workspaces().list()`, and carry the account's id from the
/// settings.
#[derive(Clone, Debug)]
pub struct Account {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    transport: Transport,
}

/// What [`Workspace`] and [`Account`] have in common.
macro_rules! client {
    ($name:ident, $what:literal) => {
        impl $name {
            #[doc = concat!("The ", $what, " of the `DATABRICKS_*` environment.")]
            ///
            /// Where it names no workspace, of the profile that `.databrickscfg` has for that.
            ///
            /// # Errors
            /// [`Error::Config`](crate::Error::Config) names what is missing or wrong.
            pub fn from_env() -> Result<Self> {
                Self::builder().config(Config::from_env()?).build()
            }

            #[doc = concat!("The ", $what, " of a profile of `.databrickscfg`, and of nothing else.")]
            ///
            /// # Errors
            /// [`Error::Config`](crate::Error::Config) names what is missing or wrong.
            pub fn from_profile(name: impl Into<String>) -> Result<Self> {
                Self::builder().config(Config::from_profile(name)?).build()
            }

            #[doc = concat!("The ", $what, " of what is said here, and only of that.")]
            pub fn builder() -> Builder<Self> {
                Builder::default()
            }

            /// The address, without a trailing slash. Where only a resource id of Azure is set, it is
            /// found at the first call and one that leads nowhere until then.
            pub fn host(&self) -> &str {
                self.inner.transport.host()
            }

            #[doc = concat!("The settings that this ", $what, " was made from.")]
            pub fn config(&self) -> &Config {
                &self.inner.config
            }

            #[allow(dead_code, reason = "unused where no document is on")]
            pub(crate) fn transport(&self) -> &Transport {
                &self.inner.transport
            }
        }
    };
}

impl Workspace {
    /// The same workspace called by somebody else, with this token: for a program that serves several
    /// people. The connections are shared, the rate limit is each caller's own.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where the token holds what no header can.
    pub fn with_token(&self, token: impl Into<SecretString>) -> Result<Self> {
        let token = token.into();
        let mut config = self.inner.config.without_credentials();
        config.set(Attribute::Token, token.expose_secret());
        let credentials = Arc::new(PersonalAccessToken::new(token)?);
        let transport = self.inner.transport.with_credentials(credentials);
        Ok(Self { inner: Arc::new(Inner { config, transport }) })
    }
}

client!(Workspace, "workspace");
client!(Account, "account");

/// What a [`Builder`] builds.
pub trait Target: sealed::Sealed + Sized {}

impl Target for Workspace {}
impl Target for Account {}

mod sealed {
    use super::{Account, Arc, Config, ConfigError, Inner, Workspace};

    pub trait Sealed {
        /// Whether calls tell the workspace's id.
        const IS_WORKSPACE: bool;
        fn check(config: &Config) -> Result<(), ConfigError>;
        #[expect(private_interfaces, reason = "nobody else can name it")]
        fn of(inner: Arc<Inner>) -> Self;
    }

    impl Sealed for Workspace {
        const IS_WORKSPACE: bool = true;

        fn check(_: &Config) -> Result<(), ConfigError> {
            Ok(())
        }

        #[expect(private_interfaces, reason = "nobody else can name it")]
        fn of(inner: Arc<Inner>) -> Self {
            Self { inner }
        }
    }

    impl Sealed for Account {
        const IS_WORKSPACE: bool = false;

        fn check(config: &Config) -> Result<(), ConfigError> {
            let missing = ConfigError::Missing { attribute: "account_id", variable: "DATABRICKS_ACCOUNT_ID" };
            config.account_id().map(drop).ok_or(missing)
        }

        #[expect(private_interfaces, reason = "nobody else can name it")]
        fn of(inner: Arc<Inner>) -> Self {
            Self { inner }
        }
    }
}

/// Builds a [`Workspace`] or an [`Account`].
#[derive(Debug)]
pub struct Builder<T> {
    config: Config,
    credentials: Option<Arc<dyn Credentials>>,
    retry: Option<RetryPolicy>,
    options: Options,
    target: PhantomData<fn() -> T>,
}

impl<T> Default for Builder<T> {
    fn default() -> Self {
        Self {
            config: Config::default(),
            credentials: None,
            retry: None,
            options: Options::default(),
            target: PhantomData,
        }
    }
}

impl<T: Target> Builder<T> {
    /// All settings at once; those set afterwards win.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The address, such as `https://adb-1234.5.azuredatabricks.net`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.config.set(Attribute::Host, host);
        self
    }

    /// The account's id; an [`Account`] needs it.
    pub fn account_id(mut self, id: impl Into<String>) -> Self {
        self.config.set(Attribute::AccountId, id);
        self
    }

    /// A personal access token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.config.set(Attribute::Token, token);
        self
    }

    /// One's own credentials, in the place of those that the settings name.
    pub fn credentials(mut self, credentials: impl Credentials + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// How often and how long a failed call is tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Longest silence of the service during one attempt; 60 s unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.set(Attribute::HttpTimeoutSeconds, timeout.as_secs_f64().to_string());
        self
    }

    /// Longest wait for a connection; 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Longest time of a call with all its attempts and waits; no limit but the retry policy's
    /// unless set. A call that answers bytes ends when they begin to come.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.options.call_timeout = Some(timeout);
        self
    }

    /// Requests that may be begun in a second, 15 unless set; zero for no limit.
    pub fn rate_limit(mut self, per_second: u32) -> Self {
        self.config.set(Attribute::RateLimit, per_second.to_string());
        self
    }

    /// Requests that may wait for their answers at once; no limit unless set.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.options.max_in_flight = Some(requests);
        self
    }

    /// A proxy for all requests, such as `http://user:password@proxy.example:3128`, in the place of
    /// the system's.
    pub fn proxy(mut self, address: impl Into<String>) -> Self {
        self.options.proxy = Some(address.into().into());
        self
    }

    /// Certificates in PEM to trust beside the system's, one or a bundle.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.root_certificates.push(pem.into());
        self
    }

    /// Who is told how calls end; several may be.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.options.observers.add(observer);
        self
    }

    /// The name and version of the program that calls, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.options.product = Some(product.into());
        self
    }

    /// Checks the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) names what is missing or wrong.
    pub fn build(self) -> Result<T> {
        let host = match T::IS_WORKSPACE {
            true => self.config.known_host()?,
            false => Some(self.config.normalised_host()?),
        };
        T::check(&self.config)?;
        let credentials = match self.credentials {
            Some(credentials) => credentials,
            None => crate::auth::from_config(&self.config)?,
        };
        let retry = match (self.retry, self.config.seconds(Attribute::RetryTimeoutSeconds)?) {
            (Some(retry), _) => retry,
            (None, Some(budget)) => RetryPolicy::default().budget(budget),
            (None, None) => RetryPolicy::default(),
        };
        let rate_limit = match self.config.rate_limit()? {
            Some(limit) => NonZeroU32::new(limit),
            None => self.options.rate_limit,
        };
        let read_timeout = self.config.http_timeout()?;
        let workspace_id = self.config.workspace_id().filter(|_| T::IS_WORKSPACE);
        let log = Log::of(&self.config)?;
        let options = Options { retry, rate_limit, read_timeout, workspace_id, log, ..self.options };
        let transport = Transport::new(host, credentials, options, self.config.account_id())?;
        Ok(T::of(Arc::new(Inner { config: self.config, transport })))
    }
}
