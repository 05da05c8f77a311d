//! Parts of Unity Catalog that are no objects of their own: which metastore is used, system schemas, constraints, bindings
//! to workspaces, aliases of models.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::identity::{METASTORE, USER, WORKSPACE_ID};
use super::plain::{Call, Object, Route, of_kind, paged, part_of_key};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const ASSIGNMENT: &str = "metastore_assignment";
const SCHEMA: &str = "system_schema";
const BINDING: &str = "binding";
const CONSTRAINT: &str = "constraint";
const ALIAS: &str = "model_alias";
const ALLOWLIST: &str = "artifact_allowlist";

pub(super) const ROUTES: &[Route] = &[
    Route::new("metastores_current", current),
    Route::new("metastores_summary", summary),
    Route::new("metastores_assign", assign).lacks("catalogs stay in the first metastore"),
    Route::new("metastores_update_assignment", assign).lacks("catalogs stay in the first metastore"),
    Route::new("metastores_unassign", unassign).lacks("catalogs stay in the first metastore"),
    Route::new("account_metastore_assignments_create", assign),
    Route::new("account_metastore_assignments_update", assign),
    Route::new("account_metastore_assignments_get", current),
    Route::new("account_metastore_assignments_delete", unassign),
    Route::new("system_schemas_list", schemas).lacks("the schemas are empty"),
    Route::new("system_schemas_enable", enable).lacks("the schemas are empty"),
    Route::new("system_schemas_disable", disable).lacks("the schemas are empty"),
    Route::new("table_constraints_create", constrain).lacks("constraints are kept and not checked"),
    Route::new("table_constraints_delete", release).lacks("constraints are kept and not checked"),
    Route::new("workspace_bindings_get_bindings", bindings).lacks("there is one workspace"),
    Route::new("workspace_bindings_update_bindings", bind).lacks("there is one workspace"),
    Route::new("workspace_bindings_get", catalog_bindings).lacks("there is one workspace"),
    Route::new("workspace_bindings_update", bind_catalog).lacks("there is one workspace"),
    Route::new("registered_models_set_alias", set_alias),
    Route::new("registered_models_delete_alias", delete_alias),
    Route::new("model_versions_get_by_alias", by_alias),
    Route::new("recipients_rotate_token", rotate).lacks("nothing is served to recipients"),
    Route::new("artifact_allowlists_get", allowlist).lacks("artifacts are not checked"),
    Route::new("artifact_allowlists_update", set_allowlist).lacks("artifacts are not checked"),
    Route::new("policies_create_policy", create_policy).lacks("queries are not filtered by it"),
    Route::new("storage_credentials_validate", validate)
        .lacks("the cloud is not asked: what is well-formed passes"),
    Route::new("credentials_validate_credential", validate)
        .lacks("the cloud is not asked: what is well-formed passes"),
];

/// The first metastore, which a new workspace has.
pub(crate) fn seed(change: &mut Change, now: i64) {
    if change.has("metastore", METASTORE) {
        return;
    }
    let out = json!({
        "metastore_id": METASTORE, "created_at": now, "created_by": USER, "updated_at": now, "updated_by": USER, "owner": USER,
        "global_metastore_id": format!("aws:us-west-2:{METASTORE}"),
    });
    let given = json!({ "name": "sandbox", "storage_root": "s3://sandbox/metastore" });
    change.put("metastore", METASTORE, json!({ "given": given, "out": out }));
}

fn workspace(call: &Call) -> String {
    call.text("workspace_id").unwrap_or_else(|| WORKSPACE_ID.to_owned())
}

/// The metastore of a workspace: the first one, until another is assigned or it is taken away.
fn assigned(call: &Call, change: &Change) -> Reply<Value> {
    let workspace = workspace(call);
    let id = workspace
        .parse::<i64>()
        .map_err(|_| ApiError::invalid(format!("'{workspace}' is no id of a workspace")))?;
    let assigned = change.get(ASSIGNMENT, &workspace).cloned();
    let first = json!({ "metastore_id": METASTORE, "default_catalog_name": "main" });
    let assigned =
        assigned.or_else(|| (workspace == WORKSPACE_ID).then_some(first)).filter(|it| !it.is_null());
    let mut assigned = assigned.ok_or_else(|| {
        let message = format!("No metastore assigned for the workspace {workspace}.");
        ApiError::new(StatusCode::NOT_FOUND, "METASTORE_DOES_NOT_EXIST", message)
    })?;
    assigned["workspace_id"] = json!(id);
    Ok(assigned)
}

fn current(call: &Call, change: &mut Change) -> Reply<Value> {
    let assigned = assigned(call, change)?;
    let inner =
        call.operation.answer().is_some_and(|schema| schema.property("metastore_assignment").is_some());
    Ok(if inner { json!({ "metastore_assignment": assigned }) } else { assigned })
}

