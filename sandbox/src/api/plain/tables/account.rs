//! The account: budgets, log delivery, networks, credentials and storage of workspaces.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::server::Reply;
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "account_credential",
        "Credential configuration",
        Key::Made("credentials_id", Form::Uuid),
        &[
            ("credentials_create", Verb::Create),
            ("credentials_get", Verb::Get),
            ("credentials_list", Verb::List),
            ("credentials_delete", Verb::Delete),
        ],
    )
    .prepare(account)
    .lacks("the cloud is not asked"),
    Resource::new(
        "account_storage",
        "Storage configuration",
        Key::Made("storage_configuration_id", Form::Uuid),
        &[
            ("storage_create", Verb::Create),
            ("storage_get", Verb::Get),
            ("storage_list", Verb::List),
            ("storage_delete", Verb::Delete),
        ],
    )
    .prepare(account)
    .lacks("the cloud is not asked"),
    Resource::new(
        "account_network",
        "Network configuration",
        Key::Made("network_id", Form::Uuid),
        &[
            ("networks_create", Verb::Create),
            ("networks_get", Verb::Get),
            ("networks_list", Verb::List),
            ("networks_delete", Verb::Delete),
        ],
    )
    .state(r#"{"vpc_status":"UNATTACHED"}"#)
    .prepare(account)
    .lacks("the cloud is not asked"),
    Resource::new(
        "account_key",
        "Encryption key configuration",
        Key::Made("customer_managed_key_id", Form::Uuid),
        &[
            ("encryption_keys_create", Verb::Create),
            ("encryption_keys_get", Verb::Get),
            ("encryption_keys_list", Verb::List),
            ("encryption_keys_delete", Verb::Delete),
        ],
    )
    .prepare(key)
    .lacks("nothing is encrypted with it"),
    Resource::new(
        "private_access",
        "Private access settings",
        Key::Made("private_access_settings_id", Form::Uuid),
        &[
            ("private_access_create", Verb::Create),
            ("private_access_get", Verb::Get),
            ("private_access_list", Verb::List),
            ("private_access_replace", Verb::Replace),
            ("private_access_delete", Verb::Delete),
        ],
    )
    .prepare(account)
    .lacks("nobody is kept out"),
    Resource::new(
        "vpc_endpoint",
        "VPC endpoint",
        Key::Made("vpc_endpoint_id", Form::Uuid),
        &[
            ("vpc_endpoints_create", Verb::Create),
            ("vpc_endpoints_get", Verb::Get),
            ("vpc_endpoints_list", Verb::List),
            ("vpc_endpoints_delete", Verb::Delete),
        ],
    )
    .state(r#"{"state":"available"}"#)
    .prepare(account)
    .lacks("the cloud is not asked"),
    Resource::new(
        "account_workspace",
        "Workspace",
        Key::Made("workspace_id", Form::Number),
        &[
            ("workspaces_create", Verb::Create),
            ("workspaces_get", Verb::Get),
            ("workspaces_list", Verb::List),
            ("workspaces_update", Verb::Merge),
            ("workspaces_delete", Verb::Delete),
        ],
    )
    .state(r#"{"workspace_status":"RUNNING","workspace_status_message":"Workspace is running."}"#)
    .prepare(account)
    .lacks("no workspace answers there; this sandbox is the only one"),
    Resource::new(
        "budget_policy",
        "Budget policy",
        Key::Made("policy_id", Form::Uuid),
        &[
            ("budget_policy_create", Verb::Create),
            ("budget_policy_get", Verb::Get),
            ("budget_policy_list", Verb::List),
            ("budget_policy_update", Verb::Merge),
            ("budget_policy_delete", Verb::Delete),
        ],
    )
    .wrapped("policy"),
    Resource::new(
        "budget",
        "Budget",
        Key::Made("budget_configuration_id", Form::Uuid),
        &[
            ("budgets_create", Verb::Create),
            ("budgets_get", Verb::Get),
            ("budgets_list", Verb::List),
            ("budgets_update", Verb::Replace),
            ("budgets_delete", Verb::Delete),
        ],
    )
    .wrapped("budget")
    .prepare(account)
    .lacks("nothing costs anything, so no alert comes"),
    Resource::new(
        "federation_policy",
        "Federation policy",
        Key::Made("policy_id", Form::Uuid),
        &[
            ("account_federation_policy_create", Verb::Create),
            ("account_federation_policy_get", Verb::Get),
            ("account_federation_policy_list", Verb::List),
            ("account_federation_policy_update", Verb::Merge),
            ("account_federation_policy_delete", Verb::Delete),
        ],
    )
    .modern()
    .lacks("no foreign token is let in"),
    Resource::new(
        "network_policy",
        "Network policy",
        Key::Named("network_policy_id"),
        &[
            ("network_policies_create_network_policy_rpc", Verb::Create),
            ("network_policies_get_network_policy_rpc", Verb::Get),
            ("network_policies_list_network_policies_rpc", Verb::List),
            ("network_policies_update_network_policy_rpc", Verb::Replace),
            ("network_policies_delete_network_policy_rpc", Verb::Delete),
        ],
    )
    .lacks("nothing is kept from the network"),
    Resource::new(
        "network_config",
        "Network connectivity configuration",
        Key::Made("network_connectivity_config_id", Form::Uuid),
        &[
            ("network_connectivity_create_network_connectivity_configuration", Verb::Create),
            ("network_connectivity_get_network_connectivity_configuration", Verb::Get),
            ("network_connectivity_list_network_connectivity_configurations", Verb::List),
            ("network_connectivity_update_network_connectivity_config", Verb::Merge),
            ("network_connectivity_delete_network_connectivity_configuration", Verb::Delete),
        ],
    )
    .prepare(account)
    .lacks("the cloud is not asked"),
    Resource::new(
        "private_endpoint_rule",
        "Private endpoint rule",
        Key::Made("rule_id", Form::Uuid),
        &[
            ("network_connectivity_create_private_endpoint_rule", Verb::Create),
            ("network_connectivity_get_private_endpoint_rule", Verb::Get),
            ("network_connectivity_list_private_endpoint_rules", Verb::List),
            ("network_connectivity_update_private_endpoint_rule", Verb::Merge),
            ("network_connectivity_delete_private_endpoint_rule", Verb::Delete),
        ],
    )
    .below("network_config")
    .state(r#"{"connection_state":"PENDING"}"#)
    .prepare(account)
    .lacks("the cloud is not asked"),
    Resource::new(
        "custom_app",
        "OAuth app integration",
        Key::Made("integration_id", Form::Uuid),
        &[
            ("custom_app_integration_get", Verb::Get),
            ("custom_app_integration_list", Verb::List),
            ("custom_app_integration_update", Verb::Merge),
            ("custom_app_integration_delete", Verb::Delete),
        ],
    )
    .lacks("nobody signs in through it"),
    Resource::new(
        "published_app",
        "OAuth app integration",
        Key::Made("integration_id", Form::Uuid),
        &[
            ("published_app_integration_create", Verb::Create),
            ("published_app_integration_get", Verb::Get),
            ("published_app_integration_list", Verb::List),
            ("published_app_integration_update", Verb::Merge),
            ("published_app_integration_delete", Verb::Delete),
        ],
    )
    .lacks("nobody signs in through it"),
    Resource::new(
        "log_delivery",
        "Log delivery configuration",
        Key::Made("config_id", Form::Uuid),
        &[
            ("log_delivery_create", Verb::Create),
            ("log_delivery_get", Verb::Get),
            ("log_delivery_list", Verb::List),
            ("log_delivery_patch_status", Verb::Merge),
        ],
    )
    .wrapped("log_delivery_configuration")
    .defaults(r#"{"status":"ENABLED"}"#)
    .prepare(account)
    .lacks("nothing is delivered"),
];

/// A key lies where its address says.
fn key(
    call: &Call,
    change: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some(Value::Object(key)) = given.get_mut("aws_key_info") {
        let region = key.get("key_arn").and_then(Value::as_str).and_then(|arn| arn.split(':').nth(3));
        let region = region.filter(|region| !region.is_empty()).unwrap_or("us-west-2").to_owned();
        key.entry("key_region").or_insert_with(|| json!(region));
    }
    account(call, change, given, out)
}

/// Objects of the account name it.
fn account(
    call: &Call,
    _: &mut Change,
    _: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    if let Some((_, id)) = call.path.iter().find(|(name, _)| *name == "account_id") {
        out.insert("account_id".into(), json!(id));
    }
    Ok(())
}
