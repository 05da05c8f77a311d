//! Users, groups and service principals, for the workspace and for the account: one directory serves both.

mod filter;
mod patch;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use self::filter::Filter;
use super::identity::{ADMINS, USER, USER_ID, USERS};
use super::plain::{Call, Caller, Route};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

/// A kind of principal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kind {
    /// The name of the records.
    store: &'static str,
    /// The word in paths.
    path: &'static str,
    /// The word in messages.
    noun: &'static str,
    /// The field that names one and must be unique.
    name: &'static str,
    schema: &'static str,
}

const USER_KIND: Kind = Kind { store: "user", path: "Users", noun: "User", name: "userName", schema: "User" };
const GROUP_KIND: Kind =
    Kind { store: "group", path: "Groups", noun: "Group", name: "displayName", schema: "Group" };
const PRINCIPAL_KIND: Kind = Kind {
    store: "service_principal",
    path: "ServicePrincipals",
    noun: "Service principal",
    name: "applicationId",
    schema: "ServicePrincipal",
};

/// The operations of all three kinds differ by their names alone.
macro_rules! routes {
    ($kind:expr, $workspace:literal, $account:literal) => {
        [
            Route::new(concat!($workspace, "_list"), |call, change| list($kind, call, change)),
            Route::new(concat!($workspace, "_create"), |call, change| create($kind, call, change)),
            Route::new(concat!($workspace, "_get"), |call, change| get($kind, call, change)),
            Route::new(concat!($workspace, "_update"), |call, change| update($kind, call, change)),
            Route::new(concat!($workspace, "_patch"), |call, change| patch($kind, call, change)),
            Route::new(concat!($workspace, "_delete"), |call, change| delete($kind, call, change)),
            Route::new(concat!($account, "_list"), |call, change| list($kind, call, change)),
            Route::new(concat!($account, "_create"), |call, change| create($kind, call, change)),
            Route::new(concat!($account, "_get"), |call, change| get($kind, call, change)),
            Route::new(concat!($account, "_update"), |call, change| update($kind, call, change)),
            Route::new(concat!($account, "_patch"), |call, change| patch($kind, call, change)),
            Route::new(concat!($account, "_delete"), |call, change| delete($kind, call, change)),
        ]
    };
}

pub(super) const USER_ROUTES: &[Route] = &routes!(USER_KIND, "users", "account_users");
pub(super) const GROUP_ROUTES: &[Route] = &routes!(GROUP_KIND, "groups", "account_groups");
pub(super) const PRINCIPAL_ROUTES: &[Route] =
    &routes!(PRINCIPAL_KIND, "service_principals", "account_service_principals");
pub(super) const ME: &[Route] = &[Route::new("current_user_me", me)];

/// Whom a new workspace has: its owner, and the groups that every workspace has.
pub(crate) fn seed(change: &mut Change) {
    if change.has(USER_KIND.store, &USER_ID.to_string()) {
        return;
    }
    let user = json!({
        "userName": USER,
        "displayName": "Sandbox User",
        "name": { "givenName": "Sandbox", "familyName": "User" },
        "emails": [{ "type": "work", "value": USER, "primary": true }],
        "active": true,
    });
    change.put(USER_KIND.store, &USER_ID.to_string(), user);
    let member = json!([{ "value": USER_ID.to_string(), "display": "Sandbox User" }]);
    let entitlements = json!([{ "value": "workspace-access" }, { "value": "databricks-sql-access" }, { "value": "allow-cluster-create" }]);
    change.put(
        GROUP_KIND.store,
        ADMINS,
        json!({ "displayName": "admins", "members": member, "entitlements": entitlements }),
    );
    change.put(
        GROUP_KIND.store,
        USERS,
        json!({ "displayName": "users", "members": [], "entitlements": entitlements }),
    );
}

/// The caller of an id, if it is an active user or service principal.
pub(crate) fn caller(id: &str, change: &Change) -> Option<Caller> {
    let (kind, principal) =
        [USER_KIND, PRINCIPAL_KIND].into_iter().find_map(|kind| Some((kind, change.get(kind.store, id)?)))?;
    if principal["active"] == false {
        return None;
    }
    let groups: Vec<String> = groups_of(id, change).into_iter().map(|(_, name, _)| name).collect();
    let name = principal[kind.name].as_str().unwrap_or_default().to_owned();
    Some(Caller { id: id.to_owned(), name, admin: groups.iter().any(|name| name == "admins"), groups })
}

/// Whether there is a user of that name.
pub(crate) fn is_user(name: &str, change: &Change) -> bool {
    change.all(USER_KIND.store, "").iter().any(|(_, user)| user[USER_KIND.name] == name)
}

/// The id of the service principal of an application id.
pub(crate) fn principal_of_application(application: &str, change: &Change) -> Option<String> {
    let all = change.all(PRINCIPAL_KIND.store, "");
    all.into_iter().find(|(_, it)| it["applicationId"] == application).map(|(id, _)| id)
}

