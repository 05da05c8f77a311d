//! `and_wait()` on every call that starts something, from the document's `x-databricks-wait` and
//! `x-databricks-lro`.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::{Item, Type, parse_quote};

use super::calls::variable;
use super::types::{Types, argument_of, plain_name, without_option};
use super::{call_site, unexpected};
use crate::document::reference_name;
use crate::names::{call_name, field_name};
use crate::{Document, Operation, Result};

pub(super) fn add(source: &Document, types: &Types, items: &mut Vec<Item>) -> Result<()> {
    for operation in source.operations() {
        for extension in [WAIT, LRO] {
            let Some(facts) = operation.extension(extension) else { continue };
            let poll = facts.get("poll").and_then(Value::as_str).unwrap_or_default();
            let poll = operation.sibling(poll).ok_or_else(|| {
                let place = format!("{extension} of {}", operation.id());
                unexpected(source.name(), &place, &format!("an operation {}_{poll}", operation.tag()))
            })?;
            let waiter = Waiter { source, types, operation, poll, facts, extension };
            items.push(if extension == WAIT { waiter.state()? } else { waiter.long_running()? });
        }
    }
    Ok(())
}

const WAIT: &str = "x-databricks-wait";
const LRO: &str = "x-databricks-lro";
/// Minutes, where the document says none.
const TIMEOUT: u64 = 20;
/// Where a service explains the state beside it.
const MESSAGES: [&str; 3] = ["state_message", "message", "status_message"];

struct Waiter<'a> {
    source: &'a Document,
    types: &'a Types,
    operation: Operation<'a>,
    poll: Operation<'a>,
    facts: &'a Value,
    extension: &'a str,
}

