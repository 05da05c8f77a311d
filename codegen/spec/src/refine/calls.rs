//! The calls: what each is told, and how it is sent.
//!
//! Progenitor's builders know the types of the parameters, the body and the answer; those are kept.
//! The code over them is written anew and is a fraction of theirs: a call holds values and the
//! first thing that was wrong with one, and `send` hands them to the project's transport by name,
//! which builds the request, so that retries, traces and errors know the operation.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{FnArg, Ident, ImplItem, Item, ItemImpl, Type, parse_quote};

use super::setters::{self, Setter};
use super::types::{Types, argument_of, named};
use super::{call_site, first_argument, idempotency, unexpected};
use crate::document::reference_name;
use crate::names::{call_name, field_name};
use crate::{Document, Operation, ParameterPlace, Result};

/// Writes every call in the place of progenitor's builders.
pub(super) fn write(source: &Document, types: &Types, items: &mut Vec<Item>) -> Result<()> {
    let read = Read::of(items);
    let mut calls: Vec<Item> = vec![parse_quote! {
        #[allow(unused_imports)]
        use super::{types, ByteStream, Operation, Sending};
    }];
    for operation in source.operations() {
        calls.extend(Call::new(source, types, &read, operation)?.items());
    }
    *items = calls;
    Ok(())
}

/// What progenitor's builders know: the types of the fields and of the answer, by call.
struct Read {
    fields: BTreeMap<String, BTreeMap<String, Type>>,
    answers: BTreeMap<String, Type>,
}

impl Read {
    fn of(items: &[Item]) -> Self {
        let mut read = Self { fields: BTreeMap::new(), answers: BTreeMap::new() };
        for item in items {
            match item {
                Item::Struct(item) => {
                    let fields = named(&item.fields).into_iter();
                    let fields = fields.filter_map(|(name, ty)| {
                        Some((name.to_string(), argument_of(&ty, "Result")?.clone()))
                    });
                    read.fields.insert(item.ident.to_string(), fields.collect());
                }
                Item::Impl(block) => {
                    if let (Some(name), Some(answer)) = (self_name(block), answer(block)) {
                        read.answers.insert(name, answer);
                    }
                }
                _ => {}
            }
        }
        read
    }
}

fn self_name(block: &ItemImpl) -> Option<String> {
    let Type::Path(path) = &*block.self_ty else { return None };
    path.path.segments.last().map(|last| last.ident.to_string())
}

/// The `T` of `async fn send(self) -> Result<ResponseValue<T>, Error<E>>`.
fn answer(block: &ItemImpl) -> Option<Type> {
    let send = block.items.iter().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "send" => Some(function),
        _ => None,
    })?;
    let takes_self = matches!(send.sig.inputs.first(), Some(FnArg::Receiver(_)));
    let syn::ReturnType::Type(_, output) = &send.sig.output else { return None };
    first_argument(first_argument(output).filter(|_| takes_self)?).cloned()
}

/// A parameter of the path, the query or the headers.
struct Parameter<'a> {
    parameter: crate::Parameter<'a>,
    field: Ident,
    ty: Type,
}

enum Body {
    None,
    /// A struct, whose fields are setters of the call.
    Record(Ident),
    /// An object without known fields; an empty one, unless the caller says more.
    Object(Ident),
    /// Any other JSON.
    Value(Box<Type>),
    /// Bytes, as they are.
    Bytes,
}

struct Call<'a> {
    source: &'a Document,
    types: &'a Types,
    operation: Operation<'a>,
    name: Ident,
    parameters: Vec<Parameter<'a>>,
    body: Body,
    answer: Type,
}

