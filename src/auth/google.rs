//! Logins of Google: the key of a service account, and a service account that one may act as.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::HeaderName;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::chain::{Offer, Setup};
use super::http::{self, Answer};
use super::{AccessToken, OAuth, TokenFuture, TokenSource, programs};
use crate::config::Attribute;
use crate::error::{AuthError, ConfigError};

/// Some calls of an account want to see that the caller may act in Google's cloud.
const CLOUD_TOKEN: HeaderName = HeaderName::from_static("x-databricks-gcp-sa-access-token");
const SCOPES: &str = "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/compute";

/// What a token is for.
#[derive(Debug, Clone)]
enum Purpose {
    /// To tell this workspace who calls.
    Identity(String),
    /// To call Google itself.
    Cloud,
}

/// The key of a service account, as Google's console gives it.
#[derive(Debug, Clone, Deserialize)]
struct Key {
    client_email: String,
    private_key: SecretString,
    token_uri: String,
}

/// Where Google answers an identity.
#[derive(Deserialize)]
struct IdToken {
    #[serde(alias = "token")]
    id_token: String,
}

impl Key {
    async fn token(
        &self,
        auth_type: &'static str,
        http: &reqwest::Client,
        purpose: &Purpose,
    ) -> Result<AccessToken, AuthError> {
        let address = http::private(auth_type, "Google", &self.token_uri)?;
        let assertion = self.assertion(auth_type, purpose)?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
        let request = http.post(address).form(&form);
        match purpose {
            Purpose::Identity(_) => identity(auth_type, http::json(auth_type, "Google", request).await?),
            Purpose::Cloud => Ok(http::json::<Answer>(auth_type, "Google", request).await?.token()),
        }
    }

    /// A JWT signed by the key, good for one exchange.
    fn assertion(&self, auth_type: &'static str, purpose: &Purpose) -> Result<String, AuthError> {
        let failed = |what: &str| AuthError::new(auth_type, format!("the private key {what}"));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let (name, value) = match purpose {
            Purpose::Identity(host) => ("target_audience", host.as_str()),
            Purpose::Cloud => ("scope", SCOPES),
        };
        let claims = json!({
            "iss": self.client_email, "sub": self.client_email, "aud": self.token_uri,
            "iat": now, "exp": now + 3600, name: value,
        });
        let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims));
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.private_key.expose_secret().as_bytes())
            .map_err(|_| failed("is not PKCS #8 in PEM"))?;
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| failed("is not one of RSA"))?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| failed("cannot sign"))?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// An identity's token tells its expiry itself.
fn identity(auth_type: &'static str, answer: IdToken) -> Result<AccessToken, AuthError> {
    let expiry = programs::expiry(&answer.id_token)
        .ok_or_else(|| AuthError::new(auth_type, "Google answered a token without an expiry"))?;
    Ok(AccessToken::until(answer.id_token, expiry))
}

#[derive(Debug, Clone)]
struct ServiceAccount {
    http: reqwest::Client,
    key: Key,
    purpose: Purpose,
}

impl TokenSource for ServiceAccount {
    fn auth_type(&self) -> &'static str {
        "google-credentials"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(self.key.token(self.auth_type(), &self.http, &self.purpose))
    }
}

pub(super) fn credentials(setup: &Setup) -> Result<Offer, ConfigError> {
    let given = setup.text(Attribute::GoogleCredentials);
    let invalid = |expected: &str| ConfigError::Invalid {
        attribute: Attribute::GoogleCredentials.name(),
        value: "***".to_owned(),
        expected: expected.to_owned(),
    };
    let text = match given.trim_start().starts_with('{') {
        true => given,
        false => std::fs::read_to_string(setup.config.environment().expand(&given))
            .map_err(|_| invalid("the JSON of a service account's key, or a file of it"))?,
    };
    let key = serde_json::from_str(&text)
        .map_err(|_| invalid("a service account's key with client_email, private_key and token_uri"))?;
    let http = http::client(Duration::from_secs(60))?;
    let source = ServiceAccount { http, key, purpose: Purpose::Identity(setup.host.clone()) };
    let cloud = ServiceAccount { purpose: Purpose::Cloud, ..source.clone() };
    Ok(Offer::certain(OAuth::new(source).with_second(CLOUD_TOKEN, cloud)))
}

/// Who runs this, in Google's cloud: a key or a user's login in a file, else the machine.
#[derive(Debug, Clone)]
enum Caller {
    Key(Key),
    User(User),
    Machine(String),
}

