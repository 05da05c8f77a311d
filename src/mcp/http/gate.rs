//! Who may call, and as whom: the server's own token, and the caller's token of Databricks.
//!
//! Both headers are taken off the request here, so that nothing behind can log them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use super::HttpOptions;
use crate::mcp::server::callers::{Callers, process_key};

/// The header in which a platform hands on the token of whoever calls.
pub(super) const CALLER_TOKEN: &str = "x-forwarded-access-token";

pub(super) struct Gate {
    /// Tokens are compared by what they sign to, which takes the same time for any two and keeps none of them.
    key: hmac::Key,
    tokens: Vec<hmac::Tag>,
    callers: Option<Arc<Callers>>,
}

/// Why a request is refused.
enum Refused {
    Missing,
    Wrong,
    NoCaller,
    BadCaller,
}

impl Gate {
    pub(super) fn new(options: &HttpOptions, callers: Arc<Callers>) -> Self {
        let key = process_key();
        let sign = |token: &SecretString| hmac::sign(&key, token.expose_secret().as_bytes());
        let tokens = options.tokens.iter().map(sign).collect();
        Self { key, tokens, callers: options.caller_tokens.then_some(callers) }
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Refused> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        let given = bearer(headers).ok_or(Refused::Missing)?;
        // All are looked at, so that the time does not tell which one it was.
        let known = self.tokens.iter().fold(false, |known, tag| {
            known | hmac::verify(&self.key, given.as_bytes(), tag.as_ref()).is_ok()
        });
        if known { Ok(()) } else { Err(Refused::Wrong) }
    }
}

/// The token of `Authorization: Bearer …`, where there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Lets a request pass that may call, with the caller in its extensions.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    if let Err(refused) = gate.check(request.headers()) {
        return refused.into_response();
    }
    let token = request.headers_mut().remove(CALLER_TOKEN);
    request.headers_mut().remove(header::AUTHORIZATION);
    if let Some(callers) = &gate.callers {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Refused::NoCaller.into_response();
        };
        let caller = token.to_str().ok().and_then(|token| callers.of_token(&SecretString::from(token)).ok());
        match caller {
            Some(caller) => request.extensions_mut().insert(caller),
            None => return Refused::BadCaller.into_response(),
        };
    }
    next.run(request).await
}

/// Lets a request pass with a token of this server, whoever calls Databricks.
pub(super) async fn known(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        const REALM: &str = r#"Bearer realm="databricks-mcp""#;
        const WRONG: &str = r#"Bearer realm="databricks-mcp", error="invalid_token""#;
        let (challenge, text) = match self {
            Self::Missing => (REALM, "a token is needed: send it as Authorization: Bearer"),
            Self::Wrong => (WRONG, "the token of Authorization: Bearer is not one of this server's"),
            Self::NoCaller => (REALM, "calls are made as their caller: X-Forwarded-Access-Token is missing"),
            Self::BadCaller => (WRONG, "X-Forwarded-Access-Token holds no token"),
        };
        let challenge = (header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        (StatusCode::UNAUTHORIZED, [challenge], text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_counts() {
        assert_eq!(bearer(&headers(&["bearer  abc "])), Some("abc"));
        for none in [vec![], vec!["Basic abc"], vec!["abc"], vec!["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&headers(&none)), None, "{none:?}");
        }
    }
}
