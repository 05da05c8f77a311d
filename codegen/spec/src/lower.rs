//! One operation as the JSON Schema of a tool: inlined, closed, every field described.
//!
//! Agents' clients stumble over `$ref`, over combinators at the root and over bare booleans, so a
//! tool's schema has none of them: what the document names is written out in place.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::reference_name;
use crate::names::{field_name, type_name};
use crate::{Document, Error, Operation, ParameterPlace, Result};

/// Which part of an operation a tool exposes.
#[derive(Debug, Default, Clone)]
pub struct Exposure {
    /// Dotted paths of parameters and body fields, through lists and maps alike; all where empty.
    pub fields: Vec<String>,
    /// Values for what the caller leaves out.
    pub defaults: BTreeMap<String, Value>,
}

/// An operation lowered to a tool.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The input schema: an object with `properties`.
    pub schema: Map<String, Value>,
    /// The exposed parameters of path, query and header.
    pub parameters: Vec<LoweredParameter>,
    /// The Rust name of the body's type, relative to the module's `types`.
    pub body: Option<String>,
}

/// A parameter as the builder takes it.
#[derive(Debug, Clone)]
pub struct LoweredParameter {
    /// The name in JSON and on the wire.
    pub name: String,
    /// The builder's setter.
    pub setter: String,
    /// The Rust type, where `types::X` is relative to the module.
    pub rust_type: String,
}

/// Lowers an operation. Fails on a field that does not exist, with the nearest name suggested, on
/// a required one that is not exposed, and on one without a description.
pub fn input(operation: &Operation<'_>, exposure: &Exposure) -> Result<Lowered> {
    let document = operation.document();
    let mut wanted = Selection::of(&exposure.fields);
    let lowering = Lowering { document, defaults: &exposure.defaults };
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut parameters = Vec::new();
    for parameter in operation.parameters() {
        // Parameters may have dots in their names, so they are looked for by their whole names.
        let name = parameter.name();
        if !wanted.take_whole(name) {
            lowering.may_leave_out(operation.id(), name, parameter.required())?;
            continue;
        }
        if parameter.required() && !exposure.defaults.contains_key(name) {
            required.push(json!(name));
        }
        let place = format!("{} parameter `{name}`", operation.id());
        let schema = lowering.described(
            &place,
            parameter.description(),
            parameter.schema(),
            &Selection::all(),
            &mut Vec::new(),
        )?;
        properties.insert(name.to_owned(), lowering.with_default(name, schema));
        parameters.push(LoweredParameter {
            name: name.to_owned(),
            setter: field_name(name),
            rust_type: rust_type(parameter.schema(), parameter.place()),
        });
    }
    let mut body = None;
    if let Some(schema) = operation.json_body() {
        body = schema.get("$ref").and_then(Value::as_str).map(|r| type_name(reference_name(r)));
        let lowered = lowering.object(operation.id(), document.resolve(schema)?, &wanted, &mut Vec::new())?;
        for (name, property) in lowered.properties {
            if properties.contains_key(&name) {
                return Err(document
                    .unsupported(operation.id(), format!("`{name}` is both a parameter and a body field")));
            }
            properties.insert(name.clone(), lowering.with_default(&name, property));
        }
        required.extend(
            lowered
                .required
                .into_iter()
                .filter(|name| name.as_str().is_none_or(|name| !exposure.defaults.contains_key(name))),
        );
    } else if let Some(name) = wanted.first() {
        let existing: Vec<&str> = operation.parameters().map(|p| p.name()).collect();
        return Err(Error::unknown(operation.id(), "field", &name, existing));
    }
    if let Some(name) = exposure.defaults.keys().find(|name| !properties.contains_key(*name)) {
        return Err(Error::unknown(
            operation.id(),
            "exposed field",
            name,
            properties.keys().map(String::as_str),
        ));
    }
    Ok(Lowered { schema: object_schema(properties, required), parameters, body })
}

/// Checks that every dotted path leads to a field of the operation's answer.
pub fn answer(operation: &Operation<'_>, path: &str) -> Result<()> {
    let document = operation.document();
    let Some(schema) = operation.json_answer() else {
        return Err(document.unsupported(operation.id(), "no JSON answer to choose fields of"));
    };
    let mut schema = document.resolve(schema)?;
    for part in path.split('.') {
        schema = document.resolve(through_lists(document, schema)?)?;
        let properties = schema.get("properties").and_then(Value::as_object);
        schema = match properties {
            Some(properties) => properties.get(part).ok_or_else(|| {
                Error::unknown(operation.id(), "answer field", part, properties.keys().map(String::as_str))
            })?,
            // A map or free object: any key may be there.
            None if schema.get("type") == Some(&json!("object")) => return Ok(()),
            None => return Err(Error::unknown(operation.id(), "answer field", path, [])),
        };
    }
    Ok(())
}

