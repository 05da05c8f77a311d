//! The arguments of a call, after validation.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ToolError;

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
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| ToolError::Argument(format!("`{name}`: {error}"))),
        }
    }

    /// Takes all that is left.
    ///
    /// # Errors
    /// [`ToolError::Argument`] names the one that has the wrong type.
    pub fn rest<T: DeserializeOwned>(self) -> Result<T, ToolError> {
        serde_path_to_error::deserialize(Value::Object(self.0)).map_err(|error| {
            let path = error.path().to_string();
            ToolError::Argument(format!("`{path}`: {}", error.into_inner()))
        })
    }

    /// Sets an argument that was left out.
    pub fn default(&mut self, name: &str, value: impl Into<Value>) {
        if self.0.get(name).is_none_or(Value::is_null) {
            self.0.insert(name.to_owned(), value.into());
        }
    }
}
