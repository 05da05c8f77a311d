//! What is secret in a type: `Debug` says of such a field that it is there, and not what it holds.

use syn::Type;

use super::types::without_option;
use crate::secret::is_of_type;

/// Whether a field of a type holds a secret: text or a map whose name says so.
pub(super) fn is_secret(structure: &str, field: &str, ty: &Type) -> bool {
    let held = without_option(ty);
    let holds_text = match held {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| ["String", "BTreeMap", "Map"].iter().any(|name| last.ident == name)),
        _ => false,
    };
    holds_text && is_of_type(structure, field)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn names_tell_secrets() {
        let text: Type = parse_quote!(::std::option::Option<::std::string::String>);
        for field in
            ["password", "personal_access_token", "client_secret", "openai_api_key_plaintext", "sas_token"]
        {
            assert!(is_secret("Any", field, &text), "{field}");
        }
        for field in
            ["next_page_token", "token_id", "idempotency_token", "api_token_uc_secret", "secret_name", "key"]
        {
            assert!(!is_secret("Any", field, &text), "{field}");
        }
        let number: Type = parse_quote!(::std::option::Option<i64>);
        assert!(!is_secret("Any", "token", &number));
        assert!(is_secret("GetSecretResponse", "value", &text) && !is_secret("Cell", "value", &text));
    }
}
