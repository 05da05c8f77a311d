//! Settings of the workspace and the account, each with an etag; the older configuration by names; rule sets.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::plain::{Call, Route};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const SETTING: &str = "setting";
const CONF: &str = "workspace_conf";
const RULES: &str = "rule_set";

const LACKS: &str = "the setting is kept and changes nothing";

macro_rules! settings {
    ($($name:literal),* ; $($both:literal),* ; $($odd:literal),*) => {
        &[
            $(
                Route::new(concat!($name, "_get"), get).lacks(LACKS),
                Route::new(concat!($name, "_update"), update).lacks(LACKS),
                Route::new(concat!($name, "_delete"), delete).lacks(LACKS),
            )*
            $(
                Route::new(concat!($both, "_get"), get).lacks(LACKS),
                Route::new(concat!($both, "_update"), update).lacks(LACKS),
            )*
            $(
                Route::new(concat!($odd, "_get_", $odd), get).lacks(LACKS),
                Route::new(concat!($odd, "_patch_", $odd), update).lacks(LACKS),
            )*
        ]
    };
}

pub(super) const SETTINGS: &[Route] = settings!(
    "aibi_dashboard_embedding_access_policy", "aibi_dashboard_embedding_approved_domains", "dashboard_email_subscriptions",
    "default_namespace", "default_warehouse_id", "disable_legacy_access", "disable_legacy_dbfs", "disable_legacy_features",
    "enable_ip_access_lists", "llm_proxy_partner_powered_workspace", "personal_compute", "restrict_workspace_admins",
    "sql_results_download";
    "automatic_cluster_update", "compliance_security_profile", "csp_enablement_account", "enhanced_security_monitoring",
    "esm_enablement_account", "llm_proxy_partner_powered_account", "llm_proxy_partner_powered_enforce";
    "enable_export_notebook", "enable_notebook_table_clipboard", "enable_results_downloading"
);

pub(super) const ROUTES: &[Route] = &[
    Route::new("workspace_conf_get_status", conf).lacks(LACKS),
    Route::new("workspace_conf_set_status", set_conf).lacks(LACKS),
    Route::new("account_access_control_get_rule_set", rules).lacks("rules are kept and not enforced"),
    Route::new("account_access_control_update_rule_set", set_rules).lacks("rules are kept and not enforced"),
    Route::new("account_access_control_proxy_get_rule_set", rules).lacks("rules are kept and not enforced"),
    Route::new("account_access_control_proxy_update_rule_set", set_rules)
        .lacks("rules are kept and not enforced"),
    Route::new("account_access_control_get_assignable_roles_for_resource", roles),
    Route::new("account_access_control_proxy_get_assignable_roles_for_resource", roles),
];

/// Where a setting is kept: the path names it, the account's apart from the workspace's.
fn place(call: &Call) -> String {
    let kind = call.operation.path.split("/settings/types/").nth(1).unwrap_or(call.operation.path);
    let kind = kind.split('/').next().unwrap_or(kind);
    if call.path.is_empty() { kind.to_owned() } else { format!("account/{kind}") }
}

/// A setting as it is before anybody has changed it, as far as the documents have fields for that.
fn fresh(call: &Call) -> Map<String, Value> {
    let mut fresh = Map::new();
    let schema = call.operation.answer();
    if schema.is_some_and(|schema| schema.property("setting_name").is_some()) {
        fresh.insert("setting_name".into(), json!("default"));
    }
    for (name, field) in schema.iter().flat_map(|schema| schema.properties()) {
        match field.kind() {
            Some("boolean") => drop(fresh.insert(name.to_owned(), json!(false))),
            Some("object") => {
                let inner: Map<String, Value> = field
                    .properties()
                    .filter_map(|(name, field)| match field.kind()? {
                        "boolean" => Some((name.to_owned(), json!(false))),
                        "string" if field.values().is_none() => Some((name.to_owned(), json!(""))),
                        "string" => Some((name.to_owned(), field.values()?.last()?.clone())),
                        _ => None,
                    })
                    .collect();
                fresh.insert(name.to_owned(), Value::Object(inner));
            }
            _ => {}
        }
    }
    fresh
}

