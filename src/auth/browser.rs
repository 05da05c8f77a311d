//! The login of a user in a browser: OAuth's code flow with PKCE, and a redirect to loopback.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use url::Url;

use super::cache::{Cache, Entry};
use super::chain::{Offer, Setup};
use super::http::{self, Answer};
use super::m2m::Server;
use super::{AccessToken, OAuth, TokenFuture, TokenSource};
use crate::config::{Attribute, Environment};
use crate::error::{AuthError, ConfigError};

/// The client that every workspace knows.
const CLIENT: &str = "databricks-cli";
/// The redirects that it may ask for.
const PORTS: std::ops::RangeInclusive<u16> = 8020..=8040;
/// How long a user may take.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct Browser {
    server: Server,
    environment: Environment,
    client_id: String,
    client_secret: Option<SecretString>,
    scopes: String,
    cache: Cache,
    /// The token that was handed out last, which is not handed out again.
    last: Mutex<Option<SecretString>>,
}

impl Browser {
    fn failed(&self, message: impl Into<String>) -> AuthError {
        AuthError::new("external-browser", message)
    }

    async fn entry(&self, last: Option<&str>) -> Result<Entry, AuthError> {
        let cached = self.cache.read();
        if let Some(entry) =
            cached.as_ref().filter(|entry| entry.is_valid() && last != Some(entry.access_token()))
        {
            return Ok(entry.clone());
        }
        if let Some(refresh) = cached.as_ref().and_then(Entry::refresh_token) {
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
            match (self.ask(&form).await, &cached) {
                (Ok(answer), _) => return self.keep(answer, Some(refresh)),
                // No browser is opened while there is a token that works.
                (Err(error), Some(entry)) if entry.is_valid() => return Err(error),
                (Err(error), _) => tracing::debug!(%error, "the login of before cannot be renewed"),
            }
        }
        let answer = self.log_in().await?;
        self.keep(answer, None)
    }

    fn keep(&self, answer: Answer, refresh: Option<&str>) -> Result<Entry, AuthError> {
        let refresh = answer.refresh_token.clone().or_else(|| refresh.map(str::to_owned));
        let token = answer.token();
        let entry = Entry::new(token.expose(), refresh, token.remaining());
        self.cache.write(&entry).map_err(|error| {
            self.failed(format!("the login cannot be kept in {}: {error}", self.cache.file().display()))
        })?;
        Ok(entry)
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<Answer, AuthError> {
        let endpoint = self.server.endpoints("external-browser").await?.token.clone();
        let mut form = form.to_vec();
        form.push(("client_id", &self.client_id));
        form.extend(self.client_secret.as_ref().map(|secret| ("client_secret", secret.expose_secret())));
        http::json("external-browser", "the OAuth server", self.server.http.post(endpoint).form(&form)).await
    }

    async fn log_in(&self) -> Result<Answer, AuthError> {
        let endpoints = self.server.endpoints("external-browser").await?;
        let address = endpoints.authorization.as_deref();
        let address = address.ok_or_else(|| self.failed("the OAuth server has no page to log in"))?;
        let mut address = http::private("external-browser", "the page to log in", address)?;
        let (listener, port) = self.listen().await?;
        let (state, verifier) = (self.random()?, self.random()?);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let redirect = format!("http://localhost:{port}");
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &redirect),
            ("scope", &self.scopes),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        self.open(&address);
        let code = tokio::time::timeout(PATIENCE, self.code(&listener, &state));
        let code = code.await.map_err(|_| self.failed("nobody logged in within five minutes"))??;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", &verifier),
            ("redirect_uri", &redirect),
        ];
        self.ask(&form).await
    }

    async fn listen(&self) -> Result<(TcpListener, u16), AuthError> {
        for port in PORTS {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
                return Ok((listener, port));
            }
        }
        Err(self.failed("all ports from 8020 to 8040 are in use"))
    }

    fn random(&self) -> Result<String, AuthError> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| self.failed("the system gives no random numbers"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens the page, and tells its address for where there is no browser.
    fn open(&self, address: &Url) {
        tracing::warn!("to log in, open {address}");
        let (name, arguments): (&str, &[&str]) = match std::env::consts::OS {
            "macos" => ("open", &[]),
            "windows" => ("rundll32", &["url.dll,FileProtocolHandler"]),
            _ => ("xdg-open", &[]),
        };
        let Some(program) = self.environment.programs(name).into_iter().next() else { return };
        let mut command = self.environment.command(&program);
        command.args(arguments).arg(address.as_str()).kill_on_drop(false);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if let Err(error) = command.spawn() {
            tracing::debug!(%error, "no browser");
        }
    }

    /// The code of the redirect that carries our state; browsers ask for other things too.
    async fn code(&self, listener: &TcpListener, state: &str) -> Result<String, AuthError> {
        loop {
            let accepted = listener.accept().await;
            let (mut stream, _) = accepted.map_err(|error| self.failed(format!("no redirect: {error}")))?;
            let read = tokio::time::timeout(Duration::from_secs(10), target(&mut stream)).await;
            let Ok(Some(url)) = read else { continue };
            let value = |name: &str| {
                let found = url.query_pairs().find(|(key, _)| key == name);
                found.map(|(_, value)| value.into_owned())
            };
            if value("state").as_deref() != Some(state) {
                answer(&mut stream, "404 Not Found", "There is nothing here.").await;
                continue;
            }
            if let Some(code) = value("code") {
                answer(&mut stream, "200 OK", "You are logged in. This page can be closed.").await;
                return Ok(code);
            }
            answer(&mut stream, "400 Bad Request", "The login failed; the program says why.").await;
            let said: Vec<_> = [value("error"), value("error_description")].into_iter().flatten().collect();
            return Err(self.failed(format!("the login was refused: {}", said.join(": "))));
        }
    }
}

