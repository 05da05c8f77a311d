//! The tools of a server: fixed at start-up, in a fixed order.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::context::Wish;
use super::policy::Judged;
use super::validate::{ArgumentCheck, nearest};
use super::{
    Answer, Arguments, Context, Effect, LEAST_ANSWER_TOKENS, Selection, SelectionError, ToolError, ToolSpec,
    Toolset, Workspaces, toolsets, workspaces,
};

/// The argument that every tool takes: most tokens of the answer. A tool that has one of this name itself keeps it.
const MAX_TOKENS: &str = "max_tokens";
/// The argument of tools whose answer has more fields than it shows.
const FIELDS: &str = "fields";

/// The tools of a server.
#[derive(Clone)]
pub struct Registry {
    tools: Arc<Vec<Entry>>,
    names: Arc<HashMap<&'static str, usize>>,
    /// The tool of each operation that is one.
    operations: Arc<HashMap<&'static str, &'static str>>,
    /// The schema of the argument that says which workspace is meant, where there are several.
    workspace: Option<Value>,
}

struct Entry {
    spec: ToolSpec,
    schema: OnceLock<Known>,
    check: OnceLock<ArgumentCheck>,
}

/// What is known of a tool's arguments once somebody asked.
struct Known {
    schema: Arc<Map<String, Value>>,
    /// Whether the tool itself has an argument that others have for the length of the answer.
    has_max_tokens: bool,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.tools.iter().map(|entry| entry.spec.name)).finish()
    }
}

impl Default for Registry {
    /// The default tools.
    fn default() -> Self {
        Self::new(Selection::default().of(&toolsets::all()).unwrap_or_default())
    }
}

impl Registry {
    /// A server with these tools. Of two with one name the first counts.
    pub fn new(specs: Vec<ToolSpec>) -> Self {
        let mut names = HashMap::new();
        let mut operations = HashMap::new();
        let mut tools: Vec<Entry> = Vec::with_capacity(specs.len());
        for spec in specs {
            if !names.contains_key(spec.name) {
                names.insert(spec.name, tools.len());
                if let Some(operation) = spec.operation {
                    operations.entry(operation).or_insert(spec.name);
                }
                tools.push(Entry { spec, schema: OnceLock::new(), check: OnceLock::new() });
            }
        }
        Self {
            tools: Arc::new(tools),
            names: Arc::new(names),
            operations: Arc::new(operations),
            workspace: None,
        }
    }

    /// The same tools over these workspaces: of several each call can name one.
    #[must_use]
    pub fn over(&self, workspaces: &Workspaces) -> Self {
        let specs = self.tools().cloned().collect();
        Self { workspace: workspaces.property(), ..Self::new(specs) }
    }

    /// The chosen tools.
    ///
    /// # Errors
    /// [`SelectionError`] for a name that does not exist and where no tool is left.
    pub fn select(selection: &Selection) -> Result<Self, SelectionError> {
        selection.of(&toolsets::all()).map(Self::new)
    }

    /// One toolset alone.
    pub fn of<T: Toolset>() -> Self {
        Self::new(T::tools())
    }

    /// The tools in order.
    pub fn tools(&self) -> impl Iterator<Item = &ToolSpec> {
        self.tools.iter().map(|entry| &entry.spec)
    }

