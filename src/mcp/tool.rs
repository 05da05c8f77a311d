//! What a tool is to the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Answer, Arguments, Context, ToolError};

/// A named group of tools. Derived for an enum whose variants are the tools.
pub trait Toolset {
    /// The name, as `--toolsets` takes it.
    const NAME: &'static str;
    /// What the tools are for.
    const DESCRIPTION: &'static str;

    /// The tools, in the order of the enum.
    fn tools() -> Vec<ToolSpec>;
}

/// What a tool's call does to the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It only reads.
    Read,
    /// It makes or changes something.
    Write,
    /// It deletes or stops something.
    Destroy,
}

impl Effect {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Destroy => "destroy",
        }
    }
}

/// A tool's call under way.
pub type ToolFuture<'a> = Pin<Box<dyn Future<Output = Result<Answer, ToolError>> + Send + 'a>>;

/// One tool.
#[derive(Debug, Clone)]
pub struct ToolSpec {
    /// The name: at most 40 of `[a-z0-9_]`.
    pub name: &'static str,
    /// The toolset it belongs to.
    pub toolset: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What an agent reads to choose it.
    pub description: &'static str,
    /// The schema of its arguments.
    pub schema: Schema,
    /// What it can do to the workspace.
    pub effect: Effect,
    /// What a call with these arguments does, where they tell.
    pub effect_of: fn(&Map<String, Value>) -> Option<Effect>,
    /// Whether some of its calls only read, so that a read-only server has it and judges each call.
    pub may_read: bool,
    /// Whether a second call with the same arguments changes nothing more.
    pub idempotent: bool,
    /// The `operationId` for a tool that is one operation.
    pub operation: Option<&'static str>,
    /// The call.
    pub handler: for<'a> fn(&'a Context, Arguments) -> ToolFuture<'a>,
}

/// Where a tool's schema comes from.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// Lowered from a document at compile time.
    Text(&'static str),
    /// Derived from a Rust type.
    Derived(fn() -> Map<String, Value>),
}

impl ToolSpec {
    /// The schema of the arguments: an object, inlined, closed.
    pub fn input_schema(&self) -> Arc<Map<String, Value>> {
        let schema = match self.schema {
            // The macro wrote it from a map, so it reads as one.
            Schema::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            Schema::Derived(schema) => schema(),
        };
        Arc::new(schema)
    }
}

/// A tool of several calls: its type is the schema, its `call` makes them.
pub trait Compound: DeserializeOwned + JsonSchema {
    /// Whether some calls only read, as [`Compound::effect_of`] tells: a read-only server has the tool.
    const MAY_READ: bool = false;

    /// What a call with these arguments does to the workspace, where they tell more than the tool
    /// itself: a query reads, and a `DROP` destroys.
    fn effect_of(_arguments: &Map<String, Value>) -> Option<Effect> {
        None
    }

    /// Makes the calls.
    fn call(self, context: &Context) -> impl Future<Output = Result<Answer, ToolError>> + Send;
}

/// The schema of a compound tool's arguments in the form that all clients take: inlined, closed,
/// with no null types and no titles.
#[doc(hidden)]
pub fn derived_schema<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    let mut schema = match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    schema.remove("description");
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.remove("title");
            map.remove("format");
            // What an unsigned type says of itself; a negative number fails to be read anyway.
            if map.get("minimum") == Some(&json!(0)) {
                map.remove("minimum");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if map.get("default") == Some(&Value::Null) {
                map.remove("default");
            }
            flatten_option(map);
            map.values_mut().for_each(simplify);
        }
        Value::Array(list) => list.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// `anyOf: [X, null]`, which schemars writes for an optional enum, is X.
fn flatten_option(map: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = map.get("anyOf") else { return };
    let mut real = choices.iter().filter(|choice| choice.get("type") != Some(&json!("null")));
    if let (Some(Value::Object(only)), None) = (real.next().cloned(), real.next()) {
        map.remove("anyOf");
        for (key, value) in only {
            map.entry(key).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Not shown.
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only the schema is of interest")]
    struct Example {
        /// A path.
        path: String,
        /// How many.
        count: Option<u32>,
        /// Which.
        kind: Option<Kind>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        One,
        Two,
    }

    #[test]
    fn derived_schemas_are_plain() {
        let schema = Value::Object(derived_schema::<Example>());
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "path": { "description": "A path.", "type": "string" },
                    "count": { "description": "How many.", "type": "integer" },
                    "kind": { "description": "Which.", "type": "string", "enum": ["one", "two"] }
                },
                "required": ["path"],
                "additionalProperties": false
            })
        );
    }
}
