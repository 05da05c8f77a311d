//! What a tool answers, and how it reaches an agent.
//!
//! The way of an answer: value → its fields chosen (`project`, `choose`) → cut to the budget (`fit`, `cut`, `tokens`) → written in
//! two forms with the same content (`form`, `table`): JSON for programs, and a text that is shorter where the answer has
//! tables and long texts. What was cut is kept for a while (`kept`), and each cut says how to read on.

mod choose;
mod csv;
mod cut;
mod fit;
mod form;
mod kept;
mod left_out;
mod project;
#[cfg(test)]
#[path = "../../../tests/common/reader.rs"]
mod reader;
#[cfg(test)]
mod tests;
mod tokens;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use fit::Fitted;
pub use kept::KeptAnswer;
#[cfg(feature = "data")]
pub(crate) use kept::MOST_OF_ONE;
pub(crate) use kept::Shelf;
pub use left_out::LeftOut;
pub use project::Projection;
pub(crate) use project::project;
pub(crate) use tokens::is_within;

use super::{Compound, ToolError};

/// The name of the field that says what is missing.
pub(crate) const LEFT_OUT: &str = "left_out";
/// The name of the field that names the fields whose content is data, whatever it says.
pub(crate) const UNTRUSTED: &str = "untrusted";

/// Tokens of an answer unless somebody says otherwise.
pub const ANSWER_TOKENS: usize = 8_000;
/// Fewest tokens that an answer can be told to have: what was left out has to fit.
pub const LEAST_ANSWER_TOKENS: usize = 250;

/// A picture that an agent sees.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Picture {
    /// Such as `image/png`.
    pub media_type: String,
    /// The content in base64.
    pub base64: String,
}

impl Picture {
    /// One of this media type.
    pub fn new(media_type: impl Into<String>, base64: impl Into<String>) -> Self {
        Self { media_type: media_type.into(), base64: base64.into() }
    }
}

/// What a tool answers: always an object, since older clients drop any other structured content.
#[derive(Debug, Clone)]
pub struct Answer {
    value: Map<String, Value>,
    notes: Vec<LeftOut>,
    untrusted: &'static [&'static str],
    pictures: Vec<Picture>,
    /// `None` where any length is right.
    limit: Option<Limit>,
}

/// What an answer may cost, and how its rest is read.
#[derive(Debug, Clone)]
struct Limit {
    /// Most tokens.
    tokens: usize,
    /// Where the whole is kept when it has more.
    shelf: Shelf,
    /// Whether `read_answer` is there, which reads on from any place; else the whole is a resource only.
    readable: bool,
}

impl Answer {
    /// Any value; what is no object is put into one.
    pub fn new(value: Value) -> Self {
        let mut value = match value {
            Value::Object(value) => value,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        // What the tool itself left out.
        let notes = value.get(LEFT_OUT).and_then(|notes| Vec::<LeftOut>::deserialize(notes).ok());
        if notes.is_some() {
            value.shift_remove(LEFT_OUT);
        }
        Self { value, notes: notes.unwrap_or_default(), untrusted: &[], pictures: Vec::new(), limit: None }
    }

    /// The answer of a tool of several calls.
    ///
    /// # Errors
    /// [`ToolError::Failed`] for what is no JSON, which the tools' types never are.
    #[doc(hidden)]
    pub fn compound<T: Compound>(mut answer: T::Output) -> Result<Self, ToolError> {
        let pictures = T::pictures(&mut answer);
        Ok(Self { untrusted: T::UNTRUSTED, pictures, ..Self::new(to_value(&answer)?) })
    }

    /// The answer of one operation, with the fields of its projection or those that the caller named.
    ///
    /// # Errors
    /// [`ToolError::Argument`] for a field that does not exist, with the valid ones.
    #[doc(hidden)]
    pub fn of<T: Serialize>(
        answer: &T,
        projection: &Projection,
        fields: Option<&[String]>,
    ) -> Result<Self, ToolError> {
        projection.answer(answer, fields)
    }

    /// What was done, and what to do next.
    ///
    /// # Errors
    /// None; the signature is that of [`Answer::compound`].
    pub fn done(text: &str) -> Result<Self, ToolError> {
        Ok(Self::new(json!({ "done": text })))
    }

    /// Names the fields whose content others wrote: data, whatever it says.
    pub(crate) fn with_untrusted(self, fields: &'static [&'static str]) -> Self {
        Self { untrusted: fields, ..self }
    }

    /// Sets the budget; what does not fit is put on the shelf. `readable` says whether there is a tool to read it with.
    pub(crate) fn within(self, tokens: Option<usize>, shelf: &Shelf, readable: bool) -> Self {
        Self { limit: tokens.map(|tokens| Limit { tokens, shelf: shelf.clone(), readable }), ..self }
    }
}

fn to_value<T: Serialize>(answer: &T) -> Result<Value, ToolError> {
    serde_json::to_value(answer).map_err(no_json)
}

fn no_json(error: serde_json::Error) -> ToolError {
    ToolError::Failed(format!("the answer is no JSON: {error}"))
}
