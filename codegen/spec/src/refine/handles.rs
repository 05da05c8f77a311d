//! One handle an API: `clusters_list` of progenitor's client becomes `list` of `ClustersApi`.

use syn::{ImplItem, ImplItemFn, Item, ItemImpl, parse_quote};

use super::{call_site, docs, unexpected};
use crate::names::{call_name, field_name};
use crate::{Document, Operation, Result};

/// Moves the methods that start a call from the client to the handles.
pub(super) fn divide(source: &Document, items: &mut Vec<Item>) -> Result<()> {
    let fail = |expected: &str| unexpected(source.name(), "impl Client", expected);
    let position = items.iter().position(|item| matches!(item, Item::Impl(_)));
    let position = position.ok_or_else(|| fail("a block with the operations"))?;
    let Item::Impl(ItemImpl { items: methods, .. }) = items.remove(position) else {
        return Err(fail("a block with the operations"));
    };
    let mut handles = Vec::new();
    for api in source.apis() {
        let name = call_site(&api.type_name);
        let owner = if api.level == crate::Level::Account { "account" } else { "workspace" };
        let doc = format!(
            " `{owner}.{}()`: the calls of the `{}` API of the `{}` document.",
            api.accessor,
            api.tag,
            source.name()
        );
        let of_api = source.operations().filter(|operation| operation.tag() == api.tag);
        let functions =
            of_api.map(|operation| method(source, &operation, &methods)).collect::<Result<Vec<_>>>()?;
        let handle: syn::File = parse_quote! {
            #[doc = #doc]
            #[derive(Clone, Debug)]
            pub struct #name {
                client: Client,
            }

            impl #name {
                pub(crate) fn new(transport: &crate::transport::Transport) -> Self {
                    Self { client: Client { transport: transport.clone() } }
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
    let known =
        methods.iter().any(|item| matches!(item, ImplItem::Fn(function) if function.sig.ident == name));
    if !known {
        return Err(unexpected(source.name(), "impl Client", &format!("a method {name}")));
    }
    let short = call_site(&operation.method_name());
    let call = call_site(&call_name(operation.id()));
    let doc = docs::operation(operation);
    Ok(parse_quote! {
        #[doc = #doc]
        pub fn #short(&self) -> builder::#call {
            builder::#call::new(&self.client)
        }
    })
}
