//! `stream()` on every list, from the document's `x-databricks-pagination`.

use proc_macro2::Span;
use quote::quote;
use serde_json::Value;
use syn::{Fields, GenericArgument, Ident, Item, PathArguments, Type, parse_quote};

use super::unexpected;
use crate::document::reference_name;
use crate::names::{field_name, type_name};
use crate::{Document, Operation, Result};

/// The structs of `types`, to look up what a page holds.
pub(super) struct Pages(Vec<syn::ItemStruct>);

impl Pages {
    pub(super) fn read(types: &[Item]) -> Self {
        let structs = types.iter().filter_map(|item| match item {
            Item::Struct(item) => Some(item.clone()),
            _ => None,
        });
        Self(structs.collect())
    }

    pub(super) fn add(&self, source: &Document, items: &mut Vec<Item>) -> Result<()> {
        for operation in source.operations() {
            if let Some(paging) = operation.extension("x-databricks-pagination") {
                items.push(self.pager(source, &operation, paging)?);
            }
        }
        Ok(())
    }

    fn pager(&self, source: &Document, operation: &Operation<'_>, paging: &Value) -> Result<Item> {
        let place = format!("x-databricks-pagination of {}", operation.id());
        let word = |key: &str| paging.get(key).and_then(Value::as_str);
        let answer = operation
            .json_answer()
            .and_then(|schema| schema.get("$ref"))
            .and_then(Value::as_str)
            .map(reference_name)
            .ok_or_else(|| unexpected(source.name(), &place, "an answer of a named type"))?;
        let items = word("items").ok_or_else(|| unexpected(source.name(), &place, "`items`"))?;
        let (items_field, items_type) = self
            .field(answer, items)
            .ok_or_else(|| unexpected(source.name(), &place, &format!("a field `{items}` of {answer}")))?;
        let item = list_item(&items_type)
            .ok_or_else(|| unexpected(source.name(), &place, &format!("`{items}` to be a list")))?;
        let item = in_types(item);
        let setter = |key: &str| {
            word(key)
                .map(|name| Ident::new(&field_name(name), Span::call_site()))
                .ok_or_else(|| unexpected(source.name(), &place, &format!("`{key}`")))
        };
        let next = match word("style") {
            Some("none") => quote!(let next = None;),
            Some("token") => {
                let (token, parameter) = (setter("token_field")?, setter("token_param")?);
                quote! {
                    let token = page.#token.clone().filter(|token| !token.is_empty());
                    let next = token.map(|token| (token.clone(), call.#parameter(token)));
                }
            }
            Some("page") => {
                let parameter = setter("token_param")?;
                quote! {
                    let number = call.#parameter.clone().ok().flatten().unwrap_or(1) + 1;
                    let next = (!items.is_empty()).then(|| (number.to_string(), call.#parameter(number)));
                }
            }
            Some("offset") => {
                let parameter = setter("token_param")?;
                quote! {
                    let start = call.#parameter.clone().ok().flatten().unwrap_or(1) + items.len() as i64;
                    let next = (!items.is_empty()).then(|| (start.to_string(), call.#parameter(start)));
                }
            }
            Some("next-body") => {
                let field = setter("token_field")?;
                quote! {
                    let next = match page.#field.clone() {
                        Some(body) => {
                            let body = crate::paging::same_fields(&body)?;
                            Some((crate::paging::mark(&body)?, call.body(crate::paging::same_fields(&body)?)))
                        }
                        None => None,
                    };
                }
            }
            other => {
                let message = format!("a known style of paging and not {other:?}");
                return Err(unexpected(source.name(), &place, &message));
            }
        };
        let defaults = self.defaults(paging);
        let builder = Ident::new(&type_name(operation.id()), Span::call_site());
        Ok(parse_quote! {
            impl<'a> #builder<'a> {
                /// All items, page by page: the next call is sent when its items are asked for.
                pub fn stream(self) -> crate::paging::Items<'a, #item> {
                    #(#defaults)*
                    crate::paging::items(self, |call| Box::pin(async move {
                        let page = call.clone().send().await?;
                        let items = page.#items_field.clone().unwrap_or_default();
                        #next
                        Ok(crate::paging::Page { items, next })
                    }))
                }
            }
        })
    }

    fn defaults(&self, paging: &Value) -> Vec<proc_macro2::TokenStream> {
        let defaults = paging.get("defaults").and_then(Value::as_object);
        let set = defaults.into_iter().flatten().filter_map(|(name, value)| {
            let setter = Ident::new(&field_name(name), Span::call_site());
            let value = value.as_i64()?;
            Some(quote! {
                let this = match self.#setter {
                    Ok(None) => self.#setter(#value),
                    _ => self,
                };
            })
        });
        // Each replaces `self` by name, so they are chained.
        set.map(|tokens| {
            let text = tokens.to_string();
            text.parse().unwrap_or(tokens)
        })
        .collect()
    }

    fn field(&self, structure: &str, json: &str) -> Option<(Ident, Type)> {
        let item = self.0.iter().find(|item| item.ident == structure)?;
        let Fields::Named(fields) = &item.fields else { return None };
        let wanted = field_name(json);
        let field = fields.named.iter().find(|field| field.ident.as_ref().is_some_and(|ident| *ident == wanted))?;
        Some((field.ident.clone()?, field.ty.clone()))
    }
}

/// X of `Option<Vec<X>>` or `Vec<X>`.
fn list_item(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let inner = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })?;
    match last.ident.to_string().as_str() {
        "Option" => list_item(&inner),
        "Vec" => Some(inner),
        _ => None,
    }
}

/// A type as it is called outside of `types`.
fn in_types(ty: Type) -> Type {
    match &ty {
        Type::Path(path) => match path.path.get_ident() {
            Some(ident) if !["i64", "f64", "bool"].iter().any(|plain| ident == plain) => parse_quote!(types::#ident),
            _ => ty,
        },
        _ => ty,
    }
}
