//! The part of generated code that shows what a trap is about.
//!
//! A document of one operation makes some two hundred lines, nearly all of them the same. A
//! document names in `x-show` what of its code matters:
//!
//! | part | what is shown |
//! |---|---|
//! | `types` | the types, without what is implemented for them |
//! | `type T` | one of them |
//! | `records` | how the types are read and written |
//! | `calls` | the calls, whole |
//! | `methods` | the methods that start a call, with their docs |
//! | `send`, `stream`, `and_wait` | that of each call |

use quote::ToTokens;
use serde_json::Value;
use syn::{File, ImplItem, Item, ItemMod};

/// What is left of the code for a document that wants these parts shown.
pub(crate) fn shown(code: &str, document: &Value) -> String {
    let parts: Vec<&str> = document["x-show"]
        .as_array()
        .unwrap_or_else(|| panic!("`x-show` does not say what of the code matters"))
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let file = syn::parse_file(code).unwrap();
    let mut items = Vec::new();
    for part in parts {
        let found: Vec<Item> = match part {
            "types" => module(&file.items, "types").into_iter().filter(is_type).collect(),
            "records" => module(&file.items, "types").into_iter().filter(is_record).collect(),
            "calls" => module(&file.items, "builder")
                .into_iter()
                .filter(|item| !matches!(item, Item::Use(_)))
                .collect(),
            "methods" => file.items.iter().filter(|item| is_calls(item)).cloned().collect(),
            "send" | "stream" | "and_wait" => {
                module(&file.items, "builder").into_iter().filter_map(|item| only(part, item)).collect()
            }
            _ if part.starts_with("type ") => {
                let named = |item: &Item| matches!(item, Item::Struct(it) if it.ident == part[5..]);
                module(&file.items, "types").into_iter().filter(named).collect()
            }
            _ => panic!("`x-show` names `{part}`, which is no part"),
        };
        assert!(!found.is_empty(), "the code has no {part}");
        items.extend(found);
    }
    prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items })
}

fn module(items: &[Item], name: &str) -> Vec<Item> {
    items
        .iter()
        .find_map(|item| match item {
            Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == name => {
                Some(items.clone())
            }
            _ => None,
        })
        .unwrap_or_default()
}

fn is_type(item: &Item) -> bool {
    matches!(item, Item::Struct(_) | Item::Enum(_) | Item::Type(_) | Item::Macro(_))
}

/// `impl Record for …`
fn is_record(item: &Item) -> bool {
    matches!(item, Item::Impl(block) if block.trait_.as_ref().is_some_and(|(path, _)| {
        path.segments.last().is_some_and(|last| last.ident == "Record")
    }))
}

/// A handle: `impl …Api` with the methods that start a call.
fn is_calls(item: &Item) -> bool {
    matches!(item, Item::Impl(block) if block.self_ty.to_token_stream().to_string().ends_with("Api"))
}

fn only(name: &str, item: Item) -> Option<Item> {
    let Item::Impl(mut block) = item else { return None };
    block.items.retain(|item| matches!(item, ImplItem::Fn(function) if function.sig.ident == name));
    (!block.items.is_empty()).then_some(Item::Impl(block))
}
