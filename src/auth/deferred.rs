//! Logins of a cloud that the host's name does not tell: the host is asked at the first call.

use std::sync::Arc;

use reqwest::header::HeaderMap;

use super::azure::NOT_AZURE;
use super::{Credentials, HeadersFuture, HostFuture};
use crate::config::{Cloud, Discovery};
use crate::error::AuthError;

/// A login of Azure, made for the case that the host turns out to be one of Azure's.
#[derive(Debug)]
pub(super) struct Deferred {
    pub http: reqwest::Client,
    pub discovery: Arc<Discovery>,
    pub login: Arc<dyn Credentials>,
}

impl Credentials for Deferred {
    fn auth_type(&self) -> &'static str {
        self.login.auth_type()
    }

    fn headers(&self) -> HeadersFuture<'_> {
        Box::pin(async {
            let info = self.discovery.get(&self.http).await;
            if info.and_then(|info| info.cloud()) != Some(Cloud::Azure) {
                return Err(AuthError::new(self.auth_type(), NOT_AZURE));
            }
            self.login.headers().await
        })
    }

    fn refused(&self, headers: &HeaderMap) -> bool {
        self.login.refused(headers)
    }

    fn host(&self) -> HostFuture<'_> {
        self.login.host()
    }
}
