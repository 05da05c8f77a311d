//! What the attributes of a toolset and its tools say.

use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, Result, Token, parenthesized};

/// `#[toolset(name = "…", document = "…")]`
#[derive(Default)]
pub(crate) struct ToolsetAttributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) document: Option<LitStr>,
}

impl ToolsetAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("toolset")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    read.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("document") {
                    read.document = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta.error("expected `name` or `document`"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// What a call does to the workspace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
    Destroy,
}

/// `#[tool(operation = "…", fields("…"), answer("…"), untrusted("…"), defaults(x = 1), effect = write, …)]`
#[derive(Default)]
pub(crate) struct ToolAttributes {
    pub(crate) operation: Option<LitStr>,
    pub(crate) document: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) fields: Vec<LitStr>,
    pub(crate) answer: Vec<LitStr>,
    pub(crate) untrusted: Vec<LitStr>,
    pub(crate) defaults: Vec<(String, Lit)>,
    pub(crate) effect: Option<Effect>,
    pub(crate) idempotent: bool,
    pub(crate) done: Option<LitStr>,
}

const KEYS: &str = "`operation`, `document`, `title`, `fields(…)`, `answer(…)`, `untrusted(…)`, `defaults(…)`, `effect`, `idempotent` or `done`";

impl ToolAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tool")) {
            attribute.parse_nested_meta(|meta| read.one(&meta))?;
        }
        Ok(read)
    }

    fn one(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(key) = meta.path.get_ident() else { return Err(meta.error(format!("expected {KEYS}"))) };
        match key.to_string().as_str() {
            "operation" => self.operation = Some(meta.value()?.parse()?),
            "document" => self.document = Some(meta.value()?.parse()?),
            "title" => self.title = Some(meta.value()?.parse()?),
            "done" => self.done = Some(meta.value()?.parse()?),
            "fields" => self.fields = words(meta)?,
            "answer" => self.answer = words(meta)?,
            "untrusted" => self.untrusted = words(meta)?,
            "defaults" => self.defaults = defaults(meta)?,
            "idempotent" => self.idempotent = true,
            "effect" => {
                let word: syn::Ident = meta.value()?.parse()?;
                self.effect = Some(match word.to_string().as_str() {
                    "read" => Effect::Read,
                    "write" => Effect::Write,
                    "destroy" => Effect::Destroy,
                    _ => return Err(Error::new(word.span(), "expected `read`, `write` or `destroy`")),
                });
            }
            _ => return Err(meta.error(format!("expected {KEYS}"))),
        }
        Ok(())
    }
}

fn words(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    parenthesized!(content in meta.input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

fn defaults(meta: &ParseNestedMeta<'_>) -> Result<Vec<(String, Lit)>> {
    let content;
    parenthesized!(content in meta.input);
    let mut defaults = Vec::new();
    while !content.is_empty() {
        let name: syn::Ident = content.parse()?;
        content.parse::<Token![=]>()?;
        defaults.push((name.to_string(), content.parse()?));
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(defaults)
}

/// The doc comment as one text: lines joined, blank lines kept.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value else { continue };
        if !pair.path.is_ident("doc") {
            continue;
        }
        let line = line.value();
        match line.trim() {
            "" => text.push_str("\n\n"),
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.trim().to_owned()
}
