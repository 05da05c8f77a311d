//! A token by which the service knows a request that it has seen: filled in where an operation has
//! one and the caller gave none, so that the call may be sent again when nobody knows what became
//! of it.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::{call_site, calls};
use crate::names::field_name;
use crate::{Document, Operation, ParameterPlace};

/// The statement that fills the token in, at the head of a `send`; `None` where there is no token.
pub(super) fn fill(source: &Document, operation: &Operation<'_>) -> Option<TokenStream> {
    let name = operation.text_extension("x-databricks-idempotency-param").unwrap_or("idempotency_token");
    let field = call_site(&field_name(name));
    let in_query = operation.parameters().any(|parameter| {
        parameter.name() == name && parameter.place() == ParameterPlace::Query && !parameter.required()
    });
    if in_query {
        return Some(quote!(self.#field.get_or_insert_with(crate::transport::idempotency_token);));
    }
    let schema = source.schemas().get(calls::body_name(operation)?)?;
    let is_text = schema.get("properties")?.get(name)?.get("type")?.as_str() == Some("string");
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = required.is_some_and(|required| required.iter().any(|it| it.as_str() == Some(name)));
    (is_text && !is_required)
        .then(|| quote!(self.body.#field.get_or_insert_with(crate::transport::idempotency_token);))
}