impl<'a> Call<'a> {
    fn new(source: &'a Document, types: &'a Types, read: &Read, operation: Operation<'a>) -> Result<Self> {
        let name = call_name(operation.id());
        let fail = |expected: &str| unexpected(source.name(), &format!("builder::{name}"), expected);
        let fields = read.fields.get(&name).ok_or_else(|| fail("a builder of the operation"))?;
        let answer = read.answers.get(&name).ok_or_else(|| fail("a `send` with an answer"))?.clone();
        let mut parameters = Vec::new();
        for parameter in operation.parameters() {
            let field = field_name(parameter.name());
            let ty = fields.get(&field).ok_or_else(|| fail(&format!("a field {field}")))?;
            let ty = argument_of(ty, "Option").unwrap_or(ty).clone();
            parameters.push(Parameter { parameter, field: call_site(&field), ty });
        }
        let has_body = operation.json_body().is_some() || operation.has_binary_body();
        let body = match fields.get("body").filter(|_| has_body) {
            None if has_body => return Err(fail("a body")),
            None => Body::None,
            Some(_) if operation.has_binary_body() => Body::Bytes,
            Some(ty) => match body_name(&operation) {
                Some(name) if types.is_struct(name) => Body::Record(call_site(name)),
                Some(name) if types.is_map(name) => Body::Object(call_site(name)),
                _ => Body::Value(Box::new(argument_of(ty, "Option").unwrap_or(ty).clone())),
            },
        };
        let name = call_site(&name);
        Ok(Self { source, types, operation, name, parameters, body, answer })
    }

