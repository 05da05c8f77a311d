//! Where the workspace is: at the address of the settings, or where the login finds it.

use reqwest::{Request, Url};
use tokio::sync::OnceCell;

use crate::auth::Credentials;
use crate::config;
use crate::error::AuthError;

/// What stands in an address until the login has found the right one. No name server knows it, so that
/// a request that is sent there by mistake goes nowhere.
const UNKNOWN: &str = "https://not-found-yet.invalid";

/// The address of a workspace or account.
#[derive(Clone, Debug)]
pub(super) struct Place {
    known: Option<String>,
    found: OnceCell<String>,
}

impl Place {
    pub(super) fn new(known: Option<String>) -> Self {
        Self { known, found: OnceCell::new() }
    }

    /// Scheme and authority.
    pub(super) fn host(&self) -> &str {
        self.known.as_ref().or_else(|| self.found.get()).map_or(UNKNOWN, String::as_str)
    }

    /// Leads a request there that was built before the address was known.
    pub(super) async fn lead(
        &self,
        request: &mut Request,
        credentials: &dyn Credentials,
    ) -> Result<(), AuthError> {
        if self.known.is_some() {
            return Ok(());
        }
        let failed = |message: &str| AuthError::new(credentials.auth_type(), message);
        let find = async || {
            let found = credentials.host().await?;
            config::origin(&found).map_err(|error| failed(&error.to_string()))
        };
        let host = self.found.get_or_try_init(find).await?;
        if request.url().host_str() == UNKNOWN.strip_prefix("https://") {
            let mut url = Url::parse(host).map_err(|_| failed("found an address that is none"))?;
            url.set_path(request.url().path());
            url.set_query(request.url().query());
            *request.url_mut() = url;
        }
        Ok(())
    }
}
