//! Setters that take what a person would write: `.name("x")`, `.tags(["a"])`, `.owner(None)`; and
//! the fields of a body as setters of the call, `run_now().job_id(7)` in the place of
//! `run_now().body_map(|body| body.job_id(7))`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{
    FnArg, GenericParam, Ident, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, Pat, Path, Type,
    TypeParamBound, Visibility, WherePredicate, parse_quote,
};

use super::types::{argument_of, named};
use super::{call_site, docs};
use crate::document::reference_name;
use crate::names::{call_name, field_name};
use crate::{Document, Operation, Result};

/// The setters of the body builders, by type.
pub(super) struct Setters(BTreeMap<String, Vec<ImplItemFn>>);

impl Setters {
    /// Rewrites `types::builder`, from which builders are dropped that no request can use.
    pub(super) fn of_types(source: &Document, items: &mut Vec<Item>, requested: &BTreeSet<String>) -> Self {
        let bodies: BTreeSet<&str> = source.operations().filter_map(|operation| body(&operation)).collect();
        items.retain(|item| !is_builder_of_answer(item, requested));
        let builders = items.iter_mut().find_map(|item| match item {
            Item::Mod(module) if module.ident == "builder" => module.content.as_mut(),
            _ => None,
        });
        let mut setters: BTreeMap<String, Vec<ImplItemFn>> = BTreeMap::new();
        let Some((_, items)) = builders else { return Self(setters) };
        items.retain(|item| {
            builder_name(item).is_none_or(|name| {
                requested.contains(&name) && (bodies.contains(&*name) || !is_from_value(item))
            })
        });
        let mut conversions: Vec<Item> = Vec::new();
        for item in items.iter_mut() {
            match item {
                Item::Struct(item) => {
                    // Waiters read from a body what they poll.
                    item.fields.iter_mut().for_each(|field| field.vis = parse_quote!(pub(crate)));
                    conversions.push(conversion(&item.ident));
                }
                Item::Impl(ItemImpl { trait_: None, self_ty, items, .. }) => {
                    let functions = items.iter_mut().filter_map(|item| match item {
                        ImplItem::Fn(function) => Some(function),
                        _ => None,
                    });
                    let rewritten: Vec<ImplItemFn> =
                        functions.filter_map(|function| rewrite(function, None)).collect();
                    items.push(any_field());
                    if let Some(name) = self_name(self_ty) {
                        setters.entry(name).or_default().extend(rewritten);
                    }
                }
                _ => {}
            }
        }
        items.extend(conversions);
        Self(setters)
    }

    /// Rewrites the setters of the calls, and adds those of their bodies, apart from those whose
    /// names are taken.
    pub(super) fn of_calls(&self, source: &Document, items: &mut Vec<Item>) -> Result<()> {
        let structs: BTreeMap<String, ItemStruct> = items
            .iter()
            .filter_map(|item| match item {
                Item::Struct(item) => Some((item.ident.to_string(), item.clone())),
                _ => None,
            })
            .collect();
        for item in items.iter_mut() {
            let Item::Impl(block) = item else { continue };
            let Some(fields) = self_name(&block.self_ty).and_then(|name| structs.get(&name)) else {
                continue;
            };
            for function in block.items.iter_mut() {
                if let ImplItem::Fn(function) = function {
                    rewrite(function, Some(fields));
                }
            }
        }
        for operation in source.operations() {
            let call = call_name(operation.id());
            let (Some(body), Some(fields)) = (body(&operation), structs.get(&call)) else { continue };
            let Some(setters) = self.0.get(body).filter(|_| holds_builder(fields)) else { continue };
            let mut taken: BTreeSet<String> = operation.parameters().map(|p| field_name(p.name())).collect();
            taken.extend(
                ["new", "body", "body_map", "send", "extra", "with_field", "and_wait"].map(str::to_owned),
            );
            if operation.extension("x-databricks-pagination").is_some() {
                taken.insert("stream".to_owned());
            }
            let properties = source.schemas().get(body).and_then(|schema| schema.get("properties"));
            let functions = setters
                .iter()
                .filter(|setter| !taken.contains(&setter.sig.ident.to_string()))
                .map(|setter| forward(setter, properties));
            let call = call_site(&call);
            items.push(parse_quote! {
                impl #call {
                    #(#functions)*

                    /// A field of the body that the document does not know, or `null` for one that it does.
                    pub fn with_field(
                        self,
                        name: impl ::std::convert::Into<::std::string::String>,
                        value: impl ::std::convert::Into<::serde_json::Value>,
                    ) -> Self {
                        self.body_map(|body| body.with_field(name, value))
                    }
                }
            });
        }
        Ok(())
    }
}

/// The type of a call's body.
fn body<'a>(operation: &Operation<'a>) -> Option<&'a str> {
    operation.json_body()?.get("$ref")?.as_str().map(reference_name)
}

/// `impl From<super::X> for X`, which only a call's whole body needs.
fn is_from_value(item: &Item) -> bool {
    let Item::Impl(ItemImpl { trait_: Some((path, _)), .. }) = item else { return false };
    path.segments.last().is_some_and(|last| last.ident == "From")
}

