//! Whether documents hold together: what OpenAPI demands, and what the generator of the client demands on top.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Documents;
use crate::error::{Error, Result};
use crate::paths::{blank, variables};

/// Something wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{document}.json: {place}: {message}")]
#[non_exhaustive]
pub struct Fault {
    /// The document.
    pub document: String,
    /// An operation's id, a path, or a pointer.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// Checks that each document is OpenAPI 3.0, that its references resolve, that its paths and parameters agree, and
/// that operation ids are unique over all documents.
pub fn validate(documents: &Documents) -> Result<()> {
    let mut checker = Checker { document: "", schemas: &Value::Null, faults: Vec::new() };
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, document) in documents {
        checker.document = name;
        checker.schemas = &document["components"]["schemas"];
        checker.structure(document);
        checker.references(document, &mut String::from("#"));
        checker.templates(document);
        for (path, _, operation) in operations(document) {
            let Some(id) = operation["operationId"].as_str() else {
                checker.fault(path, "an operation without an operationId");
                continue;
            };
            if let Some(other) = ids.insert(id, name) {
                checker.fault(id, format!("the operationId is in {other}.json already"));
            }
            checker.parameters(id, path, operation);
        }
    }
    checker.faults.sort();
    if checker.faults.is_empty() { Ok(()) } else { Err(Error::Invalid(checker.faults)) }
}

/// The operations of a document: path, method, operation.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let items = document["paths"].as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// A list of a document, or nothing.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

struct Checker<'a> {
    document: &'a str,
    schemas: &'a Value,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, place: &str, message: impl Into<String>) {
        self.faults.push(Fault {
            document: self.document.to_owned(),
            place: place.to_owned(),
            message: message.into(),
        });
    }

    /// Whether the document has the shape of OpenAPI 3.0.
    fn structure(&mut self, document: &Value) {
        if !document["openapi"].as_str().is_some_and(|version| version.starts_with("3.0.")) {
            self.fault("#", "not OpenAPI 3.0");
        }
        if let Err(error) = serde_json::from_value::<openapiv3::OpenAPI>(document.clone()) {
            self.fault("#", format!("not the shape of OpenAPI 3.0: {error}"));
        }
    }

    /// Whether each reference names a schema. A property may be called `$ref` too (SCIM has one): that is an object.
    fn references(&mut self, value: &Value, pointer: &mut String) {
        let at = pointer.len();
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    if key == "$ref"
                        && let Some(target) = value.as_str()
                        && self.schema(target).is_none()
                    {
                        self.fault(pointer, format!("the reference {target} leads nowhere"));
                    }
                    *pointer += "/";
                    *pointer += &key.replace('~', "~0").replace('/', "~1");
                    self.references(value, pointer);
                    pointer.truncate(at);
                }
            }
            Value::Array(items) => {
                for (i, value) in items.iter().enumerate() {
                    *pointer += &format!("/{i}");
                    self.references(value, pointer);
                    pointer.truncate(at);
                }
            }
            _ => {}
        }
    }

    /// The schema that a reference names.
    fn schema(&self, reference: &str) -> Option<&'a Value> {
        self.schemas.get(reference.strip_prefix("#/components/schemas/")?)
    }

    /// No two paths may be the same but for the names of their parameters, except where these are whole resource
    /// names: a service tells those apart by what is in them.
    fn templates(&mut self, document: &Value) {
        let mut seen: BTreeMap<String, (&str, bool)> = BTreeMap::new();
        let items = document["paths"].as_object().into_iter().flatten();
        for (path, item) in items {
            let opaque = item.as_object().is_some_and(|methods| {
                methods.values().all(|operation| {
                    list(operation, "parameters")
                        .iter()
                        .any(|p| p["x-databricks-opaque-resource-name"] == true)
                })
            });
            if let Some((other, other_opaque)) = seen.insert(blank(path), (path, opaque))
                && !(opaque && other_opaque)
            {
                self.fault(path, format!("the same path as {other}"));
            }
        }
    }

    fn parameters(&mut self, id: &str, path: &str, operation: &Value) {
        let parameters = list(operation, "parameters");
        let text = |parameter: &'_ Value, key: &str| parameter[key].as_str().unwrap_or_default().to_owned();
        let mut declared: Vec<String> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| text(parameter, "name"))
            .collect();
        let mut needed: Vec<String> = variables(path).into_iter().map(str::to_owned).collect();
        declared.sort();
        needed.sort();
        if declared != needed {
            self.fault(
                id,
                format!("{path} needs the path parameters {needed:?}, but {declared:?} are declared"),
            );
        }
        let mut names = BTreeSet::new();
        let mut spellings = BTreeSet::new();
        for parameter in parameters {
            let name = text(parameter, "name");
            if parameter["in"] == "path" && parameter["required"] != true {
                self.fault(id, format!("the path parameter {name} is not required"));
            }
            if !names.insert((text(parameter, "in"), name.clone())) {
                self.fault(id, format!("the parameter {name} is declared twice"));
            } else if !spellings.insert(spelling(&name)) {
                self.fault(id, format!("the parameter {name} has the same name in Rust as another one"));
            }
            if !self.is_scalar(parameter) {
                self.fault(id, format!("the parameter {name} is neither a scalar nor a list of scalars"));
            }
        }
    }

    fn is_scalar(&self, parameter: &Value) -> bool {
        let kind = |schema: &Value| {
            let target = schema["$ref"].as_str();
            let schema = target.map_or(Some(schema), |target| self.schema(target))?;
            schema["type"].as_str().map(str::to_owned)
        };
        let schema = &parameter["schema"];
        let kind = match kind(schema).as_deref() {
            Some("array") if parameter["in"] == "query" => kind(&schema["items"]),
            other => other.map(str::to_owned),
        };
        // an array outside the query, an object, and what has no type at all
        matches!(kind.as_deref(), Some("string" | "integer" | "number" | "boolean"))
    }
}

/// A name as Rust would spell it: `object_info.name` and `object_info_name` are one.
fn spelling(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let mut out: String = name.chars().map(plain).collect();
    while out.contains("__") {
        out = out.replace("__", "_");
    }
    out
}
