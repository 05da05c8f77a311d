//! The generated types without the calls, and how a schema's type is written.

use std::collections::BTreeSet;

use databricks_toolkit_spec::{Document, generate};
use quote::ToTokens;
use serde_json::Value;
use syn::{File, Item};

/// The module of a document with its types alone, which compile in a fraction of the time.
pub(crate) fn types(document: &Document) -> String {
    let mut file = syn::parse_file(&generate(document).unwrap()).unwrap();
    file.items.retain(|item| matches!(item, Item::Mod(module) if module.ident == "types"));
    let Some(Item::Mod(syn::ItemMod { content: Some((_, items)), .. })) = file.items.first_mut() else {
        panic!("no module of types in {}", document.name());
    };
    items.retain(|item| match item {
        Item::Mod(module) => module.ident != "builder",
        Item::Impl(block) => !block.to_token_stream().to_string().contains("builder ::"),
        _ => true,
    });
    prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items: file.items })
}

/// What a schema of a normalised document is in Rust.
pub(crate) fn type_of(document: &str, schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return format!("generated::{document}::types::{name}");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => "String".to_owned(),
        Some("integer") => "i64".to_owned(),
        Some("number") => "f64".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => format!("Vec<{}>", type_of(document, &schema["items"])),
        Some("object") => match schema.get("additionalProperties").filter(|values| values.is_object()) {
            Some(values) => format!("BTreeMap<String, {}>", type_of(document, values)),
            None => "serde_json::Map<String, serde_json::Value>".to_owned(),
        },
        _ => "serde_json::Value".to_owned(),
    }
}

/// The function that reads and writes each of these types, by the type's name.
pub(crate) fn table(types: &BTreeSet<&str>) -> String {
    let rows: String = types.iter().map(|ty| format!("    ({ty:?}, super::again::<{ty}>),\n")).collect();
    format!(
        "use std::collections::BTreeMap;\nuse databricks_toolkit_traps::generated;\n\
         pub const TABLE: &[(&str, super::Again)] = &[\n{rows}];\n"
    )
}
