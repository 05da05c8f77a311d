//! The fields of a body as setters of the call: `run_now().job_id(7)` in the place of
//! `run_now().body_map(|body| body.job_id(7))`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Span;
use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{Ident, ImplItem, ImplItemFn, Item, ItemImpl, Path, Type, parse_quote};

use super::docs;
use crate::document::reference_name;
use crate::names::{field_name, type_name};
use crate::{Document, Result};

/// The setters of the body builders, by type: taken from `types::builder`.
pub(super) struct Setters(BTreeMap<String, Vec<ImplItemFn>>);

impl Setters {
    pub(super) fn read(types: &[Item]) -> Self {
        let builders = types.iter().find_map(|item| match item {
            Item::Mod(module) if module.ident == "builder" => module.content.as_ref(),
            _ => None,
        });
        let mut setters: BTreeMap<String, Vec<ImplItemFn>> = BTreeMap::new();
        for item in builders.into_iter().flat_map(|(_, items)| items) {
            let Item::Impl(ItemImpl { trait_: None, self_ty, items, .. }) = item else { continue };
            let Some(name) = self_name(self_ty) else { continue };
            let functions = items.iter().filter_map(|item| match item {
                ImplItem::Fn(function) => Some(function.clone()),
                _ => None,
            });
            setters.entry(name).or_default().extend(functions);
        }
        Self(setters)
    }

    /// Adds to each call the setters of its body, apart from those whose names are taken.
    pub(super) fn add(&self, source: &Document, items: &mut Vec<Item>) -> Result<()> {
        for operation in source.operations() {
            let Some(body) = operation.json_body().and_then(|schema| schema.get("$ref")).and_then(Value::as_str) else {
                continue;
            };
            let body = reference_name(body);
            let Some(setters) = self.0.get(body) else { continue };
            let mut taken: BTreeSet<String> = operation.parameters().map(|p| field_name(p.name())).collect();
            taken.extend(["new", "body", "body_map", "send", "stream", "and_wait", "extra"].map(str::to_owned));
            let properties = source.schemas().get(body).and_then(|schema| schema.get("properties"));
            let functions: Vec<ImplItemFn> = setters
                .iter()
                .filter(|setter| !taken.contains(&setter.sig.ident.to_string()))
                .map(|setter| forward(setter, properties))
                .collect();
            if functions.is_empty() {
                continue;
            }
            let builder = Ident::new(&type_name(operation.id()), Span::call_site());
            items.push(parse_quote! {
                impl<'a> #builder<'a> {
                    #(#functions)*
                }
            });
        }
        Ok(())
    }
}

fn self_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
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
    // The generated parameter is `mut self`, of which a forward has no need.
    if let Some(syn::FnArg::Receiver(receiver)) = forward.sig.inputs.first_mut() {
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
