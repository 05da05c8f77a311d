//! Every `send` ends in the project's transport.
//!
//! Progenitor's `send` builds the request well and then hands it to hooks whose errors can only be
//! its own. The building is kept; what follows is replaced by one call that names the operation,
//! so that retries, traces and errors know it.

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, ExprCall, ExprMethodCall, ImplItem, ImplItemFn, Item, ItemImpl, Local, Stmt, Type, parse_quote,
};

use super::{drop_debug, first_argument, idempotency, owned, unexpected};
use crate::names::{field_name, part_name};
use crate::{Document, Operation, ParameterPlace, Result};

pub(super) fn refine(source: &Document, items: &mut Vec<Item>) -> Result<()> {
    let mut sent = 0;
    for item in items.iter_mut() {
        match item {
            Item::Struct(item) => drop_debug(&mut item.attrs),
            Item::Impl(block) => sent += send(source, block)?,
            _ => {}
        }
        owned::client(item);
    }
    let expected = source.operations().count();
    if sent != expected {
        return Err(unexpected(source.name(), "mod builder", &format!("{expected} sends, found {sent}")));
    }
    items.retain(|item| !matches!(item, Item::Use(_)));
    let imports: syn::File = parse_quote! {
        #[allow(unused_imports)]
        use super::{types, ByteStream, Operation, encode_path, encode_path_segments};
    };
    items.splice(0..0, imports.items);
    Ok(())
}

/// Rewrites the `send` of one builder; returns how many it has.
fn send(source: &Document, block: &mut ItemImpl) -> Result<usize> {
    let Type::Path(path) = &*block.self_ty else { return Ok(0) };
    let Some(name) = path.path.segments.last().map(|segment| segment.ident.to_string()) else { return Ok(0) };
    let mut sent = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        if function.sig.ident != "send" {
            continue;
        }
        let operation =
            source.operations().find(|operation| part_name(operation.id()) == part_name(&name)).ok_or_else(
                || unexpected(source.name(), &format!("builder::{name}"), "an operation of the document"),
            )?;
        rewrite(source, &operation, function)?;
        sent.push(operation);
    }
    for operation in &sent {
        owned::account_id(block, operation);
    }
    Ok(sent.len())
}

