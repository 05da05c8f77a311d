//! Open enums in the place of closed ones.
//!
//! Databricks adds enum values every other week; a closed enum would fail the whole answer. The
//! enum is written anew from the document as an `open_enum!`, whose last variant keeps any other
//! text.

use std::collections::BTreeMap;

use serde_json::Value;
use syn::{Item, Type, parse_quote};

use super::{docs, unexpected};
use crate::names::variant_names;
use crate::{Document, Result};

pub(super) fn open(source: &Document, items: &mut Vec<Item>) -> Result<()> {
    let enums: BTreeMap<&str, &Value> = source
        .schemas()
        .iter()
        .filter(|(_, schema)| schema.get("enum").is_some())
        .map(|(name, schema)| (name.as_str(), schema))
        .collect();
    let mut opened = 0;
    let mut kept = Vec::with_capacity(items.len());
    for item in std::mem::take(items) {
        match &item {
            Item::Enum(closed) => {
                let name = closed.ident.to_string();
                let schema = enums.get(name.as_str()).ok_or_else(|| {
                    unexpected(source.name(), &format!("enum {name}"), "only enums of the document")
                })?;
                kept.push(open_enum(&closed.ident, schema));
                opened += 1;
            }
            Item::Impl(block) if is_of(&block.self_ty, |name| enums.contains_key(name)) => {}
            _ => kept.push(item),
        }
    }
    *items = kept;
    match opened == enums.len() {
        true => Ok(()),
        false => {
            Err(unexpected(source.name(), "mod types", &format!("{} enums, found {opened}", enums.len())))
        }
    }
}

fn is_of(ty: &Type, known: impl Fn(&str) -> bool) -> bool {
    match ty {
        Type::Path(path) => path.path.get_ident().is_some_and(|name| known(&name.to_string())),
        _ => false,
    }
}

fn open_enum(ident: &syn::Ident, schema: &Value) -> Item {
    let values: Vec<&str> = schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let variants: Vec<syn::Ident> =
        variant_names(&values).iter().map(|name| syn::Ident::new(name, ident.span())).collect();
    let doc = match schema.get("description").and_then(Value::as_str) {
        Some(text) => docs::text(text),
        None => format!(" `{ident}`: a value of {}.", values.len()),
    };
    parse_quote! {
        crate::open_enum! {
            #[doc = #doc]
            pub enum #ident { #(#variants = #values),* }
        }
    }
}
