//! A token by which the service knows a request that it has seen: filled in where an operation has
//! one and the caller gave none, so that the call may be sent again when nobody knows what became
//! of it.

use proc_macro2::TokenStream;
use quote::quote;

use super::call_site;
use crate::names::field_name;
use crate::{Operation, ParameterPlace};

/// The statement that fills the token in, at the head of a `send`; `None` where there is no token.
pub(super) fn fill(operation: &Operation<'_>) -> Option<TokenStream> {
    let (name, place) = operation.idempotency_token()?;
    let field = call_site(&field_name(name));
    Some(match place {
        Some(ParameterPlace::Query) => {
            quote!(self.#field.get_or_insert_with(crate::transport::idempotency_token);)
        }
        _ => quote!(self.body.#field.get_or_insert_with(crate::transport::idempotency_token);),
    })
}
