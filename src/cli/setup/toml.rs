//! An entry in a TOML file: the rest, with its comments, stays as it is.

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

use super::editor::Editor;
use super::hidden::{self, Place};

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        // The whole error shows the line, which may hold a secret.
        let line =
            error.span().and_then(|span| text.get(..span.start)).map(|before| before.lines().count().max(1));
        let line = line.map(|line| format!(" in line {line}")).unwrap_or_default();
        format!("it is not TOML{line}: {}", error.message())
    })
}

/// TOML.
pub(super) struct Toml;

impl Editor for Toml {
    fn set(
        &self,
        text: &str,
        servers: &str,
        name: &str,
        members: &Map<String, Value>,
    ) -> Result<String, String> {
        let mut document = parse(text)?;
        let all = document.entry(servers).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let all = all.as_table_like_mut().ok_or_else(|| format!("`{servers}` in it is not a table"))?;
        let entry = all.entry(name).or_insert_with(|| Item::Table(Table::new()));
        let entry =
            entry.as_table_like_mut().ok_or_else(|| format!("`{servers}.{name}` in it is not a table"))?;
        merge(entry, members);
        Ok(document.to_string())
    }

    fn remove(&self, text: &str, servers: &str, name: &str) -> Result<Option<String>, String> {
        let mut document = parse(text)?;
        let all = document.get_mut(servers).and_then(Item::as_table_like_mut);
        Ok(all.and_then(|all| all.remove(name)).map(|_| document.to_string()))
    }

    fn shown(&self, text: &str, servers: &str, name: &str) -> Result<String, String> {
        let mut document = parse(text)?;
        hide_table(document.as_table_mut(), &Place::of(servers, name));
        Ok(document.to_string())
    }
}

fn merge(entry: &mut dyn TableLike, members: &Map<String, Value>) {
    // What an entry of before says of the workspace would win over what is said now.
    if let Some(env) = entry.get_mut("env").and_then(Item::as_table_like_mut) {
        let said = |name: &str| members.get("env").is_some_and(|env| env.get(name).is_some());
        let names = env.iter().map(|(name, _)| name.to_owned());
        let stale: Vec<String> = names.filter(|name| hidden::names_workspace(name) && !said(name)).collect();
        for name in stale {
            env.remove(&name);
        }
    }
    if !members.contains_key("env_vars") {
        entry.remove("env_vars");
    }
    for (name, value) in members {
        let there = entry.get_mut(name);
        match (there, value) {
            (Some(item), Value::Object(inner)) if item.is_table_like() => {
                if let Some(table) = item.as_table_like_mut() {
                    merge(table, inner);
                }
            }
            (Some(Item::Value(before)), value) => {
                let decor = before.decor().clone();
                *before = of(value);
                *before.decor_mut() = decor;
            }
            (_, value) => drop(entry.insert(name, Item::Value(of(value)))),
        }
    }
}

fn of(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(value) => value.as_i64().unwrap_or_default().into(),
        Value::String(value) => value.as_str().into(),
        Value::Array(values) => toml_edit::Value::Array(values.iter().map(of).collect::<Array>()),
        Value::Object(members) => {
            let pairs = members.iter().map(|(name, value)| (name.as_str(), of(value)));
            toml_edit::Value::InlineTable(pairs.collect::<InlineTable>())
        }
        // TOML has no null, and no member is one.
        Value::Null => "".into(),
    }
}

fn hide_table(table: &mut dyn TableLike, place: &Place<'_>) {
    for (key, item) in table.iter_mut() {
        let place = place.inside(key.get());
        match item {
            Item::Value(value) => hide(value, &place),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|table| hide_table(table, &place)),
            item => {
                if let Some(table) = item.as_table_like_mut() {
                    hide_table(table, &place);
                }
            }
        }
    }
}

fn hide(value: &mut toml_edit::Value, place: &Place<'_>) {
    match value {
        toml_edit::Value::String(text) if place.hides(text.value()) => {
            let decor = value.decor().clone();
            *value = hidden::MASK.into();
            *value.decor_mut() = decor;
        }
        toml_edit::Value::Array(values) => values.iter_mut().for_each(|value| hide(value, place)),
        toml_edit::Value::InlineTable(table) => hide_table(table, place),
        _ => {}
    }
}
