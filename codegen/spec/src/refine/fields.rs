//! The fields of the types: what they are, and how they are read.

use quote::ToTokens;
use serde_json::{Map, Value};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Field, Fields, GenericArgument, Item, ItemStruct, PathArguments, Type, parse_quote};

use super::{docs, drop_debug};
use crate::names::property_name;
use crate::{Document, Result};

pub(super) fn refine(source: &Document, items: &mut [Item]) -> Result<()> {
    for item in items {
        OptionsOutside.visit_item_mut(item);
        match item {
            Item::Struct(item) => structure(source, item),
            Item::Mod(module) if module.ident == "builder" => {
                let items = module.content.as_mut().map(|(_, items)| items.iter_mut());
                for item in items.into_iter().flatten() {
                    match item {
                        Item::Struct(item) => drop_debug(&mut item.attrs),
                        Item::Impl(block) => UnknownFields.visit_item_impl_mut(block),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn structure(source: &Document, item: &mut ItemStruct) {
    let schema = source.schemas().get(&item.ident.to_string());
    let described = schema.and_then(|schema| schema.get("description")).and_then(Value::as_str);
    let doc = match described {
        Some(text) => docs::text(text),
        None => format!(" `{}` of the `{}` document.", item.ident, source.name()),
    };
    docs::replace(&mut item.attrs, &doc);
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let fields = match &mut item.fields {
        Fields::Named(fields) => fields,
        // A schema without properties is any object.
        Fields::Unnamed(only) if only.unnamed.first().is_some_and(|field| starts_with(&field.ty, "Map")) => {
            item.attrs.push(parse_quote!(#[derive(Default)]));
            return;
        }
        Fields::Unnamed(inner) => return inner.unnamed.iter_mut().for_each(lenient),
        Fields::Unit => return,
    };
    for field in &mut fields.named {
        let name = if is_extra(field) { String::new() } else { as_in_the_document(field, properties) };
        let property = properties.and_then(|properties| properties.get(&name));
        let text = property.and_then(|property| property.get("description")).and_then(Value::as_str);
        let doc = match (text, property) {
            (Some(text), _) => docs::text(text),
            (None, Some(_)) => format!(" `{name}`"),
            (None, None) => " Fields that the document does not know, kept as they came.".to_owned(),
        };
        docs::replace(&mut field.attrs, &doc);
        lenient(field);
    }
    let all_optional = fields.named.iter().all(|field| starts_with(&field.ty, "Option") || is_extra(field));
    if all_optional {
        item.attrs.push(parse_quote!(#[derive(Default)]));
    }
}

/// `::std::option::Option<…>` by the name of its last segment.
fn starts_with(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

fn is_extra(field: &Field) -> bool {
    starts_with(&field.ty, "Map") && field.ident.as_ref().is_some_and(|ident| ident == "extra")
}

/// A builder that was given no unknown fields has none; progenitor would call that a mistake.
struct UnknownFields;

impl VisitMut for UnknownFields {
    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        let missing = field.expr.to_token_stream().to_string().contains("\"no value supplied for extra\"");
        if missing {
            field.expr = parse_quote!(Ok(::std::default::Default::default()));
        }
    }
}

/// A type that holds itself is boxed, by the accident of an order within or around its `Option`.
/// Within, an absent field is absent; around, it would be written as null.
struct OptionsOutside;

impl VisitMut for OptionsOutside {
    fn visit_field_mut(&mut self, field: &mut Field) {
        if boxed_option(&field.ty).is_some() {
            field.attrs.push(parse_quote!(#[serde(skip_serializing_if = "::std::option::Option::is_none")]));
        }
        visit_mut::visit_field_mut(self, field);
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Some(inner) = boxed_option(ty) {
            *ty = parse_quote!(::std::option::Option<::std::boxed::Box<#inner>>);
        }
        visit_mut::visit_type_mut(self, ty);
    }
}

/// The `T` of `Box<Option<T>>`.
fn boxed_option(ty: &Type) -> Option<&Type> {
    let option = super::first_argument(ty).filter(|_| starts_with(ty, "Box"))?;
    super::first_argument(option).filter(|_| starts_with(option, "Option"))
}

/// The field's name in JSON, which is not always the one that progenitor was given.
fn as_in_the_document(field: &mut Field, properties: Option<&Map<String, Value>>) -> String {
    let given = serialised_name(field);
    let name = properties.into_iter().flat_map(Map::keys).find(|name| property_name(name) == given);
    match name {
        Some(name) if *name != given => {
            field.attrs.push(parse_quote!(#[serde(rename = #name)]));
            name.clone()
        }
        _ => given,
    }
}

/// The field's name in JSON, as the code has it.
fn serialised_name(field: &Field) -> String {
    let mut renamed = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // What is no `rename = "…"` is none of this pass's business.
        let _ = attribute.parse_nested_meta(|meta| {
            let value = match meta.value() {
                Ok(value) => value.parse::<syn::LitStr>()?,
                Err(_) => return Ok(()),
            };
            if meta.path.is_ident("rename") {
                renamed = Some(value.value());
            }
            Ok(())
        });
    }
    renamed
        .or_else(|| field.ident.as_ref().map(|ident| ident.to_string().trim_start_matches("r#").to_owned()))
        .unwrap_or_default()
}

/// How a field is read where serde's own way would fail or lose something: `decode` says why.
fn lenient(field: &mut Field) {
    let optional = starts_with(&field.ty, "Option");
    let inner = super::first_argument(&field.ty).filter(|_| optional).unwrap_or(&field.ty);
    let any: Type = parse_quote!(::serde_json::Value);
    let texts: Type =
        parse_quote!(::std::collections::BTreeMap<::std::string::String, ::std::string::String>);
    let attribute: Attribute = match optional {
        true if *inner == any => {
            parse_quote!(#[serde(default, deserialize_with = "crate::decode::null::any")])
        }
        true if *inner == texts => {
            parse_quote!(#[serde(default, deserialize_with = "crate::decode::null::optional_map")])
        }
        true if is_of_numbers(inner) => parse_quote!(#[serde(default, with = "crate::decode::number")]),
        false if *inner == texts => parse_quote!(#[serde(deserialize_with = "crate::decode::null::map")]),
        false if is_of_numbers(inner) => parse_quote!(#[serde(with = "crate::decode::number")]),
        _ => return,
    };
    field.attrs.push(attribute);
}

/// A number, or an `Option`, list or map of numbers.
fn is_of_numbers(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        PathArguments::None => last.ident == "i64" || last.ident == "f64",
        PathArguments::AngleBracketed(arguments) if CONTAINERS.iter().any(|name| last.ident == name) => {
            matches!(arguments.args.last(), Some(GenericArgument::Type(ty)) if is_of_numbers(ty))
        }
        _ => false,
    }
}

const CONTAINERS: [&str; 3] = ["Option", "Vec", "BTreeMap"];
