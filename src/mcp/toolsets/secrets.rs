//! Secrets, without their values.

use databricks_toolkit_macros::Toolset;

/// Scopes of secrets, the keys in them, and who may use them.
#[derive(Debug, Toolset)]
#[toolset(name = "secrets", document = "workspace")]
pub enum Secrets {
    /// Which secret scopes there are: the containers of secrets, without what is in them.
    #[tool(
        title = "List the scopes of secrets",
        operation = "secrets_list_scopes",
        answer("scopes.name", "scopes.backend_type")
    )]
    ListSecretScopes,
    /// Create a new secret scope: a vault for the passwords, tokens and API keys of a project or team.
    #[tool(
        title = "Create a secret scope",
        operation = "secrets_create_scope",
        fields("scope", "initial_manage_principal"),
        effect = write,
        done = "The scope is created."
    )]
    CreateSecretScope,
    /// Delete (remove) a whole secret scope with all its secrets and access rules.
    #[tool(
        operation = "secrets_delete_scope",
        effect = destroy,
        done = "The scope and its secrets are deleted."
    )]
    DeleteSecretScope,
    /// What is in a secret scope such as prod: the names (keys) of its secrets. Values are never shown: code reads them
    /// with dbutils.secrets.get.
    #[tool(
        title = "Which secrets are in a scope",
        operation = "secrets_list_secrets",
        answer("secrets.key", "secrets.last_updated_timestamp")
    )]
    ListSecrets,
    /// Add (store) a secret such as a password or token to a scope. A value that the key has is overwritten for good.
    #[tool(
        title = "Add a secret",
        operation = "secrets_put_secret",
        fields("scope", "key", "string_value"),
        effect = destroy,
        idempotent,
        done = "The secret is stored."
    )]
    PutSecret,
    /// Delete (remove) one secret (key) from a scope.
    #[tool(
        title = "Delete a secret",
        operation = "secrets_delete_secret",
        effect = destroy,
        done = "The secret is deleted."
    )]
    DeleteSecret,
    /// Who may read, write or manage the secrets of a scope: its access rules (ACLs).
    #[tool(
        title = "Who may use a secret scope",
        operation = "secrets_list_acls",
        answer("items.principal", "items.permission")
    )]
    ListSecretAcls,
    /// Let (allow) a user, group or service principal read, write or manage the secrets of a scope; replaces its
    /// permission there.
    #[tool(
        title = "Give access to a secret scope",
        operation = "secrets_put_acl",
        effect = write,
        idempotent,
        done = "The permission is set."
    )]
    PutSecretAcl,
    /// Take away (revoke) the access of a user, group or service principal to a secret scope.
    #[tool(
        title = "Take away access to a secret scope",
        operation = "secrets_delete_acl",
        effect = destroy,
        done = "The permission is taken away."
    )]
    DeleteSecretAcl,
}
