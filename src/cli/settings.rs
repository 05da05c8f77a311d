//! All settings of a server as one table: flags and variables as clap knows them, keys as the settings file's type has
//! them, joined by name. Help, manual, the book's table and the JSON schema of the file say the same words.

use clap::{Arg, ArgAction, CommandFactory};
use schemars::Schema;
use serde_json::{Value, json};

use super::Cli;
use super::file::File;

/// Keys that count at the start alone.
const AT_START: [&str; 1] = ["profiles"];

/// One setting.
pub(super) struct Setting {
    /// With its value, such as `--toolsets NAMES`.
    flag: Option<String>,
    variable: Option<String>,
    key: Option<String>,
    /// What it says.
    says: String,
}

impl Setting {
    /// Of a flag, with the key of its name where the file has it.
    fn of(flag: &Arg, keys: &[(String, String)]) -> Option<Self> {
        let long = flag.get_long()?;
        let value = match flag.get_action() {
            ArgAction::Set | ArgAction::Append
                if flag.get_num_args().is_none_or(|it| it.min_values() > 0) =>
            {
                let names = flag.get_value_names().unwrap_or_default();
                names.iter().map(|name| format!(" {name}")).collect()
            }
            _ => String::new(),
        };
        let name = flag.get_id().as_str();
        Some(Self {
            flag: Some(format!("--{long}{value}")),
            variable: flag.get_env().map(|variable| variable.to_string_lossy().into_owned()),
            key: keys.iter().any(|(key, _)| key == name).then(|| name.to_owned()),
            says: says(flag),
        })
    }

    /// Whether a server takes it over while it runs.
    fn changes(&self) -> bool {
        self.key.as_deref().is_some_and(|key| !AT_START.contains(&key))
    }

    pub(super) fn row(&self) -> Value {
        json!({
            "flag": self.flag,
            "variable": self.variable,
            "key": self.key,
            "while running": if self.changes() { "yes" } else { "no" },
            "what it says": self.says,
        })
    }
}

/// The help of a flag, with what holds where nothing is set.
fn says(flag: &Arg) -> String {
    let help = flag.get_long_help().or_else(|| flag.get_help()).map(ToString::to_string).unwrap_or_default();
    let usual: Vec<_> = flag.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let takes_value = flag.get_action().takes_values() && !flag.is_hide_default_value_set();
    match usual.is_empty() || !takes_value {
        true => help,
        false => format!("{} [default: {}]", help.trim_end_matches('.'), usual.join(",")),
    }
}

/// The keys of the file and what its type says of them, in order.
fn keys(schema: &Schema) -> Vec<(String, String)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let text = |value: &Value| value["description"].as_str().unwrap_or_default().replace('\n', " ");
    properties.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// All settings: flags in the order of the help, then what the file alone can say.
pub(super) fn all() -> Vec<Setting> {
    let keys = keys(&schemars::schema_for!(File));
    let flags = flags();
    let alone = keys.iter().filter(|(key, _)| flags.iter().all(|flag| flag.get_id().as_str() != key));
    let alone = alone.map(|(key, says)| Setting {
        flag: None,
        variable: None,
        key: Some(key.clone()),
        says: says.trim_end_matches('.').to_owned(),
    });
    flags.iter().filter_map(|flag| Setting::of(flag, &keys)).chain(alone).collect()
}

/// The flags of `serve`.
fn flags() -> Vec<Arg> {
    let mut command = Cli::command();
    // Hands the flags that all commands take to each of them.
    command.build();
    let serve = command.find_subcommand("serve");
    let flags = serve.into_iter().flat_map(clap::Command::get_arguments);
    flags.filter(|flag| !matches!(flag.get_action(), ArgAction::Help | ArgAction::Version)).cloned().collect()
}

/// The JSON schema of the file.
pub(super) fn schema() -> Schema {
    let mut schema = schemars::schema_for!(File);
    let flags = flags();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (key, value) in properties {
            if let Some(flag) = flags.iter().find(|flag| flag.get_id().as_str() == key) {
                value["description"] = says(flag).into();
            }
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described_and_every_variable_is_ours() {
        let all = all();
        for setting in &all {
            let name = setting.flag.as_ref().or(setting.key.as_ref()).unwrap();
            assert!(setting.says.len() > 10, "{name} says nothing");
            if let Some(variable) = &setting.variable {
                let is_ours = variable.starts_with("DATABRICKS_MCP_") || variable.starts_with("OTEL_");
                assert!(is_ours, "{variable}");
            }
        }
        let of_key = |key: &str| all.iter().find(|setting| setting.key.as_deref() == Some(key)).unwrap();
        assert_eq!(of_key("tool_timeout").flag.as_deref(), Some("--tool-timeout SECONDS"));
        assert_eq!(of_key("read_only").flag.as_deref(), Some("--read-only"));
        assert_eq!(of_key("rules").flag, None);
        assert!(of_key("sql").changes() && !of_key("profiles").changes());
        assert!(AT_START.iter().all(|key| all.iter().any(|it| it.key.as_deref() == Some(*key))));
    }

    #[test]
    fn the_schema_takes_what_the_file_takes_and_refuses_what_it_refuses() {
        let schema = schema().to_value();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let valid = |text: &str| {
            let file: toml::Table = toml::from_str(text).unwrap();
            let is_valid = validator.is_valid(&serde_json::to_value(file).unwrap());
            assert_eq!(is_valid, toml::from_str::<File>(text).is_ok(), "{text}");
            is_valid
        };
        assert!(valid("toolsets = ['all']\ntool_timeouts = { execute_sql = 60 }\nanswer_tokens = 500"));
        assert!(valid("sql = { rows = 5 }\n[[rules]]\nnames = ['a*']\neffects = ['write']\nthen = 'ask'"));
        for wrong in [
            "toolset = ['all']",
            "destructive = 'never'",
            "tool_timeout = 0",
            "answer_tokens = 3",
            "tool_timeouts = { execute_sql = 0 }",
            "sql = { row = 5 }",
            "[[rules]]\nnames = ['a']",
            "[[rules]]\nthen = 'refuse'",
        ] {
            assert!(!valid(wrong), "{wrong}");
        }
        for (key, value) in schema["properties"].as_object().unwrap() {
            assert!(value["description"].as_str().is_some_and(|text| text.len() > 10), "{key}: {value}");
        }
    }
}
