//! Apps.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const RUNS: &str = r#"{"compute_status":{"state":"ACTIVE","message":"App compute is running."},"app_status":{"state":"UNAVAILABLE","message":"App has not been deployed yet."}}"#;
const STOPPED: &str = r#"{"compute_status":{"state":"STOPPED","message":"App compute is stopped."},"app_status":{"state":"UNAVAILABLE","message":"App is stopped."}}"#;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "app",
        "App",
        Key::Named("name"),
        &[
            ("apps_create", Verb::Create),
            ("apps_get", Verb::Get),
            ("apps_list", Verb::List),
            ("apps_update", Verb::Merge),
            ("apps_delete", Verb::Delete),
            ("apps_start", Verb::Set(RUNS)),
            ("apps_stop", Verb::Set(STOPPED)),
        ],
    )
    .modern()
    .state(RUNS)
    .prepare(app)
    .lacks("no code runs"),
    Resource::new(
        "app_deployment",
        "App deployment",
        Key::Made("deployment_id", Form::Hex),
        &[
            ("apps_deploy", Verb::Create),
            ("apps_get_deployment", Verb::Get),
            ("apps_list_deployments", Verb::List),
        ],
    )
    .below("app")
    .modern()
    .defaults(r#"{"mode":"SNAPSHOT"}"#)
    .state(r#"{"status":{"state":"SUCCEEDED","message":"App started successfully"}}"#)
    .prepare(deployment)
    .lacks("no code runs"),
    Resource::new(
        "app_template",
        "Custom template",
        Key::Named("name"),
        &[
            ("apps_settings_create_custom_template", Verb::Create),
            ("apps_settings_get_custom_template", Verb::Get),
            ("apps_settings_list_custom_templates", Verb::List),
            ("apps_settings_update_custom_template", Verb::Replace),
            ("apps_settings_delete_custom_template", Verb::Delete),
        ],
    )
    .modern(),
    Resource::new(
        "app_space",
        "Space",
        Key::Named("name"),
        &[
            ("apps_create_space", Verb::Create),
            ("apps_get_space", Verb::Get),
            ("apps_list_spaces", Verb::List),
            ("apps_update_space", Verb::Merge),
            ("apps_delete_space", Verb::Delete),
        ],
    )
    .modern()
    .prepare(space),
];

fn app(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let name = given.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let good = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if call.path.is_empty() && (!good || name.len() > 30) {
        return Err(ApiError::invalid(format!(
            "App name '{name}' must be up to 30 lowercase letters, digits and hyphens"
        )));
    }
    if call.path.is_empty() {
        out.insert("id".into(), json!(ids::uuid()));
        out.insert(
            "url".into(),
            json!(format!("https://{name}-{}.aws.databricksapps.com", crate::api::WORKSPACE_ID)),
        );
        out.insert("default_source_code_path".into(), json!(""));
        out.insert("service_principal_client_id".into(), json!(ids::uuid()));
        out.insert("service_principal_id".into(), json!(ids::number()));
        out.insert("service_principal_name".into(), json!(format!("app-{name}")));
        if call.flag("no_compute") {
            out.insert(
                "compute_status".into(),
                json!({ "state": "STOPPED", "message": "App compute is stopped." }),
            );
        }
    }
    Ok(())
}

fn space(_: &Call, _: &mut Change, _: &mut Map<String, Value>, out: &mut Map<String, Value>) -> Reply<()> {
    out.entry("id").or_insert_with(|| json!(ids::uuid()));
    out.entry("status").or_insert_with(|| json!({ "state": "SPACE_ACTIVE" }));
    Ok(())
}

fn deployment(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let name = call.must("app_name")?;
    let Some(app) = change.get("app", &name) else { return Ok(()) };
    let mut app = app.clone();
    if app["out"]["compute_status"]["state"] != "ACTIVE" {
        return Err(ApiError::invalid_state(format!(
            "Cannot deploy app {name}: its compute is not running. Start it first."
        )));
    }
    let id = ids::hex32();
    out.insert("deployment_id".into(), json!(id));
    let active = json!({
        "deployment_id": id, "source_code_path": given.get("source_code_path"), "status": out.get("status"),
        "create_time": super::super::rfc3339(call.now), "creator": call.caller.name, "mode": "SNAPSHOT",
    });
    let active: Map<String, Value> = active
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, it)| !it.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    app["out"]["active_deployment"] = json!(active);
    app["out"]["default_source_code_path"] =
        given.get("source_code_path").cloned().unwrap_or_else(|| json!(""));
    app["out"]["app_status"] = json!({ "state": "RUNNING", "message": "App has status: App is running" });
    change.put("app", &name, app);
    Ok(())
}
