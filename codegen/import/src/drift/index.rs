//! A set of documents as facts that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Side;
use crate::Documents;
use crate::components::ERROR;
use crate::validate::{list, operations};

/// The facts of a set of documents.
pub(super) struct Index<'a> {
    pub(super) documents: &'a Documents,
    /// By id.
    pub(super) operations: BTreeMap<String, Operation<'a>>,
    /// By home and name.
    pub(super) schemas: BTreeMap<String, Schema>,
}

/// The facts of an operation.
pub(super) struct Operation<'a> {
    pub(super) document: &'a str,
    value: &'a Value,
    /// Method and path.
    pub(super) call: String,
    pub(super) deprecated: bool,
    pub(super) body: String,
    pub(super) response: String,
    pub(super) level: String,
    /// The extensions that code is generated from, each by what it is called in a report.
    pub(super) helpers: Vec<(&'static str, &'a Value)>,
    pub(super) path: BTreeMap<String, Member>,
    pub(super) query: BTreeMap<String, Member>,
}

/// The facts of a schema.
pub(super) enum Schema {
    Values(BTreeSet<String>),
    Fields(BTreeMap<String, Member>),
}

/// A parameter or a field.
pub(super) struct Member {
    pub(super) ty: String,
    pub(super) required: bool,
}

/// The extensions that code is generated from.
const HELPERS: &[(&str, &str)] = &[
    ("paging", "x-databricks-pagination"),
    ("waiter", "x-databricks-wait"),
    ("long-running", "x-databricks-lro"),
];

impl<'a> Index<'a> {
    pub(super) fn of(documents: &'a Documents) -> Self {
        let mut index = Index { documents, operations: BTreeMap::new(), schemas: BTreeMap::new() };
        for (document, value) in documents {
            for (path, method, operation) in operations(value) {
                let id = operation["operationId"].as_str().unwrap_or(path).to_owned();
                index.operations.insert(id, index.operation(document, path, method, operation));
            }
            for (name, schema) in value["components"]["schemas"].as_object().into_iter().flatten() {
                if name != ERROR {
                    let facts = index.schema(document, schema);
                    index.schemas.insert(home(document, name, schema), facts);
                }
            }
        }
        index
    }

    pub(super) fn side(&self) -> Side {
        let versions: BTreeSet<&str> =
            self.documents.values().filter_map(|document| document["info"]["version"].as_str()).collect();
        Side {
            version: versions.into_iter().collect::<Vec<_>>().join(", "),
            operations: self.operations.len(),
            schemas: self.schemas.len(),
        }
    }

    fn operation(&self, document: &'a str, path: &str, method: &str, value: &'a Value) -> Operation<'a> {
        let content = |holder: &Value| {
            let media = holder["content"].as_object().and_then(|content| content.values().next());
            media.map_or_else(|| "nothing".to_owned(), |media| self.ty(document, &media["schema"]))
        };
        let parameters = |place: &str| {
            let there = list(value, "parameters").iter().filter(move |parameter| parameter["in"] == *place);
            let named = there.map(|parameter| {
                let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                let ty = self.ty(document, &parameter["schema"]);
                (name, Member { ty, required: parameter["required"] == true })
            });
            named.collect()
        };
        Operation {
            document,
            value,
            call: format!("{} {path}", method.to_uppercase()),
            deprecated: value["deprecated"] == true,
            body: content(&value["requestBody"]),
            response: content(&value["responses"]["2XX"]),
            level: match &value["x-databricks-level"] {
                Value::String(level) => level.clone(),
                levels => levels.to_string(),
            },
            helpers: HELPERS.iter().map(|(name, key)| (*name, &value[*key])).collect(),
            path: parameters("path"),
            query: parameters("query"),
        }
    }

    fn schema(&self, document: &str, schema: &Value) -> Schema {
        if let Some(values) = schema["enum"].as_array() {
            return Schema::Values(values.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        }
        let required = list(schema, "required");
        let fields = schema["properties"].as_object().into_iter().flatten();
        let member = |(name, field): (&String, &Value)| {
            let required = required.iter().any(|required| required == name.as_str());
            (name.clone(), Member { ty: self.ty(document, field), required })
        };
        Schema::Fields(fields.map(member).collect())
    }

    /// A type in words, the same whichever document it is read from.
    fn ty(&self, document: &str, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str().and_then(component) {
            return home(document, name, &self.documents[document]["components"]["schemas"][name]);
        }
        match (schema["type"].as_str(), schema["format"].as_str(), &schema["additionalProperties"]) {
            (Some("array"), ..) => format!("[{}]", self.ty(document, &schema["items"])),
            (Some("object"), _, values @ Value::Object(_)) => format!("{{{}}}", self.ty(document, values)),
            (Some(ty), Some(format), _) => format!("{ty}/{format}"),
            (Some(ty), None, _) => ty.to_owned(),
            (None, ..) => "any".to_owned(),
        }
    }

    /// The schemas that an operation reaches, by home and name.
    pub(super) fn reach(&self, operation: &Operation<'a>) -> BTreeSet<String> {
        let schemas = &self.documents[operation.document]["components"]["schemas"];
        let mut names = BTreeSet::new();
        let mut todo = references(operation.value);
        while let Some(name) = todo.pop() {
            if names.insert(name) {
                todo.extend(references(&schemas[name]));
            }
        }
        names.into_iter().map(|name| home(operation.document, name, &schemas[name])).collect()
    }
}

/// Where a schema is at home, and its name there.
fn home(document: &str, name: &str, schema: &Value) -> String {
    schema["x-databricks-origin"].as_str().map_or_else(|| format!("{document}.{name}"), str::to_owned)
}

fn component(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// All references in a value.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(entries) => {
            let own = entries.get("$ref").and_then(Value::as_str).and_then(component);
            own.into_iter().chain(entries.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
