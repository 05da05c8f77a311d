//! One operation in few words: its arguments, its answer, how it pages and what to wait for.

use serde_json::{Map, Value, json};

use super::super::ToolError;
use super::document::{Answers, Document, Facts, Field, Wait};
use super::operations::{self, Listed};
use super::{call, effect};

/// Most bytes of the lines of a description: with the rest it stays within about 2,000 tokens.
const LONGEST: usize = 5_600;
/// Most bytes of these that the answer's fields take.
const LONGEST_ANSWER: usize = 1_600;
/// Most values of an enum that are shown.
const MOST_VALUES: usize = 30;
/// Most bytes of the names that stand for an object that is not written out.
const LONGEST_NAMES: usize = 160;

/// How much of the descriptions is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    All,
    First,
    None,
}

/// One operation; with `field`, one field of its arguments, or of its answer by `answer.`.
///
/// # Errors
/// An unknown operation or field, with the nearest.
pub(crate) fn describe(id: &str, field: Option<&str>) -> Result<Value, ToolError> {
    let listed = operations::find(id)?;
    let (document, facts) = Document::of(listed)?;
    match field {
        Some(path) => one_field(document, facts, listed, path),
        None => Ok(whole(document, facts, listed)),
    }
}

fn whole(document: &Document, facts: &Facts, listed: &Listed) -> Value {
    let mut told = Map::new();
    let mut tell = |key: &str, value: Value| told.insert(key.to_owned(), value);
    tell("operation", json!(listed.id()));
    tell("request", json!(format!("{} {}", listed.operation.method, listed.operation.path)));
    tell("effect", json!(effect::word(effect::of(listed))));
    for (key, text) in [("summary", listed.summary), ("description", listed.description)] {
        if !text.is_empty() {
            tell(key, json!(text));
        }
    }
    if let Some(reason) = call::refusal(facts, listed) {
        tell("not_callable", json!(reason));
    }
    if listed.is_deprecated {
        tell("deprecated", json!(true));
    }
    let answer = facts.answer.as_ref().map(|answer| document.fields(answer)).unwrap_or_default();
    let answer = fitting(document, &answer, LONGEST_ANSWER, 1);
    let room = LONGEST - answer.iter().map(String::len).sum::<usize>().min(LONGEST_ANSWER);
    let arguments = document.arguments(facts);
    match arguments.is_empty() {
        true => tell("arguments", json!("none")),
        false => tell("arguments", json!(fitting(document, &arguments, room, 6))),
    };
    tell(
        "answer",
        match (facts.answers, answer.is_empty()) {
            (Answers::Json, false) => json!(answer),
            (Answers::Json, true) => json!("an object"),
            (Answers::Text, _) => json!("text"),
            (Answers::Bytes, _) => json!("bytes"),
            (Answers::Nothing, _) => json!("nothing"),
        },
    );
    if let Some(paging) = facts.paging.as_ref().and_then(|paging| paging.explain()) {
        tell("paging", json!(paging));
    }
    if let Some(waiting) = waiting(facts) {
        tell("waiting", json!(waiting));
    }
    if let Some(token) = &facts.token {
        tell("idempotency", json!(format!("`{}` is filled in where it is left out", token.name)));
    }
    Value::Object(told)
}

fn one_field(document: &Document, facts: &Facts, listed: &Listed, path: &str) -> Result<Value, ToolError> {
    let of_answer = path.strip_prefix("answer").map(|rest| rest.trim_start_matches('.'));
    let fields = match (of_answer, &facts.answer) {
        (Some(_), Some(answer)) => document.fields(answer),
        (Some(_), None) => return Err(ToolError::Failed(format!("`{}` has no JSON answer", listed.id()))),
        (None, _) => document.arguments(facts),
    };
    let below = of_answer.unwrap_or(path);
    if below.is_empty() {
        let lines = fitting(document, &fields, LONGEST, 6);
        return Ok(json!({ "operation": listed.id(), "field": path, "fields": lines }));
    }
    let found = document.field(fields, below)?;
    let lines = fitting(document, &document.fields(found.schema), LONGEST, 6);
    let mut told =
        json!({ "operation": listed.id(), "field": path, "type": kind(document, found.schema, usize::MAX) });
    if let Some(text) = words(document, &found, Words::All) {
        told["description"] = json!(text);
    }
    if !lines.is_empty() {
        told["fields"] = json!(lines);
    }
    Ok(told)
}

