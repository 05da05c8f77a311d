//! Credentials of tokens that come and go.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::locate::Locator;
use super::{CachedTokens, Credentials, HeadersFuture, HostFuture, NO_HOST, TokenSource};
use crate::error::AuthError;

/// Sends the tokens of a [`TokenSource`], kept by a [`CachedTokens`].
///
/// ```
/// use databricks_toolkit::auth::{AccessToken, OAuth, TokenFuture, TokenSource};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl TokenSource for Vault {
///     fn auth_type(&self) -> &'static str {
///         "vault"
///     }
///
///     fn fetch(&self) -> TokenFuture<'_> {
///         Box::pin(async { Ok(AccessToken::new("…", Some(std::time::Duration::from_secs(3600)))) })
///     }
/// }
///
/// let builder = databricks_toolkit::Workspace::builder().credentials(OAuth::new(Vault));
/// ```
#[derive(Debug, Clone)]
pub struct OAuth {
    tokens: CachedTokens,
    fixed: HeaderMap,
    second: Option<Second>,
    locator: Option<Locator>,
}

/// A token of another audience. Only few calls need it, so that it is left out, for a while, where it
/// cannot be had.
#[derive(Debug, Clone)]
struct Second {
    name: HeaderName,
    tokens: CachedTokens,
    left_out_until: Arc<Mutex<Option<Instant>>>,
}

const LEFT_OUT: Duration = Duration::from_secs(20 * 60);

impl Second {
    async fn header(&self) -> Option<HeaderValue> {
        let left_out = || self.left_out_until.lock().unwrap_or_else(PoisonError::into_inner);
        if left_out().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let Ok(token) = self.tokens.token().await else {
            *left_out() = Instant::now().checked_add(LEFT_OUT);
            return None;
        };
        let mut value = HeaderValue::from_str(token.expose()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl OAuth {
    /// The tokens of this source.
    pub fn new(source: impl TokenSource) -> Self {
        Self { tokens: CachedTokens::new(source), fixed: HeaderMap::new(), second: None, locator: None }
    }

    /// The same with a header that stays.
    pub(super) fn with_header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        self.fixed.extend(value.map(|value| (name, value)));
        self
    }

    /// The same with a token of another audience in a header of its own.
    pub(super) fn with_second(mut self, name: HeaderName, source: impl TokenSource) -> Self {
        let tokens = CachedTokens::new(source);
        self.second = Some(Second { name, tokens, left_out_until: Arc::default() });
        self
    }

    /// The same, which finds the workspace's address where it is not known.
    pub(super) fn with_locator(mut self, locator: Option<Locator>) -> Self {
        self.locator = locator;
        self
    }
}

impl Credentials for OAuth {
    fn auth_type(&self) -> &'static str {
        self.tokens.auth_type()
    }

    fn headers(&self) -> HeadersFuture<'_> {
        Box::pin(async move {
            let mut headers = self.fixed.clone();
            headers.insert(AUTHORIZATION, self.tokens.bearer().await?);
            if let Some(second) = &self.second
                && let Some(value) = second.header().await
            {
                headers.insert(second.name.clone(), value);
            }
            Ok(headers)
        })
    }

    fn host(&self) -> HostFuture<'_> {
        Box::pin(async {
            match &self.locator {
                Some(locator) => locator.find().await,
                None => Err(AuthError::new(self.auth_type(), NO_HOST)),
            }
        })
    }

    fn refused(&self, headers: &HeaderMap) -> bool {
        headers.get(AUTHORIZATION).is_some_and(|bearer| self.tokens.refuse(bearer))
    }
}
