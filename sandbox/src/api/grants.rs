//! Privileges on what Unity Catalog holds: what was granted, and what follows from grants further up.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::identity::METASTORE;
use super::plain::{Call, Caller, Route, paged};
use crate::server::{ApiError, Reply};
use crate::store::Change;

const GRANT: &str = "grant";

pub(super) const ROUTES: &[Route] = &[
    Route::new("grants_get", get),
    Route::new("grants_list", list),
    Route::new("grants_update", update),
    Route::new("grants_get_effective", effective),
    Route::new("grants_list_effective", list_effective),
    Route::new("shares_share_permissions", share_get),
    Route::new("shares_update_permissions", share_update),
    Route::new("recipients_share_permissions", recipient_shares),
];

/// The securable of a request: its type in small letters, and its full name.
fn securable(call: &Call, change: &Change) -> Reply<(String, String)> {
    let kind = call.must("securable_type")?.to_lowercase();
    let name = call.must("full_name")?.to_lowercase();
    let there = match kind.as_str() {
        "metastore" => name == METASTORE || change.has("metastore", &name),
        "external_location" | "storage_credential" | "connection" | "credential" | "share" | "recipient"
        | "provider" | "clean_room" => change.has(&kind, &name),
        "function" => change.has("function", &name) || change.has("registered_model", &name),
        "catalog" | "schema" | "table" | "volume" => in_catalog(call, &kind, &name)?,
        _ => {
            return Err(ApiError::invalid(format!(
                "'{kind}' is no type of securable that the sandbox knows"
            )));
        }
    };
    if there {
        return Ok((kind, name));
    }
    let code = match kind.as_str() {
        "catalog" => "CATALOG_DOES_NOT_EXIST",
        "schema" => "SCHEMA_DOES_NOT_EXIST",
        "table" => "TABLE_DOES_NOT_EXIST",
        "volume" => "VOLUME_DOES_NOT_EXIST",
        "metastore" => "METASTORE_DOES_NOT_EXIST",
        _ => "RESOURCE_DOES_NOT_EXIST",
    };
    Err(ApiError::new(StatusCode::NOT_FOUND, code, format!("{kind} '{name}' does not exist.")))
}

#[cfg(feature = "sql")]
fn in_catalog(call: &Call, kind: &str, name: &str) -> Reply<bool> {
    use crate::sql::catalog::{SchemaName, TableName};
    let sql = &call.state.sql;
    Ok(match kind {
        "catalog" => sql.catalogs().catalog(name).is_ok(),
        "schema" => SchemaName::parse(name).is_some_and(|name| sql.catalogs().schema(&name).is_ok()),
        "table" => TableName::parse(name).is_some_and(|name| sql.table(&name).is_ok()),
        _ => TableName::parse(name).is_some_and(|name| sql.catalogs().volume(&name).is_ok()),
    })
}

#[cfg(not(feature = "sql"))]
fn in_catalog(_: &Call, _: &str, _: &str) -> Reply<bool> {
    Ok(false)
}

fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}

