//! The arguments of a call, after validation.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ToolError;
use crate::decode::place;

/// The arguments of a call. They fit the tool's schema; what is left to fail is a value that the
/// schema cannot tell apart, such as a number beyond 64 bits.
#[derive(Debug, Clone, Default)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Takes what the client sent.
    pub fn new(values: Map<String, Value>) -> Self {
        Self(values)
    }

    /// Takes one argument out; a null counts as left out.
    ///
    /// # Errors
    /// [`ToolError::Argument`] names it where it has the wrong type.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ToolError> {
        match self.0.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&value)
                .map(Some)
                .map_err(|(path, why)| ToolError::Argument(format!("`{}`: {why}", below(name, &path)))),
        }
    }

    /// Takes all that is left.
    ///
    /// # Errors
    /// [`ToolError::Argument`] names the one that has the wrong type.
    pub fn rest<T: DeserializeOwned>(self) -> Result<T, ToolError> {
        read(&Value::Object(self.0)).map_err(|(path, why)| ToolError::Argument(format!("`{path}`: {why}")))
    }

    /// Sets an argument that was left out.
    pub fn default(&mut self, name: &str, value: impl Into<Value>) {
        if self.0.get(name).is_none_or(Value::is_null) {
            self.0.insert(name.to_owned(), value.into());
        }
    }
}

/// Reads arguments from their text, so that what reads answers is all that has to be compiled for a type. An error comes
/// with its path.
fn read<T: DeserializeOwned>(value: &Value) -> Result<T, (String, String)> {
    let text = serde_json::to_vec(value).map_err(|error| (".".to_owned(), error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| (place::path(&text, &error), without_place(&error)))
}

/// What is wrong, without the line and column of a text that nobody wrote.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The path of a part of an argument.
fn below(name: &str, path: &str) -> String {
    match path {
        "." => name.to_owned(),
        item if item.starts_with('[') => format!("{name}{item}"),
        field => format!("{name}.{field}"),
    }
}
