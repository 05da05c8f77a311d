//! The enum as an implementation of `crate::mcp::Toolset`.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Variant};

use crate::attributes::{Effect, ToolAttributes, ToolsetAttributes, doc};
use crate::operation::{Documents, OperationTool};

/// Clients cut descriptions at 2 KB; a good one needs a quarter of that.
const LONGEST_DESCRIPTION: usize = 1024;
const LONGEST_NAME: usize = 40;

pub(crate) fn toolset(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "Toolset is derived for an enum"));
    };
    let attributes = ToolsetAttributes::read(&input.attrs)?;
    let name =
        attributes.name.as_ref().map_or_else(|| input.ident.to_string().to_snake_case(), LitStr::value);
    let description = described(&input.attrs, &input.ident)?;
    let mut documents = Documents::default();
    let mut tools = Vec::new();
    let mut errors: Option<Error> = None;
    for variant in &data.variants {
        match tool(variant, &attributes, &name, &mut documents) {
            Ok(tokens) => tools.push(tokens),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl crate::mcp::Toolset for #ident {
            const NAME: &'static str = #name;
            const DESCRIPTION: &'static str = #description;

            fn tools() -> ::std::vec::Vec<crate::mcp::ToolSpec> {
                ::std::vec![#(#tools),*]
            }
        }
    })
}

fn tool(
    variant: &Variant,
    toolset: &ToolsetAttributes,
    toolset_name: &str,
    documents: &mut Documents,
) -> Result<TokenStream> {
    let attributes = ToolAttributes::read(&variant.attrs)?;
    let name = variant.ident.to_string().to_snake_case();
    if name.len() > LONGEST_NAME {
        return Err(Error::new_spanned(
            &variant.ident,
            format!("the tool's name {name} has over {LONGEST_NAME} characters"),
        ));
    }
    let title = attributes.title.as_ref().map_or_else(|| sentence(&name), LitStr::value);
    let description = described(&variant.attrs, &variant.ident)?;
    let (schema, output, takes_fields, effect, judged, handler, operation) =
        match (&attributes.operation, &variant.fields) {
            (Some(id), Fields::Unit) => {
                let document =
                    attributes.document.as_ref().or(toolset.document.as_ref()).ok_or_else(|| {
                        Error::new(
                            id.span(),
                            "which document is it in? Say `document = \"…\"` here or on the enum",
                        )
                    })?;
                let tool = OperationTool::new(documents, document, id, &attributes)?;
                let (schema, output, takes_fields) = (tool.schema, tool.output, tool.takes_fields);
                (
                    quote!(crate::mcp::Schema::Text(#schema)),
                    quote!(crate::mcp::Schema::Text(#output)),
                    quote!(#takes_fields),
                    tool.effect,
                    quote! {
                        effect_of: |_| ::std::option::Option::None,
                        each: |_| ::std::option::Option::None,
                        may_read: false
                    },
                    tool.handler,
                    quote!(::std::option::Option::Some(#id)),
                )
            }
            (None, Fields::Unnamed(fields)) if fields.unnamed.len() == 1 => {
                let ty = &fields.unnamed[0].ty;
                let effect = attributes.effect.ok_or_else(|| {
                    Error::new_spanned(
                        &variant.ident,
                        "say `effect = read`, `effect = write` or `effect = destroy`",
                    )
                })?;
                let handler = quote! {
                    |context, arguments| ::std::boxed::Box::pin(async move {
                        let arguments = arguments.rest::<#ty>()?;
                        let answer = <#ty as crate::mcp::Compound>::call(arguments, context).await?;
                        crate::mcp::Answer::compound::<#ty>(answer)
                    })
                };
                (
                    quote!(crate::mcp::Schema::Derived(crate::mcp::derived_schema::<#ty>)),
                    quote!(crate::mcp::Schema::Derived(crate::mcp::derived_output::<#ty>)),
                    quote!(<#ty as crate::mcp::Compound>::TAKES_FIELDS),
                    effect,
                    quote! {
                        effect_of: <#ty as crate::mcp::Compound>::effect_of,
                        each: <#ty as crate::mcp::Compound>::each,
                        may_read: <#ty as crate::mcp::Compound>::MAY_READ
                    },
                    handler,
                    quote!(::std::option::Option::None),
                )
            }
            (Some(_), _) => {
                return Err(Error::new_spanned(
                    &variant.fields,
                    "a variant that names an operation has no payload",
                ));
            }
            (None, _) => {
                return Err(Error::new_spanned(
                    &variant.ident,
                    "name an operation with `#[tool(operation = \"…\")]`, or give the variant one payload",
                ));
            }
        };
    let effect = match effect {
        Effect::Read => quote!(Read),
        Effect::Write => quote!(Write),
        Effect::Destroy => quote!(Destroy),
    };
    let idempotent = attributes.idempotent;
    Ok(quote! {
        crate::mcp::ToolSpec {
            name: #name,
            toolset: #toolset_name,
            title: #title,
            description: #description,
            schema: #schema,
            output: #output,
            takes_fields: #takes_fields,
            effect: crate::mcp::Effect::#effect,
            #judged,
            idempotent: #idempotent,
            operation: #operation,
            handler: #handler,
        }
    })
}

/// `list_job_runs` as people write it: List job runs.
fn sentence(name: &str) -> String {
    let (first, rest) = name.split_at(name.len().min(1));
    first.to_uppercase() + &rest.replace('_', " ")
}

fn described(attributes: &[syn::Attribute], ident: &syn::Ident) -> Result<String> {
    let text = doc(attributes);
    match text.len() {
        0 => Err(Error::new_spanned(
            ident,
            "no description: write a doc comment, which is what an agent reads",
        )),
        length if length > LONGEST_DESCRIPTION => Err(Error::new_spanned(
            ident,
            format!("the description has {length} bytes, {LONGEST_DESCRIPTION} are enough"),
        )),
        _ => Ok(text),
    }
}
