//! Who calls: a [`Credentials`] adds to a request what proves it.

mod pat;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::header::HeaderMap;

use crate::Config;
use crate::error::{AuthError, ConfigError};

pub use pat::PersonalAccessToken;

/// The future that [`Credentials::headers`] returns.
pub type HeadersFuture<'a> = Pin<Box<dyn Future<Output = Result<HeaderMap, AuthError>> + Send + 'a>>;

/// What proves who calls. Called once an attempt, so an implementation keeps what it fetched.
pub trait Credentials: Debug + Send + Sync {
    /// The name as in `auth_type`, such as `pat`.
    fn auth_type(&self) -> &'static str;

    /// The headers to add. Values that are secret must be marked sensitive.
    fn headers(&self) -> HeadersFuture<'_>;
}

/// The credentials that the settings name.
pub(crate) fn from_config(config: &Config) -> Result<Arc<dyn Credentials>, ConfigError> {
    match &config.token {
        Some(token) => Ok(Arc::new(PersonalAccessToken::new(token.clone())?)),
        None => Err(ConfigError::Missing { attribute: "token", variable: "DATABRICKS_TOKEN" }),
    }
}
