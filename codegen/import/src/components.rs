//! The schemas of one document: the classes that its operations reach, each under one name.
//!
//! A class of the document's own service keeps its name. One from another service is copied in under its service's
//! name and its own, so that every document stands alone; `x-databricks-origin` says where it is at home.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::model::World;
use crate::names;
use crate::types::{Components, Name, Type};

/// The name of the schema of errors.
pub(crate) const ERROR: &str = "DatabricksError";

/// A schema that no class of the SDK stands for: the body of a request, made of a method's arguments.
pub(crate) struct Anonymous<'a> {
    pub(crate) fields: Vec<(&'a str, &'a Type, bool)>,
}

/// Collects the schemas of one document.
pub(crate) struct Collector<'a> {
    world: &'a World,
    home: &'a str,
    reached: BTreeSet<Name>,
    anonymous: BTreeMap<String, Anonymous<'a>>,
}

/// The schemas of one document.
pub(crate) struct Schemas {
    /// By class.
    pub(crate) components: Components,
    /// By name, sorted.
    pub(crate) schemas: Map<String, Value>,
    /// How many of the classes are at home in another service.
    pub(crate) foreign: usize,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(world: &'a World, home: &'a str) -> Self {
        Collector { world, home, reached: BTreeSet::new(), anonymous: BTreeMap::new() }
    }

    /// Notes a type and all that it is made of.
    pub(crate) fn reach(&mut self, ty: &Type) {
        let mut todo: Vec<Name> = ty.mentions().cloned().into_iter().collect();
        while let Some(name) = todo.pop() {
            if let Some(record) = self.world.records.get(&name).filter(|_| !self.reached.contains(&name)) {
                todo.extend(record.fields.iter().filter_map(|field| field.ty.mentions()).cloned());
            }
            self.reached.insert(name);
        }
    }

    /// Notes the body of an operation, and says what it is called.
    pub(crate) fn body(&mut self, operation: &str, body: Anonymous<'a>) -> String {
        let mut name = format!("{}Request", names::pascal(operation));
        let class = Name::new(self.home, &name);
        if self.world.records.contains_key(&class) || self.world.enums.contains_key(&class) {
            name += "Body";
        }
        for (_, ty, _) in &body.fields {
            self.reach(ty);
        }
        self.anonymous.insert(name.clone(), body);
        name
    }

    /// All schemas, with names for the classes.
    pub(crate) fn finish(self) -> Schemas {
        let mut components = Components::new();
        let mut taken: BTreeSet<String> = self.anonymous.keys().cloned().collect();
        taken.insert(ERROR.to_owned());
        for class in &self.reached {
            let mut name = match class.module == self.home {
                true => class.class.clone(),
                false => format!("{}{}", names::pascal(&class.module), class.class),
            };
            while taken.contains(&name) {
                name.push('_');
            }
            taken.insert(name.clone());
            components.insert(class.clone(), name);
        }
        let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
        for (class, name) in &components {
            schemas.insert(name.clone(), class_schema(self.world, class, &components));
        }
        for (name, body) in self.anonymous {
            schemas.insert(name, object(&body.fields, &components));
        }
        schemas.insert(ERROR.to_owned(), error());
        let foreign = components.keys().filter(|class| class.module != self.home).count();
        Schemas { components, schemas: schemas.into_iter().collect(), foreign }
    }
}

/// The schema of a class.
fn class_schema(world: &World, class: &Name, components: &Components) -> Value {
    let mut schema = match (world.enums.get(class), world.records.get(class)) {
        (Some(enumeration), _) => {
            json!({"type": "string", "enum": enumeration.values().collect::<Vec<_>>()})
        }
        (None, record) => {
            let fields = record.into_iter().flat_map(|record| &record.fields);
            let fields: Vec<_> =
                fields.map(|field| (field.json.as_str(), &field.ty, field.required)).collect();
            object(&fields, components)
        }
    };
    schema["x-databricks-origin"] = json!(class.to_string());
    schema
}

/// The schema of an object.
fn object(fields: &[(&str, &Type, bool)], components: &Components) -> Value {
    let mut fields = fields.to_vec();
    fields.sort_by_key(|(name, ..)| *name);
    let mut schema = json!({"type": "object"});
    if !fields.is_empty() {
        let properties = fields.iter().map(|(name, ty, _)| ((*name).to_owned(), ty.schema(components)));
        schema["properties"] = Value::Object(properties.collect());
    }
    let required: Vec<&str> =
        fields.iter().filter(|(.., required)| *required).map(|(name, ..)| *name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The shapes of an error, as one schema.
fn error() -> Value {
    json!({
        "type": "object",
        "properties": {
            "error_code": {},
            "message": {"type": "string"},
            "error": {"type": "string"},
            "detail": {"type": "string"},
            "status": {},
            "details": {"type": "array", "items": {"type": "object", "additionalProperties": true}},
        },
    })
}