/// The schema of an operation's answer, as far as a tool shows it: names and types alone, inlined and open, with nothing
/// required, since a caller may choose other fields. What a path ends at is not written out further.
pub fn output(operation: &Operation<'_>, paths: &[String]) -> Result<Map<String, Value>> {
    let document = operation.document();
    let Some(schema) = operation.json_answer() else {
        return Err(document.unsupported(operation.id(), "no JSON answer to describe"));
    };
    let schema = document.resolve(schema)?;
    if schema.get("properties").is_none() {
        // A list, or an object of which the document says nothing.
        return Ok(Map::from_iter([("type".to_owned(), json!("object"))]));
    }
    shape(document, schema, &Selection::of(paths))
}

fn shape(document: &Document, schema: &Value, wanted: &Selection) -> Result<Map<String, Value>> {
    let schema = document.resolve(schema)?;
    let mut shape = Map::new();
    let kind = schema.get("type").cloned();
    let properties = schema.get("properties").and_then(Value::as_object);
    let kind = kind.or_else(|| properties.map(|_| json!("object")));
    if let Some(kind) = kind {
        shape.insert("type".to_owned(), kind);
    }
    if let Some(properties) = properties {
        let mut shapes = Map::new();
        for (name, field) in properties {
            let Some(inner) = wanted.fields.get(name) else {
                // Everything is shown: the first level tells what that is.
                if wanted.all {
                    shapes.insert(name.clone(), Value::Object(outline(document, field)?));
                }
                continue;
            };
            let inner = match inner.fields.is_empty() {
                true => outline(document, field)?,
                false => shape_of_items(document, field, inner)?,
            };
            shapes.insert(name.clone(), Value::Object(inner));
        }
        if !shapes.is_empty() {
            shape.insert("properties".to_owned(), Value::Object(shapes));
        }
    }
    Ok(shape)
}

/// What a path leads through: an object, a list of such, or a map, whose names are not known.
fn shape_of_items(document: &Document, schema: &Value, wanted: &Selection) -> Result<Map<String, Value>> {
    let resolved = document.resolve(schema)?;
    match resolved.get("items") {
        Some(items) => {
            let items = shape_of_items(document, items, wanted)?;
            Ok(Map::from_iter([
                ("type".to_owned(), json!("array")),
                ("items".to_owned(), Value::Object(items)),
            ]))
        }
        None => shape(document, resolved, wanted),
    }
}

/// The type alone.
fn outline(document: &Document, schema: &Value) -> Result<Map<String, Value>> {
    let schema = document.resolve(schema)?;
    let mut outline = Map::new();
    match schema.get("type") {
        Some(kind) => drop(outline.insert("type".to_owned(), kind.clone())),
        None if schema.get("properties").is_some() => {
            drop(outline.insert("type".to_owned(), json!("object")))
        }
        None => {}
    }
    Ok(outline)
}

fn through_lists<'a>(document: &'a Document, schema: &'a Value) -> Result<&'a Value> {
    let mut schema = document.resolve(schema)?;
    while let Some(inner) =
        schema.get("items").or_else(|| schema.get("additionalProperties").filter(|inner| inner.is_object()))
    {
        schema = document.resolve(inner)?;
    }
    Ok(schema)
}

fn object_schema(properties: Map<String, Value>, required: Vec<Value>) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    if !properties.is_empty() {
        schema.insert("properties".to_owned(), Value::Object(properties));
    }
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

struct Lowering<'a> {
    document: &'a Document,
    defaults: &'a BTreeMap<String, Value>,
}

struct Object {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Lowering<'_> {
    fn may_leave_out(&self, place: &str, name: &str, required: bool) -> Result<()> {
        match required {
            true => {
                Err(self.document.unsupported(place, format!("`{name}` is required and must be exposed")))
            }
            false => Ok(()),
        }
    }

    fn with_default(&self, name: &str, mut schema: Value) -> Value {
        if let Some(value) = self.defaults.get(name) {
            schema["default"] = value.clone();
        }
        schema
    }