fn metastore(change: &Change, id: &str) -> Reply<Map<String, Value>> {
    let row = of_kind("metastore");
    let found = change.get("metastore", id).map(Object::read);
    found.zip(row).map(|(found, row)| found.view(row)).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "METASTORE_DOES_NOT_EXIST",
            format!("Metastore '{id}' does not exist."),
        )
    })
}

fn summary(call: &Call, change: &mut Change) -> Reply<Value> {
    let assigned = assigned(call, change)?;
    Ok(Value::Object(metastore(change, assigned["metastore_id"].as_str().unwrap_or_default())?))
}

fn assign(call: &Call, change: &mut Change) -> Reply<Value> {
    let asked =
        call.body.get("metastore_assignment").cloned().unwrap_or_else(|| Value::Object(call.body.clone()));
    let old = assigned(call, change).ok();
    let id = asked["metastore_id"].as_str().map(str::to_owned).or_else(|| call.text("metastore_id"));
    let id = id.or_else(|| old.as_ref()?["metastore_id"].as_str().map(str::to_owned)).unwrap_or_default();
    metastore(change, &id)?;
    let catalog = asked["default_catalog_name"].as_str().map(str::to_owned);
    let catalog = catalog
        .or_else(|| old?["default_catalog_name"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "main".into());
    change.put(ASSIGNMENT, &workspace(call), json!({ "metastore_id": id, "default_catalog_name": catalog }));
    Ok(json!({}))
}

fn unassign(call: &Call, change: &mut Change) -> Reply<Value> {
    assigned(call, change)?;
    change.put(ASSIGNMENT, &workspace(call), Value::Null);
    Ok(json!({}))
}

/// The schemas of `system` that a workspace can have.
const SCHEMAS: &[&str] =
    &["access", "billing", "compute", "lakeflow", "marketplace", "query", "serving", "storage"];

fn schemas(call: &Call, change: &mut Change) -> Reply<Value> {
    metastore(change, &call.must("metastore_id")?)?;
    let all = SCHEMAS.iter().map(|schema| {
        let on = *schema == "billing" || change.has(SCHEMA, schema);
        Map::from_iter([
            ("schema".to_owned(), json!(schema)),
            ("state".to_owned(), json!(if on { "ENABLE_COMPLETED" } else { "AVAILABLE" })),
        ])
    });
    paged(call, all.collect())
}

fn system_schema(call: &Call, change: &Change) -> Reply<String> {
    metastore(change, &call.must("metastore_id")?)?;
    let schema = call.must("schema_name")?;
    if SCHEMAS.contains(&schema.as_str()) {
        return Ok(schema);
    }
    Err(ApiError::invalid(format!("'{schema}' is no system schema. Known: {}", SCHEMAS.join(", "))))
}

fn enable(call: &Call, change: &mut Change) -> Reply<Value> {
    let schema = system_schema(call, change)?;
    if change.has(SCHEMA, &schema) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "ALREADY_EXISTS",
            format!("{schema} system schema already exists"),
        ));
    }
    change.put(SCHEMA, &schema, json!({}));
    Ok(json!({}))
}

fn disable(call: &Call, change: &mut Change) -> Reply<Value> {
    let schema = system_schema(call, change)?;
    match change.remove(SCHEMA, &schema) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::not_found(format!("The system schema {schema} is not enabled"))),
    }
}

fn table(call: &Call, full_name: &str) -> Reply<()> {
    #[cfg(feature = "sql")]
    {
        let name = crate::sql::catalog::TableName::parse(full_name).ok_or_else(|| {
            ApiError::invalid(format!("'{full_name}' is not a full name of the form catalog.schema.name"))
        })?;
        call.state.sql.table(&name)?;
    }
    #[cfg(not(feature = "sql"))]
    let _ = (call, full_name);
    Ok(())
}

fn constrain(call: &Call, change: &mut Change) -> Reply<Value> {
    let table_name = call.must("full_name_arg")?;
    table(call, &table_name)?;
    let constraint = call.body.get("constraint").cloned().unwrap_or_default();
    let kinds = ["primary_key_constraint", "foreign_key_constraint", "named_table_constraint"];
    let name = kinds.iter().find_map(|kind| constraint[*kind]["name"].as_str());
    let name = name.ok_or_else(|| {
        ApiError::invalid(format!("constraint must hold one of {} with a name", kinds.join(", ")))
    })?;
    let key = format!("{}/{}", part_of_key(&table_name), part_of_key(name));
    if change.has(CONSTRAINT, &key) {
        let message = format!("Constraint '{name}' already exists");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "CONSTRAINT_ALREADY_EXISTS", message));
    }
    let primary = |it: &Value| !it["primary_key_constraint"].is_null();
    let others = change.all(CONSTRAINT, &format!("{}/", part_of_key(&table_name)));
    if primary(&constraint) && others.iter().any(|(_, it)| primary(it)) {
        return Err(ApiError::invalid(format!("The table '{table_name}' has a primary key already")));
    }
    change.put(CONSTRAINT, &key, constraint.clone());
    Ok(constraint)
}

