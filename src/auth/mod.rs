//! Who calls: a [`Credentials`] adds to a request what proves it.
//!
//! [`AUTH_TYPES`] lists the ways to log in, in the order in which they are tried. A program with a
//! way of its own implements [`Credentials`], or a [`TokenSource`] whose tokens [`OAuth`] keeps and
//! makes new.

mod azure;
mod basic;
mod browser;
mod cache;
mod chain;
mod deferred;
mod entra;
mod federation;
mod google;
pub(crate) mod http;
mod locate;
mod m2m;
mod metadata;
mod oauth;
mod pat;
mod programs;
mod token;
mod types;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use reqwest::header::HeaderMap;

use crate::error::AuthError;

pub use basic::Basic;
pub(crate) use chain::from_config;
pub use oauth::OAuth;
pub use pat::PersonalAccessToken;
pub use token::{AccessToken, CachedTokens, TokenFuture, TokenSource};
pub use types::{AUTH_TYPES, AuthType};

/// The future that [`Credentials::headers`] returns.
pub type HeadersFuture<'a> = Pin<Box<dyn Future<Output = Result<HeaderMap, AuthError>> + Send + 'a>>;

/// The future that [`Credentials::host`] returns.
pub type HostFuture<'a> = Pin<Box<dyn Future<Output = Result<String, AuthError>> + Send + 'a>>;

const NO_HOST: &str = "this login cannot find the workspace's address; set DATABRICKS_HOST";

/// What proves who calls. Called once an attempt, so an implementation keeps what it fetched.
pub trait Credentials: Debug + Send + Sync {
    /// The name as in `auth_type`, such as `pat`.
    fn auth_type(&self) -> &'static str;

    /// The headers to add. Values that are secret must be marked sensitive.
    fn headers(&self) -> HeadersFuture<'_>;

    /// The service answered 401 to a request with these headers. Whether the next
    /// [`headers`](Credentials::headers) may do better; if so, the request is sent once more.
    fn refused(&self, _headers: &HeaderMap) -> bool {
        false
    }

    /// The address of the workspace, asked for once where the settings do not say it. Logins of Azure
    /// find it by the workspace's resource id.
    fn host(&self) -> HostFuture<'_> {
        Box::pin(std::future::ready(Err(AuthError::new(self.auth_type(), NO_HOST))))
    }
}
