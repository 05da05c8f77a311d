//! What an answer does not hold, for programs and agents alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that an answer does not hold, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// What is missing, such as `items of clusters`.
    pub what: String,
    /// How many of them, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How to get it: a tool, or what to say in another call.
    pub how: String,
    /// Where the whole answer is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Where in it to read on, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

impl LeftOut {
    /// Something that another call answers.
    pub fn new(what: impl Into<String>, how: impl Into<String>) -> Self {
        Self { what: what.into(), count: None, how: how.into(), uri: None, offset: None }
    }

    /// The same with a number.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }
}
