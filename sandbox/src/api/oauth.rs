//! OAuth for machines: secrets of service principals, and the endpoint that gives a token for one.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::plain::{Call, Route, paged, rfc3339, shaped};
use super::{scim, tokens};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::state::AppState;
use crate::store::Change;

const SECRET: &str = "principal_secret";

/// How long a token lasts, in seconds.
const LIFE: i64 = 3_600;

/// The most secrets of one principal.
const MOST: usize = 5;

pub(super) const ROUTES: &[Route] = &[
    Route::new("service_principal_secrets_create", create),
    Route::new("service_principal_secrets_list", list),
    Route::new("service_principal_secrets_delete", delete),
    Route::new("service_principal_secrets_proxy_create", create),
    Route::new("service_principal_secrets_proxy_list", list),
    Route::new("service_principal_secrets_proxy_delete", delete),
];

pub(super) fn public_routes() -> Router<AppState> {
    const KNOWN: &[&str] = &["oauth-authorization-server", "openid-configuration"];
    let router = ["/oidc", "/oidc/accounts/{account_id}"].iter().fold(Router::new(), |router, base| {
        let router = router.route(&format!("{base}/v1/token"), post(token));
        KNOWN
            .iter()
            .fold(router, |router, name| router.route(&format!("{base}/.well-known/{name}"), get(metadata)))
    });
    router.route("/.well-known/oauth-authorization-server", get(metadata))
}

async fn metadata(State(state): State<AppState>, uri: Uri) -> Json<Value> {
    let base = uri.path().split("/.well-known").next().filter(|base| !base.is_empty()).unwrap_or("/oidc");
    let base = format!("{}{base}", state.url);
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/v1/authorize"),
        "token_endpoint": format!("{base}/v1/token"),
        "scopes_supported": ["all-apis"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }))
}

/// The principal of a request's path, which must be there: by its id, or by its application id.
fn principal(call: &Call, change: &Change) -> Reply<String> {
    let id = call.must("service_principal_id")?;
    let found = if change.has("service_principal", &id) {
        Some(id.clone())
    } else {
        scim::principal_of_application(&id, change)
    };
    found.ok_or_else(|| ApiError::not_found(format!("Service principal {id} does not exist.")))
}

fn secrets(change: &Change, principal: &str) -> Vec<(String, Value)> {
    change.all(SECRET, &format!("{principal}/"))
}

fn create(call: &Call, change: &mut Change) -> Reply<Value> {
    let principal = principal(call, change)?;
    if secrets(change, &principal).len() >= MOST {
        let message = format!("A service principal may have up to {MOST} secrets");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "RESOURCE_LIMIT_EXCEEDED", message));
    }
    // given as so many seconds and an s
    let life = call.text("lifetime").unwrap_or_else(|| "63072000s".into());
    let life = life.trim_end_matches('s').parse::<i64>().ok().filter(|life| *life > 0);
    let life = life
        .ok_or_else(|| ApiError::invalid("lifetime must be a positive number of seconds, such as 3600s"))?;
    let (id, secret) = (ids::uuid(), format!("dose{}", ids::hex32()));
    let expires = call.now.saturating_add(life.saturating_mul(1_000));
    let stored = json!({
        "id": id, "secret_hash": tokens::digest(&secret), "status": "ACTIVE", "expires": expires,
        "create_time": rfc3339(call.now), "update_time": rfc3339(call.now), "expire_time": rfc3339(expires),
    });
    change.put(SECRET, &format!("{principal}/{id}"), stored.clone());
    let mut shown = stored.as_object().cloned().unwrap_or_default();
    shown.insert("secret".into(), json!(secret));
    Ok(call.operation.answer().map_or_else(|| json!({}), |schema| shaped(schema, &shown)))
}

fn list(call: &Call, change: &mut Change) -> Reply<Value> {
    let principal = principal(call, change)?;
    let all = secrets(change, &principal).into_iter().filter_map(|(_, secret)| secret.as_object().cloned());
    paged(call, all.collect())
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    let (principal, id) = (principal(call, change)?, call.must("secret_id")?);
    match change.remove(SECRET, &format!("{principal}/{id}")) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::not_found(format!("Secret {id} does not exist."))),
    }
}

/// Refusals of a token endpoint have a form of their own.
fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

async fn token(State(state): State<AppState>, headers: HeaderMap, body: String) -> Response {
    let form: Vec<(String, String)> = serde_html_form::from_str(&body).unwrap_or_default();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match field("grant_type").as_deref() {
        Some("client_credentials") => {}
        other => {
            let description = format!(
                "The grant type '{}' is not supported; use client_credentials",
                other.unwrap_or_default()
            );
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", &description);
        }
    }
    let Some((client, secret)) =
        basic(&headers).or_else(|| Some((field("client_id")?, field("client_secret")?)))
    else {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "No client id and secret were sent");
    };
    let now = state.now();
    let issued = state.store.records.with(|change| {
        let known = scim::principal_of_application(&client, change).filter(|principal| {
            let digest = tokens::digest(&secret);
            secrets(change, principal).iter().any(|(_, it)| {
                it["secret_hash"] == json!(digest)
                    && it["expires"].as_i64().is_some_and(|expires| expires > now)
            })
        });
        let Some(principal) = known else { return Ok(None) };
        Ok(Some(tokens::issue(change, &principal, Some(LIFE), json!({ "oauth": true }), now).0))
    });
    match issued {
        Ok(Some(token)) => {
            let mut answer = Map::new();
            answer.insert("access_token".into(), json!(token));
            answer.insert("token_type".into(), json!("Bearer"));
            answer.insert("scope".into(), json!(field("scope").unwrap_or_else(|| "all-apis".into())));
            answer.insert("expires_in".into(), json!(LIFE));
            Json(Value::Object(answer)).into_response()
        }
        Ok(None) => refuse(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed"),
        Err(refusal) => refusal.into_response(),
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let text =
        BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(text).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((client.to_owned(), secret.to_owned()))
}
