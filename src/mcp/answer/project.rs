//! Which fields of an operation's answer an agent sees.

use serde::Serialize;
use serde_json::{Map, Value};

use super::choose::Wanted;
use super::{Answer, LeftOut};
use crate::mcp::validate::nearest;
use crate::mcp::{ToolError, api};

/// What of an operation's answer a tool shows, unless `fields` says otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    /// The `operationId`.
    pub operation: &'static str,
    /// Dotted paths of the fields to show, through lists; all where there is none.
    pub paths: &'static [&'static str],
    /// Dotted paths of what others wrote.
    pub untrusted: &'static [&'static str],
    /// The field that holds the token of the next page, and the argument that takes it.
    pub page: Option<(&'static str, &'static str)>,
}

impl Projection {
    pub(super) fn answer<T: Serialize>(
        &self,
        answer: &T,
        fields: Option<&[String]>,
    ) -> Result<Answer, ToolError> {
        let chosen = match fields {
            Some(fields) => self.chosen(fields)?,
            None => self.paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        let wanted = Wanted::of(chosen.iter().map(String::as_str));
        let mut value = wanted.choose(answer).map_err(super::no_json)?;
        drop_nulls(&mut value);
        let mut answer = Answer::new(value).with_untrusted(self.untrusted);
        if let Some((field, argument)) = self.page {
            // An empty token says that this is the last page.
            let is_last = |token: &Value| token.as_str() == Some("");
            if answer.value.get(field).is_some_and(is_last) {
                answer.value.shift_remove(field);
            }
            if answer.value.contains_key(field) {
                let how = format!("call again with {argument} = {field}");
                answer.notes.push(LeftOut::new("further pages", how));
            }
        }
        let dropped = wanted.dropped();
        if fields.is_none() && dropped > 0 {
            let note = LeftOut::new("fields", "fields: names, or *").count(dropped as u64);
            answer.notes.push(note);
        }
        Ok(answer)
    }

    /// The paths of the wanted fields; none for all of them.
    fn chosen(&self, fields: &[String]) -> Result<Vec<String>, ToolError> {
        if fields.is_empty() || fields.iter().any(|field| field.trim() == "*") {
            return Ok(Vec::new());
        }
        let paths = fields.iter().map(|field| api::answer_field(self.operation, field));
        let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
        // Without it nobody could go on.
        paths.extend(self.page.map(|(field, _)| field.to_owned()));
        Ok(paths)
    }
}

impl Answer {
    /// The answer of a tool of several calls, with those of its fields that the caller named.
    ///
    /// # Errors
    /// [`ToolError::Argument`] for a field that its schema does not have, with the valid ones.
    pub(crate) fn chosen(self, fields: &[String], schema: &Map<String, Value>) -> Result<Self, ToolError> {
        if fields.is_empty() || fields.iter().any(|field| field.trim() == "*") {
            return Ok(self);
        }
        let paths: Vec<&str> = fields.iter().map(|field| field.trim()).collect();
        for path in &paths {
            let mut known = schema.get("properties");
            for part in path.split('.') {
                let Some(names) = known.and_then(Value::as_object) else { break };
                let found = names.get(part).ok_or_else(|| {
                    let names: Vec<String> = names.keys().cloned().collect();
                    unknown_field(part, &names)
                })?;
                known = found.get("items").unwrap_or(found).get("properties");
            }
        }
        Ok(Self { value: project(self.value, &paths), ..self })
    }
}

fn unknown_field(name: &str, valid: &[String]) -> ToolError {
    let near = nearest(name, valid).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    ToolError::Argument(format!("`fields`: `{name}` is unknown{near}: valid are {}", valid.join(", ")))
}

/// Keeps the fields that dotted paths name.
pub(crate) fn project(answer: Map<String, Value>, paths: &[&str]) -> Map<String, Value> {
    match Wanted::of(paths.iter().copied()).choose(&answer) {
        Ok(Value::Object(kept)) => kept,
        _ => Map::new(),
    }
}

/// A field that is null says nothing, and no schema speaks of it. In lists each has its place.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