fn release(call: &Call, change: &mut Change) -> Reply<Value> {
    let (table, name) = (call.must("full_name")?, call.must("constraint_name")?);
    match change.remove(CONSTRAINT, &format!("{}/{}", part_of_key(&table), part_of_key(&name))) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "CONSTRAINT_DOES_NOT_EXIST",
            format!("Constraint '{name}' of table '{table}' does not exist."),
        )),
    }
}

fn bound(change: &Change, key: &str) -> Vec<Value> {
    change.get(BINDING, key).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn binding_key(call: &Call) -> Reply<String> {
    Ok(format!("{}/{}", call.must("securable_type")?, part_of_key(&call.must("securable_name")?)))
}

fn bindings(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "bindings": bound(change, &binding_key(call)?) }))
}

fn rebind(change: &mut Change, key: &str, add: Vec<Value>, remove: &[Value]) -> Vec<Value> {
    let mut all = bound(change, key);
    all.retain(|it| !remove.iter().chain(&add).any(|other| other["workspace_id"] == it["workspace_id"]));
    all.extend(add);
    change.put(BINDING, key, json!(all));
    all
}

fn bind(call: &Call, change: &mut Change) -> Reply<Value> {
    let list = |name: &str| call.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let add = list("add").into_iter().map(|mut binding| {
        if binding["binding_type"].is_null() {
            binding["binding_type"] = json!("BINDING_TYPE_READ_WRITE");
        }
        binding
    });
    let (key, add) = (binding_key(call)?, add.collect());
    Ok(json!({ "bindings": rebind(change, &key, add, &list("remove")) }))
}

fn ids_of(bindings: &[Value]) -> Value {
    json!({ "workspaces": bindings.iter().map(|it| it["workspace_id"].clone()).collect::<Vec<_>>() })
}

fn catalog_key(call: &Call) -> Reply<String> {
    let name = call.must("name")?;
    #[cfg(feature = "sql")]
    call.state.sql.catalogs().catalog(&name.to_lowercase())?;
    Ok(format!("catalog/{}", part_of_key(&name)))
}

fn catalog_bindings(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(ids_of(&bound(change, &catalog_key(call)?)))
}

fn bind_catalog(call: &Call, change: &mut Change) -> Reply<Value> {
    let key = catalog_key(call)?;
    let list = |name: &str| {
        let ids = call.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        ids.into_iter()
            .map(|id| json!({ "workspace_id": id, "binding_type": "BINDING_TYPE_READ_WRITE" }))
            .collect::<Vec<_>>()
    };
    Ok(ids_of(&rebind(change, &key, list("assign_workspaces"), &list("unassign_workspaces"))))
}

fn model(call: &Call, change: &Change) -> Reply<(String, Map<String, Value>)> {
    let name = call.must("full_name")?;
    let row = of_kind("registered_model");
    let found =
        change.get("registered_model", &name).map(Object::read).zip(row).map(|(found, row)| found.view(row));
    found
        .map(|found| (name.clone(), found))
        .ok_or_else(|| ApiError::not_found(format!("Registered model '{name}' does not exist.")))
}

fn set_alias(call: &Call, change: &mut Change) -> Reply<Value> {
    let (name, model) = model(call, change)?;
    let alias = call.must("alias")?;
    let number = call.must("version_num")?;
    if !change.has("model_version", &format!("{}/{number}", part_of_key(&name))) {
        return Err(ApiError::not_found(format!("Model version '{number}' of '{name}' does not exist.")));
    }
    let shown = json!({
        "alias_name": alias, "version_num": number.parse::<i64>().unwrap_or_default(), "id": ids::uuid(),
        "catalog_name": model.get("catalog_name"), "schema_name": model.get("schema_name"), "model_name": model.get("name"),
    });
    change.put(ALIAS, &format!("{}/{}", part_of_key(&name), part_of_key(&alias)), shown.clone());
    Ok(shown)
}

fn delete_alias(call: &Call, change: &mut Change) -> Reply<Value> {
    let (name, _) = model(call, change)?;
    let alias = call.must("alias")?;
    match change.remove(ALIAS, &format!("{}/{}", part_of_key(&name), part_of_key(&alias))) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::not_found(format!("Alias '{alias}' of '{name}' does not exist."))),
    }
}

