//! What principals other than admins may do. Clusters, jobs, warehouses and the like by permissions on the object, what
//! Unity Catalog holds by grants, the administration of a workspace by admins alone.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use crate::api::plain::{Caller, text};
use crate::api::{grants, permissions};
use crate::server::{ApiError, Reply};
use crate::spec::{Operation, PathParams};
use crate::state::AppState;

/// The level that an operation needs on the object that a parameter names.
struct Rule {
    operation: &'static str,
    kind: &'static str,
    parameter: &'static str,
    level: &'static str,
}

const fn rule(
    operation: &'static str,
    kind: &'static str,
    parameter: &'static str,
    level: &'static str,
) -> Rule {
    Rule { operation, kind, parameter, level }
}

const RULES: &[Rule] = &[
    rule("clusters_get", "clusters", "cluster_id", "CAN_ATTACH_TO"),
    rule("clusters_events", "clusters", "cluster_id", "CAN_ATTACH_TO"),
    rule("clusters_start", "clusters", "cluster_id", "CAN_RESTART"),
    rule("clusters_restart", "clusters", "cluster_id", "CAN_RESTART"),
    rule("clusters_delete", "clusters", "cluster_id", "CAN_RESTART"),
    rule("clusters_edit", "clusters", "cluster_id", "CAN_MANAGE"),
    rule("clusters_update", "clusters", "cluster_id", "CAN_MANAGE"),
    rule("clusters_resize", "clusters", "cluster_id", "CAN_MANAGE"),
    rule("clusters_permanent_delete", "clusters", "cluster_id", "CAN_MANAGE"),
    rule("command_execution_create", "clusters", "clusterId", "CAN_ATTACH_TO"),
    rule("command_execution_execute", "clusters", "clusterId", "CAN_ATTACH_TO"),
    rule("libraries_install", "clusters", "cluster_id", "CAN_MANAGE"),
    rule("libraries_uninstall", "clusters", "cluster_id", "CAN_MANAGE"),
    rule("jobs_get", "jobs", "job_id", "CAN_VIEW"),
    rule("jobs_run_now", "jobs", "job_id", "CAN_MANAGE_RUN"),
    rule("jobs_cancel_all_runs", "jobs", "job_id", "CAN_MANAGE_RUN"),
    rule("jobs_update", "jobs", "job_id", "CAN_MANAGE"),
    rule("jobs_reset", "jobs", "job_id", "CAN_MANAGE"),
    rule("jobs_delete", "jobs", "job_id", "CAN_MANAGE"),
    rule("warehouses_get", "warehouses", "id", "CAN_VIEW"),
    rule("warehouses_start", "warehouses", "id", "CAN_USE"),
    rule("warehouses_stop", "warehouses", "id", "CAN_MANAGE"),
    rule("warehouses_edit", "warehouses", "id", "CAN_MANAGE"),
    rule("warehouses_delete", "warehouses", "id", "CAN_MANAGE"),
    rule("statement_execution_execute_statement", "warehouses", "warehouse_id", "CAN_USE"),
    rule("instance_pools_edit", "instance-pools", "instance_pool_id", "CAN_MANAGE"),
    rule("instance_pools_delete", "instance-pools", "instance_pool_id", "CAN_MANAGE"),
    rule("pipelines_get", "pipelines", "pipeline_id", "CAN_VIEW"),
    rule("pipelines_start_update", "pipelines", "pipeline_id", "CAN_RUN"),
    rule("pipelines_update", "pipelines", "pipeline_id", "CAN_MANAGE"),
    rule("pipelines_delete", "pipelines", "pipeline_id", "CAN_MANAGE"),
];

/// Operations that make an object, and where its id is in the answer: the maker has its highest level.
const MAKERS: &[(&str, &str, &str)] = &[
    ("clusters_create", "clusters", "cluster_id"),
    ("jobs_create", "jobs", "job_id"),
    ("warehouses_create", "warehouses", "id"),
    ("instance_pools_create", "instance-pools", "instance_pool_id"),
];

/// Operations that end an object: what was allowed on it is forgotten.
const ENDERS: &[(&str, &str, &str)] = &[
    ("clusters_permanent_delete", "clusters", "cluster_id"),
    ("jobs_delete", "jobs", "job_id"),
    ("instance_pools_delete", "instance-pools", "instance_pool_id"),
    ("pipelines_delete", "pipelines", "pipeline_id"),
];

