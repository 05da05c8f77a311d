//! A call of any operation: checked by its schema, sent by the transport of the typed calls.

use serde_json::{Map, Value, json};

use super::super::ToolError;
use super::document::{Answers, Document, Facts, Place};
use super::operations::{self, Listed};
use super::packed;
use crate::Batch;
use crate::fields::Problem;
use crate::mcp::answer::{LEFT_OUT, project};
use crate::mcp::policy::Judged;
use crate::mcp::{Context, Effect, LeftOut};
use crate::transport::idempotency_token;

/// Most inputs of one call, and calls for them at once.
const MOST_INPUTS: usize = 10_000;
const AT_ONCE: usize = 8;

/// Most bytes of an answer that is text.
const LONGEST_TEXT: u64 = 4_000_000;

/// Calls an operation.
///
/// # Errors
/// An unknown operation, arguments that do not fit, and what the call fails with.
pub(crate) async fn call(
    context: &Context,
    id: &str,
    mut arguments: Map<String, Value>,
    fields: &[String],
) -> Result<Map<String, Value>, ToolError> {
    let listed = operations::find(id)?;
    let (document, facts) = Document::of(listed)?;
    if let Some(reason) = refusal(facts, listed) {
        return Err(ToolError::Failed(format!("`{}` cannot be called: {reason}", listed.id())));
    }
    // Agents write null for what they leave out.
    arguments.retain(|_, value| !value.is_null());
    document.check(facts, &arguments)?;
    check_path(facts, &arguments)?;
    check_fields(document, facts, listed, fields)?;
    prepare(facts, &mut arguments);
    let answer = send(context, document, facts, listed, arguments.clone()).await?;
    Ok(shaped(document, facts, &arguments, answer, fields))
}

