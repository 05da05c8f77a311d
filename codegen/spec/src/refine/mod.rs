//! What progenitor wrote, made into what the project promises.
//!
//! | pass | promise |
//! |---|---|
//! | `enums` | an enum value the document does not know is kept |
//! | `fields` | numbers may arrive as text; every field says what it is |
//! | `records` | answers are read fast, and are small |
//! | `secrets` | `Debug` hides what is secret |
//! | `calls` | every call goes through the project's transport and ends in the project's error |
//! | `idempotency` | a call that has a token for it may be sent again |
//! | `setters` | a call takes the fields of its body, in the forms a person would write |
//! | `pagers` | every list is a stream |
//! | `waiters` | what starts something can wait for it |
//! | `short` | the code is short enough to read |
//! | `handles` | one handle an API, whose methods tell method, path, level, paging and waiting |
//!
//! The passes read facts from the normalised source and change syntax only; they fail, naming the
//! item, where the code is not as they expect it.

mod calls;
mod docs;
mod enums;
mod fields;
mod handles;
mod idempotency;
mod pagers;
mod records;
mod secrets;
mod setters;
mod short;
mod types;
mod waiters;

use syn::{File, GenericArgument, Ident, Item, ItemMod, PathArguments, Type, parse_quote};

use crate::normalise::{Normalised, reach};
use crate::{Error, Result};

/// Refines the code of one document in place.
pub fn refine(normalised: &Normalised, file: &mut File) -> Result<()> {
    let source = &normalised.source;
    file.items.retain(|item| !replaced(item));
    let requested = reach::from_requests(source);
    let types = module(source.name(), file, "types")?;
    enums::open(source, types)?;
    fields::refine(source, types)?;
    records::shrink(types);
    records::make(source, types, &requested)?;
    let known = types::Types::read(types);
    setters::builders(source, &known, &requested, types);
    let calls = module(source.name(), file, "builder")?;
    calls::write(source, &known, calls)?;
    pagers::add(source, &known, calls)?;
    waiters::add(source, &known, calls)?;
    handles::divide(source, &mut file.items)?;
    let face: File = parse_quote! {
        #[allow(unused_imports)]
        use crate::transport::{ByteStream, Operation, Sending};

        /// What every call of this document has.
        #[doc(hidden)]
        #[derive(Clone, Debug)]
        pub struct Client {
            transport: crate::transport::Transport,
        }
    };
    file.items.splice(0..0, face.items);
    short::shorten(file);
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

/// The items of a module.
fn module<'a>(document: &str, file: &'a mut File, name: &str) -> Result<&'a mut Vec<Item>> {
    let found = file.items.iter_mut().find_map(|item| match item {
        Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == name => Some(items),
        _ => None,
    });
    found.ok_or_else(|| unexpected(document, &format!("mod {name}"), "a module with a body"))
}

/// A name in generated code.
fn call_site(name: &str) -> Ident {
    Ident::new(name, proc_macro2::Span::call_site())
}

fn unexpected(document: &str, place: &str, message: &str) -> Error {
    Error::Refine {
        document: document.to_owned(),
        place: place.to_owned(),
        message: format!("expected {message}"),
    }
}

/// Takes these off a derive.
fn without_derives(attributes: &mut [syn::Attribute], names: &[&str]) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let is_dropped = |path: &syn::Path| {
            path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
        };
        let kept: Vec<syn::Path> = attribute
            .parse_args_with(syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated)
            .map(|paths| paths.into_iter().filter(|path| !is_dropped(path)).collect())
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
