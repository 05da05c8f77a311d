//! A variant that is one operation: its schema and its call.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use databricks_toolkit_spec::lower::{self, Exposure, Lowered};
use databricks_toolkit_spec::names::feature_name;
use databricks_toolkit_spec::{Document, Level, Operation};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value, json};
use syn::{Error, Lit, LitStr, Result};

use crate::attributes::{Effect, ToolAttributes};

/// What the expansion needs of an operation.
pub(crate) struct OperationTool {
    pub(crate) schema: String,
    pub(crate) output: String,
    pub(crate) takes_fields: bool,
    pub(crate) effect: Effect,
    pub(crate) handler: TokenStream,
}

/// The documents that one enum uses, each read once.
#[derive(Default)]
pub(crate) struct Documents {
    read: BTreeMap<String, Document>,
}

impl Documents {
    fn get(&mut self, name: &LitStr) -> Result<&Document> {
        let key = name.value();
        if !self.read.contains_key(&key) {
            let document =
                Document::load(&folder()?, &key).map_err(|error| Error::new(name.span(), chain(&error)))?;
            self.read.insert(key.clone(), document);
        }
        self.read.get(&key).ok_or_else(|| Error::new(name.span(), "the document was not read"))
    }
}

/// Where the documents are: beside the manifest of the crate that is compiled, or where
/// `DATABRICKS_TOOLKIT_OPENAPI` says.
fn folder() -> Result<PathBuf> {
    let beside = env::var_os("CARGO_MANIFEST_DIR").map(|root| PathBuf::from(root).join("openapi"));
    match beside.filter(|folder| folder.is_dir()) {
        Some(folder) => Ok(folder),
        None => env::var_os("DATABRICKS_TOOLKIT_OPENAPI").map(PathBuf::from).ok_or_else(|| {
            Error::new(
                Span::call_site(),
                "no folder `openapi` beside Cargo.toml, and DATABRICKS_TOOLKIT_OPENAPI is not set",
            )
        }),
    }
}

impl OperationTool {
    pub(crate) fn new(
        documents: &mut Documents,
        document_name: &LitStr,
        id: &LitStr,
        attributes: &ToolAttributes,
    ) -> Result<Self> {
        let document = documents.get(document_name)?;
        let operation =
            document.operation(&id.value()).map_err(|error| Error::new(id.span(), error.to_string()))?;
        if operation.level() == Level::Account {
            let message = format!("{} is an account's, and a tool has a workspace", operation.id());
            return Err(Error::new(id.span(), message));
        }
        for path in attributes.answer.iter().chain(&attributes.untrusted) {
            lower::answer(&operation, &path.value())
                .map_err(|error| Error::new(path.span(), error.to_string()))?;
        }
        let mut lowered = lowered(&operation, id, attributes)?;
        let page = page(&operation, attributes, &lowered);
        if let Some((field, argument)) = page {
            // Said alike by all tools, and shorter than what the document says.
            let text = format!("{field} of the last answer.");
            lowered.schema["properties"][argument]["description"] = json!(text);
        }
        let effect = effect(&operation, id, attributes)?;
        let has_fields = lowered.schema.get("properties").is_some_and(|it| it.get("fields").is_some());
        // What a change answers is short, and chosen for what comes next.
        let is_read = effect == Effect::Read && attributes.done.is_none();
        Ok(Self {
            schema: Value::Object(lowered.schema.clone()).to_string(),
            output: Value::Object(output(&operation, id, attributes)?).to_string(),
            takes_fields: is_read && operation.json_answer().is_some() && !has_fields,
            handler: handler(&operation, id, attributes, &lowered, page)?,
            effect,
        })
    }
}

fn lowered(operation: &Operation<'_>, id: &LitStr, attributes: &ToolAttributes) -> Result<Lowered> {
    let mut exposure =
        Exposure { fields: attributes.fields.iter().map(LitStr::value).collect(), defaults: BTreeMap::new() };
    for (name, value) in &attributes.defaults {
        exposure.defaults.insert(name.clone(), literal(value)?);
    }
    lower::input(operation, &exposure)
        .map_err(|error| Error::new(span(&error, id, attributes), error.to_string()))
}

/// The word that an error is about: the field that names what does not exist, else the operation.
fn span(error: &databricks_toolkit_spec::Error, id: &LitStr, attributes: &ToolAttributes) -> Span {
    let databricks_toolkit_spec::Error::Unknown { name, .. } = error else { return id.span() };
    let field = attributes.fields.iter().find(|field| {
        let path = field.value();
        path == *name || path.split('.').any(|part| part == name)
    });
    field.map_or(id.span(), LitStr::span)
}

