//! One document, unpacked: what a description and a call need of an operation.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::ToolError;
use super::super::validate::{ArgumentCheck, nearest};
use super::operations::{self, Listed};
use super::packed;

/// The operations and the types of one document.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub(super) struct Document {
    operations: HashMap<&'static str, Facts>,
    types: Map<String, Value>,
}

/// What is known of an operation beyond its line in the index.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub(super) struct Facts {
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Value>,
    #[serde(default)]
    pub(super) sends_bytes: bool,
    pub(super) answers: Answers,
    pub(super) answer: Option<Value>,
    /// Headers that are part of the answer.
    #[serde(default)]
    pub(super) headers: Vec<&'static str>,
    pub(super) token: Option<Token>,
    pub(super) paging: Option<Paging>,
    pub(super) wait: Option<Wait>,
    pub(super) long_running: Option<Wait>,
}

/// What an operation answers with.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answers {
    Json,
    Text,
    Bytes,
    Nothing,
}

/// A parameter of the address or a header.
#[derive(Debug, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    #[serde(rename = "in")]
    pub(super) place: Place,
    pub(super) schema: Value,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) description: Option<String>,
}

/// Where a parameter goes; `Segments` is a part of the path that keeps its slashes.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    Path,
    Segments,
    Query,
    Header,
}

/// The argument by which the service knows a request that it has seen.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) name: &'static str,
}

/// How a list comes in pages.
#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    pub(super) style: &'static str,
    pub(super) items: &'static str,
    pub(super) token_field: Option<&'static str>,
    pub(super) token_param: Option<&'static str>,
    #[serde(default)]
    pub(super) defaults: Map<String, Value>,
}

/// How the end of what an operation starts is seen.
#[derive(Debug, Deserialize)]
pub(super) struct Wait {
    pub(super) poll: String,
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) success: Vec<String>,
    #[serde(default)]
    pub(super) failure: Vec<String>,
}

/// A named place for a value: an argument, or a field of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) required: bool,
    pub(super) schema: &'a Value,
    pub(super) description: Option<&'a str>,
}

impl Document {
    /// The document of an operation, and what it says of the operation.
    pub(super) fn of(listed: &'static Listed) -> Result<(&'static Self, &'static Facts), ToolError> {
        static OPEN: OnceLock<HashMap<&'static str, OnceLock<Document>>> = OnceLock::new();
        let all = operations::all()?;
        let open = OPEN
            .get_or_init(|| all.iter().map(|listed| (listed.operation.service, OnceLock::new())).collect());
        let name = listed.operation.service;
        let place = open.get(name).ok_or_else(|| packed::broken(name))?;
        let document = match place.get() {
            Some(document) => document,
            None => {
                let read = serde_json::from_str(packed::text(name)?).map_err(|_| packed::broken(name))?;
                place.get_or_init(|| read)
            }
        };
        let facts = document.operations.get(listed.id()).ok_or_else(|| packed::broken(name))?;
        Ok((document, facts))
    }

