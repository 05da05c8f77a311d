//! Docs of generated items: our descriptions, and the facts of each operation.

use serde_json::Value;
use syn::{Attribute, ImplItem, ItemImpl, parse_quote};

use super::unexpected;
use crate::names::field_name;
use crate::{Document, Operation, Result};

/// Puts one doc text in the place of all others.
pub(super) fn replace(attributes: &mut Vec<Attribute>, doc: &str) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    attributes.insert(0, parse_quote!(#[doc = #doc]));
}

/// A description as rustdoc takes it: no HTML, no accidental links, no code that is a test.
pub(super) fn text(description: &str) -> String {
    let mut lines = Vec::new();
    let mut fence = None;
    for line in description.trim().lines() {
        // Four leading spaces would make a code block, which rustdoc then compiles as a test.
        let start = line.trim_start();
        match (fence, FENCES.iter().find(|fence| start.starts_with(**fence))) {
            (None, Some(opened)) => {
                fence = Some(*opened);
                lines.push(format!(" {opened}text"));
            }
            (Some(open), _) => {
                lines.push(format!(" {line}"));
                fence = fence.filter(|_| !start.starts_with(open));
            }
            (None, None) => lines.push(format!(" {}", prose(start))),
        }
    }
    // What comes after the description is no part of its last block.
    lines.extend(fence.map(|fence| format!(" {fence}")));
    lines.join("\n")
}

const FENCES: [&str; 2] = ["```", "~~~"];

fn prose(line: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    for (at, c) in line.char_indices() {
        if c == '`' {
            // One without another is a sign like any other.
            code = !code && line[at + 1..].contains('`');
        }
        if !code && matches!(c, '<' | '>' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Docs of the methods that start a call.
pub(super) fn operations(source: &Document, block: &mut ItemImpl) -> Result<()> {
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let name = function.sig.ident.to_string();
        let operation = source
            .operations()
            .find(|operation| field_name(operation.id()) == field_name(&name))
            .ok_or_else(|| {
                unexpected(source.name(), &format!("fn {name}"), "an operation of the document")
            })?;
        replace(&mut function.attrs, &operation_doc(&operation));
    }
    Ok(())
}

fn operation_doc(operation: &Operation<'_>) -> String {
    let mut doc = match operation.summary() {
        Some(summary) => format!("{}.\n\n", text(summary).trim_end_matches('.')),
        None => String::new(),
    };
    if let Some(description) = operation.description() {
        doc.push_str(&format!("{}\n\n", text(description)));
    }
    let level = operation.extension("x-databricks-level").and_then(Value::as_str).unwrap_or("workspace");
    doc.push_str(&format!(" `{} {}`, {level} level.", operation.method(), operation.path()));
    if operation.extension("x-databricks-preview-path").is_some() {
        doc.push_str(" Preview.");
    }
    doc
}
