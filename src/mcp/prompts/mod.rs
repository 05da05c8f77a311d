//! Prompts: work that people ask for again and again, told to the agent step by step with the tools of this server.
//!
//! A step whose tools the server does not have is left out; a prompt that cannot do without them is not there.

mod texts;

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::{Map, Value};

use super::Registry;
use super::validate::nearest;
use texts::{PROMPTS, Script, Step, When};

/// The prompts that this server's tools can carry out.
fn scripts(registry: &Registry) -> impl Iterator<Item = &'static Script> {
    PROMPTS.iter().filter(|script| has(registry, script.needs))
}

fn has(registry: &Registry, tools: &[&str]) -> bool {
    tools.iter().all(|name| registry.get(name).is_some())
}

fn find(registry: &Registry, name: &str) -> Result<&'static Script, ErrorData> {
    scripts(registry).find(|script| script.name == name).ok_or_else(|| {
        let message = match PROMPTS.iter().find(|script| script.name == name) {
            Some(script) => {
                let needs: Vec<&str> =
                    script.needs.iter().copied().filter(|name| !has(registry, &[name])).collect();
                format!(
                    "the prompt `{name}` needs tools that this server was started without: {}",
                    needs.join(", ")
                )
            }
            None => {
                let names: Vec<String> = scripts(registry).map(|script| script.name.to_owned()).collect();
                match nearest(name, &names) {
                    Some(near) => format!("there is no prompt `{name}`; did you mean `{near}`?"),
                    None => format!("there is no prompt `{name}`; there are {}", names.join(", ")),
                }
            }
        };
        ErrorData::invalid_params(message, None)
    })
}

/// The prompts as clients see them.
pub(crate) fn list(registry: &Registry) -> Vec<Prompt> {
    scripts(registry)
        .map(|script| {
            let arguments = script.arguments.iter().map(|argument| {
                PromptArgument::new(argument.name)
                    .with_description(argument.description)
                    .with_required(argument.required)
            });
            Prompt::new(script.name, Some(script.description), Some(arguments.collect()))
                .with_title(script.title)
        })
        .collect()
}

/// The names of a prompt's arguments.
///
/// # Errors
/// As [`get`].
pub(crate) fn arguments(registry: &Registry, name: &str) -> Result<Vec<&'static str>, ErrorData> {
    Ok(find(registry, name)?.arguments.iter().map(|argument| argument.name).collect())
}

/// A prompt with its arguments filled in.
///
/// # Errors
/// A prompt that is not there, an argument that is missing or that it does not have.
pub(crate) fn get(
    registry: &Registry,
    name: &str,
    arguments: Map<String, Value>,
) -> Result<GetPromptResult, ErrorData> {
    let script = find(registry, name)?;
    let given = checked(script, arguments)?;
    let value = |name: &str| given.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let wanted = |step: &&Step| {
        has(registry, step.uses)
            && match step.when {
                When::Always => true,
                When::Given(name) => value(name).is_some(),
                When::Missing(name) => value(name).is_none(),
            }
    };
    let mut text = filled(script.task, &given);
    for (number, step) in script.steps.iter().filter(wanted).enumerate() {
        text.push_str(&format!("\n{}. {}", number + 1, filled(step.text, &given)));
    }
    text.push_str("\n\n");
    text.push_str(script.answer);
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(script.description))
}

/// The arguments that were given, none of them blank.
fn checked(script: &Script, arguments: Map<String, Value>) -> Result<Vec<(String, String)>, ErrorData> {
    let names: Vec<&str> = script.arguments.iter().map(|argument| argument.name).collect();
    let wrong = |message: String| {
        let message =
            format!("the prompt `{}`: {message}; its arguments are {}", script.name, names.join(", "));
        ErrorData::invalid_params(message, None)
    };
    let mut given = Vec::new();
    for (name, value) in arguments {
        if !names.contains(&name.as_str()) {
            return Err(wrong(format!("there is no argument `{name}`")));
        }
        let value = match value {
            Value::String(value) => value,
            Value::Number(value) => value.to_string(),
            Value::Null => continue,
            _ => return Err(wrong(format!("`{name}` has to be text"))),
        };
        if !value.trim().is_empty() {
            given.push((name, value.trim().to_owned()));
        }
    }
    let missing = script
        .arguments
        .iter()
        .find(|argument| argument.required && !given.iter().any(|(name, _)| name == argument.name));
    match missing {
        Some(argument) => Err(wrong(format!("`{}` is required", argument.name))),
        None => Ok(given),
    }
}

