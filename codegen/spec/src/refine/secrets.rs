//! `Debug` without the secrets of a value.
//!
//! The documents do not mark what is secret; names do. A type with such a field gets a `Debug`
//! that says whether the field is there, and not what it holds.

use quote::quote;
use syn::{Item, ItemStruct, Type, parse_quote};

use super::drop_debug;
use super::types::{named, without_option};

pub(super) fn hide(items: &mut Vec<Item>) {
    let mut hidden = Vec::new();
    for item in items.iter_mut() {
        if let Item::Struct(item) = item
            && named(&item.fields)
                .iter()
                .any(|(name, ty)| is_secret(&item.ident.to_string(), &name.to_string(), ty))
        {
            drop_debug(&mut item.attrs);
            hidden.push(debug(item));
        }
    }
    items.extend(hidden);
}

fn debug(item: &ItemStruct) -> Item {
    let (ident, name) = (&item.ident, item.ident.to_string());
    let fields = named(&item.fields).into_iter().map(|(field, ty)| {
        let label = field.to_string();
        match is_secret(&name, &label, &ty) {
            true => quote!(.field(#label, &self.#field.as_ref().map(|_| crate::fields::Hidden))),
            false => quote!(.field(#label, &self.#field)),
        }
    });
    parse_quote! {
        impl ::std::fmt::Debug for #ident {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.debug_struct(#name)#(#fields)*.finish()
            }
        }
    }
}

/// Whether a field of a type holds a secret: text or a map whose name says so.
fn is_secret(structure: &str, field: &str, ty: &Type) -> bool {
    let held = without_option(ty);
    let holds_text = match held {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| ["String", "BTreeMap", "Map"].iter().any(|name| last.ident == name)),
        _ => false,
    };
    holds_text
        && (OF_ONE_TYPE.contains(&(structure, field))
            || OF_ANY_TYPE.contains(&field)
            || (ENDINGS.iter().any(|ending| field.ends_with(ending))
                && !HARMLESS.iter().any(|ending| field.ends_with(ending))))
}

const OF_ANY_TYPE: [&str; 14] = [
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

const ENDINGS: [&str; 7] =
    ["_api_key", "_password", "_plaintext", "_private_key", "_secret", "_secret_access_key", "_token"];

/// Tokens that open nothing, and names of secrets.
const HARMLESS: [&str; 5] =
    ["page_token", "idempotency_token", "continuation_token", "uc_secret", "sync_token"];

/// Where the name alone would say nothing.
const OF_ONE_TYPE: [(&str, &str); 9] = [
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

#[cfg(test)]
mod tests {
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