/// What is asked for in the first line of a request.
async fn target(stream: &mut TcpStream) -> Option<Url> {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < 16 * 1024 {
        match stream.read(&mut part).await.ok()? {
            0 => return None,
            count => head.extend_from_slice(part.get(..count)?),
        }
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.strip_prefix("GET ")?.split(' ').next()?;
    Url::parse("http://localhost").ok()?.join(path).ok()
}

async fn answer(stream: &mut TcpStream, status: &str, text: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // The page is a courtesy: the login does not depend on it.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

impl TokenSource for Browser {
    fn auth_type(&self) -> &'static str {
        "external-browser"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let mut last = self.last.lock().await;
            let entry = self.entry(last.as_ref().map(ExposeSecret::expose_secret)).await?;
            *last = Some(entry.access_token().to_owned().into());
            Ok(AccessToken::until(entry.access_token(), entry.expires()))
        })
    }
}

pub(super) fn offer(setup: &Setup) -> Result<Offer, ConfigError> {
    let config = &setup.config;
    let Some(folder) = config.environment().home() else {
        return Ok(Offer::No("there is no home folder to keep the login in".to_owned()));
    };
    let server = Server::new(setup)?;
    let client_id = config.get(Attribute::ClientId).unwrap_or(CLIENT).to_owned();
    let account = config.account_id().filter(|_| setup.is_account());
    // The keys of the CLI, so that its login is ours; another client's is kept beside it.
    let mut key = match account {
        Some(account) => format!("{}/oidc/accounts/{account}", setup.host),
        None => setup.host.clone(),
    };
    if client_id != CLIENT || server.scopes != "all-apis" {
        key = format!("{key}#{client_id} {}", server.scopes);
    }
    Ok(Offer::certain(OAuth::new(Browser {
        scopes: format!("{} offline_access", server.scopes),
        server,
        environment: config.environment().clone(),
        client_id,
        client_secret: config.get(Attribute::ClientSecret).map(|secret| secret.to_owned().into()),
        cache: Cache::new(folder.join(".databricks").join("token-cache.json"), key),
        last: Mutex::new(None),
    })))
}