/// The groups of a principal: their ids and names, and whether it is a member itself.
fn groups_of(id: &str, change: &Change) -> Vec<(String, String, bool)> {
    let all = change.all(GROUP_KIND.store, "");
    let holds = |group: &Value, id: &str| {
        group["members"].as_array().into_iter().flatten().any(|member| member["value"] == id)
    };
    let mut found: Vec<(String, String, bool)> = Vec::new();
    let mut wanted = vec![id.to_owned()];
    while let Some(member) = wanted.pop() {
        for (group, value) in &all {
            if holds(value, &member) && !found.iter().any(|(known, ..)| known == group) {
                found.push((
                    group.clone(),
                    value["displayName"].as_str().unwrap_or_default().to_owned(),
                    member == id,
                ));
                wanted.push(group.clone());
            }
        }
    }
    found
}

/// A principal as it is shown.
fn view(kind: Kind, id: &str, stored: &Value, change: &Change) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("schemas".into(), json!([format!("urn:ietf:params:scim:schemas:core:2.0:{}", kind.schema)]));
    view.insert("id".into(), json!(id));
    view.extend(stored.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    let groups: Vec<Value> = groups_of(id, change)
        .into_iter()
        .map(|(id, name, direct)| {
            json!({ "display": name, "value": id, "type": if direct { "direct" } else { "indirect" }, "$ref": format!("Groups/{id}") })
        })
        .collect();
    if !groups.is_empty() {
        view.insert("groups".into(), json!(groups));
    }
    if kind == GROUP_KIND {
        view.insert(
            "meta".into(),
            json!({ "resourceType": if matches!(id, ADMINS | USERS) { "WorkspaceGroup" } else { "Group" } }),
        );
        if let Some(Value::Array(members)) = view.get_mut("members") {
            for member in members {
                let id = member["value"].as_str().unwrap_or_default().to_owned();
                let kinds = [USER_KIND, GROUP_KIND, PRINCIPAL_KIND];
                if let Some((kind, found)) =
                    kinds.iter().find_map(|kind| Some((kind, change.get(kind.store, &id)?)))
                {
                    let name = found["displayName"].as_str().or(found[kind.name].as_str());
                    *member = json!({ "value": id, "display": name, "$ref": format!("{}/{id}", kind.path) });
                }
            }
        }
    }
    view.retain(|_, value| !value.is_null() && *value != json!([]));
    view
}

/// Members in the form that is stored, whatever else a request says of them.
fn tidy(fields: &mut Map<String, Value>) {
    for name in ["id", "schemas", "groups", "meta"] {
        fields.shift_remove(name);
    }
}

fn check(kind: Kind, fields: &Map<String, Value>, own: Option<&str>, change: &Change) -> Reply<()> {
    let name = fields.get(kind.name).and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::invalid(format!("Missing required field: {}", kind.name)));
    }
    if kind == USER_KIND && !name.contains('@') {
        return Err(ApiError::invalid(format!("userName '{name}' must be an e-mail address")));
    }
    let same = |other: &Value| other[kind.name].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name));
    if change.all(kind.store, "").iter().any(|(id, other)| Some(id.as_str()) != own && same(other)) {
        let message = format!("{} with {} {name} already exists.", kind.noun, kind.name);
        return Err(ApiError::new(StatusCode::CONFLICT, "RESOURCE_ALREADY_EXISTS", message));
    }
    for member in fields.get("members").and_then(Value::as_array).into_iter().flatten() {
        let id = member["value"].as_str().unwrap_or_default();
        if ![USER_KIND, GROUP_KIND, PRINCIPAL_KIND].iter().any(|kind| change.has(kind.store, id)) {
            return Err(ApiError::invalid(format!(
                "The member '{id}' is no user, group or service principal"
            )));
        }
    }
    Ok(())
}

fn found(kind: Kind, call: &Call, change: &Change) -> Reply<(String, Value)> {
    let id = call.must("id")?;
    let stored = change.get(kind.store, &id).cloned();
    stored
        .map(|stored| (id.clone(), stored))
        .ok_or_else(|| ApiError::not_found(format!("{} with id {id} not found.", kind.noun)))
}