fn waiting(facts: &Facts) -> Option<String> {
    if let Some(Wait { poll, status, success, failure }) = &facts.wait {
        let status = status.as_deref().unwrap_or("its state");
        let failed = match failure.is_empty() {
            true => String::new(),
            false => format!("; {} is a failure", failure.join(", ")),
        };
        let done = success.join(" or ");
        return Some(format!("answers before it is done: poll `{poll}` until `{status}` is {done}{failed}"));
    }
    let poll = &facts.long_running.as_ref()?.poll;
    Some(format!("answers an operation: poll `{poll}` with its `name` until `done` is true"))
}

/// The fields with as many words and levels as there is room for; what is too much is named.
fn fitting(document: &Document, fields: &[Field<'_>], room: usize, deepest: usize) -> Vec<String> {
    let lines = |depth, how| {
        let mut lines = Vec::new();
        write(document, fields, depth, how, 0, &mut lines);
        lines
    };
    let fits = |lines: &Vec<String>| lines.iter().map(|line| line.len() + 3).sum::<usize>() <= room;
    // What is in an object says more than the rest of a description.
    for (how, least) in
        [(Words::All, 1), (Words::First, 1), (Words::All, 0), (Words::First, 0), (Words::None, 0)]
    {
        let mut best = lines(least, how);
        if !fits(&best) {
            continue;
        }
        for depth in least + 1..=deepest {
            let deeper = lines(depth, how);
            if !fits(&deeper) || deeper.len() == best.len() {
                break;
            }
            best = deeper;
        }
        return best;
    }
    // Names alone: what is required first, then as many as there is room for.
    let mut names: Vec<&Field<'_>> = fields.iter().collect();
    names.sort_by_key(|field| !field.required);
    let (mut kept, mut size) = (Vec::new(), 0);
    for field in &names {
        let line = format!("{}{}", field.name, if field.required { "*" } else { "" });
        size += line.len() + 3;
        if size > room {
            kept.push(format!("… {} more", names.len() - kept.len()));
            break;
        }
        kept.push(line);
    }
    kept
}

fn write(
    document: &Document,
    fields: &[Field<'_>],
    depth: usize,
    how: Words,
    indent: usize,
    lines: &mut Vec<String>,
) {
    for field in fields {
        let inner = document.fields(field.schema);
        let names = if depth == 0 { LONGEST_NAMES } else { 0 };
        let mark = if field.required { "*" } else { "" };
        let mut line = format!("{:indent$}{}{mark}: {}", "", field.name, kind(document, field.schema, names));
        if field.schema.get("secret").is_some() {
            line.push_str(" (secret)");
        }
        if let Some(text) = words(document, field, how) {
            line.push_str(" — ");
            line.push_str(&text);
        }
        lines.push(line);
        if depth > 0 {
            write(document, &inner, depth - 1, how, indent + 1, lines);
        }
    }
}

fn words(document: &Document, field: &Field<'_>, how: Words) -> Option<String> {
    let resolved = || document.resolve(field.schema).get("description").and_then(Value::as_str);
    let text = field.description.or_else(resolved).filter(|text| !text.is_empty())?;
    match how {
        Words::All => Some(text.to_owned()),
        Words::First => {
            let first = text.split(". ").next().unwrap_or(text).trim_end_matches('.');
            Some(first.chars().take(90).collect())
        }
        Words::None => None,
    }
}

/// A type in a word: `string`, `A|B`, `[object]`, `{string: integer}`; an object that is not written
/// out with the names of its fields, if they take at most `names` bytes.
fn kind(document: &Document, schema: &Value, names: usize) -> String {
    let schema = document.resolve(schema);
    if let Some(items) = schema.get("items") {
        return format!("[{}]", kind(document, items, names));
    }
    if let Some(values) = schema.get("additionalProperties") {
        return format!("{{string: {}}}", kind(document, values, names));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let shown: Vec<String> = values
            .iter()
            .take(MOST_VALUES)
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let more = values.len().saturating_sub(MOST_VALUES);
        let more = if more > 0 { format!("|… {more} more") } else { String::new() };
        return format!("{}{more}", shown.join("|"));
    }
    if schema.get("properties").is_some() {
        let fields = document.fields(schema);
        let listed: Vec<String> = fields
            .iter()
            .map(|field| format!("{}{}", field.name, if field.required { "*" } else { "" }))
            .collect();
        let listed = listed.join(", ");
        return match listed.len() {
            _ if names == 0 || names == usize::MAX => "object".to_owned(),
            length if length <= names => format!("object({listed})"),
            _ => format!("object of {} fields", fields.len()),
        };
    }
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("any");
    match schema.get("format").and_then(Value::as_str) {
        Some(format) => format!("{kind} ({format})"),
        None => kind.to_owned(),
    }
}