/// Calls an operation once for each input, and says of each what became of it, in their order. The policy decides on
/// each.
///
/// # Errors
/// An unknown operation, no inputs or too many, and what the first call fails with where all of them fail.
pub(crate) async fn call_each(
    context: &Context,
    id: &str,
    inputs: Vec<Map<String, Value>>,
    fields: &[String],
) -> Result<Map<String, Value>, ToolError> {
    operations::find(id)?;
    let total = inputs.len();
    if total == 0 || total > MOST_INPUTS {
        return Err(ToolError::Argument(format!(
            "`inputs`: {total} are given, and 1 to {MOST_INPUTS} can be"
        )));
    }
    let progress = context.clone();
    let batch = Batch::of(inputs).concurrency(AT_ONCE).on_progress(move |told| {
        progress.progress(told.done as f64, Some(total as f64), format!("{} of {total} calls", told.done));
    });
    let report = batch.run(|input| async { Ok(call_one(context, id, input, fields).await) }).await;
    let (mut results, mut failed, mut first) = (Vec::with_capacity(total), 0, None);
    for called in report.into_values()? {
        match called {
            Ok(answer) => results.push(Value::Object(answer)),
            Err(ToolError::Cancelled) => return Err(ToolError::Cancelled),
            Err(error) => {
                failed += 1;
                results.push(json!({ "error": error.explain() }));
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if failed == total && total > 1 => {
            Err(ToolError::Failed(format!("all {total} calls failed, the first with: {}", error.explain())))
        }
        Some(error) if failed == total => Err(error),
        _ => Ok(Map::from_iter([
            ("succeeded".to_owned(), json!(total - failed)),
            ("failed".to_owned(), json!(failed)),
            ("results".to_owned(), Value::Array(results)),
        ])),
    }
}

async fn call_one(
    context: &Context,
    id: &str,
    input: Map<String, Value>,
    fields: &[String],
) -> Result<Map<String, Value>, ToolError> {
    if context.is_cancelled() {
        return Err(ToolError::Cancelled);
    }
    let effect = super::effect_of(id).unwrap_or(Effect::Destroy);
    let arguments = Map::from_iter([
        ("operation".to_owned(), json!(id)),
        ("arguments".to_owned(), Value::Object(input.clone())),
        ("fields".to_owned(), json!(fields)),
    ]);
    // A person was asked about all of them; what a rule forbids for one is left out for it alone.
    context.terms().policy.decide(&Judged::new("api_call", None, effect, &arguments))?;
    call(context, id, input, fields).await
}

/// Why an operation cannot be called here, if it cannot.
pub(super) fn refusal(facts: &Facts, listed: &Listed) -> Option<&'static str> {
    if listed.is_account {
        return Some("it is an account's, and tools have a workspace");
    }
    match (facts.sends_bytes, facts.answers) {
        (true, _) => Some("it sends bytes; write_file writes files of volumes and DBFS"),
        (false, Answers::Bytes) => Some("it answers bytes; read_file reads files of volumes and DBFS"),
        _ => None,
    }
}

/// An empty part of a path would be the path of another operation.
fn check_path(facts: &Facts, arguments: &Map<String, Value>) -> Result<(), ToolError> {
    for parameter in facts.parameters.iter().filter(|it| matches!(it.place, Place::Path | Place::Segments)) {
        if arguments.get(parameter.name).and_then(Value::as_str).is_some_and(|text| text.trim().is_empty()) {
            return Err(ToolError::Argument(format!("`{}` is empty", parameter.name)));
        }
    }
    Ok(())
}

fn check_fields(
    document: &Document,
    facts: &Facts,
    listed: &Listed,
    fields: &[String],
) -> Result<(), ToolError> {
    let known = facts.answer.as_ref().map(|answer| document.fields(answer)).unwrap_or_default();
    if fields.is_empty() || known.is_empty() {
        return Ok(());
    }
    for path in fields {
        document.field(known.clone(), path).map_err(|error| match error {
            ToolError::Argument(text) => {
                ToolError::Argument(format!("`fields`: in the answer of `{}` {text}", listed.id()))
            }
            other => other,
        })?;
    }
    Ok(())
}

/// Adds what the service needs: a token against doing it twice, and what makes it answer in pages.
fn prepare(facts: &Facts, arguments: &mut Map<String, Value>) {
    if let Some(token) = &facts.token {
        arguments.entry(token.name).or_insert_with(|| idempotency_token().into());
    }
    if let Some(paging) = facts.paging.as_ref().filter(|paging| paging.style == "token") {
        for (name, value) in &paging.defaults {
            arguments.entry(name).or_insert_with(|| value.clone());
        }
    }
}

async fn send(
    context: &Context,
    document: &Document,
    facts: &'static Facts,
    listed: &'static Listed,
    mut arguments: Map<String, Value>,
) -> Result<Value, ToolError> {
    let mut request = context.workspace().transport().request(&listed.operation, Problem::default());
    for parameter in &facts.parameters {
        let name = parameter.name;
        let value = match document.body_requires(facts, name) {
            true => arguments.get(name).cloned(),
            false => arguments.shift_remove(name),
        };
        let text =
            value.as_ref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        match parameter.place {
            Place::Path => request.path(name, &text),
            Place::Segments => request.path_segments(name, &text),
            Place::Query => request.query(name, &value),
            Place::Header => request.header(name, &text),
        }
    }
    if facts.body.is_some() {
        request.json(&Some(Value::Object(arguments)));
    }
    match facts.answers {
        Answers::Json if facts.headers.is_empty() => Ok(request.send_json().await?),
        Answers::Json => Ok(request.send_with_headers(&facts.headers).await?),
        Answers::Text => {
            let bytes = request.send_bytes().await?.collect(LONGEST_TEXT).await?;
            Ok(json!({ "text": String::from_utf8_lossy(&bytes) }))
        }
        Answers::Nothing => {
            request.send_empty().await?;
            Ok(json!({}))
        }
        Answers::Bytes => Err(packed::broken(listed.operation.service)),
    }
}

/// The answer without its secrets, with the wanted fields and the way to the next page.
fn shaped(
    document: &Document,
    facts: &Facts,
    arguments: &Map<String, Value>,
    mut answer: Value,
    fields: &[String],
) -> Map<String, Value> {
    let hidden = document.mask(facts.answer.as_ref(), &mut answer);
    let mut answer = match answer {
        Value::Object(answer) => answer,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    if answer.is_empty() {
        answer.insert("done".to_owned(), json!("The call succeeded; its answer is empty."));
    }
    let next = facts.paging.as_ref().and_then(|paging| paging.next(arguments, &mut answer));
    let mut paths: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut add = |name: &'static str, value: Value| {
        answer.insert(name.to_owned(), value);
        paths.push(name);
    };
    if let Some(next) = next {
        add("next_page", Value::Object(next));
        let note = LeftOut::new("further pages", "api_call with what next_page holds in arguments");
        add(LEFT_OUT, json!([note]));
    }
    if !hidden.is_empty() {
        add("hidden_secrets", json!(hidden));
    }
    match fields.is_empty() {
        true => answer,
        false => project(answer, &paths),
    }
}
