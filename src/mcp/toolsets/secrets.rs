//! Secrets, without their values.

use databricks_toolkit_macros::Toolset;

/// Scopes of secrets, the keys in them, and who may use them.
#[derive(Debug, Toolset)]
#[toolset(name = "secrets", document = "workspace")]
pub enum Secrets {
    /// List the scopes that hold secrets.
    #[tool(operation = "secrets_list_scopes", answer("scopes.name", "scopes.backend_type"))]
    ListSecretScopes,
    /// Create a scope for secrets.
    #[tool(
        operation = "secrets_create_scope",
        fields("scope", "initial_manage_principal"),
        effect = write,
        done = "The scope is created."
    )]
    CreateSecretScope,
    /// Delete a scope with all its secrets and access rules.
    #[tool(
        operation = "secrets_delete_scope",
        effect = destroy,
        done = "The scope and its secrets are deleted."
    )]
    DeleteSecretScope,
    /// List the keys (names) of the secrets in a scope. Values are never shown: code reads them with
    /// dbutils.secrets.get.
    #[tool(
        title = "Names of secrets in a scope",
        operation = "secrets_list_secrets",
        answer("secrets.key", "secrets.last_updated_timestamp")
    )]
    ListSecrets,
    /// Store a secret in a scope; a value that the key has is overwritten for good.
    #[tool(
        operation = "secrets_put_secret",
        fields("scope", "key", "string_value"),
        effect = destroy,
        idempotent,
        done = "The secret is stored."
    )]
    PutSecret,
    /// Delete a secret from a scope.
    #[tool(
        operation = "secrets_delete_secret",
        effect = destroy,
        done = "The secret is deleted."
    )]
    DeleteSecret,
    /// Who may read, write or manage the secrets of a scope.
    #[tool(
        title = "Who may use a secret scope",
        operation = "secrets_list_acls",
        answer("items.principal", "items.permission")
    )]
    ListSecretAcls,
    /// Let a user, group or service principal read, write or manage a scope; replaces its permission there.
    #[tool(
        title = "Give access to a secret scope",
        operation = "secrets_put_acl",
        effect = write,
        idempotent,
        done = "The permission is set."
    )]
    PutSecretAcl,
    /// Take away what a user, group or service principal may do on a scope.
    #[tool(
        title = "Take away access to a secret scope",
        operation = "secrets_delete_acl",
        effect = destroy,
        done = "The permission is taken away."
    )]
    DeleteSecretAcl,
}