/// The securable of an operation: its type, the parameters that its full name is joined from, and what is enough.
const SECURABLES: &[(&str, &str, &[&str], &[&str])] = &[
    ("catalogs_get", "catalog", &["name"], &["USE_CATALOG", "BROWSE", "MANAGE"]),
    ("catalogs_update", "catalog", &["name"], &["MANAGE"]),
    ("catalogs_delete", "catalog", &["name"], &["MANAGE"]),
    ("schemas_create", "catalog", &["catalog_name"], &["CREATE_SCHEMA"]),
    ("schemas_list", "catalog", &["catalog_name"], &["USE_CATALOG", "BROWSE", "MANAGE"]),
    ("schemas_get", "schema", &["full_name"], &["USE_SCHEMA", "BROWSE", "MANAGE"]),
    ("schemas_update", "schema", &["full_name"], &["MANAGE"]),
    ("schemas_delete", "schema", &["full_name"], &["MANAGE"]),
    ("tables_create", "schema", &["catalog_name", "schema_name"], &["CREATE_TABLE"]),
    ("tables_list", "schema", &["catalog_name", "schema_name"], &["USE_SCHEMA", "BROWSE", "MANAGE"]),
    ("tables_get", "table", &["full_name"], &["SELECT", "BROWSE", "MANAGE"]),
    ("tables_update", "table", &["full_name"], &["MANAGE"]),
    ("tables_delete", "table", &["full_name"], &["MANAGE"]),
    ("volumes_create", "schema", &["catalog_name", "schema_name"], &["CREATE_VOLUME"]),
    ("volumes_read", "volume", &["name"], &["READ_VOLUME", "BROWSE", "MANAGE"]),
    ("volumes_update", "volume", &["name"], &["MANAGE"]),
    ("volumes_delete", "volume", &["name"], &["MANAGE"]),
    (
        "functions_create",
        "schema",
        &["function_info.catalog_name", "function_info.schema_name"],
        &["CREATE_FUNCTION"],
    ),
    (
        "registered_models_create",
        "schema",
        &["catalog_name", "schema_name"],
        &["CREATE_MODEL", "CREATE_FUNCTION"],
    ),
];

/// Operations whose names begin so are for admins. What reads the directory is for everybody.
const ADMIN: &[&str] = &[
    "token_management_",
    "clusters_change_owner",
    "global_init_scripts_",
    "instance_profiles_add",
    "instance_profiles_edit",
    "instance_profiles_remove",
    "ip_access_lists_",
    "workspace_conf_set",
    "account_",
    "warehouses_set_workspace",
    "metastores_create",
    "metastores_update",
    "metastores_delete",
    "metastores_assign",
    "metastores_unassign",
    "users_create",
    "users_update",
    "users_patch",
    "users_delete",
    "groups_create",
    "groups_update",
    "groups_patch",
    "groups_delete",
    "service_principals_create",
    "service_principals_update",
    "service_principals_patch",
    "service_principals_delete",
    "service_principal_secrets",
    "catalogs_create",
];

fn denied(message: String) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
}

/// Refuses what a caller may not do.
pub(crate) fn before(
    state: &AppState,
    caller: &Caller,
    operation: &Operation,
    path: &PathParams,
    query: &[(String, String)],
    body: &Map<String, Value>,
) -> Reply<()> {
    if caller.admin {
        return Ok(());
    }
    if ADMIN.iter().any(|prefix| operation.id.starts_with(prefix)) {
        return Err(denied(format!("Only admins may do that ({}); {} is none.", operation.id, caller.name)));
    }
    let value = |name: &str| {
        let placed = path.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let asked = || query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let inner = || {
            let mut value = body.get(name.split('.').next()?)?;
            for step in name.split('.').skip(1) {
                value = value.get(step)?;
            }
            Some(text(value))
        };
        placed.or_else(asked).or_else(inner)
    };
    let rules: Vec<(&Rule, String)> = RULES
        .iter()
        .filter(|rule| rule.operation == operation.id)
        .filter_map(|rule| Some((rule, value(rule.parameter)?)))
        .collect();
    let securables: Vec<_> = SECURABLES
        .iter()
        .filter(|(id, ..)| *id == operation.id)
        .map(|(_, kind, parts, enough)| {
            let name =
                parts.iter().filter_map(|part| value(part)).collect::<Vec<_>>().join(".").to_lowercase();
            (*kind, name, *enough)
        })
        .collect();
    if rules.is_empty() && securables.is_empty() {
        return Ok(());
    }
    state.store.records.with(|change| {
        for (rule, id) in &rules {
            permissions::require(caller, rule.kind, id, rule.level, change)?;
        }
        for (kind, name, enough) in &securables {
            if !grants::has(caller, kind, name, enough, change) {
                let message = format!("User does not have {} on {kind} '{name}'.", enough.join(" or "));
                return Err(denied(message));
            }
        }
        Ok(())
    })
}

/// Notes who made an object, and forgets what was allowed on one that is gone.
pub(crate) async fn after(
    state: &AppState,
    caller: Option<&Caller>,
    operation: &Operation,
    body: &Map<String, Value>,
    response: Response,
) -> Response {
    let made = MAKERS.iter().find(|(id, ..)| *id == operation.id);
    let ended = ENDERS.iter().find(|(id, ..)| *id == operation.id);
    if !response.status().is_success() || (made.is_none() && ended.is_none()) {
        return response;
    }
    if let Some((_, kind, field)) = ended
        && let Some(id) = body.get(*field).map(text)
    {
        note(state.store.records.with(|change| {
            permissions::forget(kind, &id, change);
            Ok(())
        }));
    }
    let (Some((_, kind, field)), Some(caller)) = (made, caller) else { return response };
    let (parts, content) = response.into_parts();
    let Ok(bytes) = to_bytes(content, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    if let Ok(answer) = serde_json::from_slice::<Value>(&bytes)
        && let Some(id) = answer.get(*field).map(text)
    {
        note(state.store.records.with(|change| {
            permissions::own(caller, kind, &id, change);
            Ok(())
        }));
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The request itself was done; what could not be noted about it is for the log.
fn note(done: Reply<()>) {
    if let Err(refusal) = done {
        tracing::warn!(%refusal, "the permissions of an object could not be kept");
    }
}
