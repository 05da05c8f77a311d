//! Dynamic values: `{{job.id}}`, `{{job.parameters.day}}`, `{{tasks.first.values.count}}` and the like in a task's fields.

use chrono::DateTime;
use serde_json::{Value, json};

use super::model::{Run, TaskRun};
use super::settings::Task;

/// Replaces the references in all texts below a value. The error names the first that leads nowhere.
pub(super) fn resolve(value: &mut Value, run: &Run, task: &TaskRun) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains("{{") => {
            *text = replace(text, &|path| look_up(path, run, task))?;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, run, task)),
        Value::Object(fields) => fields.values_mut().try_for_each(|field| resolve(field, run, task)),
        _ => Ok(()),
    }
}

/// A task with its references replaced.
pub(super) fn resolved(run: &Run, task: &TaskRun) -> Result<Task, String> {
    let mut fields = json!(task.task);
    resolve(&mut fields, run, task)?;
    serde_json::from_value(fields)
        .map_err(|cause| format!("the task makes no sense once its references are replaced: {cause}"))
}

/// The items that a for-each task runs over: a list as JSON once its references are replaced.
pub(super) fn inputs(text: &str, run: &Run, task: &TaskRun) -> Result<Vec<Value>, String> {
    let text = replace(text, &|path| look_up(path, run, task))?;
    serde_json::from_str(&text).map_err(|cause| {
        format!("the inputs of a for-each task must be a list as JSON, not '{text}': {cause}")
    })
}

fn replace(text: &str, look_up: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((path, after)) = after.split_once("}}") else { break };
        let value = look_up(path.trim());
        done.push_str(before);
        done.push_str(&value.ok_or_else(|| format!("the reference {{{{{path}}}}} leads nowhere"))?);
        rest = after;
    }
    Ok(done + rest)
}

fn look_up(path: &str, run: &Run, task: &TaskRun) -> Option<String> {
    let names: Vec<&str> = path.split('.').collect();
    match names.as_slice() {
        ["job", "id"] | ["job_id"] => Some(run.job_id.to_string()),
        ["job", "run_id"] | ["parent_run_id"] => Some(run.id.to_string()),
        ["job", "name"] => Some(run.name.clone()),
        ["job", "repair_count"] => Some(run.repairs.len().to_string()),
        ["job", "trigger", "type"] => json!(run.trigger).as_str().map(str::to_lowercase),
        ["job", "start_time", part] => time(run.start, part),
        ["job", "parameters", ..] => {
            let name = path.strip_prefix("job.parameters.")?;
            text(run.parameters().get(name)?)
        }
        ["task", "name"] | ["task_key"] => Some(task.task.task_key.clone()),
        ["task", "run_id"] | ["run_id"] => Some(task.id.to_string()),
        ["task", "execution_count"] => Some((task.attempt + 1).to_string()),
        ["task", "notebook_path"] => task.task.notebook_task.as_ref().map(|task| task.notebook_path.clone()),
        ["tasks", key, part, more @ ..] => {
            let other = run.latest_of(key)?;
            match (*part, more) {
                ("values", [name]) => text(other.output.task_values.get(*name)?),
                ("run_id", []) => Some(other.id.to_string()),
                ("result_state", []) => other.state.outcome.map(|outcome| outcome.name().to_lowercase()),
                ("execution_count", []) => Some((other.attempt + 1).to_string()),
                ("outcome", []) => other.output.outcome.clone(),
                _ => None,
            }
        }
        ["input", path @ ..] => {
            let mut value = &task.each.as_ref()?.input;
            for step in path {
                value = match value {
                    Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                    value => value.get(*step)?,
                };
            }
            text(value)
        }
        ["start_date"] => time(run.start, "iso_date"),
        ["start_time"] => time(run.start, "timestamp_ms"),
        _ => None,
    }
}

/// A value as text: a string without its quotes, anything else as JSON.
fn text(value: &Value) -> Option<String> {
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn time(ms: i64, part: &str) -> Option<String> {
    let time = DateTime::from_timestamp_millis(ms)?;
    let pattern = match part {
        "timestamp_ms" => return Some(ms.to_string()),
        "iso_date" => "%Y-%m-%d",
        "iso_datetime" => "%Y-%m-%dT%H:%M:%S",
        "iso_weekday" => "%u",
        "year" => "%Y",
        "month" => "%m",
        "day" => "%d",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        "is_weekday" => {
            return Some((!matches!(time.format("%u").to_string().as_str(), "6" | "7")).to_string());
        }
        _ => return None,
    };
    Some(time.format(pattern).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::jobs::model::RunType;
    use crate::api::jobs::settings::Settings;

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        let settings = json!({
            "name": "daily", "parameters": [{"name": "a.b", "default": "1"}],
            "tasks": [{"task_key": "one", "dbt_task": {}}, {"task_key": "two", "dbt_task": {}}],
        });
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let mut run = Run::new(7, RunType::Job, settings, 1_700_000_000_000);
        run.tasks[0].output.task_values.insert("count".into(), json!([1, 2]));
        let task = run.tasks[1].clone();
        let mut value = json!({"x": ["{{job.name}}-{{ job.start_time.iso_date }}", {"y": "{{tasks.one.values.count}}"}], "z": "{{job.parameters.a.b}} {"});
        resolve(&mut value, &run, &task).unwrap();
        assert_eq!(value, json!({"x": ["daily-2023-11-14", {"y": "[1,2]"}], "z": "1 {"}));
        let mut iteration = task.clone();
        iteration.each =
            Some(crate::api::jobs::model::Each { parent: 1, index: 0, input: json!({"a": [1, {"b": "x"}]}) });
        let mut value = json!(["{{input}}", "{{input.a.1.b}}"]);
        resolve(&mut value, &run, &iteration).unwrap();
        assert_eq!(value, json!(["{\"a\":[1,{\"b\":\"x\"}]}", "x"]));
        let refused = resolve(&mut json!("{{tasks.one.values.none}}"), &run, &task).unwrap_err();
        assert_eq!(refused, "the reference {{tasks.one.values.none}} leads nowhere");
    }
}
