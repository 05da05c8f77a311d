//! A token by which the service knows a request that it has seen: filled in where an operation has
//! one and the caller gave none, so that the call may be sent again when nobody knows what became
//! of it.

use serde_json::Value;
use syn::{Stmt, parse_quote};

use super::call_site;
use crate::document::reference_name;
use crate::names::field_name;
use crate::{Document, Operation, ParameterPlace};

/// The statements that fill the token in, at the head of a `send`; `None` where there is no token.
pub(super) fn fill(source: &Document, operation: &Operation<'_>) -> Option<Vec<Stmt>> {
    let name = operation.text_extension("x-databricks-idempotency-param").unwrap_or("idempotency_token");
    let field = call_site(&field_name(name));
    let in_query = operation.parameters().any(|parameter| {
        parameter.name() == name && parameter.place() == ParameterPlace::Query && !parameter.required()
    });
    if in_query {
        return Some(vec![parse_quote! {
            let #field = #field.map(|token| token.or_else(|| Some(crate::transport::idempotency_token())));
        }]);
    }
    let body = operation.json_body()?.get("$ref")?.as_str().map(reference_name)?;
    let schema = source.schemas().get(body)?;
    let is_text = schema.get("properties")?.get(name)?.get("type")?.as_str() == Some("string");
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = required.is_some_and(|required| required.iter().any(|it| it.as_str() == Some(name)));
    (is_text && !is_required).then(|| {
        vec![parse_quote! {
            let body = body.map(|mut body| {
                if let Ok(None) = &body.#field {
                    body.#field = Ok(Some(crate::transport::idempotency_token()));
                }
                body
            });
        }]
    })
}