    /// Their names in order.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.tools().map(|spec| spec.name).collect()
    }

    /// A tool by its name.
    pub fn get(&self, name: &str) -> Option<&ToolSpec> {
        self.entry(name).map(|entry| &entry.spec)
    }

    /// By its name, or by one that it had before.
    fn entry(&self, name: &str) -> Option<&Entry> {
        let index = self.names.get(name).or_else(|| self.names.get(toolsets::current_name(name)));
        index.map(|index| &self.tools[*index])
    }

    /// The schema of a tool's answer.
    pub fn output_schema(&self, name: &str) -> Option<Arc<Map<String, Value>>> {
        self.entry(name).map(|entry| Arc::new(entry.spec.output_schema()))
    }

    /// The schema of a tool's arguments, in which other operations go by the names of their tools.
    pub fn input_schema(&self, name: &str) -> Option<Arc<Map<String, Value>>> {
        self.entry(name).map(|entry| Arc::clone(&self.known(entry).schema))
    }

    fn known<'a>(&self, entry: &'a Entry) -> &'a Known {
        entry.schema.get_or_init(|| {
            let mut schema = entry.spec.input_schema();
            let has_max_tokens =
                schema.get("properties").is_some_and(|properties| properties.get(MAX_TOKENS).is_some());
            schema.values_mut().for_each(|value| self.reword(value));
            if let Some(workspace) = &self.workspace {
                let properties = schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(properties) = properties {
                    properties.insert(workspaces::ARGUMENT.to_owned(), workspace.clone());
                }
            }
            declare(&entry.spec, &mut schema);
            Known { schema: Arc::new(schema), has_max_tokens }
        })
    }

    /// Descriptions of the documents speak of operations, an agent knows tools; and their marks of code are for people,
    /// two tokens a word.
    fn reword(&self, schema: &mut Value) {
        match schema {
            Value::String(text) if text.contains('`') => {
                // What stands between the marks is every second part.
                let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 {
                    1 => self.operations.get(part).copied().unwrap_or(part),
                    _ => part,
                });
                *text = parts.collect();
            }
            Value::Object(map) => map.values_mut().for_each(|value| self.reword(value)),
            Value::Array(list) => list.iter_mut().for_each(|value| self.reword(value)),
            _ => {}
        }
    }

    /// Calls a tool: checks the arguments, runs it, and turns a panic into an error. What the policy says a person
    /// has to be asked about runs: the caller asked.
    ///
    /// # Errors
    /// An unknown tool with the nearest names, arguments that do not fit, what the policy refuses, and what the tool
    /// fails with.
    pub async fn call(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        context: &Context,
    ) -> Result<Answer, ToolError> {
        let (entry, mut arguments, wish) = self.checked(name, arguments)?;
        // The server asked where a person has to be asked; what must never be called stops here, whoever calls.
        context.terms().policy.decide_all(&judged(&entry.spec, &arguments))?;
        let workspace = context.app().workspaces().take(&mut arguments);
        let context = context.with_workspace(workspace).with_wish(wish);
        let call = AssertUnwindSafe((entry.spec.handler)(&context, Arguments::new(arguments)));
        let answer = call.catch_unwind().await.unwrap_or_else(|_| {
            Err(ToolError::Failed(format!(
                "{name} failed unexpectedly; the server goes on. Please report this."
            )))
        });
        let answer = match (context.fields(), entry.spec.operation) {
            // An operation's answer has chosen fields already, from all that it has.
            (Some(fields), None) => answer?.chosen(fields, &entry.spec.output_schema())?,
            _ => answer?,
        };
        Ok(context.limited(answer, self.get(toolsets::READ_ANSWER).is_some()))
    }

    /// What a call would do to the workspace.
    ///
    /// # Errors
    /// Those of [`Registry::call`] that are told before anything is done.
    pub fn effect(&self, name: &str, arguments: Map<String, Value>) -> Result<Effect, ToolError> {
        let calls = self.judge(name, arguments)?;
        Ok(calls.iter().map(|call| call.effect).max().unwrap_or(Effect::Read))
    }

    /// The same with all that a policy looks at, for each call that it stands for.
    pub(crate) fn judge(&self, name: &str, arguments: Map<String, Value>) -> Result<Vec<Judged>, ToolError> {
        let (entry, arguments, _) = self.checked(name, arguments)?;
        Ok(judged(&entry.spec, &arguments))
    }

    fn checked(
        &self,
        name: &str,
        mut arguments: Map<String, Value>,
    ) -> Result<(&Entry, Map<String, Value>, Wish), ToolError> {
        let entry = self.entry(name).ok_or_else(|| self.unknown(name))?;
        let mut wish = Wish::default();
        if !self.known(entry).has_max_tokens {
            wish.max_tokens = arguments.shift_remove(MAX_TOKENS).map_or(Ok(None), max_tokens)?;
        }
        if entry.spec.takes_fields {
            wish.fields = arguments.shift_remove(FIELDS).map_or(Ok(None), fields)?;
        }
        let check = match entry.check.get() {
            Some(check) => check,
            None => {
                let check = ArgumentCheck::new(Arc::clone(&self.known(entry).schema))?;
                entry.check.get_or_init(|| check)
            }
        };
        let arguments = Value::Object(arguments);
        check.check(&arguments)?;
        match arguments {
            Value::Object(arguments) => Ok((entry, arguments, wish)),
            _ => Err(ToolError::Argument("arguments: expected an object".to_owned())),
        }
    }

    pub(crate) fn unknown(&self, name: &str) -> ToolError {
        let current = toolsets::current_name(name);
        if let Some(spec) = toolsets::all().iter().find(|spec| spec.name == current) {
            let toolset = spec.toolset;
            return ToolError::Failed(format!(
                "the tool `{name}` of the toolset `{toolset}` is not among those chosen: see --toolsets, --tools, \
                 --exclude-tools and --read-only"
            ));
        }
        let names: Vec<String> = self.tools().map(|spec| spec.name.to_owned()).collect();
        match nearest(name, &names) {
            Some(near) => ToolError::Failed(format!("there is no tool `{name}`; did you mean `{near}`?")),
            None => ToolError::Failed(format!("there is no tool `{name}`; there are {}", names.join(", "))),
        }
    }

    /// The tools by toolset, for people.
    pub fn by_toolset(&self) -> BTreeMap<&'static str, Vec<&ToolSpec>> {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for spec in self.tools() {
            groups.entry(spec.toolset).or_default().push(spec);
        }
        groups
    }
}

