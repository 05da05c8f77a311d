//! What progenitor wrote, made into what the project promises.
//!
//! | pass | promise |
//! |---|---|
//! | `enums` | an enum value the document does not know is kept |
//! | `fields` | numbers may arrive as text; every field says what it is |
//! | `calls` | every call goes through the project's transport and ends in the project's error |
//! | `docs` | methods tell method, path and level, and no text trips rustdoc |
//!
//! The passes read facts from the normalised source and change syntax only; they fail, naming the
//! item, where the code is not as they expect it.

mod calls;
mod docs;
mod enums;
mod fields;

use syn::{File, GenericArgument, Item, ItemMod, PathArguments, Type, parse_quote};

use crate::normalise::Normalised;
use crate::{Error, Result};

/// Refines the code of one document in place.
pub fn refine(normalised: &Normalised, file: &mut File) -> Result<()> {
    let source = &normalised.source;
    file.items.retain(|item| !replaced(item));
    for item in &mut file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                let items = contents(source.name(), module)?;
                enums::open(source, items)?;
                fields::refine(source, items)?;
            }
            Item::Mod(module) if module.ident == "builder" => {
                calls::refine(source, contents(source.name(), module)?)?;
            }
            Item::Impl(operations) => docs::operations(source, operations)?,
            _ => {}
        }
    }
    let client_doc = format!(" The calls of the `{}` document, one method an operation.", source.name());
    let face: File = parse_quote! {
        #[allow(unused_imports)]
        use crate::transport::{ByteStream, Operation, encode_path, encode_path_segments};

        #[doc = #client_doc]
        #[derive(Clone, Debug)]
        pub struct Client {
            transport: crate::transport::Transport,
        }

        impl Client {
            pub(crate) fn new(transport: crate::transport::Transport) -> Self {
                Self { transport }
            }
        }
    };
    file.items.splice(0..0, face.items);
    Ok(())
}

/// Imports, client type and prelude of progenitor, in whose place the project's own stand.
fn replaced(item: &Item) -> bool {
    match item {
        Item::Use(_) | Item::Const(_) | Item::Struct(_) => true,
        Item::Mod(module) => module.ident == "prelude",
        // `impl Client { fn new … }` and `impl ClientInfo for Client`, but not the operations.
        Item::Impl(block) => block.trait_.is_some()
            || block.items.iter().any(
                |item| matches!(item, syn::ImplItem::Fn(function) if function.sig.ident == "new_with_client"),
            ),
        _ => false,
    }
}

fn contents<'a>(document: &str, module: &'a mut ItemMod) -> Result<&'a mut Vec<Item>> {
    let place = format!("mod {}", module.ident);
    match &mut module.content {
        Some((_, items)) => Ok(items),
        None => Err(unexpected(document, &place, "a module with a body")),
    }
}

fn unexpected(document: &str, place: &str, message: &str) -> Error {
    Error::Refine {
        document: document.to_owned(),
        place: place.to_owned(),
        message: format!("expected {message}"),
    }
}

/// Takes `Debug` off a derive: a half-built request may hold secrets, and the code is not small.
fn drop_debug(attributes: &mut [syn::Attribute]) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let kept: Vec<syn::Path> = attribute
            .parse_args_with(syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated)
            .map(|paths| paths.into_iter().filter(|path| !path.is_ident("Debug")).collect())
            .unwrap_or_default();
        *attribute = parse_quote!(#[derive(#(#kept),*)]);
    }
}

/// The `T` of `Some<T>`.
fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
