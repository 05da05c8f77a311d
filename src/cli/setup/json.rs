//! An entry in a JSON file: the rest, with its comments, stays as it is.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::{Map, Value};

use super::editor::Editor;
use super::hidden::{self, Place};

const MARK: char = '\u{feff}';

fn parse(text: &str) -> Result<CstRootNode, String> {
    let text = text.trim_start_matches(MARK);
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| format!("it is not JSON: {error}"))
}

fn object_of(root: &CstRootNode) -> Result<CstObject, String> {
    root.object_value_or_create().ok_or_else(|| "it is not a JSON object".to_owned())
}

/// JSON, with comments and commas at the end where the client takes them.
pub(super) struct Json;

impl Editor for Json {
    fn set(
        &self,
        text: &str,
        servers: &str,
        name: &str,
        members: &Map<String, Value>,
    ) -> Result<String, String> {
        let root = parse(text)?;
        let wrong = |what: &str| format!("`{what}` in it is not an object");
        let all = object_of(&root)?.object_value_or_create(servers).ok_or_else(|| wrong(servers))?;
        match all.get(name) {
            None => drop(all.append(name, input(&Value::Object(members.clone())))),
            Some(entry) => {
                let entry = entry.object_value().ok_or_else(|| wrong(&format!("{servers}.{name}")))?;
                merge(&entry, members);
            }
        }
        Ok(with_mark(text, &root))
    }

    fn remove(&self, text: &str, servers: &str, name: &str) -> Result<Option<String>, String> {
        let root = parse(text)?;
        let all = root.object_value().and_then(|root| root.object_value(servers));
        let Some(entry) = all.and_then(|all| all.get(name)) else { return Ok(None) };
        entry.remove();
        Ok(Some(with_mark(text, &root)))
    }

    fn shown(&self, text: &str, servers: &str, name: &str) -> Result<String, String> {
        let root = parse(text)?;
        if let Some(value) = root.value() {
            hide(&value, &Place::of(servers, name));
        }
        Ok(root.to_string())
    }
}

fn with_mark(text: &str, root: &CstRootNode) -> String {
    let mut written = root.to_string();
    if text.starts_with(MARK) {
        written.insert(0, MARK);
    }
    if !written.ends_with('\n') {
        written.push('\n');
    }
    written
}

fn merge(entry: &CstObject, members: &Map<String, Value>) {
    // What an entry of before says of the workspace would win over what is said now.
    if let Some(env) = entry.object_value("env") {
        let said = |name: &String| members.get("env").is_some_and(|env| env.get(name).is_some());
        let stale = |name: &String| hidden::names_workspace(name) && !said(name);
        for property in env.properties() {
            if property.decoded_name().as_ref().is_some_and(stale) {
                property.remove();
            }
        }
    }
    if let Some(listed) = entry.get("env_vars").filter(|_| !members.contains_key("env_vars")) {
        listed.remove();
    }
    for (name, value) in members {
        match (entry.get(name), value) {
            (None, value) => drop(entry.append(name, input(value))),
            (Some(property), Value::Object(inner)) if property.object_value().is_some() => {
                if let Some(object) = property.object_value() {
                    merge(&object, inner);
                }
            }
            (Some(property), value) if property.to_serde_value().as_ref() != Some(value) => {
                property.set_value(input(value));
            }
            _ => {}
        }
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}

fn hide(node: &CstNode, place: &Place<'_>) {
    if let Some(text) = node.as_string_lit() {
        if place.hides(&text.decoded_value().unwrap_or_default()) {
            text.set_raw_value(format!("\"{}\"", hidden::MASK));
        }
    } else if let Some(object) = node.as_object() {
        for property in object.properties() {
            if let Some(value) = property.value() {
                hide(&value, &place.inside(&property.decoded_name().unwrap_or_default()));
            }
        }
    } else if let Some(array) = node.as_array() {
        for value in array.elements() {
            hide(&value, place);
        }
    }
}
