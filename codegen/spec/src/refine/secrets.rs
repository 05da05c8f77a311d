//! `Debug` without the secrets of a value.
//!
//! A type with a field that [names](crate::secret) tell to be secret gets a `Debug` that says whether
//! the field is there, and not what it holds.

use quote::quote;
use syn::{Item, ItemStruct, Type, parse_quote};

use super::drop_debug;
use super::types::{named, without_option};
use crate::secret::is_of_type;

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
    holds_text && is_of_type(structure, field)
}

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