fn rewrite(source: &Document, operation: &Operation<'_>, function: &mut ImplItemFn) -> Result<()> {
    let place = format!("send of {}", operation.id());
    let fail = |message: &str| unexpected(source.name(), &place, message);
    let answer = answer_type(function).ok_or_else(|| fail("Result<ResponseValue<…>, Error<…>>"))?;
    let statements = &mut function.block.stmts;
    let tail = statements
        .iter()
        .position(|statement| matches!(statement, Stmt::Local(local) if is_operation_info(local)))
        .ok_or_else(|| fail("`let info = OperationInfo { … }`"))?;
    statements.truncate(tail);
    statements.retain(|statement| !api_version(statement));

    let method: syn::Ident = syn::parse_str(&answer.method).map_err(|_| fail("a method name"))?;
    let id = operation.id();
    let http_method = operation.method();
    let path = operation.path();
    let service = source.name();
    let token = idempotency::fill(source, operation);
    let retry = retry_class(operation, token.is_some());
    // After `let Self { … } = self;`.
    statements.splice(1..1, token.into_iter().flatten());
    statements.push(parse_quote! {
        const OPERATION: Operation = Operation {
            service: #service,
            id: #id,
            method: #http_method,
            path: #path,
            retry: crate::transport::RetryClass::#retry,
        };
    });
    let client = variable("client", operation);
    let request = variable("request", operation);
    let headers = operation.answer_headers();
    let sent: Expr = match answer.method.as_str() {
        "call_json" if !headers.is_empty() => {
            parse_quote!(#client.transport.call_with_headers(#request, &OPERATION, &[#(#headers),*]).await)
        }
        _ => parse_quote!(#client.transport.#method(#request, &OPERATION).await),
    };
    statements.push(Stmt::Expr(sent, None));
    let ty = answer.ty;
    function.sig.output = parse_quote!(-> crate::Result<#ty>);
    let multi_segment: Vec<String> = operation
        .parameters()
        .filter(|parameter| parameter.place() == ParameterPlace::Path && parameter.multi_segment())
        .map(|parameter| field_name(parameter.name()))
        .collect();
    let mut paths = Paths { client, multi_segment };
    paths.visit_block_mut(&mut function.block);
    let doc = format!(" Sends `{http_method} {path}`.");
    super::docs::replace(&mut function.attrs, &doc);
    Ok(())
}

/// Reads may be repeated freely, and so may what the service knows by a token; another write only
/// when it surely had no effect.
fn retry_class(operation: &Operation<'_>, has_token: bool) -> syn::Ident {
    let class = match operation.method().as_str() {
        "GET" | "HEAD" | "OPTIONS" => "Safe",
        _ if has_token => "Safe",
        _ => "Write",
    };
    syn::Ident::new(class, proc_macro2::Span::call_site())
}

struct Answer {
    ty: Type,
    method: String,
}

/// What a call answers, from `Result<ResponseValue<T>, Error<E>>`.
fn answer_type(function: &ImplItemFn) -> Option<Answer> {
    let syn::ReturnType::Type(_, output) = &function.sig.output else { return None };
    let inner = first_argument(first_argument(output)?)?.clone();
    let method = match inner.to_token_stream().to_string().as_str() {
        "()" => "call_empty",
        "ByteStream" => "call_bytes",
        _ => "call_json",
    };
    Some(Answer { ty: inner, method: method.to_owned() })
}

/// What the generated code calls a variable of its own: not as a parameter of the call.
pub(super) fn variable(name: &str, operation: &Operation<'_>) -> syn::Ident {
    let mut name = name.to_owned();
    while operation.parameters().any(|parameter| field_name(parameter.name()) == name) {
        name.insert(0, '_');
    }
    syn::Ident::new(&name, proc_macro2::Span::call_site())
}

fn is_operation_info(local: &Local) -> bool {
    matches!(&local.init, Some(init) if matches!(&*init.expr, Expr::Struct(it) if it.path.is_ident("OperationInfo")))
}

/// The header that progenitor adds with the document's version, which the service does not know.
fn api_version(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(Expr::MethodCall(call), _) => {
            call.method == "append" && call.args.to_token_stream().to_string().contains("\"api-version\"")
        }
        _ => false,
    }
}

/// Leads what is left of `send` to the project's own client, errors and path encoding.
struct Paths {
    client: syn::Ident,
    multi_segment: Vec<String>,
}

impl VisitMut for Paths {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        match expression {
            Expr::Field(field) if matches!(&*field.base, Expr::Path(base) if base.path.is_ident(&self.client)) =>
            {
                let client = &self.client;
                match field.member.to_token_stream().to_string().as_str() {
                    "baseurl" => *expression = parse_quote!(#client.transport.host()),
                    "client" => *expression = parse_quote!(#client.transport.http()),
                    _ => {}
                }
            }
            Expr::Path(path) if path.to_token_stream().to_string() == "Error :: InvalidRequest" => {
                *expression = parse_quote!(crate::Error::invalid_request);
            }
            Expr::MethodCall(call) if call.method == "append" => name_header(call),
            Expr::Try(inner) => {
                let inner = &inner.expr;
                if matches!(&**inner, Expr::MethodCall(call) if call.method == "build") {
                    *expression = parse_quote!(#inner.map_err(crate::Error::request)?);
                }
            }
            _ => {}
        }
    }

    fn visit_macro_mut(&mut self, node: &mut syn::Macro) {
        // `format!("{}/path/{}", client.baseurl, encode_path(&x.to_string()))`
        let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        let Ok(mut arguments) = node.parse_body_with(parser) else { return };
        for argument in &mut arguments {
            self.visit_expr_mut(argument);
            if let Expr::Call(call) = argument
                && encoded(call).is_some_and(|name| self.multi_segment.contains(&field_name(&name)))
            {
                *call.func = parse_quote!(encode_path_segments);
            }
        }
        node.tokens = arguments.to_token_stream();
    }
}

/// The parameter that `encode_path(&x.to_string())` encodes.
fn encoded(call: &ExprCall) -> Option<String> {
    let (Expr::Path(function), Some(Expr::Reference(value))) = (&*call.func, call.args.first()) else {
        return None;
    };
    match &*value.expr {
        Expr::MethodCall(text) if function.path.is_ident("encode_path") => {
            Some(text.receiver.to_token_stream().to_string())
        }
        _ => None,
    }
}

/// In `header_map.append("name", x.to_string().try_into()?)` the failure names the header.
fn name_header(call: &mut ExprMethodCall) {
    if let [name, Expr::Try(value)] = call.args.iter_mut().collect::<Vec<_>>().as_mut_slice() {
        let text = &value.expr;
        *value.expr = parse_quote!(#text.map_err(|error: ::reqwest::header::InvalidHeaderValue| {
            crate::Error::invalid_request(format!("{}: {error}", #name))
        }));
    }
}
