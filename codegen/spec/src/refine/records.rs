//! Structs, all of whose fields may be absent, are read and written by the project's own code, which
//! is faster than what serde derives for a type that keeps unknown fields, and a tenth of it.
//!
//! They hold others in boxes: a job has room for each kind of task and uses one.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{Field, Fields, Item, ItemStruct, Type, parse_quote};

use super::fields::{How, serialised_name};
use super::secrets::is_secret;
use super::types::{argument_of, named};
use super::{call_site, unexpected, without_derives};
use crate::document::reference_name;
use crate::{Document, ParameterPlace, Result};

/// Puts optional structs in boxes, and what keeps unknown fields in the place of a whole map.
pub(super) fn shrink(items: &mut [Item]) {
    let mut shrink = Shrink { structs: structs(items) };
    items.iter_mut().for_each(|item| shrink.visit_item_mut(item));
}

/// The names of the structs with fields.
fn structs(items: &[Item]) -> BTreeSet<String> {
    let named = items.iter().filter_map(|item| match item {
        Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => Some(item.ident.to_string()),
        _ => None,
    });
    named.collect()
}

struct Shrink {
    structs: BTreeSet<String>,
}

impl VisitMut for Shrink {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let Some(inner) = argument_of(ty, "Option") else { return };
        if is_one_of(inner, &self.structs) {
            *ty = parse_quote!(::std::option::Option<::std::boxed::Box<#inner>>);
        }
    }

    fn visit_field_mut(&mut self, field: &mut Field) {
        visit_mut::visit_field_mut(self, field);
        if field.ident.as_ref().is_some_and(|ident| ident == "extra") {
            Unknown.visit_type_mut(&mut field.ty);
        }
    }
}

/// Whether a type is one of these structs.
fn is_one_of(ty: &Type, structs: &BTreeSet<String>) -> bool {
    matches!(ty, Type::Path(path) if path.path.get_ident().is_some_and(|name| structs.contains(&name.to_string())))
}

/// `Map<String, Value>` to what keeps unknown fields.
struct Unknown;

impl VisitMut for Unknown {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        if matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Map"))
        {
            *ty = parse_quote!(crate::decode::Extra);
        }
    }
}

/// Takes the derives of serde and of `Debug` off the structs, and makes them records.
pub(super) fn make(source: &Document, items: &mut Vec<Item>, requested: &BTreeSet<String>) -> Result<()> {
    let structs = structs(items);
    let mut records: Vec<Item> = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(item) = item else { continue };
        if !matches!(item.fields, Fields::Named(_)) {
            continue;
        }
        if !is_record(item) {
            let place = format!("types::{}", item.ident);
            return Err(unexpected(source.name(), &place, "`extra`, and beside it only what may be absent"));
        }
        let required = match requested.contains(&item.ident.to_string()) {
            true => required(source, &item.ident.to_string()),
            false => Vec::new(),
        };
        records.extend(record(item, &required, &structs));
    }
    items.extend(records);
    Ok(())
}

fn is_record(item: &ItemStruct) -> bool {
    let fields = named(&item.fields);
    let optional = |ty: &Type| argument_of(ty, "Option").is_some();
    fields.iter().any(|(name, _)| name == "extra")
        && fields.iter().all(|(name, ty)| name == "extra" || optional(ty))
}

/// What a request cannot do without of a component, by its name in JSON: not what is part of the
/// path, which is not asked for a second time in the body.
fn required(source: &Document, name: &str) -> Vec<String> {
    let is_body =
        |schema: &Value| schema.get("$ref").and_then(Value::as_str).map(reference_name) == Some(name);
    let in_paths: BTreeSet<&str> = source
        .operations()
        .filter(|operation| operation.json_body().is_some_and(is_body))
        .flat_map(|operation| operation.parameters())
        .filter(|parameter| parameter.place() == ParameterPlace::Path)
        .map(|parameter| parameter.name())
        .collect();
    let required = source.schemas().get(name).and_then(|schema| schema.get("required"));
    let names = required.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| !in_paths.contains(name)).map(str::to_owned).collect()
}

/// How a field that holds structs is read.
fn in_place(ty: &Type, structs: &BTreeSet<String>) -> Option<&'static str> {
    let inner = argument_of(ty, "Option")?;
    let holds = |container| argument_of(inner, container).is_some_and(|item| is_one_of(item, structs));
    [("Box", "boxed"), ("Vec", "list")]
        .into_iter()
        .find_map(|(container, how)| holds(container).then_some(how))
}

fn record(item: &mut ItemStruct, required: &[String], structs: &BTreeSet<String>) -> [Item; 2] {
    without_derives(&mut item.attrs, &["Serialize", "Deserialize", "Debug"]);
    let (ident, name) = (&item.ident, item.ident.to_string());
    let (mut reads, mut writes, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for field in item.fields.iter_mut() {
        let (json, how) = (serialised_name(field), How::of(field));
        field.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
        let Some(ident) = field.ident.as_ref().filter(|ident| *ident != "extra") else { continue };
        let read = call_site(match how {
            How::Plain => in_place(&field.ty, structs).unwrap_or("get"),
            How::Numbers => "numbers",
            How::Any => "any",
            How::Texts => "texts",
        });
        let write = call_site(match how {
            How::Numbers => "numbers",
            _ if is_secret(&name, &ident.to_string(), &field.ty) => "secret",
            _ => "put",
        });
        reads.push(quote!(#json => members.#read(&mut self.#ident),));
        writes.push(quote!(members.#write(#json, &self.#ident);));
        if required.contains(&json) {
            checks.push(quote!((#json, self.#ident.is_some())));
        }
    }
    let missing: Option<TokenStream> = (!checks.is_empty()).then(|| {
        quote! {
            fn missing(&self) -> ::std::option::Option<&'static str> {
                crate::decode::record::missing(&[#(#checks),*])
            }
        }
    });
    [
        parse_quote! {
            impl crate::decode::record::Record for #ident {
                const NAME: &'static str = #name;

                fn read<'de, A: ::serde::de::MapAccess<'de>>(
                    &mut self,
                    name: &str,
                    members: &mut crate::decode::record::Reader<'_, A>,
                ) -> ::std::result::Result<bool, A::Error> {
                    match name {
                        #(#reads)*
                        _ => Ok(false),
                    }
                }

                fn write<M: crate::decode::record::Members>(&self, members: &mut M) {
                    #(#writes)*
                }

                fn extra(&self) -> &crate::decode::Extra {
                    &self.extra
                }

                fn extra_mut(&mut self) -> &mut crate::decode::Extra {
                    &mut self.extra
                }

                #missing
            }
        },
        parse_quote!(crate::record! { #ident }),
    ]
}