    fn object(
        &self,
        place: &str,
        schema: &Value,
        wanted: &Selection,
        open: &mut Vec<String>,
    ) -> Result<Object> {
        let none = Map::new();
        let fields = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        if let Some(name) = wanted.names().find(|name| !fields.contains_key(*name)) {
            return Err(Error::unknown(place, "field", name, fields.keys().map(String::as_str)));
        }
        let needs = |name: &str| {
            schema.get("required").and_then(Value::as_array).is_some_and(|list| list.contains(&json!(name)))
        };
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, field) in fields {
            let Some(inner) = wanted.get(name) else {
                self.may_leave_out(place, name, needs(name))?;
                continue;
            };
            if needs(name) {
                required.push(json!(name));
            }
            let place = format!("{place} field `{name}`");
            let text = field.get("description").and_then(Value::as_str);
            properties.insert(name.clone(), self.described(&place, text, field, inner, open)?);
        }
        Ok(Object { properties, required })
    }

    /// A schema that stands for a named field, which must say what it is.
    fn described(
        &self,
        place: &str,
        text: Option<&str>,
        schema: &Value,
        wanted: &Selection,
        open: &mut Vec<String>,
    ) -> Result<Value> {
        let resolved = self.document.resolve(schema)?;
        let text = text.or_else(|| resolved.get("description").and_then(Value::as_str)).ok_or_else(|| {
            Error::Undescribed { document: self.document.name().to_owned(), place: place.to_owned() }
        })?;
        let mut lowered = self.schema(place, schema, wanted, open)?;
        lowered.insert("description".to_owned(), json!(text));
        Ok(Value::Object(lowered))
    }

    fn schema(
        &self,
        place: &str,
        schema: &Value,
        wanted: &Selection,
        open: &mut Vec<String>,
    ) -> Result<Map<String, Value>> {
        let name = schema.get("$ref").and_then(Value::as_str).map(reference_name);
        if let Some(name) = name {
            // A type within itself, such as the task of a for-each task: any object will do there.
            if open.iter().any(|known| known == name) {
                return Ok(Map::from_iter([("type".to_owned(), json!("object"))]));
            }
            open.push(name.to_owned());
        }
        let lowered = self.resolved(place, self.document.resolve(schema)?, wanted, open);
        if name.is_some() {
            open.pop();
        }
        lowered
    }

    fn resolved(
        &self,
        place: &str,
        schema: &Value,
        wanted: &Selection,
        open: &mut Vec<String>,
    ) -> Result<Map<String, Value>> {
        if schema.get("properties").is_some() {
            let Object { properties, required } = self.object(place, schema, wanted, open)?;
            return Ok(object_schema(properties, required));
        }
        let mut lowered = Map::new();
        if let Some(kind) = schema.get("type") {
            lowered.insert("type".to_owned(), kind.clone());
        }
        if let Some(values) = schema.get("enum") {
            lowered.insert("enum".to_owned(), values.clone());
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(key).filter(|inner| inner.is_object()) {
                let inner = self.schema(place, inner, wanted, open)?;
                lowered.insert(key.to_owned(), Value::Object(inner));
                return Ok(lowered);
            }
        }
        match wanted.first() {
            Some(name) if !wanted.is_all() => Err(Error::unknown(place, "field", &name, [])),
            _ => Ok(lowered),
        }
    }
}

/// The type that the builder's setter takes.
fn rust_type(schema: &Value, place: ParameterPlace) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return match place {
            ParameterPlace::Path => "::std::string::String".to_owned(),
            _ => format!("types::{}", type_name(reference_name(reference))),
        };
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => "i64".to_owned(),
        Some("number") => "f64".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => {
            let item = schema.get("items").unwrap_or(&Value::Null);
            format!("::std::vec::Vec<{}>", rust_type(item, place))
        }
        _ => "::std::string::String".to_owned(),
    }
}

/// A tree of wanted fields; everything where nothing is named.
#[derive(Debug, Default)]
struct Selection {
    fields: BTreeMap<String, Selection>,
    whole: Vec<String>,
    all: bool,
}

static ALL: Selection = Selection { fields: BTreeMap::new(), whole: Vec::new(), all: true };

impl Selection {
    fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn of(paths: &[String]) -> Self {
        if paths.is_empty() {
            return Self::all();
        }
        let mut root = Self { whole: paths.to_vec(), ..Self::default() };
        for path in paths {
            let mut node = &mut root;
            for part in path.split('.') {
                node = node.fields.entry(part.to_owned()).or_default();
            }
        }
        root
    }

    /// Whether a parameter of this whole name is wanted; it is then no body field.
    fn take_whole(&mut self, name: &str) -> bool {
        if self.all {
            return true;
        }
        let Some(position) = self.whole.iter().position(|path| path == name) else { return false };
        self.whole.remove(position);
        *self = Self::of_rest(&self.whole);
        true
    }

    fn of_rest(paths: &[String]) -> Self {
        match paths.is_empty() {
            true => Self::default(),
            false => Self::of(paths),
        }
    }

    fn is_all(&self) -> bool {
        self.all || self.fields.is_empty()
    }