fn by_alias(call: &Call, change: &mut Change) -> Reply<Value> {
    let (name, _) = model(call, change)?;
    let alias = call.must("alias")?;
    let found = change.get(ALIAS, &format!("{}/{}", part_of_key(&name), part_of_key(&alias))).cloned();
    let number = found.map(|found| found["version_num"].to_string()).unwrap_or_default();
    let version = change.get("model_version", &format!("{}/{number}", part_of_key(&name))).map(Object::read);
    let row = of_kind("model_version");
    version
        .zip(row)
        .map(|(version, row)| Value::Object(version.view(row)))
        .ok_or_else(|| ApiError::not_found(format!("Alias '{alias}' of '{name}' does not exist.")))
}

fn allowlist(call: &Call, change: &mut Change) -> Reply<Value> {
    let kind = call.must("artifact_type")?;
    let stored = change.get(ALLOWLIST, &kind).cloned();
    Ok(stored.unwrap_or_else(|| json!({ "artifact_matchers": [], "metastore_id": METASTORE })))
}

fn set_allowlist(call: &Call, change: &mut Change) -> Reply<Value> {
    let kind = call.must("artifact_type")?;
    let list = json!({
        "artifact_matchers": call.body.get("artifact_matchers").cloned().unwrap_or_default(), "metastore_id": METASTORE,
        "created_at": call.now, "created_by": call.caller.name,
    });
    change.put(ALLOWLIST, &kind, list.clone());
    Ok(list)
}

fn create_policy(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    let place =
        ["on_securable_type", "on_securable_fullname"].map(|field| call.text(field).unwrap_or_default());
    let key = [&place[0], &place[1], &name].map(|part| part_of_key(part)).join("/");
    if change.has("uc_policy", &key) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "ALREADY_EXISTS",
            format!("Policy '{name}' already exists"),
        ));
    }
    let out = json!({
        "id": ids::uuid(), "created_at": call.now, "created_by": call.caller.name, "updated_at": call.now, "updated_by": call.caller.name,
    });
    let object = Object { given: call.body.clone(), out: out.as_object().cloned().unwrap_or_default() };
    change.put("uc_policy", &key, object.stored());
    Ok(of_kind("uc_policy").map_or_else(|| json!({}), |row| Value::Object(object.view(row))))
}

fn validate(call: &Call, change: &mut Change) -> Reply<Value> {
    let names = [
        ("storage_credential_name", "storage_credential"),
        ("credential_name", "credential"),
        ("external_location_name", "external_location"),
    ];
    for (field, kind) in names {
        if let Some(name) = call.text(field)
            && !change.has(kind, &name)
        {
            return Err(ApiError::not_found(format!("{kind} '{name}' does not exist.")));
        }
    }
    let results: Vec<Value> = ["READ", "LIST", "WRITE", "DELETE", "PATH_EXISTS"]
        .iter()
        .map(|operation| json!({ "operation": operation, "result": "SKIP", "message": "the sandbox does not ask the cloud" }))
        .collect();
    let kept = call.operation.id.starts_with("storage");
    Ok(if kept {
        json!({ "isDir": true, "results": results })
    } else {
        json!({ "isDir": true, "results": results.iter().map(|it| json!({ "result": it["result"], "message": it["message"] })).collect::<Vec<_>>() })
    })
}

/// Gives a recipient a new token; the old one ends when the request says.
fn rotate(call: &Call, change: &mut Change) -> Reply<Value> {
    let name = call.must("name")?;
    let (Some(row), Some(stored)) = (of_kind("recipient"), change.get("recipient", &part_of_key(&name)))
    else {
        let message = format!("Recipient '{name}' does not exist.");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "RECIPIENT_DOES_NOT_EXIST", message));
    };
    let mut recipient = Object::read(stored);
    let seconds = call.must("existing_token_expire_in_seconds")?.parse::<i64>().unwrap_or(0);
    let mut tokens = recipient.out.get("tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    let ends = call.now.saturating_add(seconds.saturating_mul(1_000));
    tokens.retain(|token| token["expiration_time"].as_i64().is_none_or(|end| end > call.now));
    for token in &mut tokens {
        token["expiration_time"] = json!(ends);
    }
    let url = format!("{}/delta_sharing/retrieve_config.html?{}", call.state.url, ids::hex32());
    tokens.push(json!({
        "id": ids::uuid(), "created_at": call.now, "created_by": call.caller.name, "activation_url": url,
        "updated_at": call.now, "updated_by": call.caller.name,
    }));
    recipient.out.insert("tokens".into(), json!(tokens));
    recipient.out.insert("activation_url".into(), json!(url));
    change.put("recipient", &part_of_key(&name), recipient.stored());
    Ok(Value::Object(recipient.view(row)))
}
