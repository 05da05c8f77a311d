//! What the tools are to their readers: their cost in tokens, and the table in the README.

#![allow(clippy::unwrap_used, reason = "a test may; clippy sees it for test functions alone")]

use std::collections::BTreeMap;

use databricks_toolkit::mcp::{Effect, Registry, Selection, ToolSpec};
use serde_json::{Value, json};

/// Most tokens of the default list, of all tools, and of one tool.
const DEFAULT_MOST: usize = 6_000;
const ALL_MOST: usize = 25_000;
const ONE_MOST: usize = 750;
/// Most tokens of the default list with the schemas of its answers.
const WITH_OUTPUTS_MOST: usize = 12_000;

fn count(value: &Value) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(&value.to_string()).len()
}

/// Tokens of the name, description and input schema of each tool.
fn tokens(registry: &Registry) -> Vec<(usize, &ToolSpec)> {
    let of = |spec: &ToolSpec| {
        let ToolSpec { name, description, .. } = spec;
        let schema = registry.input_schema(name).unwrap();
        count(&json!({ "name": name, "description": description, "inputSchema": *schema }))
    };
    registry.tools().map(|spec| (of(spec), spec)).collect()
}

/// Tokens of the output schema of each tool.
fn outputs(registry: &Registry) -> Vec<(usize, &ToolSpec)> {
    let of = |spec: &ToolSpec| count(&json!({ "outputSchema": *registry.output_schema(spec.name).unwrap() }));
    registry.tools().map(|spec| (of(spec), spec)).collect()
}

#[test]
fn tokens_with_the_schemas_of_answers_are_within_their_budget() {
    let registry = Registry::default();
    let sum = |tokens: &[(usize, &ToolSpec)]| tokens.iter().map(|(count, _)| count).sum::<usize>();
    let (inputs, outputs) = (sum(&tokens(&registry)), outputs(&registry));
    let with = inputs + sum(&outputs);
    let figures = figures(outputs);
    println!("{figures}\n{with:>6} default with output schemas, at most {WITH_OUTPUTS_MOST}\n");
    assert!(with <= WITH_OUTPUTS_MOST, "{with} tokens, {WITH_OUTPUTS_MOST} are allowed\n{figures}");
}

/// The figure of each tool, the dearest first.
fn figures(mut tokens: Vec<(usize, &ToolSpec)>) -> String {
    tokens.sort_by_key(|(count, spec)| (std::cmp::Reverse(*count), spec.name));
    let mut toolsets: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (count, spec) in &tokens {
        let sum = toolsets.entry(spec.toolset).or_default();
        *sum = (sum.0 + 1, sum.1 + count);
    }
    let tools = tokens.iter().map(|(count, spec)| format!("{count:>6} {}", spec.name));
    let sums = toolsets.iter().map(|(name, (tools, sum))| format!("{sum:>6} {name} ({tools} tools)"));
    tools.chain(sums).collect::<Vec<_>>().join("\n")
}

/// `cargo test --test tools tokens -- --nocapture` prints the figures.
#[test]
fn tokens_are_within_their_budget() {
    let (default, all) = (Registry::default(), Registry::select(&Selection::all()).unwrap());
    for (name, registry, most) in [("default", &default, DEFAULT_MOST), ("all", &all, ALL_MOST)] {
        let tokens = tokens(registry);
        let sum: usize = tokens.iter().map(|(count, _)| count).sum();
        let dearest = tokens.iter().map(|(count, _)| *count).max().unwrap_or_default();
        let count = tokens.len();
        let figures = figures(tokens);
        println!("{figures}\n{sum:>6} {name}: {count} tools, at most {most}\n");
        assert!(count >= 30, "{name} has {count} tools");
        assert!(sum <= most, "{name}: {sum} tokens in {count} tools, {most} are allowed\n{figures}");
        assert!(dearest <= ONE_MOST, "one tool has {dearest} tokens, {ONE_MOST} are allowed\n{figures}");
    }
}

const START: &str = "<!-- tools: written by `cargo xtask snapshots` -->\n";
const END: &str = "<!-- end of tools -->\n";

/// Each toolset with its tools; a star for those that are served by default.
fn table() -> String {
    let (default, all) = (Registry::default(), Registry::select(&Selection::all()).unwrap());
    let mut table = String::from("| toolset | tool | effect | what it does |\n|---|---|---|---|\n");
    let mut toolset = "";
    for spec in all.tools() {
        let group = if spec.toolset == toolset { String::new() } else { format!("`{}`", spec.toolset) };
        toolset = spec.toolset;
        let star = if default.tools().any(|other| other.name == spec.name) { " \\*" } else { "" };
        let effect = match spec.effect {
            Effect::Read => "reads",
            Effect::Write => "writes",
            Effect::Destroy => "destroys",
        };
        let (first, _) = spec.description.split_once(". ").unwrap_or((spec.description, ""));
        let first = first.trim_end_matches('.').replace('|', "\\|");
        table.push_str(&format!("| {group} | `{}`{star} | {effect} | {first} |\n", spec.name));
    }
    table
}

#[test]
fn the_readme_lists_the_tools() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(file).unwrap();
    let (before, rest) = readme.split_once(START).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let wanted = table();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(file, format!("{before}{START}\n{wanted}\n{END}{after}")).unwrap();
        return;
    }
    assert!(
        found.trim() == wanted.trim(),
        "README.md: the tools are others; `cargo xtask snapshots` lists them anew"
    );
}
