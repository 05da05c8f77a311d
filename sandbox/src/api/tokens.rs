//! Personal access tokens: one's own, and those of all for who administers them. A token is kept as a digest alone.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::identity::WORKSPACE_ID;
use super::plain::{Call, Route, paged, shaped};
use super::scim;
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const TOKEN: &str = "token";
/// From the digest of what lets in to the id of the token.
const DIGEST: &str = "token_digest";

/// The most tokens of one user.
const MOST: usize = 600;

pub(super) const ROUTES: &[Route] = &[
    Route::new("tokens_create", create),
    Route::new("tokens_list", list),
    Route::new("tokens_delete", delete),
    Route::new("tokens_update", update),
    Route::new("token_management_create_obo_token", create_for),
    Route::new("token_management_list", list_all),
    Route::new("token_management_get", get),
    Route::new("token_management_delete", delete_any),
];

/// The digest under which a token is known.
pub(crate) fn digest(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a token says to the door.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Lets this principal in.
    Of(String),
    Expired,
    Unknown,
}

/// Looks a token up.
pub(crate) fn pass(token: &str, change: &Change, now: i64) -> Pass {
    let Some(id) = change.get(DIGEST, &digest(token)).and_then(Value::as_str) else { return Pass::Unknown };
    let Some(token) = change.get(TOKEN, id) else { return Pass::Unknown };
    match token["expiry_time"].as_i64() {
        Some(expiry) if expiry >= 0 && expiry <= now => Pass::Expired,
        _ => token["owner_id"].as_i64().map_or(Pass::Unknown, |id| Pass::Of(id.to_string())),
    }
}

/// Makes a token of a principal; `seconds` from now it ends.
pub(crate) fn issue(
    change: &mut Change,
    owner: &str,
    seconds: Option<i64>,
    extra: Value,
    now: i64,
) -> (String, Map<String, Value>) {
    let token = ids::token();
    let id = format!("{}{}", ids::hex32(), ids::hex32());
    let mut info = Map::new();
    info.insert("token_id".into(), json!(id));
    info.insert("creation_time".into(), json!(now));
    info.insert(
        "expiry_time".into(),
        json!(seconds.map_or(-1, |seconds| now + seconds.saturating_mul(1_000))),
    );
    info.insert("owner_id".into(), json!(owner.parse::<i64>().unwrap_or_default()));
    info.insert("workspace_id".into(), json!(WORKSPACE_ID.parse::<i64>().unwrap_or_default()));
    info.insert("digest".into(), json!(digest(&token)));
    info.extend(extra.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    change.put(DIGEST, &digest(&token), json!(id));
    change.put(TOKEN, &id, Value::Object(info.clone()));
    (token, info)
}

fn lifetime(call: &Call) -> Reply<Option<i64>> {
    match call.text("lifetime_seconds").map(|text| text.parse::<i64>()) {
        None => Ok(None),
        Some(Ok(seconds)) if seconds > 0 => Ok(Some(seconds)),
        Some(Ok(-1)) => Ok(None),
        Some(other) => {
            Err(ApiError::invalid(format!("lifetime_seconds must be a positive number, not {other:?}")))
        }
    }
}

fn author(call: &Call) -> Value {
    let mut author = json!({
        "created_by_id": call.caller.id.parse::<i64>().unwrap_or_default(),
        "created_by_username": call.caller.name,
    });
    if let Some(comment) = call.text("comment") {
        author["comment"] = json!(comment);
    }
    author
}

fn answer(call: &Call, token: String, info: &Map<String, Value>) -> Value {
    let inner = call.operation.answer().and_then(|schema| schema.property("token_info"));
    json!({ "token_value": token, "token_info": inner.map(|schema| shaped(schema, info)) })
}

fn own(call: &Call, change: &Change) -> Vec<Map<String, Value>> {
    let id = call.caller.id.parse::<i64>().unwrap_or_default();
    all(change).into_iter().filter(|token| token.get("owner_id").is_some_and(|owner| *owner == id)).collect()
}

fn all(change: &Change) -> Vec<Map<String, Value>> {
    let all = change.all(TOKEN, "").into_iter().filter_map(|(_, token)| token.as_object().cloned());
    all.filter(|token| token.get("oauth").is_none()).collect()
}

fn create(call: &Call, change: &mut Change) -> Reply<Value> {
    if own(call, change).len() >= MOST {
        let message = format!("The user {} has reached the limit of {MOST} tokens", call.caller.name);
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "QUOTA_EXCEEDED", message));
    }
    let (token, info) = issue(change, &call.caller.id, lifetime(call)?, author(call), call.now);
    Ok(answer(call, token, &info))
}

fn list(call: &Call, change: &mut Change) -> Reply<Value> {
    paged(call, own(call, change))
}

fn remove(change: &mut Change, id: &str) -> Option<()> {
    let token = change.remove(TOKEN, id)?;
    change.remove(DIGEST, token["digest"].as_str().unwrap_or_default());
    Some(())
}

fn missing(id: &str) -> ApiError {
    ApiError::not_found(format!("Token with id {id} does not exist!"))
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = call.must("token_id")?;
    if !own(call, change).iter().any(|token| token.get("token_id").is_some_and(|it| *it == json!(id))) {
        return Err(missing(&id));
    }
    remove(change, &id).ok_or_else(|| missing(&id)).map(|()| json!({}))
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = call.must("token_id")?;
    let mut token = change.get(TOKEN, &id).cloned().ok_or_else(|| missing(&id))?;
    let fields = call.body.get("token").cloned().unwrap_or_default();
    for name in ["comment", "scopes"] {
        if let Some(value) = fields.get(name) {
            token[name] = value.clone();
        }
    }
    change.put(TOKEN, &id, token);
    Ok(json!({}))
}

fn create_for(call: &Call, change: &mut Change) -> Reply<Value> {
    let application = call.must("application_id")?;
    let Some(owner) = scim::principal_of_application(&application, change) else {
        return Err(ApiError::not_found(format!(
            "Service principal with application id {application} does not exist"
        )));
    };
    let (token, info) = issue(change, &owner, lifetime(call)?, author(call), call.now);
    Ok(answer(call, token, &info))
}

fn list_all(call: &Call, change: &mut Change) -> Reply<Value> {
    let by = |token: &Map<String, Value>, name: &str| {
        call.text(name).is_none_or(|wanted| token.get(name).map(super::plain::text) == Some(wanted))
    };
    let kept = all(change)
        .into_iter()
        .filter(|token| by(token, "created_by_id") && by(token, "created_by_username"));
    paged(call, kept.collect())
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = call.must("token_id")?;
    let token = change.get(TOKEN, &id).and_then(Value::as_object).ok_or_else(|| missing(&id))?;
    let inner = call.operation.answer().and_then(|schema| schema.property("token_info"));
    Ok(json!({ "token_info": inner.map(|schema| shaped(schema, token)) }))
}

fn delete_any(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = call.must("token_id")?;
    remove(change, &id).ok_or_else(|| missing(&id)).map(|()| json!({}))
}
