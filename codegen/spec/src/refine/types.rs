//! What the generated types look like, for the passes that write code over them.

use std::collections::BTreeMap;

use syn::{Fields, GenericArgument, Ident, Item, PathArguments, Type, parse_quote};

use crate::names::field_name;

/// The structs of `types`, by name.
pub(super) struct Types(BTreeMap<String, Vec<(Ident, Type)>>);

impl Types {
    pub(super) fn read(items: &[Item]) -> Self {
        let structs = items.iter().filter_map(|item| match item {
            Item::Struct(item) => Some(item),
            _ => None,
        });
        Self(structs.map(|item| (item.ident.to_string(), named(&item.fields))).collect())
    }

    /// A field by its name in JSON.
    pub(super) fn field(&self, structure: &str, json: &str) -> Option<(&Ident, &Type)> {
        let wanted = field_name(json);
        let (ident, ty) = self.0.get(structure)?.iter().find(|(ident, _)| *ident == wanted)?;
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
    match ty {
        Type::Path(path) => match path.path.get_ident() {
            Some(ident) if !PLAIN.iter().any(|plain| ident == plain) => parse_quote!(types::#ident),
            _ => ty.clone(),
        },
        _ => ty.clone(),
    }
}

const PLAIN: [&str; 4] = ["bool", "f64", "i64", "i32"];
