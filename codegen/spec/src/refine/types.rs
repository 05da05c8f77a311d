//! What the generated types look like, for the passes that write code over them.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit_mut::{self, VisitMut};
use syn::{Fields, GenericArgument, Ident, Item, Path, PathArguments, Type, parse_quote};

use crate::names::field_name;

/// The structs of `types`.
pub(super) struct Types {
    /// Those with named fields, by name.
    structs: BTreeMap<String, Vec<(Ident, Type)>>,
    /// Those that hold a map of any members, and have no fields.
    maps: BTreeSet<String>,
}

impl Types {
    pub(super) fn read(items: &[Item]) -> Self {
        let mut types = Self { structs: BTreeMap::new(), maps: BTreeSet::new() };
        for item in items {
            let Item::Struct(item) = item else { continue };
            match &item.fields {
                Fields::Named(_) => drop(types.structs.insert(item.ident.to_string(), named(&item.fields))),
                Fields::Unnamed(only)
                    if only.unnamed.iter().all(|it| argument_of(&it.ty, "Map").is_some()) =>
                {
                    types.maps.insert(item.ident.to_string());
                }
                Fields::Unnamed(_) | Fields::Unit => {}
            }
        }
        types
    }

    /// Whether there is a struct of that name.
    pub(super) fn is_struct(&self, name: &str) -> bool {
        self.structs.contains_key(name)
    }

    /// Whether there is a map of any members of that name.
    pub(super) fn is_map(&self, name: &str) -> bool {
        self.maps.contains(name)
    }

    /// The fields of a struct that may be set, and what each holds when it is set.
    pub(super) fn setters(&self, structure: &str) -> impl Iterator<Item = (&Ident, &Type)> {
        let fields = self.structs.get(structure).into_iter().flatten();
        fields.filter_map(|(ident, ty)| Some((ident, argument_of(ty, "Option")?)))
    }

    /// A field by its name in JSON.
    pub(super) fn field(&self, structure: &str, json: &str) -> Option<(&Ident, &Type)> {
        let wanted = field_name(json);
        let (ident, ty) = self.structs.get(structure)?.iter().find(|(ident, _)| *ident == wanted)?;
        Some((ident, ty))
    }
}

/// The named fields of a struct.
pub(super) fn named(fields: &Fields) -> Vec<(Ident, Type)> {
    let Fields::Named(fields) = fields else { return Vec::new() };
    fields.named.iter().filter_map(|field| Some((field.ident.clone()?, field.ty.clone()))).collect()
}

/// The `X` of `Name<X>`, by the last segment of its name.
pub(super) fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The `X` of `Option<X>`, or the type itself.
pub(super) fn without_option(ty: &Type) -> &Type {
    argument_of(ty, "Option").unwrap_or(ty)
}

/// The name of a type that is called by one word, such as `Run` of `Box<Run>`.
pub(super) fn plain_name(ty: &Type) -> Option<String> {
    let ty = argument_of(ty, "Box").unwrap_or(ty);
    match ty {
        Type::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

/// A type of `types` as it is called outside of it.
pub(super) fn from_outside(ty: &Type) -> Type {
    let mut ty = ty.clone();
    Outside.visit_type_mut(&mut ty);
    ty
}

struct Outside;

impl VisitMut for Outside {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if let Some(ident) = path.get_ident().filter(|ident| !PLAIN.iter().any(|plain| ident == plain)) {
            *path = parse_quote!(types::#ident);
        }
    }
}

const PLAIN: [&str; 4] = ["bool", "f64", "i64", "i32"];
