//! Documents to Rust: normalise → progenitor → refine → prettyplease.

use std::any::Any;
use std::panic::catch_unwind;

use openapiv3::OpenAPI;
use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle};

use crate::normalise::normalise;
use crate::{Document, Error, Result, refine};

/// The Rust module of one document, formatted.
pub fn generate(document: &Document) -> Result<String> {
    let normalised = normalise(document)?;
    let fail = |message: String| Error::Progenitor { document: document.name().to_owned(), message };
    let spec: OpenAPI =
        serde_json::from_value(normalised.spec.clone()).map_err(|error| fail(error.to_string()))?;
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        // Nothing implements the hooks: a call that the refine pass did not lead to the project's
        // own transport does not compile.
        .with_hooks(HooksMode::Expected)
        .with_map_type("::std::collections::BTreeMap");
    // What progenitor does not expect of a document, it panics on.
    let tokens = catch_unwind(|| Generator::new(&settings).generate_tokens(&spec))
        .map_err(|panic| fail(format!("panicked: {}", panic_message(&*panic))))?
        .map_err(|error| fail(error.to_string()))?;
    let mut file = syn::parse2(tokens).map_err(|error| fail(error.to_string()))?;
    refine::refine(&normalised, &mut file)?;
    Ok(prettyplease::unparse(&file))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