/// From principals to their privileges.
pub(crate) fn granted(kind: &str, name: &str, change: &Change) -> Map<String, Value> {
    change.get(GRANT, &key(kind, name)).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The securables that a securable gets privileges from, itself first.
pub(crate) fn chain(kind: &str, name: &str) -> Vec<(String, String)> {
    let mut chain = vec![(kind.to_owned(), name.to_owned())];
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 2 {
        chain.push(("schema".into(), parts[..2].join(".")));
    }
    if parts.len() > 1 {
        chain.push(("catalog".into(), parts[0].to_owned()));
    }
    chain
}

/// Whether a principal has one of these privileges on a securable or above it.
pub(crate) fn has(caller: &Caller, kind: &str, name: &str, privileges: &[&str], change: &Change) -> bool {
    let is = |principal: &str| {
        principal.eq_ignore_ascii_case(&caller.name)
            || principal == "account users"
            || principal == "users"
            || caller.groups.iter().any(|group| group == principal)
    };
    caller.admin
        || chain(kind, name).iter().any(|(kind, name)| {
            granted(kind, name, change).iter().filter(|(principal, _)| is(principal)).any(|(_, held)| {
                held.as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .any(|held| held == "ALL_PRIVILEGES" || privileges.contains(&held))
            })
        })
}

fn assignments(call: &Call, granted: Map<String, Value>) -> Vec<Map<String, Value>> {
    let wanted = call.text("principal");
    granted
        .into_iter()
        .filter(|(principal, _)| wanted.as_ref().is_none_or(|wanted| wanted == principal))
        .map(|(principal, privileges)| {
            Map::from_iter([
                ("principal".to_owned(), json!(principal)),
                ("privileges".to_owned(), privileges),
            ])
        })
        .collect()
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let (kind, name) = securable(call, change)?;
    Ok(json!({ "privilege_assignments": assignments(call, granted(&kind, &name, change)) }))
}

fn list(call: &Call, change: &mut Change) -> Reply<Value> {
    let (kind, name) = securable(call, change)?;
    paged(call, assignments(call, granted(&kind, &name, change)))
}

fn changes(call: &Call) -> Value {
    call.body.get("changes").cloned().unwrap_or_default()
}

/// Adds and removes privileges as changes say.
pub(crate) fn apply(
    changes: &Value,
    change: &mut Change,
    kind: &str,
    name: &str,
) -> Reply<Map<String, Value>> {
    let mut all = granted(kind, name, change);
    for one in changes.as_array().into_iter().flatten() {
        let principal = one["principal"].as_str().unwrap_or_default();
        if principal.is_empty() {
            return Err(ApiError::invalid("Missing required field: changes.principal"));
        }
        let known = change.all("user", "").iter().any(|(_, it)| it["userName"] == principal)
            || change.all("group", "").iter().any(|(_, it)| it["displayName"] == principal)
            || change.all("service_principal", "").iter().any(|(_, it)| it["applicationId"] == principal)
            || change.has("recipient", principal)
            || principal == "account users";
        if !known {
            let message = format!("Could not find principal with name {principal}");
            return Err(ApiError::new(StatusCode::NOT_FOUND, "PRINCIPAL_DOES_NOT_EXIST", message));
        }
        let held = all.entry(principal.to_owned()).or_insert_with(|| json!([]));
        let Some(held) = held.as_array_mut() else { continue };
        for privilege in one["remove"].as_array().into_iter().flatten() {
            held.retain(|it| it != privilege);
        }
        for privilege in one["add"].as_array().into_iter().flatten() {
            if !held.contains(privilege) {
                held.push(privilege.clone());
            }
        }
        held.sort_by_key(|it| it.as_str().map(str::to_owned));
    }
    all.retain(|_, held| *held != json!([]));
    change.put(GRANT, &key(kind, name), Value::Object(all.clone()));
    Ok(all)
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let (kind, name) = securable(call, change)?;
    if !has(call.caller, &kind, &name, &["MANAGE"], change) {
        let message = format!("User does not have MANAGE on {kind} '{name}'.");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message));
    }
    let all = apply(&changes(call), change, &kind, &name)?;
    Ok(json!({ "privilege_assignments": assignments(call, all) }))
}

fn effective_assignments(call: &Call, change: &Change) -> Reply<Vec<Map<String, Value>>> {
    let (kind, name) = securable(call, change)?;
    let mut all: Map<String, Value> = Map::new();
    for (at, (from, from_name)) in chain(&kind, &name).into_iter().enumerate() {
        for (principal, held) in granted(&from, &from_name, change) {
            let shown = all.entry(principal).or_insert_with(|| json!([]));
            let Some(shown) = shown.as_array_mut() else { continue };
            for privilege in held.as_array().into_iter().flatten() {
                shown.push(if at == 0 {
                    json!({ "privilege": privilege })
                } else {
                    json!({ "privilege": privilege, "inherited_from_type": from.to_uppercase(), "inherited_from_name": from_name })
                });
            }
        }
    }
    Ok(assignments(call, all))
}

fn effective(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "privilege_assignments": effective_assignments(call, change)? }))
}

fn list_effective(call: &Call, change: &mut Change) -> Reply<Value> {
    let all = effective_assignments(call, change)?;
    paged(call, all)
}

fn share(call: &Call, change: &Change) -> Reply<String> {
    let name = call.must("name")?;
    if change.has("share", &name) {
        return Ok(name);
    }
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "SHARE_DOES_NOT_EXIST",
        format!("Share '{name}' does not exist."),
    ))
}

fn share_get(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = share(call, change)?;
    Ok(json!({ "privilege_assignments": assignments(call, granted("share", &name, change)) }))
}

fn share_update(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = share(call, change)?;
    let all = apply(&changes(call), change, "share", &name)?;
    if call.flag("omit_permissions_list") {
        return Ok(json!({}));
    }
    Ok(json!({ "privilege_assignments": assignments(call, all) }))
}

fn recipient_shares(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    if !change.has("recipient", &name) {
        let message = format!("Recipient '{name}' does not exist.");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "RECIPIENT_DOES_NOT_EXIST", message));
    }
    let shares = change.all("share", "").into_iter().filter_map(|(share, _)| {
        let held = granted("share", &share, change).get(&name)?.clone();
        Some(json!({ "share_name": share, "privilege_assignments": [{ "principal": name, "privileges": held }] }))
    });
    let shares: Vec<Value> = shares.collect();
    Ok(json!({ "permissions_out": shares }))
}
