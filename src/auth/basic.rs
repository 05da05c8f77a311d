//! Users' names and passwords.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::{Credentials, HeadersFuture};
use crate::error::ConfigError;

/// A user's name and password. `auth_type` is `basic`.
#[derive(Debug, Clone)]
pub struct Basic {
    // Marked sensitive, so that Debug shows the word and not the value.
    header: HeaderValue,
}

impl Basic {
    /// Takes both as they are.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for a name with a colon, where the password would begin.
    pub fn new(username: &str, password: &SecretString) -> Result<Self, ConfigError> {
        let invalid = || ConfigError::Invalid {
            attribute: "username",
            value: username.to_owned(),
            expected: "a name without a colon".to_owned(),
        };
        if username.contains(':') {
            return Err(invalid());
        }
        let both = BASE64_STANDARD.encode(format!("{username}:{}", password.expose_secret()));
        let mut header = HeaderValue::from_str(&format!("Basic {both}")).map_err(|_| invalid())?;
        header.set_sensitive(true);
        Ok(Self { header })
    }
}

impl Credentials for Basic {
    fn auth_type(&self) -> &'static str {
        "basic"
    }

    fn headers(&self) -> HeadersFuture<'_> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, self.header.clone())]);
        Box::pin(std::future::ready(Ok(headers)))
    }
}
