//! `::std::option::Option` is `Option`, unless a component has that name: a third less to read, for
//! people and for the compiler.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;
use syn::visit_mut::{self, VisitMut};
use syn::{File, Item, Path};

/// What Rust's prelude has, and progenitor writes in full.
const PRELUDE: [(&str, &str); 7] = [
    ("boxed", "Box"),
    ("convert", "From"),
    ("convert", "Into"),
    ("option", "Option"),
    ("result", "Result"),
    ("string", "String"),
    ("vec", "Vec"),
];

pub(super) fn shorten(file: &mut File) {
    let mut taken = BTreeSet::new();
    names(&file.items, &mut taken);
    Shorten(taken).visit_file_mut(file);
}

/// The names of the types; of a macro, which may declare one, all names.
fn names(items: &[Item], found: &mut BTreeSet<String>) {
    for item in items {
        match item {
            Item::Enum(item) => drop(found.insert(item.ident.to_string())),
            Item::Struct(item) => drop(found.insert(item.ident.to_string())),
            Item::Type(item) => drop(found.insert(item.ident.to_string())),
            Item::Macro(item) => found.extend(item.mac.tokens.clone().into_iter().filter_map(|token| {
                let TokenTree::Ident(ident) = token else { return None };
                Some(ident.to_string())
            })),
            Item::Mod(module) => module.content.iter().for_each(|(_, items)| names(items, found)),
            _ => {}
        }
    }
}

/// Holds the names that are types of the document.
struct Shorten(BTreeSet<String>);

impl VisitMut for Shorten {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| &segment.ident).collect();
        if let (Some(_), [first, module, name, ..]) = (path.leading_colon, &segments[..])
            && *first == "std"
            && PRELUDE.iter().any(|known| *module == known.0 && *name == known.1)
            && !self.0.contains(&name.to_string())
        {
            path.leading_colon = None;
            path.segments = std::mem::take(&mut path.segments).into_iter().skip(2).collect();
        }
        visit_mut::visit_path_mut(self, path);
    }
}