    fn get(&self, name: &str) -> Option<&Selection> {
        match self.fields.get(name) {
            _ if self.all => Some(&ALL),
            // The end of a path takes all that is below it.
            Some(inner) if inner.fields.is_empty() => Some(&ALL),
            other => other,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    fn first(&self) -> Option<String> {
        self.whole.first().cloned().or_else(|| self.fields.keys().next().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let value = json!({
            "paths": { "/jobs/{id}": { "post": {
                "operationId": "create",
                "parameters": [
                    { "name": "id", "in": "path", "required": true, "description": "An id.", "schema": { "type": "integer" } },
                    { "name": "by.state", "in": "query", "description": "States.", "schema": { "type": "array", "items": { "$ref": "#/components/schemas/State" } } },
                    { "name": "silent", "in": "query", "schema": { "type": "string" } }
                ],
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
                "responses": { "2XX": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } } }
            } } },
            "components": { "schemas": {
                "State": { "type": "string", "enum": ["ON", "OFF"] },
                "Job": { "type": "object", "required": ["name"], "properties": {
                    "name": { "type": "string", "description": "A name." },
                    "tasks": { "type": "array", "description": "Tasks.", "items": { "$ref": "#/components/schemas/Task" } }
                } },
                "Task": { "type": "object", "properties": {
                    "key": { "type": "string", "description": "A key." },
                    "inner": { "$ref": "#/components/schemas/Task", "description": "A task." }
                } }
            } }
        });
        Document::from_value("test", value)
    }

    fn lower(fields: &[&str]) -> Result<Lowered, String> {
        let document = document();
        let exposure =
            Exposure { fields: fields.iter().map(|f| (*f).to_owned()).collect(), ..Exposure::default() };
        input(&document.operation("create").unwrap(), &exposure).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_is_inlined_closed_and_described() {
        let lowered = lower(&["id", "by.state", "name", "tasks"]).unwrap();
        assert_eq!(
            Value::Object(lowered.schema),
            json!({
                "type": "object",
                "properties": {
                    "id": { "type": "integer", "description": "An id." },
                    "by.state": { "type": "array", "items": { "type": "string", "enum": ["ON", "OFF"] }, "description": "States." },
                    "name": { "type": "string", "description": "A name." },
                    "tasks": { "type": "array", "description": "Tasks.", "items": {
                        "type": "object",
                        "properties": {
                            "key": { "type": "string", "description": "A key." },
                            "inner": { "type": "object", "description": "A task." }
                        },
                        "additionalProperties": false
                    } }
                },
                "required": ["id", "name"],
                "additionalProperties": false
            })
        );
        let types: Vec<_> =
            lowered.parameters.iter().map(|p| (p.setter.as_str(), p.rust_type.as_str())).collect();
        assert_eq!(types, [("id", "i64"), ("by_state", "::std::vec::Vec<types::State>")]);
        assert_eq!(lowered.body.as_deref(), Some("Job"));
    }

    #[test]
    fn a_choice_reaches_into_lists() {
        let lowered = lower(&["id", "name", "tasks.key"]).unwrap();
        let properties = lowered.schema["properties"].pointer("/tasks/items/properties").unwrap();
        assert_eq!(properties.as_object().unwrap().keys().collect::<Vec<_>>(), ["key"]);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(lower(&["id", "nam"]).unwrap_err().contains("no field `nam`; did you mean `name`?"));
        assert!(lower(&["id", "name", "tasks.kye"]).unwrap_err().contains("did you mean `key`?"));
        assert!(lower(&["id"]).unwrap_err().contains("`name` is required and must be exposed"));
        assert!(
            lower(&["id", "name", "silent"])
                .unwrap_err()
                .contains("create parameter `silent` has no description")
        );
    }

    #[test]
    fn answers_have_names_and_types() {
        let document = document();
        let operation = document.operation("create").unwrap();
        let shape = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            Value::Object(output(&operation, &paths).unwrap())
        };
        assert_eq!(
            shape(&[]),
            json!({ "type": "object", "properties": { "name": { "type": "string" }, "tasks": { "type": "array" } } })
        );
        assert_eq!(
            shape(&["tasks.key", "tasks.inner"]),
            json!({ "type": "object", "properties": { "tasks": { "type": "array", "items": {
                "type": "object", "properties": { "key": { "type": "string" }, "inner": { "type": "object" } }
            } } } })
        );
    }

    #[test]
    fn answers_are_checked() {
        let document = document();
        let operation = document.operation("create").unwrap();
        answer(&operation, "tasks.inner.key").unwrap();
        let error = answer(&operation, "tasks.kee").unwrap_err().to_string();
        assert!(error.contains("no answer field `kee`; did you mean `key`?"), "{error}");
    }
}