fn with_etag(call: &Call, mut setting: Map<String, Value>, etag: &str) -> Value {
    if call.operation.answer().is_some_and(|schema| schema.property("etag").is_some()) {
        setting.insert("etag".into(), json!(etag));
    }
    Value::Object(setting)
}

/// The etag of a setting that nobody has changed.
const FIRST: &str = "AAAAAAAAAAA=";

fn current(call: &Call, change: &Change) -> (Option<Map<String, Value>>, String) {
    let stored = change.get(SETTING, &place(call));
    let etag = stored.and_then(|it| it["etag"].as_str()).unwrap_or(FIRST).to_owned();
    (stored.and_then(|it| it["value"].as_object()).cloned(), etag)
}

fn conflict(etag: &str) -> ApiError {
    let message =
        format!("The etag is not the setting's: it is {etag}. Read the setting and try again with its etag.");
    ApiError::new(StatusCode::CONFLICT, "RESOURCE_CONFLICT", message)
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    let (stored, etag) = current(call, change);
    Ok(with_etag(call, stored.unwrap_or_else(|| fresh(call)), &etag))
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let (stored, etag) = current(call, change);
    let mut asked =
        call.body.get("setting").and_then(Value::as_object).cloned().unwrap_or_else(|| call.body.clone());
    if let Some(theirs) = asked.shift_remove("etag").and_then(|it| it.as_str().map(str::to_owned))
        && !theirs.is_empty()
        && theirs != etag
    {
        return Err(conflict(&etag));
    }
    asked.retain(|_, value| !value.is_null());
    let mut setting = stored.unwrap_or_else(|| fresh(call));
    setting.extend(asked);
    let etag = ids::hex16();
    change.put(SETTING, &place(call), json!({ "value": setting, "etag": etag }));
    Ok(with_etag(call, setting, &etag))
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    let (_, etag) = current(call, change);
    if call.text("etag").is_some_and(|theirs| !theirs.is_empty() && theirs != etag) {
        return Err(conflict(&etag));
    }
    let next = ids::hex16();
    change.put(SETTING, &place(call), json!({ "etag": next }));
    Ok(json!({ "etag": next }))
}

fn conf(call: &Call, change: &mut Change) -> Reply<Value> {
    let keys = call.must("keys")?;
    let found = keys
        .split(',')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .map(|key| (key.to_owned(), change.get(CONF, key).cloned().unwrap_or(Value::Null)));
    Ok(Value::Object(found.collect()))
}

fn set_conf(call: &Call, change: &mut Change) -> Reply<Value> {
    for (key, value) in &call.body {
        change.put(CONF, key, value.clone());
    }
    Ok(json!({}))
}

fn rules(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    let stored = change.get(RULES, &name).cloned();
    let mut rules = stored.unwrap_or_else(|| json!({ "name": name, "grant_rules": [], "etag": FIRST }));
    rules["name"] = json!(name);
    Ok(rules)
}

fn set_rules(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    let asked = call.body.get("rule_set").cloned().unwrap_or_default();
    let known = change.get(RULES, &name).and_then(|it| it["etag"].as_str()).unwrap_or(FIRST).to_owned();
    let theirs = asked["etag"].as_str().unwrap_or_default();
    if !theirs.is_empty() && theirs != known {
        return Err(conflict(&known));
    }
    let rules = asked["grant_rules"].as_array().cloned().unwrap_or_default();
    let rules = json!({ "name": name, "grant_rules": rules, "etag": ids::hex16() });
    change.put(RULES, &name, rules.clone());
    Ok(rules)
}

fn roles(call: &Call, _: &mut Change) -> Reply<Value> {
    let resource = call.must("resource")?;
    let kind = resource.trim_end_matches('/').rsplit('/').nth(1).unwrap_or_default();
    let roles: &[&str] = match kind {
        "servicePrincipals" => &["roles/servicePrincipal.manager", "roles/servicePrincipal.user"],
        "groups" => &["roles/group.manager"],
        _ => &["roles/marketplace.admin", "roles/billing.admin"],
    };
    Ok(json!({ "roles": roles.iter().map(|role| json!({ "name": role })).collect::<Vec<_>>() }))
}
