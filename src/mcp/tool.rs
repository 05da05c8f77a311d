//! What a tool is to the server.

use std::future::Future;
use std::pin::Pin;

use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answer::{LEFT_OUT, UNTRUSTED};
use super::{Answer, Arguments, Context, Picture, ToolError};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
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

/// Tells the arguments of each call from those of one call for several; `None` where a call is one.
pub type Each = fn(&Map<String, Value>) -> Option<Vec<Map<String, Value>>>;

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
    /// The schema of its answer: open, with nothing required, since `fields` chooses.
    pub output: Schema,
    /// Whether the caller may choose the fields of the answer.
    pub takes_fields: bool,
    /// What it can do to the workspace.
    pub effect: Effect,
    /// What a call with these arguments does, where they tell.
    pub effect_of: fn(&Map<String, Value>) -> Option<Effect>,
    /// The arguments of each call that a call with these arguments stands for, where it is several.
    pub each: Each,
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
    pub fn input_schema(&self) -> Map<String, Value> {
        self.schema.read()
    }

    /// The schema of the answer: an object, inlined, open.
    pub fn output_schema(&self) -> Map<String, Value> {
        self.output.read()
    }
}

impl Schema {
    fn read(self) -> Map<String, Value> {
        match self {
            // The macro wrote it from a map, so it reads as one.
            Schema::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            Schema::Derived(schema) => schema(),
        }
    }
}

/// A tool of several calls: its type is the schema, its `call` makes them.
pub trait Compound: DeserializeOwned + JsonSchema {
    /// What it answers; the type is the output schema. What it leaves out it says in a field `left_out` of [`LeftOut`]s.
    ///
    /// [`LeftOut`]: super::LeftOut
    type Output: Serialize + JsonSchema;

    /// Dotted paths of the fields of the answer whose content others wrote: it is marked as data.
    const UNTRUSTED: &'static [&'static str] = &[];

    /// Whether the caller may choose fields of the answer by `fields`.
    const TAKES_FIELDS: bool = false;

    /// Whether some calls only read, as [`Compound::effect_of`] tells: a read-only server has the tool.
    const MAY_READ: bool = false;

    /// What a call with these arguments does to the workspace, where they tell more than the tool
    /// itself: a query reads, and a `DROP` destroys.
    fn effect_of(_arguments: &Map<String, Value>) -> Option<Effect> {
        None
    }

    /// The arguments of each call that a call stands for, where it is one over many inputs: each is judged on its own,
    /// and a person is asked about all of them at once.
    fn each(_arguments: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
        None
    }

    /// Takes the pictures out of an answer: they reach an agent beside it.
    fn pictures(_answer: &mut Self::Output) -> Vec<Picture> {
        Vec::new()
    }

    /// Makes the calls.
    fn call(self, context: &Context) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;
}

/// The schema of a compound tool's arguments in the form that all clients take: inlined, closed,
/// with no null types and no titles.
#[doc(hidden)]
pub fn derived_schema<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = inlined::<T>(false);
    schema.remove("description");
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// The schema of a compound tool's answer: types and names of fields alone, since an agent reads the answer itself.
#[doc(hidden)]
pub fn derived_output<T: Compound>() -> Map<String, Value> {
    output_of::<T::Output>(!T::UNTRUSTED.is_empty())
}

fn output_of<T: JsonSchema>(untrusted: bool) -> Map<String, Value> {
    let mut schema = inlined::<T>(true);
    open(&mut schema);
    schema.insert("type".to_owned(), json!("object"));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        if untrusted {
            properties
                .insert(UNTRUSTED.to_owned(), json!({ "type": "array", "items": { "type": "string" } }));
        }
        // Last, where it is in an answer too.
        properties.shift_remove(LEFT_OUT);
        properties.insert(LEFT_OUT.to_owned(), json!({ "type": "array", "items": { "type": "object" } }));
    }
    schema
}

fn inlined<T: JsonSchema>(serialized: bool) -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        if serialized {
            settings.contract = Contract::Serialize;
        }
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// Leaves of a schema what holds of every answer, whatever is left out of it.
fn open(schema: &mut Map<String, Value>) {
    schema.retain(|key, _| matches!(key.as_str(), "type" | "properties" | "items"));
    if schema.is_empty() {
        // Any value: a schema that says nothing is a bare `true` to strict clients.
        schema.insert("type".to_owned(), json!(["array", "boolean", "null", "number", "object", "string"]));
    }
    if schema.get("items").is_some_and(|items| !items.is_object()) {
        schema.remove("items");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut() {
            // Any value, which schemars writes as a bare `true`.
            if !property.is_object() {
                *property = json!({});
            }
            if let Value::Object(property) = property {
                open(property);
            }
        }
    }
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        open(items);
    }
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
            // What is left out is empty anyway.
            let is_empty = |value: &Value| [json!(null), json!([]), json!({})].contains(value);
            if map.get("default").is_some_and(is_empty) {
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
    fn schemas_of_answers_have_types_and_names_alone() {
        #[derive(Serialize, JsonSchema)]
        struct Said {
            /// Not shown.
            names: Vec<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            kind: Option<u32>,
            any: Value,
            left_out: Vec<crate::mcp::LeftOut>,
        }
        assert_eq!(
            Value::Object(output_of::<Said>(true)),
            json!({
                "type": "object",
                "properties": {
                    "names": { "type": "array", "items": { "type": "string" } },
                    "kind": { "type": "integer" },
                    "any": { "type": ["array", "boolean", "null", "number", "object", "string"] },
                    "untrusted": { "type": "array", "items": { "type": "string" } },
                    "left_out": { "type": "array", "items": { "type": "object" } }
                }
            })
        );
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