fn list(kind: Kind, call: &Call, change: &mut Change) -> Reply<Value> {
    let filter =
        call.text("filter").filter(|text| !text.is_empty()).map(|text| Filter::parse(&text)).transpose()?;
    let mut all: Vec<Map<String, Value>> = change
        .all(kind.store, "")
        .into_iter()
        .map(|(id, stored)| view(kind, &id, &stored, change))
        .filter(|view| filter.as_ref().is_none_or(|filter| filter.matches(&Value::Object(view.clone()))))
        .collect();
    if let Some(by) = call.text("sortBy") {
        let order = |view: &Map<String, Value>| view.get(&by).map(super::plain::text).unwrap_or_default();
        all.sort_by_key(order);
        if call.text("sortOrder").is_some_and(|order| order == "descending") {
            all.reverse();
        }
    }
    let number = |name: &str| call.text(name).and_then(|text| text.parse::<usize>().ok());
    let (total, start) = (all.len(), number("startIndex").unwrap_or(1).max(1));
    let wanted = call.text("attributes").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let page: Vec<Value> = all
        .into_iter()
        .skip(start - 1)
        .take(number("count").unwrap_or(100))
        .map(|mut view| {
            if !wanted.is_empty() {
                view.retain(|name, _| {
                    name == "id" || wanted.iter().any(|it| it.split('.').next() == Some(name))
                });
            }
            Value::Object(view)
        })
        .collect();
    Ok(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    }))
}

fn create(kind: Kind, call: &Call, change: &mut Change) -> Reply<Value> {
    let mut fields = call.body.clone();
    tidy(&mut fields);
    fields.retain(|_, value| !value.is_null());
    if kind != GROUP_KIND {
        fields.entry("active").or_insert(json!(true));
    }
    if kind == PRINCIPAL_KIND {
        fields.entry("applicationId").or_insert_with(|| json!(ids::uuid()));
    }
    if kind == USER_KIND
        && let Some(name) = fields.get("userName").cloned()
    {
        fields.entry("emails").or_insert_with(|| json!([{ "type": "work", "value": name, "primary": true }]));
        fields.entry("displayName").or_insert(name);
    }
    check(kind, &fields, None, change)?;
    let id = ids::number().to_string();
    change.put(kind.store, &id, Value::Object(fields.clone()));
    if kind != GROUP_KIND {
        join(USERS, &id, change);
    }
    Ok(Value::Object(view(kind, &id, &Value::Object(fields), change)))
}

fn join(group: &str, id: &str, change: &mut Change) {
    let Some(mut stored) = change.get(GROUP_KIND.store, group).cloned() else { return };
    if let Some(members) = stored["members"].as_array_mut() {
        members.push(json!({ "value": id }));
    }
    change.put(GROUP_KIND.store, group, stored);
}

fn get(kind: Kind, call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, stored) = found(kind, call, change)?;
    Ok(Value::Object(view(kind, &id, &stored, change)))
}

fn update(kind: Kind, call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, stored) = found(kind, call, change)?;
    let mut fields = call.body.clone();
    tidy(&mut fields);
    fields.retain(|_, value| !value.is_null());
    // these cannot be changed, and a client need not repeat them
    for name in [kind.name, "active"] {
        if let Some(old) = stored.get(name) {
            fields.entry(name.to_owned()).or_insert_with(|| old.clone());
        }
    }
    check(kind, &fields, Some(&id), change)?;
    change.put(kind.store, &id, Value::Object(fields));
    Ok(json!({}))
}

fn patch(kind: Kind, call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, stored) = found(kind, call, change)?;
    let mut fields = stored.as_object().cloned().unwrap_or_default();
    patch::apply(&mut fields, call.body.get("Operations").unwrap_or(&Value::Null))?;
    tidy(&mut fields);
    // the SDKs send every value as text
    if let Some(flag) =
        fields.get("active").and_then(Value::as_str).and_then(|text| text.to_lowercase().parse().ok())
    {
        fields.insert("active".into(), Value::Bool(flag));
    }
    check(kind, &fields, Some(&id), change)?;
    change.put(kind.store, &id, Value::Object(fields));
    Ok(json!({}))
}

fn delete(kind: Kind, call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, _) = found(kind, call, change)?;
    if id == USER_ID.to_string() || matches!(id.as_str(), ADMINS | USERS) {
        let message = format!("{} {id} belongs to the workspace and cannot be deleted", kind.noun);
        return Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message));
    }
    change.remove(kind.store, &id);
    for (group, mut stored) in change.all(GROUP_KIND.store, "") {
        if let Some(members) = stored["members"].as_array_mut()
            && members.iter().any(|member| member["value"] == id)
        {
            members.retain(|member| member["value"] != id);
            change.put(GROUP_KIND.store, &group, stored);
        }
    }
    Ok(json!({}))
}

fn me(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = &call.caller.id;
    for kind in [USER_KIND, PRINCIPAL_KIND] {
        if let Some(stored) = change.get(kind.store, id) {
            let stored = stored.clone();
            let mut view = view(kind, id, &stored, change);
            // a service principal is shown as a user here
            if let Some(application) = view.shift_remove("applicationId") {
                view.insert("userName".into(), application);
                view.insert("schemas".into(), json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
            }
            return Ok(Value::Object(view));
        }
    }
    Err(ApiError::not_found(format!("User with id {id} not found.")))
}