/// What `gcloud auth application-default login` writes.
#[derive(Debug, Clone, Deserialize)]
struct User {
    client_id: String,
    client_secret: SecretString,
    refresh_token: SecretString,
    token_uri: Option<String>,
}

/// Acts as a service account.
#[derive(Debug, Clone)]
struct Impersonated {
    http: reqwest::Client,
    caller: Caller,
    url: String,
    purpose: Purpose,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloudToken {
    access_token: String,
    expire_time: String,
}

impl Impersonated {
    async fn caller(&self) -> Result<AccessToken, AuthError> {
        let auth_type = self.auth_type();
        let request = match &self.caller {
            Caller::Key(key) => return key.token(auth_type, &self.http, &Purpose::Cloud).await,
            Caller::User(user) => {
                let address = user.token_uri.as_deref().unwrap_or("https://oauth2.googleapis.com/token");
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", &user.client_id),
                    ("client_secret", user.client_secret.expose_secret()),
                    ("refresh_token", user.refresh_token.expose_secret()),
                ];
                self.http.post(http::private(auth_type, "Google", address)?).form(&form)
            }
            Caller::Machine(url) => {
                let http = http::local_client(Duration::from_secs(10));
                let http = http.map_err(|error| AuthError::new(auth_type, error.to_string()))?;
                http.get(url).header("Metadata-Flavor", "Google")
            }
        };
        Ok(http::json::<Answer>(auth_type, "Google", request).await?.token())
    }
}

impl TokenSource for Impersonated {
    fn auth_type(&self) -> &'static str {
        "google-id"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let auth_type = self.auth_type();
            let caller = self.caller().await?;
            let (call, body) = match &self.purpose {
                Purpose::Identity(host) => {
                    ("generateIdToken", json!({"audience": host, "includeEmail": true}))
                }
                Purpose::Cloud => {
                    let scopes: Vec<_> = SCOPES.split(' ').collect();
                    ("generateAccessToken", json!({"scope": scopes, "lifetime": "3600s"}))
                }
            };
            let address = http::private(auth_type, "Google", &format!("{}:{call}", self.url))?;
            let request = self.http.post(address).bearer_auth(caller.expose()).json(&body);
            if let Purpose::Identity(_) = &self.purpose {
                return identity(auth_type, http::json(auth_type, "Google", request).await?);
            }
            let token: CloudToken = http::json(auth_type, "Google", request).await?;
            let expiry = chrono::DateTime::parse_from_rfc3339(&token.expire_time)
                .map_err(|_| AuthError::new(auth_type, "Google answered a token without an expiry"))?;
            Ok(AccessToken::until(token.access_token, expiry.into()))
        })
    }
}

pub(super) fn impersonated(setup: &Setup) -> Result<Offer, ConfigError> {
    let environment = setup.config.environment();
    let variable = "GOOGLE_APPLICATION_CREDENTIALS";
    let named = environment.find(variable).map(|file| environment.expand(&file));
    let usual = || environment.expand("~/.config/gcloud/application_default_credentials.json");
    let caller = match std::fs::read_to_string(named.clone().unwrap_or_else(usual)) {
        Ok(text) => {
            let user = serde_json::from_str(&text).map(Caller::User);
            user.or_else(|_| serde_json::from_str(&text).map(Caller::Key)).map_err(|_| {
                ConfigError::Invalid {
                    attribute: variable,
                    value: "***".to_owned(),
                    expected: "the key of a service account, or the login of a user".to_owned(),
                }
            })?
        }
        Err(error) => match named {
            Some(file) => {
                return Ok(Offer::No(format!("{}, which {variable} names: {error}", file.display())));
            }
            None => {
                // The variable by which Google's own libraries are pointed elsewhere.
                let host = environment.find("GCE_METADATA_HOST");
                let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
                Caller::Machine(format!(
                    "http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
                ))
            }
        },
    };
    // The variable by which gcloud is pointed elsewhere.
    let api = environment.find("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS");
    let api = api.unwrap_or_else(|| "https://iamcredentials.googleapis.com".to_owned());
    let account = setup.text(Attribute::GoogleServiceAccount);
    let account = crate::transport::encode_path(&account);
    let source = Impersonated {
        http: http::client(Duration::from_secs(60))?,
        caller,
        url: format!("{}/v1/projects/-/serviceAccounts/{account}", api.trim_end_matches('/')),
        purpose: Purpose::Identity(setup.host.clone()),
    };
    let cloud = Impersonated { purpose: Purpose::Cloud, ..source.clone() };
    Ok(Offer::certain(OAuth::new(source).with_second(CLOUD_TOKEN, cloud)))
}
