//! Every component gets the name that its Rust type will have, and two of one name are an error.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{each_operation_schema_mut, each_schema_mut};
use crate::document::reference_name;
use crate::names::{field_name, part_name, property_name, type_name};
use crate::{Document, Error, Result};

pub(super) fn to_rust(document: &Document, root: &mut Value) -> Result<()> {
    let mut names = Names::beside(document, &[], "");
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        let mut renamed = Map::new();
        for (name, mut schema) in std::mem::take(schemas) {
            names.claim(type_name(&name), format!("component {name}"))?;
            each_schema_mut(&mut schema, &mut rename_reference);
            members(document, &name, &schema)?;
            renamed.insert(type_name(&name), schema);
        }
        *schemas = renamed;
    }
    each_operation_schema_mut(root, &mut |_, schema| rename_reference(schema));
    operations(&Document::from_value(document.name(), root.clone()))
}

fn rename_reference(schema: &mut Value) {
    let Some(name) = schema.get("$ref").and_then(Value::as_str).map(reference_name) else { return };
    schema["$ref"] = Value::String(format!("#/components/schemas/{}", type_name(name)));
}

/// The properties of one schema must have different field names.
fn members(document: &Document, component: &str, schema: &Value) -> Result<()> {
    let mut names = Names::beside(document, &[], "");
    let properties = schema.get("properties").and_then(Value::as_object);
    for property in properties.into_iter().flat_map(Map::keys) {
        names.claim(field_name(property_name(property)), format!("{component}.{property}"))?;
    }
    Ok(())
}

/// Operations must have different method names, and their parameters different setter names.
fn operations(document: &Document) -> Result<()> {
    let mut methods = Names::beside(document, &[], "");
    let mut builders = Names::beside(document, &OF_CALLS, "a type within calls");
    for operation in document.operations() {
        let id = operation.id();
        methods.claim(field_name(id), format!("operation {id}"))?;
        builders.claim(part_name(id), format!("operation {id}"))?;
        let own: &[&str] =
            if operation.extension("requestBody").is_some() { &OF_CALLS_WITH_BODY } else { &OF_EVERY_CALL };
        let mut parameters = Names::beside(document, own, "a part of every call");
        for parameter in operation.parameters() {
            let place = format!("parameter {} of {id}", parameter.name());
            parameters.claim(field_name(parameter.name()), place)?;
        }
    }
    Ok(())
}

/// Types that the code within a call uses, beside which the call's builder stands.
const OF_CALLS: [&str; 10] =
    ["ByteStream", "Err", "From", "None", "Ok", "Operation", "Option", "Result", "Self", "String"];
/// The methods of every call.
const OF_EVERY_CALL: [&str; 2] = ["new", "send"];
/// The same, where there is a body.
const OF_CALLS_WITH_BODY: [&str; 3] = ["body", "new", "send"];

struct Names<'a> {
    document: &'a Document,
    taken: BTreeMap<String, String>,
}

impl<'a> Names<'a> {
    /// No names but these, which something else has.
    fn beside(document: &'a Document, names: &[&str], place: &str) -> Self {
        let taken = names.iter().map(|name| ((*name).to_owned(), place.to_owned())).collect();
        Self { document, taken }
    }

    fn claim(&mut self, name: String, place: String) -> Result<()> {
        if let Some(first) = self.taken.get(&name) {
            let (document, first) = (self.document.name().to_owned(), first.clone());
            return Err(Error::Clash { document, first, second: place, name });
        }
        self.taken.insert(name, place);
        Ok(())
    }
}