/// The text with `{name}` replaced. What was put in is not looked at again.
fn filled(text: &str, given: &[(String, String)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| {
            given.iter().find(|(other, _)| other == name).map(|(_, value)| (value, after))
        });
        match known {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcp::{Selection, toolsets};

    fn all() -> Registry {
        Registry::select(&Selection::all()).unwrap()
    }

    fn read_only() -> Registry {
        let exclude = vec!["execute_sql".to_owned()];
        Registry::select(&Selection { read_only: true, exclude, ..Selection::default() }).unwrap()
    }

    fn text(registry: &Registry, name: &str, arguments: Value) -> Result<String, String> {
        let Value::Object(arguments) = arguments else { panic!("no object") };
        let got = get(registry, name, arguments).map_err(|error| error.message.into_owned())?;
        Ok(got.messages[0].content.as_text().unwrap().text.clone())
    }

    #[test]
    fn texts_name_tools_that_exist_and_say_which_they_use() {
        let tools: Vec<&str> = toolsets::all().iter().map(|spec| spec.name).collect();
        for script in PROMPTS {
            for step in script.steps {
                let words = step.text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
                for word in words.filter(|word| tools.contains(word)) {
                    assert!(
                        step.uses.contains(&word) || script.needs.contains(&word),
                        "{}: {word} is named and not declared",
                        script.name
                    );
                }
                assert!(step.uses.iter().all(|name| tools.contains(name) && step.text.contains(name)));
                let names: Vec<&str> = script.arguments.iter().map(|argument| argument.name).collect();
                let holes = step.text.split('{').skip(1).filter_map(|part| part.split_once('}'));
                assert!(holes.map(|(name, _)| name).all(|name| names.contains(&name)), "{}", step.text);
            }
            assert!(script.needs.iter().all(|name| tools.contains(name)), "{}", script.name);
        }
    }

    #[test]
    fn what_the_server_cannot_do_is_not_there_or_left_out() {
        assert_eq!(list(&all()).len(), PROMPTS.len());
        let read_only = read_only();
        let names: Vec<String> = list(&read_only).into_iter().map(|prompt| prompt.name).collect();
        assert!(
            names.contains(&"explore_catalog".to_owned()) && !names.contains(&"schedule_notebook".to_owned())
        );
        let shown = text(&read_only, "explore_catalog", json!({ "catalog": "main" })).unwrap();
        assert!(!shown.contains("execute_sql") && shown.contains("list_schemas"), "{shown}");
        assert!(
            text(&all(), "explore_catalog", json!({ "catalog": "main" })).unwrap().contains("execute_sql")
        );
        let refused = text(&read_only, "schedule_notebook", json!({})).unwrap_err();
        assert!(refused.contains("started without: submit_run, create_job"), "{refused}");
    }

    #[test]
    fn arguments_are_checked_and_put_in_once() {
        let registry = all();
        let shown = text(&registry, "debug_run", json!({ "run_id": 7 })).unwrap();
        assert!(shown.contains("run 7"), "{shown}");
        let missing = text(&registry, "debug_run", json!({ "run_id": " " })).unwrap_err();
        assert!(missing.contains("`run_id` is required"), "{missing}");
        let unknown = text(&registry, "debug_run", json!({ "run": "7" })).unwrap_err();
        assert!(unknown.contains("no argument `run`; its arguments are run_id"), "{unknown}");
        let near = text(&registry, "debug_runs", json!({})).unwrap_err();
        assert!(near.contains("did you mean `debug_run`?"), "{near}");
        let sql = "SELECT '{warehouse_id} {' FROM t";
        let shown =
            text(&registry, "optimise_query", json!({ "statement": sql, "warehouse_id": "w1" })).unwrap();
        assert!(shown.contains(sql) && shown.contains("w1"), "{shown}");
    }
}
