//! `stream()` on every list, from the document's `x-databricks-pagination`.

use quote::quote;
use serde_json::Value;
use syn::{Expr, Ident, Item, Type, parse_quote};

use super::types::{Types, argument_of, from_outside, plain_name, without_option};
use super::{call_site, unexpected};
use crate::document::reference_name;
use crate::names::{call_name, field_name};
use crate::{Document, Operation, Result};

pub(super) fn add(source: &Document, types: &Types, items: &mut Vec<Item>) -> Result<()> {
    for operation in source.operations() {
        if let Some(paging) = operation.extension("x-databricks-pagination") {
            items.push(Pager { source, types, operation, paging }.item()?);
        }
    }
    Ok(())
}

struct Pager<'a> {
    source: &'a Document,
    types: &'a Types,
    operation: Operation<'a>,
    paging: &'a Value,
}

impl Pager<'_> {
    fn item(&self) -> Result<Item> {
        let answer =
            self.operation.json_answer().and_then(|schema| schema.get("$ref")).and_then(Value::as_str);
        let answer = reference_name(answer.ok_or_else(|| self.fail("an answer of a named type"))?);
        let list = self.word("items")?;
        let (items, ty) = self
            .types
            .field(answer, list)
            .ok_or_else(|| self.fail(&format!("a field `{list}` of {answer}")))?;
        let item = argument_of(without_option(ty), "Vec")
            .ok_or_else(|| self.fail(&format!("`{list}` of {answer} to be a list")))?;
        let next = self.next(answer)?;
        let key = self.key(item);
        let item = from_outside(item);
        let defaults = self.defaults();
        let is_whole = self.paging.get("style").and_then(Value::as_str) == Some("none");
        let told = if is_whole { quote!(_) } else { quote!(call) };
        let (call, page) = (call_site(&call_name(self.operation.id())), call_site(answer));
        Ok(parse_quote! {
            impl #call {
                /// All items, page by page: the call for the next page is sent when its items are asked for.
                pub fn stream(self) -> crate::paging::Items<#item> {
                    let call = self;
                    #(#defaults)*
                    crate::paging::items(call, #key, |call| call.clone().send(), |#told, page: types::#page| {
                        #next
                        let items = page.#items.unwrap_or_default();
                        Ok(crate::paging::Page { items, next })
                    })
                }
            }
        })
    }

    /// The call for the next page.
    fn next(&self, answer: &str) -> Result<proc_macro2::TokenStream> {
        Ok(match self.paging.get("style").and_then(Value::as_str) {
            Some("none") => quote!(let next = ::std::option::Option::None;),
            Some("token") => {
                let (token, _) = self.answer_field(answer)?;
                let parameter = self.parameter()?;
                quote! {
                    let next = page.#token.clone().filter(|token| !token.is_empty());
                    let next = next.map(|token| (token.clone(), call.#parameter(token)));
                }
            }
            Some(style @ ("page" | "offset")) => {
                let parameter = self.parameter()?;
                let items = call_site(&field_name(self.word("items")?));
                let step = match style {
                    "page" => quote!(1),
                    _ => quote!(page.#items.as_ref().map_or(0, |items| items.len() as i64)),
                };
                // A page without items is the last one.
                quote! {
                    let at = call.#parameter.unwrap_or(1) + #step;
                    let is_last = page.#items.as_ref().is_none_or(|items| items.is_empty());
                    let next = (!is_last).then(|| (at.to_string(), call.#parameter(at)));
                }
            }
            Some("next-body") => {
                let (body, _) = self.answer_field(answer)?;
                let ty =
                    self.operation.json_body().and_then(|schema| schema.get("$ref")).and_then(Value::as_str);
                let ty = call_site(reference_name(ty.ok_or_else(|| self.fail("a body of a named type"))?));
                quote! {
                    let next = match &page.#body {
                        ::std::option::Option::Some(body) => {
                            let mark = crate::paging::mark(body);
                            let body: types::#ty = crate::paging::same_fields(body)?;
                            ::std::option::Option::Some((mark, call.body(body)))
                        }
                        ::std::option::Option::None => ::std::option::Option::None,
                    };
                }
            }
            other => return Err(self.fail(&format!("a known style and not {other:?}"))),
        })
    }

    /// What tells items apart that an offset may show twice.
    fn key(&self, item: &Type) -> Expr {
        let has_id = |name: &String| self.types.field(name, "id").is_some_and(|(_, ty)| is_text(ty));
        let by_offset = self.paging.get("style").and_then(Value::as_str) == Some("offset");
        match plain_name(item).filter(has_id) {
            Some(_) if by_offset => parse_quote!(::std::option::Option::Some(|item| item.id.as_deref())),
            _ => parse_quote!(::std::option::Option::None),
        }
    }

    /// What the service needs to hear so that it answers in pages.
    fn defaults(&self) -> Vec<syn::Stmt> {
        let defaults = self.paging.get("defaults").and_then(Value::as_object);
        let set = defaults.into_iter().flatten().filter_map(|(name, value)| {
            let setter = call_site(&field_name(name));
            let value = value.as_i64()?;
            Some(parse_quote! {
                let call = if call.#setter.is_none() { call.#setter(#value) } else { call };
            })
        });
        set.collect()
    }

    fn parameter(&self) -> Result<Ident> {
        Ok(call_site(&field_name(self.word("token_param")?)))
    }

    fn answer_field(&self, answer: &str) -> Result<(&Ident, &Type)> {
        let name = self.word("token_field")?;
        self.types.field(answer, name).ok_or_else(|| self.fail(&format!("a field `{name}` of {answer}")))
    }

    fn word(&self, key: &str) -> Result<&str> {
        self.paging.get(key).and_then(Value::as_str).ok_or_else(|| self.fail(&format!("`{key}`")))
    }

    fn fail(&self, expected: &str) -> crate::Error {
        let place = format!("x-databricks-pagination of {}", self.operation.id());
        unexpected(self.source.name(), &place, expected)
    }
}

fn is_text(ty: &Type) -> bool {
    argument_of(ty, "Option").is_some_and(|inner| {
        matches!(inner, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "String"))
    })
}
