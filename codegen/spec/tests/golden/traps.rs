//! Every trap of `tests/traps`, against what it became: a snapshot each of the normalised document
//! and of the code, or of the error's text. A document's title says what the trap is, and its
//! `x-show` which part of the code matters ([`cut`]).

use databricks_toolkit_spec::{Document, generate, normalise::normalise};
use serde_json::{Value, json};

use crate::cut;

#[test]
fn every_trap_becomes_what_it_did() {
    insta::glob!("../traps", "*.json", |path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let root: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let document = Document::from_value(name, root.clone());
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../traps");
        settings.set_prepend_module_to_snapshot(false);
        settings.remove_snapshot_suffix();
        settings.set_omit_expression(true);
        settings.set_description(root["info"]["title"].as_str().unwrap());
        settings.bind(|| {
            if let Ok(normalised) = normalise(&document) {
                let spec = &normalised.spec;
                let facts = json!({ "paths": spec["paths"], "components": spec["components"] });
                let text = serde_json::to_string_pretty(&facts).unwrap();
                insta::assert_snapshot!(format!("{name}.spec"), text);
            }
            match generate(&document) {
                Ok(code) => insta::assert_snapshot!(format!("{name}.code"), cut::shown(&code, &root)),
                Err(error) => insta::assert_snapshot!(format!("{name}.error"), error),
            }
        });
    });
}
