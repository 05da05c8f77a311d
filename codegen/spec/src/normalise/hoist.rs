//! Every inline object and enum becomes a named component.
//!
//! Left inline, two of them can silently end up as one Rust type: `Foo.bar_baz` and `FooBar.baz`
//! are both `FooBarBaz`. Named here, a clash is an error that tells both places.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::METHODS;
use crate::names::{part_name, type_name};
use crate::{Document, Error, Result};

pub(super) fn inline_types(document: &Document, root: &mut Value) -> Result<()> {
    let components = document.schemas().keys().map(|name| (type_name(name), format!("component {name}")));
    let mut hoister = Hoister { document, hoisted: Map::new(), taken: components.collect() };
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in schemas.iter_mut() {
            hoister.children(name, schema)?;
        }
    }
    if let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) {
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            for (_, operation) in item.iter_mut().filter(|(method, _)| METHODS.contains(&method.as_str())) {
                hoister.operation(operation)?;
            }
        }
    }
    let Hoister { hoisted, .. } = hoister;
    if hoisted.is_empty() {
        return Ok(());
    }
    if root.pointer("/components/schemas").is_none() {
        root["components"]["schemas"] = json!({});
    }
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(hoisted);
    }
    Ok(())
}

struct Hoister<'a> {
    document: &'a Document,
    hoisted: Map<String, Value>,
    /// The names of all types, each with the place that has it.
    taken: BTreeMap<String, String>,
}

impl Hoister<'_> {
    fn operation(&mut self, operation: &mut Value) -> Result<()> {
        let id = part_name(operation.get("operationId").and_then(Value::as_str).unwrap_or_default());
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            for parameter in parameters {
                let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Some(schema) = parameter.get_mut("schema") {
                    self.schema(&id, &name, schema)?;
                }
            }
        }
        for (holder, suffix) in [("/requestBody/content", "request"), ("/responses/2XX/content", "response")]
        {
            let Some(content) = operation.pointer_mut(holder).and_then(Value::as_object_mut) else {
                continue;
            };
            for schema in content.values_mut().filter_map(|media| media.get_mut("schema")) {
                self.schema(&id, suffix, schema)?;
            }
        }
        Ok(())
    }

    /// The properties, items and values of a schema that has its own name.
    fn children(&mut self, parent: &str, schema: &mut Value) -> Result<()> {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, property) in properties.iter_mut() {
                self.schema(parent, name, property)?;
            }
        }
        for (key, suffix) in [("items", "item"), ("additionalProperties", "value")] {
            if let Some(inner) = schema.get_mut(key).filter(|inner| inner.is_object()) {
                self.schema(parent, suffix, inner)?;
            }
        }
        Ok(())
    }

    fn schema(&mut self, parent: &str, member: &str, schema: &mut Value) -> Result<()> {
        let needs_name = schema.get("properties").is_some()
            || schema.get("enum").is_some_and(|_| schema.get("type") == Some(&json!("string")));
        if !needs_name {
            return match schema.get("items").is_some() || schema.get("additionalProperties").is_some() {
                true => {
                    let parent = format!("{parent}{}", part_name(member));
                    self.children(&parent, schema)
                }
                false => Ok(()),
            };
        }
        let name = type_name(&format!("{parent}{}", part_name(member)));
        let place = format!("{parent}.{member}");
        if let Some(first) = self.taken.insert(name.clone(), place.clone()) {
            let document = self.document.name().to_owned();
            return Err(Error::Clash { document, first, second: place, name });
        }
        let mut component =
            std::mem::replace(schema, json!({ "$ref": format!("#/components/schemas/{name}") }));
        if let Some(text) = component.as_object_mut().and_then(|map| map.remove("description")) {
            schema["description"] = text;
        }
        self.children(&name, &mut component)?;
        self.hoisted.insert(name, component);
        Ok(())
    }
}
