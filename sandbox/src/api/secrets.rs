//! Secrets: scopes, values and who may do what with them.

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::plain::{Call, Route, paged, part_of_key};
use crate::server::{ApiError, Reply};
use crate::store::Change;

const SCOPE: &str = "secret_scope";
const SECRET: &str = "secret";
const ACL: &str = "secret_acl";

/// The most that a scope holds, and that a value is long.
const SECRETS: usize = 1_000;
const BYTES: usize = 128 << 10;

pub(super) const ROUTES: &[Route] = &[
    Route::new("secrets_create_scope", create_scope),
    Route::new("secrets_list_scopes", list_scopes),
    Route::new("secrets_delete_scope", delete_scope),
    Route::new("secrets_put_secret", put),
    Route::new("secrets_get_secret", get),
    Route::new("secrets_list_secrets", list),
    Route::new("secrets_delete_secret", delete),
    Route::new("secrets_put_acl", put_acl),
    Route::new("secrets_get_acl", get_acl),
    Route::new("secrets_list_acls", list_acls),
    Route::new("secrets_delete_acl", delete_acl),
];

/// What a principal may do with a scope; each includes those before it.
#[derive(PartialEq, PartialOrd, Clone, Copy)]
enum Level {
    Read,
    Write,
    Manage,
}

impl Level {
    fn of(text: &str) -> Option<Self> {
        match text {
            "READ" => Some(Self::Read),
            "WRITE" => Some(Self::Write),
            "MANAGE" => Some(Self::Manage),
            _ => None,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::Manage => "MANAGE",
        }
    }
}

fn name(call: &Call, field: &str) -> Reply<String> {
    let name = call.must(field)?;
    let good = name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_@. ".contains(&byte));
    if good {
        return Ok(name);
    }
    Err(ApiError::invalid(format!(
        "The {field} '{name}' may hold up to 128 letters, digits, dashes, underscores, periods and @"
    )))
}

fn entry(scope: &str, name: &str) -> String {
    format!("{}/{}", part_of_key(scope), part_of_key(name))
}

/// The scope that a request names; it must be there, and the caller must have that right in it.
fn scope(call: &Call, change: &Change, field: &str, needed: Level) -> Reply<String> {
    let scope = call.must(field)?;
    if !change.has(SCOPE, &part_of_key(&scope)) {
        return Err(ApiError::not_found(format!("Scope {scope} does not exist!")));
    }
    let names = call.caller.groups.iter().map(String::as_str).chain([call.caller.name.as_str(), "users"]);
    let mut granted =
        names.filter_map(|name| Level::of(change.get(ACL, &entry(&scope, name))?["permission"].as_str()?));
    if call.caller.admin || granted.any(|level| level >= needed) {
        return Ok(scope);
    }
    let message = format!("{} does not have {} permission on scope {scope}", call.caller.name, needed.text());
    Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
}

fn create_scope(call: &Call, change: &mut Change) -> Reply<Value> {
    let scope = name(call, "scope")?;
    if call.text("scope_backend_type").is_some_and(|kind| kind == "AZURE_KEYVAULT") {
        return Err(ApiError::not_implemented(
            "the sandbox keeps secrets itself; it has no Azure Key Vault to read",
        ));
    }
    if change.has(SCOPE, &part_of_key(&scope)) {
        return Err(ApiError::already_exists(format!("Scope {scope} already exists!")));
    }
    change.put(SCOPE, &part_of_key(&scope), json!({ "name": scope, "backend_type": "DATABRICKS" }));
    let principal = call.text("initial_manage_principal").unwrap_or_else(|| call.caller.name.clone());
    change.put(ACL, &entry(&scope, &principal), json!({ "principal": principal, "permission": "MANAGE" }));
    Ok(json!({}))
}

fn list_scopes(call: &Call, change: &mut Change) -> Reply<Value> {
    paged(call, maps(change.all(SCOPE, "")))
}

fn maps(all: Vec<(String, Value)>) -> Vec<serde_json::Map<String, Value>> {
    all.into_iter().filter_map(|(_, value)| value.as_object().cloned()).collect()
}