/// Adds the arguments that are for the answer, and for no tool in particular.
fn declare(spec: &ToolSpec, schema: &mut Map<String, Value>) {
    let is_sized = toolsets::SIZED.contains(&spec.name);
    let takes_fields = spec.takes_fields && !toolsets::UNSAID.contains(&spec.name);
    if !is_sized && !takes_fields {
        return;
    }
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if takes_fields {
        properties[FIELDS] = json!({
            "type": "array", "items": { "type": "string" }, "description": "Fields to answer; * for all."
        });
    }
    if is_sized {
        properties[MAX_TOKENS] = json!({ "type": "integer", "description": "Longest answer." });
    }
    // What it allows stays the last word.
    if let Some(closed) = schema.shift_remove("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), closed);
    }
}

fn fields(value: Value) -> Result<Option<Vec<String>>, ToolError> {
    let names = match &value {
        Value::Null => return Ok(None),
        // Some write a list so.
        Value::String(names) => Some(names.split(',').map(|name| name.trim().to_owned()).collect()),
        names => Vec::<String>::deserialize(names).ok(),
    };
    names.map(Some).ok_or_else(|| {
        ToolError::Argument(format!("`{FIELDS}`: {value} is no list of names, such as [\"*\"] for all"))
    })
}

fn max_tokens(value: Value) -> Result<Option<usize>, ToolError> {
    if value.is_null() {
        return Ok(None);
    }
    let tokens = value.as_u64().and_then(|tokens| usize::try_from(tokens).ok());
    match tokens.filter(|tokens| *tokens >= LEAST_ANSWER_TOKENS) {
        Some(tokens) => Ok(Some(tokens)),
        None => Err(ToolError::Argument(format!(
            "`{MAX_TOKENS}`: {value} is no whole number of at least {LEAST_ANSWER_TOKENS}"
        ))),
    }
}

fn judged(spec: &ToolSpec, arguments: &Map<String, Value>) -> Vec<Judged> {
    let one = |arguments: &Map<String, Value>| {
        let effect = (spec.effect_of)(arguments).unwrap_or(spec.effect);
        Judged::new(spec.name, spec.operation, effect, arguments)
    };
    match (spec.each)(arguments) {
        Some(calls) => calls.iter().map(one).collect(),
        None => vec![one(arguments)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_found_by_its_old_name_too() {
        let registry = Registry::default();
        assert_eq!(registry.get("run_python").unwrap().name, "run_code");
        assert_eq!(registry.input_schema("run_python"), registry.input_schema("run_code"));
        assert!(registry.tools().all(|spec| spec.name != "run_python"));
    }

    #[test]
    fn a_tool_that_was_not_chosen_is_no_unknown_one() {
        let said = Registry::default().unknown("delete_serving_endpoint").to_string();
        assert!(
            said.contains("of the toolset `serving` is not among those chosen: see --toolsets"),
            "{said}"
        );
        let said = Registry::default().unknown("list_clutsers").to_string();
        assert_eq!(said, "there is no tool `list_clutsers`; did you mean `list_clusters`?");
    }
}
