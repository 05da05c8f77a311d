//! Who may do what with the objects of a workspace. An object's own entries are kept; admins have the highest level of all
//! objects of a kind, which is shown as inherited.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::plain::{Call, Caller, Route};
use crate::server::{ApiError, Reply};
use crate::store::Change;

const ACL: &str = "acl";

/// A kind of object: its word in paths, what it is called in answers, and its levels from the lowest to the highest.
pub(crate) struct Kind {
    path: &'static str,
    name: &'static str,
    levels: &'static [&'static str],
}

const fn kind(path: &'static str, name: &'static str, levels: &'static [&'static str]) -> Kind {
    Kind { path, name, levels }
}

const KINDS: &[Kind] = &[
    kind("alerts", "alert", &["CAN_VIEW", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("alertsv2", "alertv2", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("apps", "apps", &["CAN_USE", "CAN_MANAGE"]),
    kind("cluster-policies", "cluster-policy", &["CAN_USE"]),
    kind("clusters", "cluster", &["CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"]),
    kind("dashboards", "dashboard", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("database-instances", "database-instance", &["CAN_CREATE", "CAN_USE", "CAN_MANAGE"]),
    kind("dbsql-dashboards", "dashboard", &["CAN_VIEW", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("directories", "directory", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("experiments", "mlflowExperiment", &["CAN_READ", "CAN_EDIT", "CAN_MANAGE"]),
    kind("files", "file", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("genie", "genie", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("instance-pools", "instance-pool", &["CAN_ATTACH_TO", "CAN_MANAGE"]),
    kind("jobs", "job", &["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"]),
    kind("notebooks", "notebook", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("passwords", "passwords", &["CAN_USE"]),
    kind("pipelines", "pipelines", &["CAN_VIEW", "CAN_RUN", "CAN_MANAGE", "IS_OWNER"]),
    kind("queries", "query", &["CAN_VIEW", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind(
        "registered-models",
        "registered-model",
        &[
            "CAN_READ",
            "CAN_EDIT",
            "CAN_MANAGE_STAGING_VERSIONS",
            "CAN_MANAGE_PRODUCTION_VERSIONS",
            "CAN_MANAGE",
        ],
    ),
    kind("repos", "repo", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]),
    kind("serving-endpoints", "serving-endpoint", &["CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"]),
    kind("tokens", "tokens", &["CAN_USE"]),
    kind("vector-search-endpoints", "vector-search-endpoints", &["CAN_CREATE", "CAN_USE", "CAN_MANAGE"]),
    kind("warehouses", "warehouses", &["CAN_VIEW", "CAN_USE", "CAN_MONITOR", "CAN_MANAGE", "IS_OWNER"]),
];

macro_rules! routes {
    ($($service:literal),*) => {
        &[$(
            Route::new(concat!($service, "_get_permissions"), get),
            Route::new(concat!($service, "_set_permissions"), set),
            Route::new(concat!($service, "_update_permissions"), update),
            Route::new(concat!($service, "_get_permission_levels"), levels),
        )*]
    };
}

/// Enforced for some kinds only, which the table of the docs says.
const LACKS: &str = "";

pub(super) const NAMED: &[Route] = routes!(
    "apps",
    "cluster_policies",
    "clusters",
    "experiments",
    "instance_pools",
    "jobs",
    "model_registry",
    "pipelines",
    "repos",
    "serving_endpoints",
    "token_management",
    "users",
    "vector_search_endpoints",
    "warehouses",
    "workspace"
);

pub(super) const ANY: &[Route] = &[
    Route::new("permissions_get", get).lacks(LACKS),
    Route::new("permissions_set", set).lacks(LACKS),
    Route::new("permissions_update", update).lacks(LACKS),
    Route::new("permissions_get_permission_levels", levels),
];

/// The kind and id of the object that a request is about.
fn object(call: &Call) -> Reply<(&'static Kind, String)> {
    let mut steps = call.operation.path.split('/').skip_while(|step| *step != "permissions").skip(1);
    let first = steps.next().unwrap_or_default();
    let (word, id) = match first {
        // what is granted to all of a workspace has no id of its own
        "authorization" => (steps.next().unwrap_or_default().to_owned(), String::new()),
        first if first.starts_with('{') => {
            let mut values = call.path.iter().map(|(_, value)| value.clone());
            (values.next().unwrap_or_default(), values.next().unwrap_or_default())
        }
        first => (first.to_owned(), call.path.first().map(|(_, value)| value.clone()).unwrap_or_default()),
    };
    let (word, id) = if word == "authorization" { (id, String::new()) } else { (word, id) };
    let kind = KINDS.iter().find(|kind| kind.path == word);
    let kind = kind.ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.path).collect();
        ApiError::invalid(format!(
            "'{word}' is no type of object with permissions. Known: {}",
            known.join(", ")
        ))
    })?;
    Ok((kind, id))
}

/// Whether the object is there, for the kinds that the sandbox keeps.
fn exists(kind: &Kind, id: &str, call: &Call, change: &Change) -> bool {
    let any = |kinds: &[&str]| kinds.iter().any(|kind| change.has(kind, id));
    match kind.path {
        "clusters" => call.state.clusters.has(id),
        "jobs" => call.state.jobs.has(id),
        "warehouses" => call.state.warehouses.has(id),
        "apps" => any(&["app"]),
        "cluster-policies" => any(&["cluster_policy"]),
        "instance-pools" => any(&["instance_pool"]),
        "pipelines" => any(&["pipeline"]),
        "experiments" => any(&["experiment"]),
        "repos" => any(&["repo"]),
        "queries" => any(&["query", "legacy_query"]),
        "alerts" => any(&["alert", "legacy_alert"]),
        "alertsv2" => any(&["alert_v2"]),
        "genie" => any(&["genie_space"]),
        "serving-endpoints" => {
            change.all("serving_endpoint", "").iter().any(|(name, it)| name == id || it["out"]["id"] == id)
        }
        "registered-models" => {
            change.all("ws_model", "").iter().any(|(name, it)| name == id || it["id"] == id)
        }
        "vector-search-endpoints" => {
            change.all("vector_endpoint", "").iter().any(|(name, it)| name == id || it["out"]["id"] == id)
        }
        "directories" | "notebooks" | "files" => call.state.objects.has(id) || change.has("repo", id),
        _ => true,
    }
}

fn checked(call: &Call, change: &Change) -> Reply<(&'static Kind, String)> {
    let (kind, id) = object(call)?;
    if exists(kind, &id, call, change) {
        return Ok((kind, id));
    }
    Err(ApiError::not_found(format!("{} {id} does not exist.", kind.name)))
}

const PRINCIPALS: [&str; 3] = ["user_name", "group_name", "service_principal_name"];

/// The principal of an entry: the field and the name.
fn principal(entry: &Value) -> Reply<(&'static str, String)> {
    let named: Vec<_> =
        PRINCIPALS.iter().filter_map(|field| Some((*field, entry[*field].as_str()?.to_owned()))).collect();
    match named.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(ApiError::invalid(
            "An entry names exactly one of user_name, group_name and service_principal_name",
        )),
    }
}

fn known(field: &str, name: &str, change: &Change) -> Reply<()> {
    let (kind, by, noun) = match field {
        "user_name" => ("user", "userName", "User"),
        "group_name" => ("group", "displayName", "Group"),
        _ => ("service_principal", "applicationId", "Service principal"),
    };
    let there = change
        .all(kind, "")
        .iter()
        .any(|(_, it)| it[by].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name)));
    if there { Ok(()) } else { Err(ApiError::not_found(format!("{noun} {name} does not exist."))) }
}

fn key(kind: &Kind, id: &str) -> String {
    format!("{}/{id}", kind.path)
}

/// The entries of an object: field, name and level.
fn entries(kind: &Kind, id: &str, change: &Change) -> Vec<Value> {
    change.get(ACL, &key(kind, id)).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn view(kind: &Kind, id: &str, change: &Change) -> Value {
    let mut shown: Vec<Map<String, Value>> = Vec::new();
    let mut add = |field: &str, name: &str, permission: Value| {
        let at = shown.iter().position(|it| it.get(field).is_some_and(|it| it == name));
        let at = at.unwrap_or_else(|| {
            let mut entry = Map::new();
            entry.insert(field.to_owned(), json!(name));
            if field != "group_name" {
                entry.insert("display_name".into(), json!(name));
            }
            entry.insert("all_permissions".into(), json!([]));
            shown.push(entry);
            shown.len() - 1
        });
        if let Some(Value::Array(all)) = shown[at].get_mut("all_permissions") {
            all.push(permission);
        }
    };
    for entry in entries(kind, id, change) {
        if let Ok((field, name)) = principal(&entry) {
            add(field, &name, json!({ "permission_level": entry["permission_level"], "inherited": false }));
        }
    }
    let highest = kind.levels.iter().rev().find(|level| **level != "IS_OWNER").copied().unwrap_or_default();
    if !id.is_empty() && kind.path != "cluster-policies" {
        let from = format!("/{}/", kind.path);
        add(
            "group_name",
            "admins",
            json!({ "permission_level": highest, "inherited": true, "inherited_from_object": [from] }),
        );
    }
    let object_id =
        if id.is_empty() { format!("/authorization/{}", kind.path) } else { format!("/{}/{id}", kind.path) };
    json!({ "object_id": object_id, "object_type": kind.name, "access_control_list": shown })
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let (kind, id) = checked(call, change)?;
    may(call.caller, kind, &id, kind.levels.first().copied().unwrap_or_default(), change)?;
    Ok(view(kind, &id, change))
}

fn set(call: &Call, change: &mut Change) -> Reply<Value> {
    write(call, change, false)
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    write(call, change, true)
}

fn write(call: &Call, change: &mut Change, keep: bool) -> Reply<Value> {
    let (kind, id) = checked(call, change)?;
    let highest = kind.levels.iter().rev().find(|level| **level != "IS_OWNER").copied().unwrap_or_default();
    may(call.caller, kind, &id, highest, change)?;
    let mut kept = if keep { entries(kind, &id, change) } else { Vec::new() };
    for entry in call.body.get("access_control_list").and_then(Value::as_array).into_iter().flatten() {
        let (field, name) = principal(entry)?;
        known(field, &name, change)?;
        let level = entry["permission_level"].as_str().unwrap_or_default();
        if !kind.levels.contains(&level) {
            return Err(ApiError::invalid(format!(
                "'{level}' is no permission level of a {}. Levels: {}",
                kind.name,
                kind.levels.join(", ")
            )));
        }
        kept.retain(|it| {
            it[field] != json!(name) && (level != "IS_OWNER" || it["permission_level"] != "IS_OWNER")
        });
        kept.push(json!({ field: name, "permission_level": level }));
    }
    // an object that can have an owner has one
    if kind.levels.contains(&"IS_OWNER") && !kept.iter().any(|it| it["permission_level"] == "IS_OWNER") {
        let owner = entries(kind, &id, change).into_iter().find(|it| it["permission_level"] == "IS_OWNER");
        match (keep, owner) {
            (false, _) | (true, None) => {
                kept.insert(0, json!({ "user_name": call.caller.name, "permission_level": "IS_OWNER" }))
            }
            (true, Some(owner)) => kept.insert(0, owner),
        }
    }
    change.put(ACL, &key(kind, &id), json!(kept));
    Ok(view(kind, &id, change))
}

fn levels(call: &Call, change: &mut Change) -> Reply<Value> {
    let (kind, _) = checked(call, change)?;
    let described: Vec<Value> = kind
        .levels
        .iter()
        .map(|level| json!({ "permission_level": level, "description": describe(level) }))
        .collect();
    Ok(json!({ "permission_levels": described }))
}

fn describe(level: &str) -> String {
    let words = level.to_lowercase().replace('_', " ");
    let words = words.strip_prefix("can ").unwrap_or(&words);
    let words = if level == "IS_OWNER" { "own" } else { words };
    format!("Lets a principal {words} the object")
}

/// Notes that a principal made an object: it owns it, or has its highest level.
pub(crate) fn own(caller: &Caller, path: &str, id: &str, change: &mut Change) {
    let Some(kind) = KINDS.iter().find(|kind| kind.path == path) else { return };
    let level = kind.levels.last().copied().unwrap_or_default();
    let field = if caller.name.contains('@') { "user_name" } else { "service_principal_name" };
    change.put(ACL, &key(kind, id), json!([{ field: caller.name, "permission_level": level }]));
}

/// Forgets the entries of an object that is gone.
pub(crate) fn forget(path: &str, id: &str, change: &mut Change) {
    change.remove(ACL, &format!("{path}/{id}"));
}

/// Refuses a principal that has not at least that level on an object.
fn may(caller: &Caller, kind: &Kind, id: &str, needed: &str, change: &Change) -> Reply<()> {
    let rank = |level: &str| kind.levels.iter().position(|it| *it == level);
    let applies = |entry: &Value| {
        principal(entry).is_ok_and(|(field, name)| {
            if field == "group_name" {
                name == "users" || caller.groups.contains(&name)
            } else {
                name == caller.name
            }
        })
    };
    let granted = entries(kind, id, change)
        .iter()
        .filter(|entry| applies(entry))
        .any(|entry| rank(entry["permission_level"].as_str().unwrap_or_default()) >= rank(needed));
    if caller.admin || granted {
        return Ok(());
    }
    let message = format!("{} does not have {needed} permissions on {} {id}.", caller.name, kind.name);
    Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
}

/// Refuses a principal that has not at least that level on an object of the kind of that path.
pub(crate) fn require(caller: &Caller, path: &str, id: &str, needed: &str, change: &Change) -> Reply<()> {
    match KINDS.iter().find(|kind| kind.path == path) {
        Some(kind) => may(caller, kind, id, needed, change),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::operation;

    #[test]
    fn levels_are_those_of_the_documents() {
        for route in NAMED.iter().filter(|route| route.operation.ends_with("permission_levels")) {
            let operation = operation(route.operation).unwrap();
            let word = operation
                .path
                .trim_end_matches("/permissionLevels")
                .split('/')
                .rev()
                .find(|it| !it.starts_with('{'))
                .unwrap();
            let Some(kind) = KINDS.iter().find(|kind| kind.path == word) else { continue };
            let item = operation.answer().unwrap().property("permission_levels").unwrap().items().unwrap();
            let known = item.property("permission_level").unwrap().values().unwrap().clone();
            for level in kind.levels {
                assert!(known.iter().any(|it| it == level), "{word}: {level} is none of {known:?}");
            }
        }
    }
}
