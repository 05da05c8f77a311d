//! What a client sees of each tool. `cargo xtask snapshots` takes over a change.

use serde_json::Value;

use crate::support::{binary, text};

fn tools() -> Vec<Value> {
    let output = binary().args(["tools", "--json", "--toolsets", "all"]).output().unwrap();
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

#[test]
fn snapshots_of_every_tool() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for tool in tools() {
            insta::assert_json_snapshot!(tool["name"].as_str().unwrap(), tool);
        }
    });
}

#[test]
fn every_tool_keeps_the_rules_that_clients_need() {
    let tools = tools();
    let mut names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.len() >= 150, "{}", names.len());
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        assert!(name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(tool["description"].as_str().unwrap().len() <= 1024, "{name}");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name} does not state {hint}");
        }
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
        for combinator in ["anyOf", "oneOf", "allOf", "not"] {
            assert!(schema.get(combinator).is_none(), "{name} has {combinator} at its root");
        }
        check_schema(name, schema, true);
        check_output(name, &tool["outputSchema"]);
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), tools.len(), "two tools of one name");
}

/// No references, no bare booleans, a description for every field, no operation by its id.
fn check_schema(place: &str, schema: &Value, root: bool) {
    let map = schema.as_object().unwrap_or_else(|| panic!("{place} is {schema}"));
    assert!(!map.contains_key("$ref") && !map.contains_key("$defs"), "{place} has a reference");
    if !root {
        let described = map.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        assert!(described, "{place} has no description");
    }
    for (name, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        check_schema(&format!("{place}.{name}"), property, false);
    }
    if let Some(items) = map.get("items") {
        // The list is what is described.
        check_schema(&format!("{place}[]"), items, true);
    }
}

/// An object with no references, combinators and bare booleans, in which nothing is required: `fields` chooses.
fn check_output(name: &str, schema: &Value) {
    assert_eq!(schema["type"], "object", "{name}");
    let opaque = ["api_search", "api_describe", "api_call"].contains(&name);
    assert!(opaque || schema["properties"].as_object().is_some_and(|fields| !fields.is_empty()), "{name}");
    open_schema(name, schema);
}

fn open_schema(place: &str, schema: &Value) {
    let map = schema.as_object().unwrap_or_else(|| panic!("{place} is {schema}"));
    let known = |key: &str| matches!(key, "type" | "properties" | "items");
    assert!(map.keys().all(|key| known(key)), "{place}: {schema}");
    for (name, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        open_schema(&format!("{place}.{name}"), property);
    }
    if let Some(items) = map.get("items") {
        open_schema(&format!("{place}[]"), items);
    }
}

#[test]
fn descriptions_name_tools_and_not_operations() {
    let ids = [
        "clusters_list",
        "clusters_get",
        "jobs_run_now",
        "jobs_get_run",
        "statement_execution_get_statement",
    ];
    // Those of the whole API are about operations.
    let mut tools = tools();
    tools.retain(|tool| !tool["name"].as_str().unwrap().starts_with("api_"));
    let listed = serde_json::to_string(&tools).unwrap();
    for id in ids {
        assert!(!listed.contains(id), "{id}");
    }
}
