//! The whole API: what no other tool does.

use databricks_toolkit_macros::Toolset;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::mcp::{Compound, Context, Effect, ToolError, api};

/// Any of the API's 1,400 operations: find, describe, call.
#[derive(Debug, Toolset)]
#[toolset(name = "api")]
pub enum Api {
    /// Search the Databricks REST API for an operation (endpoint) for what no other tool covers: clean rooms, tokens,
    /// token rotation, budgets, workspace bindings, policy families, … Answers ids with request and effect, for
    /// api_describe and api_call.
    #[tool(title = "Find an operation of the REST API", effect = read)]
    ApiSearch(ApiSearch),
    /// What arguments and body fields an operation of the API (endpoint) such as clusters_resize takes, the schema of
    /// the request body, and what it returns. Ask again with field for what is not written out.
    #[tool(title = "Which arguments does an API operation take?", effect = read)]
    ApiDescribe(ApiDescribe),
    /// Call (invoke) an operation of the Databricks REST API with these arguments (request body).
    #[tool(title = "Invoke an API operation", effect = destroy)]
    ApiCall(ApiCall),
}

/// Arguments of `api_search`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ApiSearch {
    /// What to do to what, such as: list cluster policies.
    query: String,
    /// Most operations to answer. 8 unless set.
    #[schemars(range(min = 1, max = 40))]
    limit: Option<usize>,
}

impl Compound for ApiSearch {
    type Output = Map<String, Value>;

    async fn call(self, _: &Context) -> Result<Map<String, Value>, ToolError> {
        api::search(&self.query, self.limit.unwrap_or(8)).map(members)
    }
}

/// Arguments of `api_describe`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ApiDescribe {
    /// The operation's id, such as clusters_list.
    operation: String,
    /// Only this field, by its dotted path, such as tasks.notebook_task; answer.jobs for one of the answer.
    field: Option<String>,
}

impl Compound for ApiDescribe {
    type Output = Map<String, Value>;

    async fn call(self, _: &Context) -> Result<Map<String, Value>, ToolError> {
        api::describe(&self.operation, self.field.as_deref()).map(members)
    }
}

/// Arguments of `api_call`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ApiCall {
    /// The operation's id, such as clusters_list.
    operation: String,
    /// The operation's arguments by name: of path, query and body alike. For a further page those of `next_page`.
    #[serde(default)]
    #[schemars(schema_with = "any_object")]
    arguments: Map<String, Value>,
    /// Calls once for each of these arguments.
    #[serde(default)]
    #[schemars(schema_with = "objects")]
    inputs: Option<Vec<Map<String, Value>>>,
    /// Dotted paths of the answer's fields to keep, such as clusters.cluster_id. All unless set.
    fields: Option<Vec<String>>,
}

/// Not `additionalProperties: true`: bare booleans lose some clients the whole list of tools.
fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

fn objects(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "object" } })
}

impl Compound for ApiCall {
    type Output = Map<String, Value>;
    const MAY_READ: bool = true;

    fn each(arguments: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
        let inputs = arguments.get("inputs")?.as_array()?;
        let shared = arguments.get("arguments").and_then(Value::as_object);
        let one = |input: &Value| {
            let mut call = arguments.clone();
            call.shift_remove("inputs");
            call.insert("arguments".to_owned(), Value::Object(merged(shared, input.as_object())));
            call
        };
        Some(inputs.iter().map(one).collect())
    }

    fn effect_of(arguments: &Map<String, Value>) -> Option<Effect> {
        arguments.get("operation").and_then(Value::as_str).and_then(api::effect_of)
    }

    async fn call(self, context: &Context) -> Result<Map<String, Value>, ToolError> {
        let fields = self.fields.unwrap_or_default();
        match self.inputs {
            None => api::call(context, &self.operation, self.arguments, &fields).await,
            Some(inputs) => {
                let inputs = inputs.iter().map(|input| merged(Some(&self.arguments), Some(input))).collect();
                api::call_each(context, &self.operation, inputs, &fields).await
            }
        }
    }
}

/// The arguments that all calls share, and over them those of one.
fn merged(shared: Option<&Map<String, Value>>, own: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut all = shared.cloned().unwrap_or_default();
    all.extend(own.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    all
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}
