//! What a tool takes: the schema of its arguments.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::selection::Selection;
use super::{Exposure, Lowered, LoweredParameter};
use crate::document::reference_name;
use crate::names::{field_name, type_name};
use crate::{Document, Error, Operation, ParameterPlace, Result};

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