/// `impl Answer { pub fn builder() … }`, when there is no such builder.
fn is_builder_of_answer(item: &Item, requested: &BTreeSet<String>) -> bool {
    let Item::Impl(ItemImpl { trait_: None, self_ty, items, .. }) = item else { return false };
    let gives_builder = matches!(&items[..], [ImplItem::Fn(only)] if only.sig.ident == "builder");
    gives_builder && self_name(self_ty).is_some_and(|name| !requested.contains(&name))
}

/// Whose builder an item of `types::builder` is part of.
fn builder_name(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        // `impl TryFrom<X> for super::X` and `impl From<super::X> for X` and `impl X`.
        Item::Impl(block) => match &*block.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn self_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

/// A builder is good for a field of its type.
fn conversion(name: &Ident) -> Item {
    parse_quote! {
        impl crate::fields::IntoField<super::#name> for #name {
            fn into_field(
                self,
            ) -> ::std::result::Result<::std::option::Option<super::#name>, ::std::string::String> {
                crate::fields::made(<super::#name as ::std::convert::TryFrom<#name>>::try_from(self))
            }
        }
    }
}

fn any_field() -> ImplItem {
    parse_quote! {
        /// A field that the document does not know, or `null` for one that it does.
        pub fn with_field(
            mut self,
            name: impl ::std::convert::Into<::std::string::String>,
            value: impl ::std::convert::Into<::serde_json::Value>,
        ) -> Self {
            crate::fields::add(&mut self.extra, name, value);
            self
        }
    }
}

/// Rewrites a setter in place, and returns it; `None` where it is none. Whether the field may be
/// left out is told by the builder's field, or by the type that the setter takes.
fn rewrite(function: &mut ImplItemFn, call: Option<&ItemStruct>) -> Option<ImplItemFn> {
    let target = target(function)?;
    let name = function.sig.ident.clone();
    let plain = name.to_string();
    if plain == "body" {
        return None;
    }
    let (inner, optional) = match call {
        Some(call) => {
            let (_, field) = named(&call.fields).into_iter().find(|(ident, _)| *ident == name)?;
            let held = argument_of(&field, "Result")?.clone();
            (target, argument_of(&held, "Option").is_some())
        }
        None => match argument_of(&target, "Option") {
            Some(inner) => (inner.clone(), true),
            None => (target, false),
        },
    };
    let kind = call_site(if optional { "optional" } else { "required" });
    let attributes = &function.attrs;
    *function = parse_quote! {
        #(#attributes)*
        pub fn #name(mut self, value: impl crate::fields::IntoField<#inner>) -> Self {
            self.#name = crate::fields::#kind(#plain, value);
            self
        }
    };
    Some(function.clone())
}

/// The `X` of `fn name<V>(mut self, value: V) -> Self where V: TryInto<X>`.
fn target(function: &ImplItemFn) -> Option<Type> {
    let Visibility::Public(_) = function.vis else { return None };
    let takes_value = matches!(
        function.sig.inputs.last(),
        Some(FnArg::Typed(argument)) if matches!(&*argument.pat, Pat::Ident(pattern) if pattern.ident == "value")
    );
    let generic = function.sig.generics.params.iter().find_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(parameter.ident.clone()),
        _ => None,
    })?;
    let predicates = &function.sig.generics.where_clause.as_ref().filter(|_| takes_value)?.predicates;
    predicates.iter().find_map(|predicate| {
        let WherePredicate::Type(predicate) = predicate else { return None };
        let of_generic = matches!(&predicate.bounded_ty, Type::Path(path) if path.path.is_ident(&generic));
        predicate.bounds.iter().filter(|_| of_generic).find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => {
                let path = &bound.path;
                argument_of(&parse_quote!(#path), "TryInto").cloned()
            }
            _ => None,
        })
    })
}

/// Whether a call keeps its body as a builder, whose fields can be set one by one.
fn holds_builder(call: &ItemStruct) -> bool {
    named(&call.fields).iter().any(|(ident, ty)| {
        let held = argument_of(ty, "Result");
        *ident == "body"
            && matches!(held, Some(Type::Path(path)) if path.path.segments.iter().any(|part| part.ident == "builder"))
    })
}

fn forward(setter: &ImplItemFn, properties: Option<&Value>) -> ImplItemFn {
    let mut forward = setter.clone();
    InTypes.visit_impl_item_fn_mut(&mut forward);
    let name = &setter.sig.ident;
    let field = name.to_string();
    let described = properties.and_then(Value::as_object).and_then(|properties| {
        let (_, property) = properties.iter().find(|(key, _)| field_name(key) == field)?;
        property.get("description")?.as_str()
    });
    docs::replace(&mut forward.attrs, &described.map_or_else(|| format!(" Sets `{field}`."), docs::text));
    if let Some(FnArg::Receiver(receiver)) = forward.sig.inputs.first_mut() {
        *receiver = parse_quote!(self);
    }
    forward.block = parse_quote!({ self.body_map(|body| body.#name(value)) });
    forward
}

/// Paths that were written within `types::builder`.
struct InTypes;

impl VisitMut for InTypes {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if path.segments.first().is_some_and(|segment| segment.ident == "super") {
            let rest = path.segments.iter().skip(1);
            *path = parse_quote!(types::#(#rest)::*);
        }
    }
}