    fn items(&self) -> Vec<Item> {
        let name = &self.name;
        let (client, problem) = (self.variable("client"), self.variable("problem"));
        let (fields, types): (Vec<_>, Vec<_>) = self.parameters.iter().map(|p| (&p.field, &p.ty)).unzip();
        let body = match &self.body {
            Body::None => quote!(),
            Body::Record(name) | Body::Object(name) => quote!(pub(crate) body: types::#name,),
            Body::Value(ty) => quote!(pub(crate) body: Option<#ty>,),
            Body::Bytes => quote!(pub(crate) body: Option<::reqwest::Body>,),
        };
        let new_body =
            if matches!(self.body, Body::None) { quote!() } else { quote!(body: Default::default(),) };
        // Bytes that are read as they are sent exist once.
        let clone = if matches!(self.body, Body::Bytes) { quote!() } else { quote!(#[derive(Clone)]) };
        let doc = format!(
            " `{} {}`: its parameters are set one by one.",
            self.operation.method(),
            self.operation.path()
        );
        let (setters, send) = (self.setters(), self.send());
        vec![
            parse_quote! {
                #[doc = #doc]
                #clone
                #[must_use = "a call is sent by `send`"]
                pub struct #name {
                    pub(crate) #client: super::Client,
                    pub(crate) #problem: crate::fields::Problem,
                    #(pub(crate) #fields: Option<#types>,)*
                    #body
                }
            },
            parse_quote! {
                impl #name {
                    pub(crate) fn new(client: &super::Client) -> Self {
                        Self { #client: client.clone(), #problem: Default::default(), #(#fields: None,)* #new_body }
                    }

                    #(#setters)*

                    #send
                }
            },
        ]
    }

    fn setters(&self) -> Vec<ImplItem> {
        let problem = self.variable("problem");
        let mut taken: Vec<String> = OF_EVERY_CALL.map(str::to_owned).to_vec();
        let mut setters: Vec<ImplItem> = Vec::new();
        for Parameter { parameter, field, ty } in &self.parameters {
            taken.push(field.to_string());
            let description = parameter.description();
            setters.push(Setter { problem: &problem, field, ty, within: quote!(), description }.function());
        }
        match &self.body {
            Body::None => {}
            Body::Bytes => setters.push(setters::bytes()),
            Body::Value(ty) => setters.push(setters::whole(&problem, ty)),
            Body::Object(name) => setters.push(setters::whole_record(&problem, name)),
            Body::Record(name) => {
                setters.push(setters::whole_record(&problem, name));
                let descriptions = setters::Descriptions::of(self.source, &name.to_string());
                for (field, ty) in self.types.setters(&name.to_string()) {
                    if taken.contains(&field.to_string()) {
                        continue;
                    }
                    let (ty, description) = (super::types::from_outside(ty), descriptions.get(field));
                    let within = quote!(body.);
                    setters
                        .push(Setter { problem: &problem, field, ty: &ty, within, description }.function());
                }
                setters.push(setters::any_field());
            }
        }
        setters
    }

    fn send(&self) -> ImplItem {
        let Self { operation, answer, .. } = self;
        let (client, problem) = (self.variable("client"), self.variable("problem"));
        let (id, method, path) = (operation.id(), operation.method(), operation.path());
        let service = self.source.name();
        let token = idempotency::fill(operation);
        let retry = call_site(if operation.is_repeatable() { "Safe" } else { "Write" });
        let parts = self.parameters.iter().map(part);
        let body = match &self.body {
            Body::None => quote!(),
            Body::Record(_) => quote!(request.record(&self.body);),
            Body::Object(_) => quote!(request.json(&Some(&self.body));),
            Body::Value(_) => quote!(request.json(&self.body);),
            Body::Bytes => quote!(request.bytes(self.body);),
        };
        let headers = operation.answer_headers();
        let end = match answer.to_token_stream().to_string().as_str() {
            "()" => quote!(request.send_empty()),
            "ByteStream" => quote!(request.send_bytes()),
            _ if headers.is_empty() => quote!(request.send_json()),
            _ => quote!(request.send_with_headers(&[#(#headers),*])),
        };
        let (this, token) = match token {
            Some(token) => (quote!(mut self), token),
            None => (quote!(self), quote!()),
        };
        let doc = format!(" Sends `{method} {path}`.");
        parse_quote! {
            #[doc = #doc]
            pub fn send(#this) -> Sending<#answer> {
                const OPERATION: Operation = Operation {
                    service: #service,
                    id: #id,
                    method: #method,
                    path: #path,
                    retry: crate::transport::RetryClass::#retry,
                };
                #token
                let mut request = self.#client.transport.request(&OPERATION, self.#problem);
                #(#parts)*
                #body
                #end
            }
        }
    }

    fn variable(&self, name: &str) -> Ident {
        variable(name, &self.operation)
    }
}

/// One parameter handed to the request.
fn part(Parameter { parameter, field, .. }: &Parameter<'_>) -> TokenStream {
    let name = parameter.name();
    match parameter.place() {
        ParameterPlace::Path if parameter.multi_segment() => {
            quote!(request.path_segments(#name, &self.#field);)
        }
        ParameterPlace::Path => quote!(request.path(#name, &self.#field);),
        ParameterPlace::Query if parameter.required() => {
            quote!(request.require(#name, self.#field.is_some()).query(#name, &self.#field);)
        }
        ParameterPlace::Query => quote!(request.query(#name, &self.#field);),
        ParameterPlace::Header if parameter.required() => {
            quote!(request.require(#name, self.#field.is_some()).header(#name, &self.#field);)
        }
        ParameterPlace::Header => quote!(request.header(#name, &self.#field);),
    }
}

/// The type of a call's body.
pub(super) fn body_name<'a>(operation: &Operation<'a>) -> Option<&'a str> {
    operation.json_body()?.get("$ref")?.as_str().map(reference_name)
}

/// Methods of a call, after which no setter of a field of its body is called.
const OF_EVERY_CALL: [&str; 7] = ["and_wait", "body", "extra", "new", "send", "stream", "with_field"];

/// What the generated code calls a field of its own: not as a parameter of the call.
pub(super) fn variable(name: &str, operation: &Operation<'_>) -> Ident {
    let mut name = name.to_owned();
    while operation.parameters().any(|parameter| field_name(parameter.name()) == name) {
        name.insert(0, '_');
    }
    call_site(&name)
}
