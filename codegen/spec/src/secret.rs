// What the name of a field says about it: whether it holds a secret.
//
// The documents do not mark what is secret; names do. This file stands alone, since the build copies
// it to the code that runs: one rule for `Debug`, for logs and for answers.

/// Names that are secrets wherever they are.
pub const OF_ANY_TYPE: [&str; 14] = [
    "activation_url",
    "api_key",
    "credential",
    "external_link",
    "http_headers",
    "integration_key",
    "password",
    "plaintext",
    "private_key",
    "secret",
    "secret_access_key",
    "secrets",
    "token",
    "token_value",
];

/// How the names of further secrets end.
pub const ENDINGS: [&str; 7] =
    ["_api_key", "_password", "_plaintext", "_private_key", "_secret", "_secret_access_key", "_token"];

/// Tokens that open nothing, and names of secrets.
pub const HARMLESS: [&str; 5] =
    ["page_token", "idempotency_token", "continuation_token", "uc_secret", "sync_token"];

/// Fields of one type, where the name alone would say nothing.
pub const OF_ONE_TYPE: [(&str, &str); 9] = [
    ("ConnectionsCreateRequest", "options"),
    ("ConnectionsUpdateRequest", "options"),
    ("ConnectionInfo", "options"),
    ("GenericWebhookConfig", "url"),
    ("GetSecretResponse", "value"),
    ("MicrosoftTeamsConfig", "url"),
    ("SlackConfig", "url"),
    ("SecretsPutSecretRequest", "bytes_value"),
    ("SecretsPutSecretRequest", "string_value"),
];

/// Whether text or a map in a field of this name, in snake case, is secret whatever type it is in.
pub fn is_named(field: &str) -> bool {
    OF_ANY_TYPE.contains(&field)
        || (ENDINGS.iter().any(|ending| field.ends_with(ending))
            && !HARMLESS.iter().any(|ending| field.ends_with(ending)))
}

/// Whether text or a map in this field of this type is secret.
pub fn is_of_type(structure: &str, field: &str) -> bool {
    OF_ONE_TYPE.contains(&(structure, field)) || is_named(field)
}