fn delete_scope(call: &Call, change: &mut Change) -> Reply<Value> {
    let scope = part_of_key(&scope(call, change, "scope", Level::Manage)?);
    change.remove(SCOPE, &scope);
    for kind in [SECRET, ACL] {
        for (key, _) in change.all(kind, &format!("{scope}/")) {
            change.remove(kind, &key);
        }
    }
    Ok(json!({}))
}

fn put(call: &Call, change: &mut Change) -> Reply<Value> {
    let scope = scope(call, change, "scope", Level::Write)?;
    let key = name(call, "key")?;
    let value = match (call.text("string_value"), call.text("bytes_value")) {
        (Some(text), None) => BASE64_STANDARD.encode(text),
        (None, Some(bytes)) => bytes,
        _ => return Err(ApiError::invalid("Exactly one of string_value and bytes_value must be given")),
    };
    let bytes = BASE64_STANDARD
        .decode(&value)
        .map_err(|_| ApiError::invalid("bytes_value must be encoded in base64"))?;
    if bytes.len() > BYTES {
        let message = format!("The value of a secret may be {BYTES} bytes long at most, not {}", bytes.len());
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "MAX_SECRET_SIZE_EXCEEDED", message));
    }
    let at = entry(&scope, &key);
    if !change.has(SECRET, &at) && change.all(SECRET, &format!("{}/", part_of_key(&scope))).len() >= SECRETS {
        let message = format!("Scope {scope} holds {SECRETS} secrets already");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "RESOURCE_LIMIT_EXCEEDED", message));
    }
    change.put(SECRET, &at, json!({ "key": key, "value": value, "last_updated_timestamp": call.now }));
    Ok(json!({}))
}

fn secret(call: &Call, change: &Change, needed: Level) -> Reply<(String, Value)> {
    let scope = scope(call, change, "scope", needed)?;
    let key = call.must("key")?;
    let at = entry(&scope, &key);
    let found = change.get(SECRET, &at).cloned();
    found.map(|found| (at, found)).ok_or_else(|| {
        ApiError::not_found(format!("Secret does not exist with scope: {scope} and key: {key}"))
    })
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let (_, secret) = secret(call, change, Level::Read)?;
    Ok(json!({ "key": secret["key"], "value": secret["value"] }))
}

fn list(call: &Call, change: &mut Change) -> Reply<Value> {
    let scope = scope(call, change, "scope", Level::Read)?;
    // the value stays behind: the documents' shape has no place for it
    paged(call, maps(change.all(SECRET, &format!("{}/", part_of_key(&scope)))))
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    let (at, _) = secret(call, change, Level::Write)?;
    change.remove(SECRET, &at);
    Ok(json!({}))
}

fn put_acl(call: &Call, change: &mut Change) -> Reply<Value> {
    let scope = scope(call, change, "scope", Level::Manage)?;
    let (principal, permission) = (call.must("principal")?, call.must("permission")?);
    change.put(ACL, &entry(&scope, &principal), json!({ "principal": principal, "permission": permission }));
    Ok(json!({}))
}

fn acl(call: &Call, change: &Change, needed: Level) -> Reply<(String, Value)> {
    let scope = scope(call, change, "scope", needed)?;
    let principal = call.must("principal")?;
    let at = entry(&scope, &principal);
    let found = change.get(ACL, &at).cloned();
    found.map(|found| (at, found)).ok_or_else(|| {
        ApiError::not_found(format!("No ACL exists for principal {principal} in scope {scope}"))
    })
}

fn get_acl(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(acl(call, change, Level::Manage)?.1)
}

fn list_acls(call: &Call, change: &mut Change) -> Reply<Value> {
    let scope = scope(call, change, "scope", Level::Manage)?;
    paged(call, maps(change.all(ACL, &format!("{}/", part_of_key(&scope)))))
}

fn delete_acl(call: &Call, change: &mut Change) -> Reply<Value> {
    let (at, _) = acl(call, change, Level::Manage)?;
    change.remove(ACL, &at);
    Ok(json!({}))
}
