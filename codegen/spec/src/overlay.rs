//! Our own descriptions, as OpenAPI Overlay 1.0 files.
//!
//! Documents hold facts and overlays hold words: an overlay may add `description` and `summary`
//! to what the document already has, and nothing else. So a field that a new document no longer
//! has is an error at the overlay, not a field that we made up.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use crate::{Error, Result, names};

/// An OpenAPI Overlay 1.0 file.
#[derive(Debug)]
pub struct Overlay {
    path: PathBuf,
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
struct File {
    overlay: String,
    #[serde(default)]
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    update: Map<String, Value>,
}

impl Overlay {
    /// Where the overlay of a document lies.
    pub fn path(folder: &Path, name: &str) -> PathBuf {
        folder.join("overlays").join(format!("{name}.yaml"))
    }

    /// Reads an overlay file.
    pub fn load(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Reads an overlay from its text; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let bad = |message: String| Error::Yaml { path: path.to_owned(), message };
        let file: File = serde_saphyr::from_str(text).map_err(|error| bad(error.to_string()))?;
        if !file.overlay.starts_with("1.0") {
            return Err(bad(format!("version {}, expected 1.0", file.overlay)));
        }
        Ok(Self { path: path.to_owned(), actions: file.actions })
    }

    /// Lays the descriptions over a document. An action that matches nothing, names something the
    /// document does not have, or changes more than words is an error.
    pub fn apply(&self, document: &mut Value) -> Result<()> {
        for (index, action) in self.actions.iter().enumerate() {
            self.apply_action(action, document).map_err(|message| Error::Overlay {
                path: self.path.clone(),
                action: index + 1,
                target: action.target.clone(),
                message,
            })?;
        }
        Ok(())
    }

    fn apply_action(&self, action: &Action, document: &mut Value) -> Result<(), String> {
        let query = JsonPath::parse(&action.target).map_err(|error| error.to_string())?;
        let places: Vec<String> =
            query.query_located(document).locations().map(|place| place.to_json_pointer()).collect();
        if places.is_empty() {
            return Err("matches nothing in the document".to_owned());
        }
        for place in places {
            match document.pointer_mut(&place).and_then(Value::as_object_mut) {
                Some(node) => describe(node, &action.update)?,
                None => return Err(format!("{place} is not an object")),
            }
        }
        Ok(())
    }
}

fn describe(node: &mut Map<String, Value>, update: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in update {
        match value {
            Value::String(text) if key == "description" || key == "summary" => {
                node.insert(key.clone(), Value::String(text.trim().to_owned()));
            }
            Value::Object(inner) => match node.get_mut(key) {
                Some(Value::Object(child)) => describe(child, inner)?,
                _ => {
                    let near = names::nearest(key, node.keys().map(String::as_str));
                    let hint = match near.first() {
                        Some(name) => format!("; did you mean `{name}`?"),
                        None => String::new(),
                    };
                    return Err(format!("the document has no `{key}` here{hint}"));
                }
            },
            _ => {
                return Err(format!(
                    "`{key}` would change more than a description: documents hold facts, overlays hold words"
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "paths": { "/a": { "get": { "operationId": "a", "parameters": [{ "name": "p", "in": "query" }] } } },
            "components": { "schemas": { "S": { "properties": { "description": { "type": "string" } } } } }
        })
    }

    fn apply(actions: &str) -> Result<Value, String> {
        let text = format!("overlay: 1.0.0\ninfo: {{ title: t, version: 1.0.0 }}\nactions:\n{actions}");
        let mut document = document();
        Overlay::parse(Path::new("test.yaml"), &text)
            .and_then(|overlay| overlay.apply(&mut document))
            .map_err(|error| error.to_string())?;
        Ok(document)
    }

    #[test]
    fn words_are_added_where_the_target_points() {
        let document = apply(
            "  - target: $.paths['/a'].get.parameters[?@.name == 'p']\n    update: { description: A p. }\n  \
               - target: $.components.schemas.S.properties\n    update: { description: { description: Text. } }\n",
        )
        .unwrap();
        assert_eq!(document.pointer("/paths/~1a/get/parameters/0/description").unwrap(), "A p.");
        assert_eq!(
            document.pointer("/components/schemas/S/properties/description/description").unwrap(),
            "Text."
        );
    }

    #[test]
    fn what_the_document_does_not_have_is_an_error() {
        let error = apply("  - target: $.paths['/b'].get\n    update: { description: x }\n").unwrap_err();
        assert!(error.contains("test.yaml: action 1 ($.paths['/b'].get): matches nothing"), "{error}");
        let error = apply(
            "  - target: $.components.schemas.S.properties\n    update: { descriptio: { description: x } }\n",
        )
        .unwrap_err();
        assert!(error.contains("no `descriptio` here; did you mean `description`?"), "{error}");
    }

    #[test]
    fn facts_cannot_be_changed() {
        let error = apply("  - target: $.paths['/a'].get\n    update: { operationId: x }\n").unwrap_err();
        assert!(error.contains("documents hold facts"), "{error}");
    }
}
