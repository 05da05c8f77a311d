//! One handle an API: the operations of a tag, by names without its prefix.
//!
//! `clusters_list` of progenitor's client becomes `list` of `ClustersApi`, reached by
//! `workspace.clusters()`.

use proc_macro2::Span;
use syn::{Ident, ImplItem, ImplItemFn, Item, ItemImpl, parse_quote};

use super::{docs, unexpected};
use crate::names::{field_name, type_name};
use crate::{Api, Document, Level, Operation, Result};

/// The APIs of a document: its tags, in the order of their first operations.
pub(super) fn apis(source: &Document) -> Vec<Api> {
    let mut apis: Vec<Api> = Vec::new();
    for operation in source.operations() {
        let tag = tag(&operation);
        if apis.iter().any(|api| api.tag == tag) {
            continue;
        }
        let accessor = operation.text_extension("x-databricks-client-attr").unwrap_or(tag);
        let level = match operation.text_extension("x-databricks-level") {
            Some("account") => Level::Account,
            _ => Level::Workspace,
        };
        apis.push(Api {
            tag: tag.to_owned(),
            accessor: field_name(accessor),
            type_name: format!("{}Api", type_name(tag)),
            level,
        });
    }
    apis
}

fn tag<'a>(operation: &Operation<'a>) -> &'a str {
    let tags = operation.extension("tags").and_then(serde_json::Value::as_array);
    tags.and_then(|tags| tags.first()?.as_str()).unwrap_or("api")
}

/// The method of an operation on its handle.
pub fn method_name(operation: &Operation<'_>) -> String {
    let id = operation.id();
    let short = id.strip_prefix(tag(operation)).and_then(|rest| rest.strip_prefix('_')).unwrap_or(id);
    field_name(short)
}

/// Moves the methods that start a call from the client to the handles.
pub(super) fn divide(source: &Document, items: &mut Vec<Item>) -> Result<()> {
    let position = items
        .iter()
        .position(|item| matches!(item, Item::Impl(_)))
        .ok_or_else(|| unexpected(source.name(), "impl Client", "a block with the operations"))?;
    let Item::Impl(ItemImpl { items: methods, .. }) = items.remove(position) else {
        return Err(unexpected(source.name(), "impl Client", "a block with the operations"));
    };
    let mut handles = Vec::new();
    for api in apis(source) {
        let name = Ident::new(&api.type_name, Span::call_site());
        let accessor = &api.accessor;
        let doc = format!(" The `{accessor}` API of the `{}` document.", source.name());
        let of_api = source.operations().filter(|operation| tag(operation) == api.tag);
        let functions = of_api.map(|operation| method(source, &operation, &methods)).collect::<Result<Vec<_>>>()?;
        let handle: syn::File = parse_quote! {
            #[doc = #doc]
            #[derive(Clone, Copy, Debug)]
            pub struct #name<'a> {
                client: &'a Client,
            }

            impl<'a> #name<'a> {
                pub(crate) fn new(client: &'a Client) -> Self {
                    Self { client }
                }

                #(#functions)*
            }
        };
        handles.extend(handle.items);
    }
    items.splice(position..position, handles);
    Ok(())
}

fn method(source: &Document, operation: &Operation<'_>, methods: &[ImplItem]) -> Result<ImplItemFn> {
    let name = field_name(operation.id());
    let known = methods.iter().any(|item| matches!(item, ImplItem::Fn(function) if function.sig.ident == name));
    if !known {
        return Err(unexpected(source.name(), "impl Client", &format!("a method {name}")));
    }
    let short = Ident::new(&method_name(operation), Span::call_site());
    let builder = Ident::new(&type_name(operation.id()), Span::call_site());
    let doc = docs::operation(operation);
    Ok(parse_quote! {
        #[doc = #doc]
        pub fn #short(&self) -> builder::#builder<'a> {
            builder::#builder::new(self.client)
        }
    })
}
