//! OAuth tokens that are fetched when they are needed, kept, and made new ahead of their expiry.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::Shared;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::error::AuthError;

/// A token is made new when this, or half of its life, is left.
const AHEAD: Duration = Duration::from_secs(20 * 60);
/// After a token could not be made new ahead of time, and between two that were asked for because
/// the service refused one.
const PAUSE: Duration = Duration::from_secs(60);
/// Azure refuses tokens in the last 30 s of their life.
const MARGIN: Duration = Duration::from_secs(40);

/// An access token, and how long it lives.
#[derive(Clone, Debug)]
pub struct AccessToken {
    value: SecretString,
    expires: Option<Instant>,
}

impl AccessToken {
    /// A token that lives this long; without end where nothing is said.
    pub fn new(value: impl Into<String>, lifetime: Option<Duration>) -> Self {
        let expires = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        Self { value: SecretString::from(value.into()), expires }
    }

    /// A token that lives until then.
    pub fn until(value: impl Into<String>, expiry: SystemTime) -> Self {
        Self::new(value, Some(expiry.duration_since(SystemTime::now()).unwrap_or_default()))
    }

    /// The rest of its life.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.expires.map(|expires| expires.saturating_duration_since(Instant::now()))
    }

    pub(super) fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

/// The future that [`TokenSource::fetch`] returns.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<AccessToken, AuthError>> + Send + 'a>>;

/// Where tokens come from. It fetches one each time; [`CachedTokens`] keeps them.
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// The name as in `auth_type`, such as `oauth-m2m`.
    fn auth_type(&self) -> &'static str;

    /// Fetches a new token.
    fn fetch(&self) -> TokenFuture<'_>;
}

type Fetched = Result<(), Arc<AuthError>>;
type Fetching = Shared<Pin<Box<dyn Future<Output = Fetched> + Send>>>;

/// Keeps the token of a source: one fetch at a time however many callers wait, a new token ahead of
/// the old one's expiry, and the old one for as long as it lives where that fails. Cheap to clone.
#[derive(Clone)]
pub struct CachedTokens {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<dyn TokenSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Kept>,
    fetching: Option<(u64, Fetching)>,
    fetches: u64,
    refused: Option<Instant>,
}

struct Kept {
    bearer: HeaderValue,
    token: AccessToken,
    /// From when on a new one is fetched while this one is still used.
    stale: Option<Instant>,
}

impl Kept {
    fn is_usable(&self, now: Instant) -> bool {
        self.token.expires.is_none_or(|expires| now + MARGIN < expires)
    }
}

impl CachedTokens {
    /// Keeps the tokens of this source. Nothing is fetched yet.
    pub fn new(source: impl TokenSource) -> Self {
        Self { inner: Arc::new(Inner { source: Box::new(source), state: Mutex::default() }) }
    }

    /// The name of the source's `auth_type`.
    pub fn auth_type(&self) -> &'static str {
        self.inner.source.auth_type()
    }

    /// A token that is valid now, as the value of an `Authorization` header, marked sensitive.
    ///
    /// # Errors
    /// [`AuthError`] of the source, told to all callers that waited for it.
    pub async fn bearer(&self) -> Result<HeaderValue, AuthError> {
        self.with(|kept| kept.bearer.clone()).await
    }

    /// The token itself.
    pub(super) async fn token(&self) -> Result<AccessToken, AuthError> {
        self.with(|kept| kept.token.clone()).await
    }

    async fn with<T>(&self, read: impl Fn(&Kept) -> T) -> Result<T, AuthError> {
        let (number, fetching) = {
            let mut state = self.inner.lock();
            let now = Instant::now();
            match &state.token {
                Some(kept) if kept.is_usable(now) => {
                    let value = read(kept);
                    if kept.stale.is_some_and(|stale| stale <= now) {
                        drop(self.inner.begin(&mut state));
                    }
                    return Ok(value);
                }
                _ => self.inner.begin(&mut state),
            }
        };
        let fetched = fetching.await;
        let mut state = self.inner.lock();
        // Where the runtime that fetched is gone, nobody else clears it.
        if state.fetching.as_ref().is_some_and(|(current, _)| *current == number) {
            state.fetching = None;
        }
        match (fetched, &state.token) {
            // Also one of a life shorter than the margin: the service has the last word.
            (Ok(()), Some(kept)) => Ok(read(kept)),
            (Ok(()), None) => {
                Err(AuthError::new(self.auth_type(), "the token was refused while it was fetched"))
            }
            (Err(error), _) => Err(AuthError::new(error.auth_type, error.message.clone())),
        }
    }

    /// The service refused a token of ours: whether the next one is a different one. Where another
    /// caller said so before, or a new token was fetched meanwhile, nothing is thrown away; and a
    /// service that refuses every token does not have one made for each call.
    pub fn refuse(&self, bearer: &HeaderValue) -> bool {
        let mut state = self.inner.lock();
        match &state.token {
            Some(kept) if kept.bearer == *bearer => {}
            _ => return true,
        }
        let now = Instant::now();
        if state.refused.is_some_and(|before| now < before + PAUSE) {
            return false;
        }
        state.refused = Some(now);
        state.token = None;
        true
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; and if so, what is there is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fetch that is under way, else a new one. It is a task of its own, so that it goes on when
    /// the caller that began it gives up.
    fn begin(self: &Arc<Self>, state: &mut State) -> (u64, Fetching) {
        if let Some(under_way) = &state.fetching {
            return under_way.clone();
        }
        state.fetches += 1;
        let (inner, number) = (Arc::clone(self), state.fetches);
        let task = tokio::spawn(async move {
            let fetched = inner.source.fetch().await;
            inner.keep(number, fetched)
        });
        let auth_type = self.source.auth_type();
        let fetching = async move {
            let stopped = |_| Err(Arc::new(AuthError::new(auth_type, "the fetch of a token was stopped")));
            task.await.unwrap_or_else(stopped)
        };
        let fetching = (number, fetching.boxed().shared());
        state.fetching = Some(fetching.clone());
        fetching
    }

    fn keep(&self, number: u64, fetched: Result<AccessToken, AuthError>) -> Fetched {
        let fetched = fetched.and_then(|token| {
            let bearer = bearer(self.source.auth_type(), token.expose())?;
            Ok((token, bearer))
        });
        let mut state = self.lock();
        let state = &mut *state;
        if state.fetching.as_ref().is_some_and(|(current, _)| *current == number) {
            state.fetching = None;
        }
        let now = Instant::now();
        match fetched {
            Ok((token, bearer)) => {
                // A source that keeps tokens itself, such as a CLI, may give the same one again.
                let same = state.token.as_ref().is_some_and(|kept| kept.bearer == bearer);
                let stale = token.expires.map(|expires| match same {
                    true => now + PAUSE,
                    false => expires - AHEAD.min(expires.saturating_duration_since(now) / 2),
                });
                state.token = Some(Kept { bearer, token, stale });
                Ok(())
            }
            Err(error) => {
                tracing::debug!(auth_type = error.auth_type, %error, "no new token");
                if let Some(kept) = &mut state.token {
                    kept.stale = Some(now + PAUSE);
                }
                Err(Arc::new(error))
            }
        }
    }
}

/// The value of an `Authorization` header, marked sensitive.
pub(super) fn bearer(auth_type: &'static str, token: &str) -> Result<HeaderValue, AuthError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| AuthError::new(auth_type, "the token holds what no header can"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a source of one's own shows of itself may be secret.
impl fmt::Debug for CachedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CachedTokens").field(&self.auth_type()).finish()
    }
}