impl Waiter<'_> {
    /// A state that is polled until it is a final one.
    fn state(&self) -> Result<Item> {
        let polled = self.answer(&self.poll)?;
        let polled_type = call_site(polled);
        let (state, message) = self.look(polled)?;
        let waiter = self.waiter();
        let (call, poll) = (self.call(&self.operation), self.call(&self.poll));
        let client = variable("client", &self.operation);
        let (before, after) = self.binds()?;
        let answer = if after.is_empty() { quote!(_) } else { quote!(answer) };
        let words = |key: &str| match self.words(key).as_slice() {
            [] => "no state".to_owned(),
            [one] => format!("`{one}`"),
            [most @ .., last] => format!("`{}` or `{last}`", most.join("`, `")),
        };
        let doc = format!(
            " Sends the call when it is awaited, then polls [`{}`]({poll}) until {}; {} is an error.",
            self.poll.method_name(),
            words("success"),
            words("failure"),
        );
        Ok(parse_quote! {
            impl #call {
                #[doc = #doc]
                pub fn and_wait(self) -> crate::wait::Wait<types::#polled_type> {
                    #waiter
                    let poll = #poll::new(&self.#client);
                    #(#before)*
                    let start = async move {
                        let #answer = self.send().await?;
                        #(#after)*
                        Ok(poll)
                    };
                    crate::wait::state(
                        &WAITER,
                        ::std::boxed::Box::pin(start),
                        |poll| poll.send(),
                        |polled: &types::#polled_type| (#state, #message),
                    )
                }
            }
        })
    }

    /// An operation that is polled until it is done.
    fn long_running(&self) -> Result<Item> {
        let operation = self.answer(&self.operation)?;
        for field in ["name", "done", "error", "response"] {
            if self.types.field(operation, field).is_none() {
                return Err(self.fail(&format!("a field `{field}` of {operation}")));
            }
        }
        let operation = call_site(operation);
        let waiter = self.waiter();
        let (call, poll) = (self.call(&self.operation), self.call(&self.poll));
        let client = variable("client", &self.operation);
        let id = self.operation.id();
        let (result, finish): (Type, TokenStream) = match self.facts.get("result").and_then(Value::as_str) {
            Some(result) => {
                let ty = match self.by_origin(result).map(call_site) {
                    Some(result) => parse_quote!(types::#result),
                    // A result without fields has no type in the document.
                    None => parse_quote!(::serde_json::Map<::std::string::String, ::serde_json::Value>),
                };
                (ty, quote!(crate::wait::finished(#id, operation.response)))
            }
            None => (parse_quote!(()), quote!(Ok(()))),
        };
        let doc = format!(
            " Sends the call when it is awaited, then polls [`{}`]({poll}) until the operation is done.",
            self.poll.method_name(),
        );
        Ok(parse_quote! {
            impl #call {
                #[doc = #doc]
                pub fn and_wait(self) -> crate::wait::Wait<#result, types::#operation> {
                    #waiter
                    let poll = #poll::new(&self.#client);
                    let start = async move {
                        let operation = self.send().await?;
                        let poll = poll.name(operation.name.clone());
                        Ok((poll, operation))
                    };
                    crate::wait::operation(
                        &WAITER,
                        ::std::boxed::Box::pin(start),
                        |poll| poll.send(),
                        |operation: &types::#operation| operation.done == ::std::option::Option::Some(true),
                        |operation: types::#operation| match &operation.error {
                            ::std::option::Option::Some(error) => Err(crate::wait::failed(#id, error)),
                            ::std::option::Option::None => #finish,
                        },
                    )
                }
            }
        })
    }

    fn waiter(&self) -> TokenStream {
        let id = self.operation.id();
        let (success, failure) = (self.words("success"), self.words("failure"));
        let minutes = self.facts.get("timeout_minutes").and_then(Value::as_u64).unwrap_or(TIMEOUT);
        quote! {
            static WAITER: crate::wait::Waiter = crate::wait::Waiter {
                operation: #id,
                success: &[#(#success),*],
                failure: &[#(#failure),*],
                timeout_minutes: #minutes,
            };
        }
    }

    /// What the poll is told: from the call's own arguments before it is sent, from its answer after.
    fn binds(&self) -> Result<(Vec<TokenStream>, Vec<TokenStream>)> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let binds = self.facts.get("bind").and_then(Value::as_object);
        for (parameter, from) in binds.into_iter().flatten() {
            let from = from.as_str().ok_or_else(|| self.fail(&format!("a word for `{parameter}`")))?;
            let name = field_name(parameter);
            let target = call_site(&name);
            if !self.poll.parameters().any(|it| field_name(it.name()) == name) {
                return Err(self.fail(&format!("a parameter `{parameter}` of {}", self.poll.id())));
            }
            let of_answer = from.strip_prefix("op_response['").and_then(|rest| rest.strip_suffix("']"));
            if let Some(key) = of_answer {
                let answer = self.answer(&self.operation)?;
                let (field, _) = self
                    .types
                    .field(answer, key)
                    .ok_or_else(|| self.fail(&format!("a field `{key}` of {answer}")))?;
                after.push(quote!(let poll = poll.#target(answer.#field.clone());));
                continue;
            }
            let source = field_name(from);
            let own = call_site(&source);
            let is_parameter = self.operation.parameters().any(|it| field_name(it.name()) == source);
            before.push(match is_parameter {
                true => quote!(let poll = poll.#target(self.#own.clone());),
                false => quote!(let poll = poll.#target(self.body.#own.clone());),
            });
        }
        Ok((before, after))
    }

    /// Expressions for the state and for what the service says of it, of a value `polled`.
    fn look(&self, polled: &str) -> Result<(TokenStream, TokenStream)> {
        let path = self.facts.get("status").and_then(Value::as_str).unwrap_or_default();
        let parts: Vec<&str> = path.split('.').collect();
        let state =
            self.text_at(polled, &parts).ok_or_else(|| self.fail(&format!("a field {path} of {polled}")))?;
        let (_, beside) = parts.split_last().unwrap_or((&"", &[]));
        let message = MESSAGES.iter().find_map(|name| {
            let at: Vec<&str> = beside.iter().copied().chain([*name]).collect();
            self.text_at(polled, &at)
        });
        Ok((state, message.unwrap_or_else(|| quote!(::std::option::Option::None))))
    }

    /// `polled.a.as_ref().and_then(|it| it.b.as_ref()).map(|it| it.as_str())`
    fn text_at(&self, structure: &str, path: &[&str]) -> Option<TokenStream> {
        let (first, rest) = path.split_first()?;
        let (field, ty) = self.types.field(structure, first)?;
        argument_of(ty, "Option")?;
        let mut tokens = quote!(polled.#field.as_ref());
        let mut at = plain_name(without_option(ty));
        for part in rest {
            let (field, ty) = self.types.field(&at?, part)?;
            argument_of(ty, "Option")?;
            tokens = quote!(#tokens.and_then(|it| it.#field.as_ref()));
            at = plain_name(without_option(ty));
        }
        Some(quote!(#tokens.map(|it| it.as_str())))
    }

    /// The type that was this one in the source of the documents.
    fn by_origin(&self, origin: &str) -> Option<&str> {
        let found =
            self.source.schemas().iter().find(|(_, schema)| {
                schema.get("x-databricks-origin").and_then(Value::as_str) == Some(origin)
            });
        found.map(|(name, _)| name.as_str())
    }

    fn answer<'b>(&self, operation: &Operation<'b>) -> Result<&'b str> {
        let answer = operation.json_answer().and_then(|schema| schema.get("$ref")).and_then(Value::as_str);
        answer.map(reference_name).ok_or_else(|| self.fail(&format!("a named answer of {}", operation.id())))
    }

    fn call(&self, operation: &Operation<'_>) -> syn::Ident {
        call_site(&call_name(operation.id()))
    }

    fn words(&self, key: &str) -> Vec<&str> {
        let words = self.facts.get(key).and_then(Value::as_array);
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn fail(&self, expected: &str) -> crate::Error {
        let place = format!("{} of {}", self.extension, self.operation.id());
        unexpected(self.source.name(), &place, expected)
    }
}
