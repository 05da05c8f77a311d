//! Unity Catalog beside catalogs, schemas, tables and volumes, which the SQL engine keeps.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new("storage_credential", "Storage Credential", Key::Named("name"), &[
        ("storage_credentials_create", Verb::Create),
        ("storage_credentials_get", Verb::Get),
        ("storage_credentials_list", Verb::List),
        ("storage_credentials_update", Verb::Merge),
        ("storage_credentials_delete", Verb::Delete),
    ])
    .codes("STORAGE_CREDENTIAL_DOES_NOT_EXIST", 400, "STORAGE_CREDENTIAL_ALREADY_EXISTS")
    .defaults(r#"{"read_only":false,"isolation_mode":"ISOLATION_MODE_OPEN","used_for_managed_storage":false}"#)
    .prepare(credential)
    .lacks("nothing is read or written with it"),
    Resource::new("credential", "Credential", Key::Named("name"), &[
        ("credentials_create_credential", Verb::Create),
        ("credentials_get_credential", Verb::Get),
        ("credentials_list_credentials", Verb::List),
        ("credentials_update_credential", Verb::Merge),
        ("credentials_delete_credential", Verb::Delete),
    ])
    .codes("CREDENTIAL_DOES_NOT_EXIST", 400, "CREDENTIAL_ALREADY_EXISTS")
    .defaults(r#"{"purpose":"SERVICE","read_only":false,"isolation_mode":"ISOLATION_MODE_OPEN","used_for_managed_storage":false}"#)
    .prepare(credential)
    .lacks("no temporary credentials are made from it"),
    Resource::new("external_location", "External Location", Key::Named("name"), &[
        ("external_locations_create", Verb::Create),
        ("external_locations_get", Verb::Get),
        ("external_locations_list", Verb::List),
        ("external_locations_update", Verb::Merge),
        ("external_locations_delete", Verb::Delete),
    ])
    .codes("EXTERNAL_LOCATION_DOES_NOT_EXIST", 400, "EXTERNAL_LOCATION_ALREADY_EXISTS")
    .defaults(r#"{"read_only":false,"fallback":false,"isolation_mode":"ISOLATION_MODE_OPEN"}"#)
    .prepare(location)
    .lacks("its address is not looked at"),
    Resource::new("connection", "Connection", Key::Named("name"), &[
        ("connections_create", Verb::Create),
        ("connections_get", Verb::Get),
        ("connections_list", Verb::List),
        ("connections_update", Verb::Merge),
        ("connections_delete", Verb::Delete),
    ])
    .codes("CONNECTION_DOES_NOT_EXIST", 400, "CONNECTION_ALREADY_EXISTS")
    .defaults(r#"{"read_only":false,"securable_type":"CONNECTION","credential_type":"USERNAME_PASSWORD"}"#)
    .state(r#"{"provisioning_info":{"state":"ACTIVE"}}"#)
    .prepare(connection)
    .lacks("nothing is connected to; no foreign catalogs"),
    Resource::new("function", "Function", Key::Joined(&["catalog_name", "schema_name", "name"]), &[
        ("functions_create", Verb::Create),
        ("functions_get", Verb::Get),
        ("functions_list", Verb::List),
        ("functions_update", Verb::Merge),
        ("functions_delete", Verb::Delete),
    ])
    .codes("FUNCTION_DOES_NOT_EXIST", 400, "FUNCTION_ALREADY_EXISTS")
    .wrapped("function_info")
    .prepare(function)
    .lacks("SQL calls those whose body is SQL; Python ones are kept and do not run"),
    Resource::new("registered_model", "Registered model", Key::Joined(&["catalog_name", "schema_name", "name"]), &[
        ("registered_models_create", Verb::Create),
        ("registered_models_get", Verb::Get),
        ("registered_models_list", Verb::List),
        ("registered_models_update", Verb::Merge),
        ("registered_models_delete", Verb::Delete),
    ])
    .codes("RESOURCE_DOES_NOT_EXIST", 409, "RESOURCE_ALREADY_EXISTS")
    .prepare(model),
    Resource::new("model_version", "Model version", Key::Made("version", Form::Count), &[
        ("model_versions_get", Verb::Get),
        ("model_versions_list", Verb::List),
        ("model_versions_update", Verb::Merge),
        ("model_versions_delete", Verb::Delete),
    ])
    .below("registered_model")
    .lacks("the API has no way to make a version: the model registry client does that through another API"),
    Resource::new("metastore", "Metastore", Key::Made("metastore_id", Form::Uuid), &[
        ("metastores_create", Verb::Create),
        ("metastores_get", Verb::Get),
        ("metastores_list", Verb::List),
        ("metastores_update", Verb::Merge),
        ("metastores_delete", Verb::Delete),
        ("account_metastores_create", Verb::Create),
        ("account_metastores_get", Verb::Get),
        ("account_metastores_list", Verb::List),
        ("account_metastores_update", Verb::Merge),
        ("account_metastores_delete", Verb::Delete),
    ])
    .wrapped("metastore_info")
    .codes("METASTORE_DOES_NOT_EXIST", 400, "METASTORE_ALREADY_EXISTS")
    .defaults(r#"{"privilege_model_version":"1.0","delta_sharing_scope":"INTERNAL","region":"us-west-2","cloud":"aws"}"#)
    .prepare(metastore)
    .lacks("all catalogs are in the first one"),
    Resource::new("account_storage_credential", "Storage Credential", Key::Named("name"), &[
        ("account_storage_credentials_create", Verb::Create),
        ("account_storage_credentials_get", Verb::Get),
        ("account_storage_credentials_list", Verb::List),
        ("account_storage_credentials_update", Verb::Merge),
        ("account_storage_credentials_delete", Verb::Delete),
    ])
    .below("metastore")
    .codes("STORAGE_CREDENTIAL_DOES_NOT_EXIST", 400, "STORAGE_CREDENTIAL_ALREADY_EXISTS")
    .wrapped("credential_info")
    .prepare(credential)
    .lacks("the workspace has others"),
    Resource::new("quality_monitor", "Monitor", Key::Single, &[
        ("quality_monitors_create", Verb::Create),
        ("quality_monitors_get", Verb::Get),
        ("quality_monitors_update", Verb::Replace),
        ("quality_monitors_delete", Verb::Delete),
    ])
    .state(r#"{"status":"MONITOR_STATUS_ACTIVE","monitor_version":1}"#)
    .prepare(monitor)
    .lacks("no metrics are computed"),
    Resource::new("monitor_refresh", "Refresh", Key::Made("refresh_id", Form::Number), &[
        ("quality_monitors_run_refresh", Verb::Create),
        ("quality_monitors_get_refresh", Verb::Get),
        ("quality_monitors_list_refreshes", Verb::List),
        ("quality_monitors_cancel_refresh", Verb::Set(r#"{"state":"CANCELED"}"#)),
    ])
    .below("quality_monitor")
    .state(r#"{"state":"SUCCESS","trigger":"MANUAL"}"#)
    .prepare(refresh)
    .lacks("no metrics are computed"),
    Resource::new("online_table", "Online table", Key::Named("name"), &[
        ("online_tables_create", Verb::Create),
        ("online_tables_get", Verb::Get),
        ("online_tables_delete", Verb::Delete),
    ])
    .codes("NOT_FOUND", 409, "ALREADY_EXISTS")
    .state(r#"{"status":{"detailed_state":"ONLINE_NO_PENDING_UPDATE"},"unity_catalog_provisioning_state":"ACTIVE"}"#)
    .lacks("no rows are copied"),
    Resource::new("external_metadata", "External metadata", Key::Named("name"), &[
        ("external_metadata_create_external_metadata", Verb::Create),
        ("external_metadata_get_external_metadata", Verb::Get),
        ("external_metadata_list_external_metadata", Verb::List),
        ("external_metadata_update_external_metadata", Verb::Merge),
        ("external_metadata_delete_external_metadata", Verb::Delete),
    ])
    .modern()
    .prepare(identified),
    Resource::new("uc_policy", "Policy", Key::Named("name"), &[
        ("policies_get_policy", Verb::Get),
        ("policies_list_policies", Verb::List),
        ("policies_update_policy", Verb::Merge),
        ("policies_delete_policy", Verb::Delete),
    ])
    .modern()
    .lacks("queries are not filtered by it"),
];

fn fill(out: &mut Map<String, Value>, name: &str, value: Value) {
    out.entry(name.to_owned()).or_insert(value);
}

pub(super) fn identified(
    _: &Call,
    _: &mut Change,
    _: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    fill(out, "id", json!(ids::uuid()));
    Ok(())
}

fn credential(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    fill(out, "id", json!(ids::uuid()));
    let name = given.get("name").cloned();
    if let Some(name) = name {
        out.insert("full_name".into(), name);
    }
    if let Some(Value::Object(role)) = given.get_mut("aws_iam_role") {
        role.entry("external_id").or_insert_with(|| json!(ids::uuid()));
        role.entry("unity_catalog_iam_arn").or_insert_with(|| {
            json!("arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL")
        });
    }
    // the secret is taken in and never shown
    for holder in ["azure_service_principal", "cloudflare_api_token"] {
        if let Some(Value::Object(fields)) = given.get_mut(holder) {
            fields.retain(|name, _| !matches!(name.as_str(), "client_secret" | "secret_access_key"));
        }
    }
    Ok(())
}

fn location(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(url) = given.get("url").and_then(Value::as_str) {
        let known = ["s3://", "abfss://", "gs://", "r2://", "s3a://", "adl://", "wasbs://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(ApiError::invalid(format!(
                "'{url}' is no address of a cloud's storage, such as s3://bucket/path"
            )));
        }
        let own = call.path.first().map(|(_, name)| name.as_str());
        let overlaps = |other: &str| {
            let with_slash = |text: &str| format!("{}/", text.trim_end_matches('/'));
            with_slash(other).starts_with(&with_slash(url)) || with_slash(url).starts_with(&with_slash(other))
        };
        for (name, stored) in change.all("external_location", "") {
            if Some(name.as_str()) != own && stored["given"]["url"].as_str().is_some_and(overlaps) {
                return Err(ApiError::new(
                    axum::http::StatusCode::BAD_REQUEST,
                    "LOCATION_OVERLAP",
                    format!("The url '{url}' overlaps with the external location '{name}'"),
                ));
            }
        }
    }
    let Some(name) = given.get("credential_name").and_then(Value::as_str) else { return Ok(()) };
    let Some(credential) = change.get("storage_credential", name) else {
        let message = format!("Storage Credential '{name}' does not exist.");
        return Err(ApiError::new(
            axum::http::StatusCode::NOT_FOUND,
            "STORAGE_CREDENTIAL_DOES_NOT_EXIST",
            message,
        ));
    };
    out.insert("credential_id".into(), credential["out"]["id"].clone());
    Ok(())
}

fn connection(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    fill(out, "connection_id", json!(ids::uuid()));
    if let Some(name) = given.get("name").cloned() {
        out.insert("full_name".into(), name);
    }
    given.shift_remove("secrets");
    if let Some(Value::Object(options)) = given.get_mut("options") {
        options.retain(|name, _| {
            let name = name.to_lowercase();
            !["password", "secret", "token", "private", "accesskey"].iter().any(|word| name.contains(word))
        });
        let text = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !text("host").is_empty() {
            let kind =
                given.get("connection_type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let options = given.get("options").cloned().unwrap_or_default();
            let port = options["port"].as_str().map(|port| format!(":{port}")).unwrap_or_default();
            out.insert(
                "url".into(),
                json!(format!("jdbc:{kind}://{}{port}/", options["host"].as_str().unwrap_or_default())),
            );
        }
    }
    Ok(())
}

fn schema_exists(call: &Call, given: &Map<String, Value>) -> Reply<()> {
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    #[cfg(feature = "sql")]
    if !text("schema_name").is_empty() {
        let schema = crate::sql::catalog::SchemaName::new(text("catalog_name"), text("schema_name"));
        call.state.sql.catalogs().schema(&schema)?;
    }
    #[cfg(not(feature = "sql"))]
    let _ = (call, text);
    Ok(())
}

fn function(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    schema_exists(call, given)?;
    fill(out, "function_id", json!(ids::uuid()));
    Ok(())
}

fn model(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if !call.path.is_empty() {
        // an update repeats them; they cannot change
        for field in ["catalog_name", "schema_name", "name", "aliases", "created_at", "created_by"] {
            given.shift_remove(field);
        }
        return Ok(());
    }
    let _ = change;
    for field in ["catalog_name", "schema_name", "name"] {
        if given.get(field).is_none() {
            return Err(ApiError::invalid(format!("Missing required field: {field}")));
        }
    }
    schema_exists(call, given)?;
    let id = ids::uuid();
    fill(out, "storage_location", json!(format!("s3://sandbox/metastore/models/{id}")));
    Ok(())
}

fn metastore(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(id) = out.get("metastore_id").and_then(Value::as_str).map(str::to_owned) {
        let region = given.get("region").and_then(Value::as_str).unwrap_or("us-west-2");
        fill(out, "global_metastore_id", json!(format!("aws:{region}:{id}")));
    }
    let root =
        given.get("storage_root").and_then(Value::as_str).map(|root| root.trim_end_matches('/').to_owned());
    if let Some(root) = root {
        given.insert("storage_root".into(), json!(root));
    }
    if !out.contains_key("metastore_id") {
        let id = ids::uuid();
        let region = given.get("region").and_then(Value::as_str).unwrap_or("us-west-2");
        out.insert("global_metastore_id".into(), json!(format!("aws:{region}:{id}")));
        out.insert("metastore_id".into(), json!(id));
    }
    Ok(())
}

fn monitor(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let table = call.must("table_name")?;
    #[cfg(feature = "sql")]
    {
        let name = crate::sql::catalog::TableName::parse(&table).ok_or_else(|| {
            ApiError::invalid(format!("'{table}' is not a full name of the form catalog.schema.name"))
        })?;
        call.state.sql.table(&name)?;
    }
    let schema = given.get("output_schema_name").and_then(Value::as_str).unwrap_or_default();
    let short = table.rsplit('.').next().unwrap_or_default();
    for kind in ["drift", "profile"] {
        out.insert(format!("{kind}_metrics_table_name"), json!(format!("{schema}.{short}_{kind}_metrics")));
    }
    fill(out, "dashboard_id", json!(ids::hex32()));
    fill(out, "table_name", json!(table));
    Ok(())
}

fn refresh(
    call: &Call,
    _: &mut Change,
    _: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    fill(out, "start_time_ms", json!(call.now));
    fill(out, "end_time_ms", json!(call.now));
    Ok(())
}
