//! Calls that own their client, so that they, their streams and their waiting can be moved into
//! tasks: progenitor's borrow it.

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, FnArg, GenericParam, ImplItem, Item, ItemImpl, PathArguments, Type, parse_quote};

use crate::{Operation, ParameterPlace};

pub(super) fn client(item: &mut Item) {
    match item {
        Item::Struct(item) => item.generics.params.clear(),
        Item::Impl(block) => {
            let lifetimes = block.generics.params.iter().all(|p| matches!(p, GenericParam::Lifetime(_)));
            if lifetimes {
                block.generics.params.clear();
            }
        }
        _ => {}
    }
    Owned.visit_item_mut(item);
    if let Item::Impl(block) = item {
        clone_in_new(block);
    }
}

struct Owned;

impl VisitMut for Owned {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        match ty {
            Type::Reference(reference) if is_client(&reference.elem) => *ty = (*reference.elem).clone(),
            Type::Path(path) => {
                for segment in &mut path.path.segments {
                    if segment.arguments.to_token_stream().to_string() == "< 'a >" {
                        segment.arguments = PathArguments::None;
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_client(ty: &Type) -> bool {
    ty.to_token_stream().to_string() == "super :: Client"
}

/// `new(client: super::Client) -> Self { Self { client: client, … } }` takes a reference again.
fn clone_in_new(block: &mut ItemImpl) {
    let new = block.items.iter_mut().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "new" => Some(function),
        _ => None,
    });
    let Some(new) = new else { return };
    for argument in &mut new.sig.inputs {
        if let FnArg::Typed(argument) = argument {
            *argument.ty = parse_quote!(&super::Client);
        }
    }
    Clone.visit_block_mut(&mut new.block);
}

struct Clone;

impl VisitMut for Clone {
    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        if matches!(&field.expr, Expr::Path(_)) {
            let client = &field.expr;
            field.expr = parse_quote!(#client.clone());
        }
    }
}

/// An account's calls know their account from the settings.
pub(super) fn account_id(block: &mut ItemImpl, operation: &Operation<'_>) {
    let is_account = |parameter: crate::Parameter<'_>| {
        parameter.name() == "account_id" && parameter.place() == ParameterPlace::Path
    };
    if operation.parameters().any(is_account) {
        FromSettings.visit_item_impl_mut(block);
    }
}

struct FromSettings;

impl VisitMut for FromSettings {
    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        let text = field.expr.to_token_stream().to_string();
        if text.contains("\"account_id was not initialized\"") {
            field.expr = parse_quote!(client.transport.account_id());
        }
    }
}
