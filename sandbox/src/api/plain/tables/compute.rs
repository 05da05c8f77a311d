//! Pools, policies, init scripts, instance profiles.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new("instance_pool", "Instance pool", Key::Made("instance_pool_id", Form::Uuid), &[
        ("instance_pools_create", Verb::Create),
        ("instance_pools_get", Verb::Get),
        ("instance_pools_list", Verb::List),
        ("instance_pools_edit", Verb::Replace),
        ("instance_pools_delete", Verb::Delete),
    ])
    .defaults(r#"{"min_idle_instances":0,"idle_instance_autotermination_minutes":60,"enable_elastic_disk":true,"preloaded_spark_versions":[]}"#)
    .state(r#"{"state":"ACTIVE","status":{},"stats":{"used_count":0,"idle_count":0,"pending_used_count":0,"pending_idle_count":0}}"#)
    .prepare(pool)
    .lacks("pools hold no machines; clusters take nothing from them"),
    Resource::new("cluster_policy", "Cluster policy", Key::Made("policy_id", Form::Short), &[
        ("cluster_policies_create", Verb::Create),
        ("cluster_policies_get", Verb::Get),
        ("cluster_policies_list", Verb::List),
        ("cluster_policies_edit", Verb::Replace),
        ("cluster_policies_delete", Verb::Delete),
    ])
    .defaults(r#"{"definition":"{}"}"#)
    .state(r#"{"is_default":false}"#)
    .prepare(policy)
    .lacks("clusters are held to them; clusters of jobs and entries of lists are not"),
    Resource::new("global_init_script", "Global init script", Key::Made("script_id", Form::Short), &[
        ("global_init_scripts_create", Verb::Create),
        ("global_init_scripts_get", Verb::Get),
        ("global_init_scripts_list", Verb::List),
        ("global_init_scripts_update", Verb::Merge),
        ("global_init_scripts_delete", Verb::Delete),
    ])
    .defaults(r#"{"enabled":false,"position":0}"#)
    .prepare(script)
    .lacks("clusters do not run them"),
    Resource::new("instance_profile", "Instance profile", Key::Named("instance_profile_arn"), &[
        ("instance_profiles_add", Verb::Create),
        ("instance_profiles_list", Verb::List),
        ("instance_profiles_edit", Verb::Merge),
        ("instance_profiles_remove", Verb::Delete),
    ])
    .defaults(r#"{"is_meta_instance_profile":false}"#)
    .prepare(profile)
    .lacks("nothing takes their rights"),
];

fn pool(_: &Call, _: &mut Change, given: &mut Map<String, Value>, out: &mut Map<String, Value>) -> Reply<()> {
    if let (Some(least), Some(most)) = (given.get("min_idle_instances"), given.get("max_capacity"))
        && least.as_i64() > most.as_i64()
    {
        return Err(ApiError::invalid("min_idle_instances may not be more than max_capacity"));
    }
    let name = given.get("instance_pool_name").cloned();
    out.insert(
        "default_tags".into(),
        json!({ "Vendor": "Databricks", "DatabricksInstancePoolCreatorId": crate::api::identity::USER_ID.to_string(), "DatabricksInstancePoolName": name }),
    );
    Ok(())
}

fn policy(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    out.entry("created_at_timestamp").or_insert_with(|| json!(call.now));
    for field in ["definition", "policy_family_definition_overrides"] {
        let text = given.get(field).and_then(Value::as_str).unwrap_or("{}");
        if serde_json::from_str::<Map<String, Value>>(text).is_err() {
            return Err(ApiError::invalid(format!("The {field} of the policy is no JSON object")));
        }
    }
    if let Some(family) = given.get("policy_family_id").and_then(Value::as_str) {
        if given.get("definition").is_some_and(|it| it != "{}") {
            return Err(ApiError::invalid(
                "A policy has either a definition or a policy_family_id, whose definition is changed by policy_family_definition_overrides",
            ));
        }
        let overrides =
            given.get("policy_family_definition_overrides").and_then(Value::as_str).unwrap_or("{}");
        let overrides = serde_json::from_str(overrides).unwrap_or_default();
        let definition = crate::api::dbsql::of_family(family, &overrides)?;
        given.insert("definition".into(), json!(definition));
    }
    let Some(name) = given.get("name").cloned() else {
        return Err(ApiError::invalid("Missing required field: name"));
    };
    let own = call.text("policy_id");
    let taken = change.all("cluster_policy", "").into_iter();
    if taken.filter(|(key, _)| Some(key) != own.as_ref()).any(|(_, policy)| policy["given"]["name"] == name) {
        return Err(ApiError::invalid(format!("Policy with name {name} already exists")));
    }
    Ok(())
}

fn script(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    _: &mut Map<String, Value>,
) -> Reply<()> {
    use base64::Engine;
    let script = given.get("script").and_then(Value::as_str).unwrap_or_default();
    if base64::prelude::BASE64_STANDARD.decode(script).is_err() {
        return Err(ApiError::invalid("The script must be encoded in base64"));
    }
    if call.path.is_empty() && !given.contains_key("position") {
        given.insert("position".into(), json!(change.all("global_init_script", "").len()));
    }
    Ok(())
}

fn profile(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    _: &mut Map<String, Value>,
) -> Reply<()> {
    let arn = given.get("instance_profile_arn").and_then(Value::as_str).unwrap_or_default();
    if !arn.starts_with("arn:aws:iam::") || !arn.contains(":instance-profile/") {
        return Err(ApiError::invalid(format!("'{arn}' is no ARN of an instance profile")));
    }
    given.shift_remove("skip_validation");
    Ok(())
}
