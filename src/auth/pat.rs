//! Personal access tokens.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::{Credentials, HeadersFuture};
use crate::error::ConfigError;

/// A token that a user or service principal made, sent as a bearer token. `auth_type` is `pat`.
#[derive(Debug, Clone)]
pub struct PersonalAccessToken {
    // Marked sensitive, so that Debug shows the word and not the value.
    header: HeaderValue,
}

impl PersonalAccessToken {
    /// Takes the token itself.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] where it holds what no header can, such as a line break.
    pub fn new(token: SecretString) -> Result<Self, ConfigError> {
        let mut header =
            HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
                ConfigError::Invalid {
                    attribute: "token",
                    value: "***".to_owned(),
                    expected: "printable ASCII on one line".to_owned(),
                }
            })?;
        header.set_sensitive(true);
        Ok(Self { header })
    }
}

impl Credentials for PersonalAccessToken {
    fn auth_type(&self) -> &'static str {
        "pat"
    }

    fn headers(&self) -> HeadersFuture<'_> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, self.header.clone())]);
        Box::pin(std::future::ready(Ok(headers)))
    }
}
