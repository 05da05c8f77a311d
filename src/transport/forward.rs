//! A request that somebody else made, sent on with the credentials of this workspace.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Response, Url};

use super::Transport;
use crate::{Error, Result};

impl Transport {
    /// Sends once, whatever comes of it, and gives the answer as it is.
    pub(crate) async fn forward(
        &self,
        method: &str,
        path: &str,
        query: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<Response> {
        let invalid = |what: &str| Error::invalid_request(format!("{what} cannot be sent on"));
        let mut url = Url::parse(self.host()).map_err(|_| invalid("the address"))?;
        url.set_path(path);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| invalid("the method"))?;
        let mut request = Request::new(method, url);
        if let Some(value) = content_type.and_then(|value| HeaderValue::from_str(value).ok()) {
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        let credentials = &*self.inner.credentials;
        request.headers_mut().extend(credentials.headers().await?);
        self.inner.place.lead(&mut request, credentials).await?;
        let _permit = self.inner.gate.pass().await;
        self.inner.http.client()?.execute(request).await.map_err(Error::request)
    }
}