    /// What a schema says itself, behind the names of types.
    pub(super) fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        // The build followed every name already; longer chains than this there are none.
        for _ in 0..32 {
            let named = schema.get("$ref").and_then(Value::as_str).and_then(|name| self.types.get(name));
            match named {
                Some(named) => schema = named,
                None => break,
            }
        }
        schema
    }

    /// The fields of an object; of the items of a list or a map where it is one.
    pub(super) fn fields<'a>(&'a self, schema: &'a Value) -> Vec<Field<'a>> {
        let mut schema = self.resolve(schema);
        while let Some(inner) = schema.get("items").or_else(|| schema.get("additionalProperties")) {
            schema = self.resolve(inner);
        }
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|list| list.iter().any(|it| it.as_str() == Some(name)));
        let properties = schema.get("properties").and_then(Value::as_object);
        let field = |(name, schema): (&'a String, &'a Value)| Field {
            name,
            required: is_required(name),
            schema,
            description: schema.get("description").and_then(Value::as_str),
        };
        properties.into_iter().flatten().map(field).collect()
    }

    /// The arguments of an operation: its parameters, then the fields of its body. A name that is
    /// both is one argument.
    pub(super) fn arguments<'a>(&'a self, facts: &'a Facts) -> Vec<Field<'a>> {
        let mut arguments: Vec<Field<'a>> = facts
            .parameters
            .iter()
            .map(|parameter| Field {
                name: parameter.name,
                required: parameter.required,
                schema: &parameter.schema,
                description: parameter.description.as_deref(),
            })
            .collect();
        let of_body = facts.body.as_ref().map(|body| self.fields(body)).unwrap_or_default();
        for field in of_body {
            if !arguments.iter().any(|argument| argument.name == field.name) {
                arguments.push(field);
            }
        }
        arguments
    }

    /// Whether the body has a field that must be there.
    pub(super) fn body_requires(&self, facts: &Facts, name: &str) -> bool {
        let fields = facts.body.as_ref().map(|body| self.fields(body)).unwrap_or_default();
        fields.iter().any(|field| field.name == name && field.required)
    }

    /// The field at a dotted path below some fields, through lists and maps.
    ///
    /// # Errors
    /// There is none; the nearest is named.
    pub(super) fn field<'a>(&'a self, fields: Vec<Field<'a>>, path: &str) -> Result<Field<'a>, ToolError> {
        let mut fields = fields;
        let mut path = path;
        loop {
            // Names may have dots themselves.
            let whole = |field: &&Field<'_>| {
                path.strip_prefix(field.name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let Some(found) = fields.iter().filter(whole).max_by_key(|field| field.name.len()).copied()
            else {
                let names: Vec<String> = fields.iter().map(|field| field.name.to_owned()).collect();
                let part = path.split('.').next().unwrap_or(path);
                return Err(unknown(part, &names));
            };
            // `tasks[].task_key` and `tasks[0].task_key` are `tasks.task_key`.
            let mut rest = &path[found.name.len()..];
            if let Some((_, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                rest = after;
            }
            path = rest.trim_start_matches('.');
            if path.is_empty() {
                return Ok(found);
            }
            fields = self.fields(found.schema);
            if fields.is_empty() {
                // A map or a free object: what is in it the document does not say.
                return Ok(found);
            }
        }
    }

    /// Checks the arguments of a call against the schema of its operation.
    ///
    /// # Errors
    /// Each complaint: which argument, what is wrong, what would do.
    pub(super) fn check(&self, facts: &Facts, arguments: &Map<String, Value>) -> Result<(), ToolError> {
        let check = ArgumentCheck::new(Arc::new(self.input_schema(facts)))?;
        check.check(&Value::Object(arguments.clone()))
    }

    /// The schema of an operation's arguments: inlined and closed, as the tools' schemas are.
    pub(super) fn input_schema(&self, facts: &Facts) -> Map<String, Value> {
        self.object(&self.arguments(facts), &mut Vec::new())
    }

    fn object<'a>(&'a self, fields: &[Field<'a>], open: &mut Vec<&'a str>) -> Map<String, Value> {
        let properties: Map<String, Value> = fields
            .iter()
            .map(|field| (field.name.to_owned(), Value::Object(self.lowered(field.schema, open))))
            .collect();
        let required: Vec<&str> =
            fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }

    fn lowered<'a>(&'a self, schema: &'a Value, open: &mut Vec<&'a str>) -> Map<String, Value> {
        let name = schema.get("$ref").and_then(Value::as_str);
        if let Some(name) = name {
            // A type within itself: any object will do there.
            if open.contains(&name) {
                return Map::from_iter([("type".to_owned(), json!("object"))]);
            }
            open.push(name);
        }
        let lowered = self.plain(self.resolve(schema), open);
        if name.is_some() {
            open.pop();
        }
        lowered
    }

    fn plain<'a>(&'a self, schema: &'a Value, open: &mut Vec<&'a str>) -> Map<String, Value> {
        if schema.get("properties").is_some() {
            return self.object(&self.fields(schema), open);
        }
        let mut plain = Map::new();
        for key in ["type", "enum"] {
            if let Some(value) = schema.get(key) {
                plain.insert(key.to_owned(), value.clone());
            }
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(key) {
                plain.insert(key.to_owned(), Value::Object(self.lowered(inner, open)));
            }
        }
        plain
    }
}

/// A field that does not exist, with the ones that do.
fn unknown(name: &str, valid: &[String]) -> ToolError {
    let near = nearest(name, valid).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    ToolError::Argument(format!("`{name}` is unknown{near}: valid are {}", valid.join(", ")))
}