/// The schema of the answer, with what the server may add to it.
fn output(operation: &Operation<'_>, id: &LitStr, attributes: &ToolAttributes) -> Result<Map<String, Value>> {
    if attributes.done.is_some() {
        let properties = json!({ "done": { "type": "string" } });
        return Ok(Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), properties),
        ]));
    }
    let paths: Vec<String> = attributes.answer.iter().map(LitStr::value).collect();
    let mut schema =
        lower::output(operation, &paths).map_err(|error| Error::new(id.span(), error.to_string()))?;
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        if !attributes.untrusted.is_empty() {
            properties
                .insert("untrusted".to_owned(), json!({ "type": "array", "items": { "type": "string" } }));
        }
        properties.insert("left_out".to_owned(), json!({ "type": "array", "items": { "type": "object" } }));
    }
    Ok(schema)
}

/// The field of the answer that holds the token of the next page, and the argument that takes it, where the tool has
/// both.
fn page<'a>(
    operation: &Operation<'a>,
    attributes: &ToolAttributes,
    lowered: &Lowered,
) -> Option<(&'a str, &'a str)> {
    let of = |key: &str| operation.extension("x-databricks-pagination")?.get(key)?.as_str();
    of("token_field").zip(of("token_param")).filter(|(field, argument)| {
        let is_shown =
            attributes.answer.is_empty() || attributes.answer.iter().any(|it| it.value() == *field);
        is_shown && lowered.schema.get("properties").is_some_and(|it| it.get(argument).is_some())
    })
}

fn literal(value: &Lit) -> Result<Value> {
    match value {
        Lit::Str(text) => Ok(Value::from(text.value())),
        Lit::Bool(flag) => Ok(Value::from(flag.value)),
        Lit::Int(number) => Ok(Value::from(number.base10_parse::<i64>()?)),
        other => Err(Error::new_spanned(other, "expected text, a whole number, `true` or `false`")),
    }
}

fn effect(operation: &Operation<'_>, id: &LitStr, attributes: &ToolAttributes) -> Result<Effect> {
    match (attributes.effect, operation.method().as_str()) {
        (Some(effect), _) => Ok(effect),
        (None, "GET" | "HEAD") => Ok(Effect::Read),
        (None, method) => Err(Error::new(
            id.span(),
            format!(
                "{} is a {method}: say `effect = read`, `effect = write` or `effect = destroy`",
                operation.id()
            ),
        )),
    }
}

/// The call through the generated builder.
fn handler(
    operation: &Operation<'_>,
    id: &LitStr,
    attributes: &ToolAttributes,
    lowered: &Lowered,
    page: Option<(&str, &str)>,
) -> Result<TokenStream> {
    if operation.has_binary_body() {
        return Err(Error::new(id.span(), "an operation with a binary body needs a tool with a payload"));
    }
    let service = format_ident!("{}", feature_name(operation.document().name()));
    let accessor = format_ident!("{}", operation.api().accessor);
    let method = format_ident!("{}", operation.method_name());
    let mut setters = Vec::new();
    for parameter in &lowered.parameters {
        let (name, setter) = (&parameter.name, format_ident!("{}", parameter.setter));
        let ty: syn::Type =
            syn::parse_str(&parameter.rust_type.replace("types::", &format!("crate::{service}::types::")))?;
        setters.push(quote! {
            if let ::std::option::Option::Some(value) = arguments.take::<#ty>(#name)? {
                call = call.#setter(value);
            }
        });
    }
    let body = match &lowered.body {
        Some(name) => {
            let ty = format_ident!("{name}");
            quote!(call = call.body(arguments.rest::<crate::#service::types::#ty>()?);)
        }
        None => quote!(),
    };
    let defaults = attributes.defaults.iter().map(|(name, value)| quote!(arguments.default(#name, #value);));
    let answer = match (&attributes.done, operation.json_answer()) {
        (Some(text), _) => quote! {
            call.send().await?;
            crate::mcp::Answer::done(#text)
        },
        (None, Some(_)) => {
            let (paths, untrusted) = (&attributes.answer, &attributes.untrusted);
            let page = match page {
                Some((field, argument)) => quote!(::std::option::Option::Some((#field, #argument))),
                None => quote!(::std::option::Option::None),
            };
            quote! {
                let answer = call.send().await?;
                context.answer(&answer, &crate::mcp::Projection {
                    operation: #id,
                    paths: &[#(#paths),*],
                    untrusted: &[#(#untrusted),*],
                    page: #page,
                })
            }
        }
        (None, None) => {
            return Err(Error::new(
                id.span(),
                format!("{} answers nothing: say what happened with `done = \"…\"`", operation.id()),
            ));
        }
    };
    Ok(quote! {
        |context, mut arguments| ::std::boxed::Box::pin(async move {
            #(#defaults)*
            #[allow(unused_mut)]
            let mut call = context.workspace().#accessor().#method();
            #(#setters)*
            #body
            #answer
        })
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
