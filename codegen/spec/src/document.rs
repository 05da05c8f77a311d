//! A vendored OpenAPI document and the operations in it.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::{Error, Overlay, Result};

/// One vendored OpenAPI file, with the overlay of the same name laid over it.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    root: Value,
}

impl Document {
    /// Reads `<folder>/<name>.json` and, where there is one, `<folder>/overlays/<name>.yaml`.
    pub fn load(folder: &Path, name: &str) -> Result<Self> {
        let path = folder.join(format!("{name}.json"));
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let root = serde_json::from_str(&text).map_err(|source| Error::Json { path, source })?;
        let mut document = Self::from_value(name, root);
        let overlay = Overlay::path(folder, name);
        if overlay.exists() {
            Overlay::load(&overlay)?.apply(&mut document.root)?;
        }
        Ok(document)
    }

    /// A document that is in memory already.
    pub fn from_value(name: &str, root: Value) -> Self {
        Self { name: name.to_owned(), root }
    }

    /// The document's name: the service, such as `compute`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The document as it was read.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The named schemas.
    pub fn schemas(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.root.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&NONE)
    }

    /// Follows `$ref` until a schema that says something itself.
    pub fn resolve<'a>(&'a self, mut schema: &'a Value) -> Result<&'a Value> {
        // A chain longer than this can only be a circle.
        for _ in 0..32 {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                return Ok(schema);
            };
            let name = reference_name(reference);
            schema = self.schemas().get(name).ok_or_else(|| {
                Error::unknown(&self.name, "schema", name, self.schemas().keys().map(String::as_str))
            })?;
        }
        Err(self.unsupported("components/schemas", "a $ref that leads back to itself"))
    }

    /// All operations, in the order of the document.
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self.root.get("paths").and_then(Value::as_object);
        paths.into_iter().flatten().flat_map(move |(path, item)| {
            item.as_object()
                .into_iter()
                .flatten()
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .map(move |(method, value)| Operation { document: self, path, method, value })
        })
    }

    /// The operation with this `operationId`; an error that suggests the nearest ones if none.
    pub fn operation(&self, id: &str) -> Result<Operation<'_>> {
        self.operations()
            .find(|operation| operation.id() == id)
            .ok_or_else(|| Error::unknown(&self.name, "operation", id, self.operations().map(|o| o.id())))
    }

    pub(crate) fn unsupported(&self, place: &str, message: impl Into<String>) -> Error {
        Error::Unsupported { document: self.name.clone(), place: place.to_owned(), message: message.into() }
    }
}

pub(crate) const METHODS: [&str; 7] = ["get", "put", "post", "delete", "head", "patch", "options"];

/// The last part of `#/components/schemas/Name`.
pub(crate) fn reference_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// One method and path of a document.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    document: &'a Document,
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl<'a> Operation<'a> {
    /// The `operationId`, such as `clusters_list`.
    pub fn id(&self) -> &'a str {
        self.text("operationId").unwrap_or_default()
    }

    /// The path template, such as `/api/2.1/clusters/list`.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The method in capitals.
    pub fn method(&self) -> String {
        self.method.to_uppercase()
    }

    /// The document this operation is in.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The overlay's summary.
    pub fn summary(&self) -> Option<&'a str> {
        self.text("summary")
    }

    /// The overlay's description.
    pub fn description(&self) -> Option<&'a str> {
        self.text("description")
    }

    /// A member of the operation object, such as `x-databricks-pagination`.
    pub fn extension(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    /// The parameters of path, query and header.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'a>> + use<'a> {
        let list = self.value.get("parameters").and_then(Value::as_array);
        list.into_iter().flatten().map(|value| Parameter { value })
    }

    /// The schema of the JSON request body, usually a `$ref`.
    pub fn json_body(&self) -> Option<&'a Value> {
        self.value
            .pointer("/requestBody/content")
            .and_then(|content| content.get("application/json"))
            .and_then(|media| media.get("schema"))
    }

    /// Whether the request carries bytes and not JSON.
    pub fn has_binary_body(&self) -> bool {
        self.value
            .pointer("/requestBody/content")
            .is_some_and(|content| content.get("application/octet-stream").is_some())
    }

    /// The schema of the JSON answer, if it has one.
    pub fn json_answer(&self) -> Option<&'a Value> {
        let responses = self.value.get("responses")?.as_object()?;
        let (_, success) = responses.iter().find(|(status, _)| status.starts_with('2'))?;
        success.get("content")?.get("application/json")?.get("schema")
    }

    /// The headers of a success that are part of the answer.
    pub fn answer_headers(&self) -> Vec<&'a str> {
        let responses = self.value.get("responses").and_then(Value::as_object);
        let success = responses.into_iter().flatten().find(|(status, _)| status.starts_with('2'));
        let headers = success.and_then(|(_, success)| success.get("headers")?.as_object());
        headers.into_iter().flat_map(Map::keys).map(String::as_str).collect()
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterPlace {
    /// A part of the path.
    Path,
    /// A pair of the query.
    Query,
    /// A header.
    Header,
}

/// A parameter of path, query or header.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'a> {
    value: &'a Value,
}

impl<'a> Parameter<'a> {
    /// The name as it is sent.
    pub fn name(&self) -> &'a str {
        self.value.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// Where it goes.
    pub fn place(&self) -> ParameterPlace {
        match self.value.get("in").and_then(Value::as_str) {
            Some("path") => ParameterPlace::Path,
            Some("header") => ParameterPlace::Header,
            _ => ParameterPlace::Query,
        }
    }

    /// Whether a call without it is refused.
    pub fn required(&self) -> bool {
        self.value.get("required").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The schema of its value.
    pub fn schema(&self) -> &'a Value {
        self.value.get("schema").unwrap_or(&Value::Null)
    }

    /// The overlay's description.
    pub fn description(&self) -> Option<&'a str> {
        self.value.get("description").and_then(Value::as_str)
    }

    /// Whether the value may span path segments, so that its slashes are kept.
    pub fn multi_segment(&self) -> bool {
        self.value.get("x-databricks-multi-segment").and_then(Value::as_bool).unwrap_or(false)
    }
}
