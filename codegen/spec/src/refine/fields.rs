//! The fields of the types: what they are, and how they are read.

use serde_json::{Map, Value};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Field, Fields, GenericArgument, Item, ItemStruct, PathArguments, Type, parse_quote};

use super::docs;
use crate::names::property_name;
use crate::{Document, Result};

pub(super) fn refine(source: &Document, items: &mut [Item]) -> Result<()> {
    for item in items {
        OptionsOutside.visit_item_mut(item);
        if let Item::Struct(item) = item {
            structure(source, item);
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
    }
    item.attrs.push(parse_quote!(#[derive(Default)]));
}

/// `::std::option::Option<…>` by the name of its last segment.
fn starts_with(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

fn is_extra(field: &Field) -> bool {
    starts_with(&field.ty, "Map") && field.ident.as_ref().is_some_and(|ident| ident == "extra")
}

/// A type that holds itself is boxed, by the accident of an order within or around its `Option`.
/// Within, an absent field is absent; around, it would be written as null.
struct OptionsOutside;

impl VisitMut for OptionsOutside {
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
pub(super) fn serialised_name(field: &Field) -> String {
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

/// How a field is read and written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As serde does it.
    Plain,
    /// Numbers, which may be text.
    Numbers,
    /// Any JSON, of which null is one.
    Any,
    /// A map of text, in which a key whose value is null is not there.
    Texts,
}

impl How {
    /// `decode` says why.
    pub(super) fn of(field: &Field) -> Self {
        let ty = super::types::without_option(&field.ty);
        let any: Type = parse_quote!(::serde_json::Value);
        let texts: Type =
            parse_quote!(::std::collections::BTreeMap<::std::string::String, ::std::string::String>);
        match () {
            () if *ty == any => How::Any,
            () if *ty == texts => How::Texts,
            () if is_of_numbers(ty) => How::Numbers,
            () => How::Plain,
        }
    }
}

/// The same for what is no field but a whole type, in serde's words.
fn lenient(field: &mut Field) {
    let attribute: Attribute = match How::of(field) {
        How::Texts => parse_quote!(#[serde(deserialize_with = "crate::decode::null::map")]),
        How::Numbers => parse_quote!(#[serde(with = "crate::decode::number")]),
        How::Any | How::Plain => return,
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
