//! Setters that take what a person would write: `.name("x")`, `.tags(["a"])`, `.owner(None)`; the
//! fields of a body as setters of the call, `run_now().job_id(7)`, and builders of the types that
//! are part of a request, `Task::builder().task_key("a")`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::{Ident, ImplItem, Item, ItemImpl, Type, parse_quote};

use super::types::Types;
use super::{call_site, calls, docs};
use crate::names::field_name;
use crate::{Document, Operation};

/// A setter of one field.
pub(super) struct Setter<'a> {
    /// The field that keeps what was wrong.
    pub(super) problem: &'a Ident,
    pub(super) field: &'a Ident,
    pub(super) ty: &'a Type,
    /// Where the field is, such as `body.`.
    pub(super) within: TokenStream,
    pub(super) description: Option<&'a str>,
}

impl Setter<'_> {
    pub(super) fn function(&self) -> ImplItem {
        let Self { problem, field, ty, within, description } = self;
        let name = field.to_string();
        let doc = description.map_or_else(|| format!(" Sets `{name}`."), docs::text);
        parse_quote! {
            #[doc = #doc]
            pub fn #field(mut self, value: impl crate::fields::IntoField<#ty>) -> Self {
                self.#problem.set(#name, &mut self.#within #field, value);
                self
            }
        }
    }
}

/// The setter of a body that is no struct.
pub(super) fn whole(problem: &Ident, ty: &Type) -> ImplItem {
    let (field, description) = (&call_site("body"), Some("The body."));
    Setter { problem, field, ty, within: quote!(), description }.function()
}

/// The setter of a body of bytes.
pub(super) fn bytes() -> ImplItem {
    parse_quote! {
        /// The body: bytes, text, or a stream of them.
        pub fn body(mut self, value: impl ::std::convert::Into<::reqwest::Body>) -> Self {
            self.body = Some(value.into());
            self
        }
    }
}

/// The setter of a body that is a struct, all of it at once.
pub(super) fn whole_record(problem: &Ident, name: &Ident) -> ImplItem {
    parse_quote! {
        /// The whole body, in the place of what was set before.
        pub fn body(mut self, value: impl crate::fields::IntoField<types::#name>) -> Self {
            self.#problem.set_all(&mut self.body, value);
            self
        }
    }
}

/// The setter of what the document does not know.
pub(super) fn any_field() -> ImplItem {
    parse_quote! {
        /// A field of the body that the document does not know, or `null` for one that it does.
        pub fn with_field(
            mut self,
            name: impl ::std::convert::Into<::std::string::String>,
            value: impl ::std::convert::Into<::serde_json::Value>,
        ) -> Self {
            self.body.extra.insert(name.into(), value.into());
            self
        }
    }
}

/// The descriptions of a type's fields, by their names in Rust.
pub(super) struct Descriptions<'a>(BTreeMap<String, &'a str>);

impl<'a> Descriptions<'a> {
    pub(super) fn of(source: &'a Document, name: &str) -> Self {
        let properties = source.schemas().get(name).and_then(|schema| schema.get("properties"));
        let described = properties.and_then(Value::as_object).into_iter().flatten();
        Self(
            described
                .filter_map(|(name, property)| {
                    Some((field_name(name), property.get("description")?.as_str()?))
                })
                .collect(),
        )
    }

    pub(super) fn get(&self, field: &Ident) -> Option<&'a str> {
        self.0.get(&field.to_string()).copied()
    }
}

/// Gives a builder to the types that a request holds within, and to no others: what is a body as a
/// whole has its setters on the call.
pub(super) fn builders(
    source: &Document,
    types: &Types,
    requested: &BTreeSet<String>,
    items: &mut Vec<Item>,
) {
    items.retain(|item| !is_builder(item));
    let within: BTreeSet<&str> = requested.iter().flat_map(|name| references(source, name)).collect();
    let bodies: BTreeSet<&str> =
        source.operations().filter_map(|operation: Operation<'_>| calls::body_name(&operation)).collect();
    let problem = call_site("problem");
    for name in requested.iter().filter(|name| types.is_struct(name)) {
        if bodies.contains(&**name) && !within.contains(&**name) {
            continue;
        }
        let (ty, descriptions) = (call_site(name), Descriptions::of(source, name));
        let setters = types.setters(name).map(|(field, ty)| {
            let description = descriptions.get(field);
            Setter { problem: &problem, field, ty, within: quote!(value.), description }.function()
        });
        let doc = format!(" A [`{name}`] whose fields are set one by one.");
        items.push(parse_quote! {
            impl #ty {
                #[doc = #doc]
                pub fn builder() -> crate::fields::Builder<Self> {
                    Default::default()
                }
            }
        });
        items.push(parse_quote! {
            impl crate::fields::Builder<#ty> {
                #(#setters)*
            }
        });
    }
}

/// The components that a schema refers to, in its properties and below.
fn references<'a>(source: &'a Document, name: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    if let Some(schema) = source.schemas().get(name) {
        crate::normalise::each_schema(schema, &mut |inner| {
            if let Some(reference) = inner.get("$ref").and_then(Value::as_str) {
                found.push(reference.to_owned());
            }
        });
    }
    let known = source.schemas().keys();
    let found: BTreeSet<String> =
        found.iter().map(|reference| crate::document::reference_name(reference).to_owned()).collect();
    known.filter(|name| found.contains(*name)).map(String::as_str).collect()
}

/// Progenitor's `mod builder`, and `impl X { pub fn builder() … }`.
fn is_builder(item: &Item) -> bool {
    match item {
        Item::Mod(module) => module.ident == "builder",
        Item::Impl(ItemImpl { trait_: None, items, .. }) => {
            matches!(&items[..], [ImplItem::Fn(only)] if only.sig.ident == "builder")
        }
        _ => false,
    }
}
