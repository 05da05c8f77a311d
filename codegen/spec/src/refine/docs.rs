//! Docs of generated items: our descriptions, and the facts of each operation.

use serde_json::Value;
use syn::{Attribute, parse_quote};

use crate::Operation;
use crate::names::call_name;

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

/// What a method that starts a call says: our words, then the facts of the document.
pub(super) fn operation(operation: &Operation<'_>) -> String {
    let mut doc = match operation.summary() {
        Some(summary) => format!("{}.\n\n", text(summary).trim_end_matches('.')),
        None => String::new(),
    };
    if let Some(description) = operation.description() {
        doc.push_str(&format!("{}\n\n", text(description)));
    }
    let level = operation.level().as_str();
    doc.push_str(&format!(" `{} {}`, {level} level.", operation.method(), operation.path()));
    if operation.extension("x-databricks-preview-path").is_some() {
        doc.push_str(" Preview.");
    }
    if operation.extension("deprecated").and_then(Value::as_bool) == Some(true) {
        doc.push_str(" Deprecated.");
    }
    let call = call_name(operation.id());
    if operation.extension("x-databricks-pagination").is_some() {
        doc.push_str(&format!(" Paged: [`stream`](builder::{call}::stream) gives all items."));
    }
    if ["x-databricks-wait", "x-databricks-lro"].iter().any(|wait| operation.extension(wait).is_some()) {
        doc.push_str(&format!(" Takes time: [`and_wait`](builder::{call}::and_wait) waits for the end."));
    }
    doc
}
