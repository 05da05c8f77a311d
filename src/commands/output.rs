//! What a command gave.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::CommandReason;
use crate::compute::types::{ResultType, Results};

/// The output of a command.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// What it shows.
    pub content: Content,
    /// Whether the service cut it off.
    pub truncated: bool,
    /// Whether the context was lost before the command and made anew for it: variables of earlier
    /// commands are gone, but for what `setup` made again.
    pub renewed: bool,
}

/// What an output shows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// What was printed, and the value of the last line; empty if there was neither.
    Text(String),
    /// A table, as `display` and SQL make it.
    Table(Table),
    /// Pictures, as of matplotlib.
    Images(Vec<Image>),
    /// Something that this version does not know, as it came.
    Other(Value),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Table {
    /// Names and types, as the service writes them.
    pub columns: Vec<(String, String)>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Image {
    /// Its bytes.
    Data {
        /// The media type, such as `image/png`.
        media_type: String,
        /// The content.
        bytes: Vec<u8>,
    },
    /// Where it is, relative to the workspace.
    File(String),
}

impl Output {
    /// The text, where it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The table, where it is one.
    pub fn table(&self) -> Option<&Table> {
        match &self.content {
            Content::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The pictures; none where it is something else.
    pub fn images(&self) -> &[Image] {
        match &self.content {
            Content::Images(images) => images,
            _ => &[],
        }
    }

    pub(crate) fn read(results: Results, renewed: bool) -> Result<Self, CommandReason> {
        let truncated = results.truncated == Some(true);
        let content = match results.result_type {
            Some(ResultType::Error) => {
                let summary = results.summary.unwrap_or_else(|| "the command failed".to_owned());
                return Err(CommandReason::Failed { summary, cause: results.cause });
            }
            Some(ResultType::Text) | None => match results.data {
                None | Some(Value::Null) => Content::Text(String::new()),
                Some(Value::String(text)) => Content::Text(text),
                Some(other) => Content::Other(other),
            },
            Some(ResultType::Table) => {
                let text = |value: Option<&Value>| match value {
                    Some(Value::String(text)) => text.trim_matches('"').to_owned(),
                    Some(other) => other.to_string(),
                    None => String::new(),
                };
                let columns = results.schema.unwrap_or_default();
                let columns =
                    columns.iter().map(|column| (text(column.get("name")), text(column.get("type"))));
                let rows = match results.data {
                    Some(Value::Array(rows)) => rows,
                    _ => Vec::new(),
                };
                let row = |row| match row {
                    Value::Array(cells) => cells,
                    other => vec![other],
                };
                Content::Table(Table {
                    columns: columns.collect(),
                    rows: rows.into_iter().map(row).collect(),
                })
            }
            Some(ResultType::Image) => {
                Content::Images(results.file_name.iter().map(|name| image(name)).collect())
            }
            Some(ResultType::Images) => {
                Content::Images(results.file_names.iter().flatten().map(|name| image(name)).collect())
            }
            Some(_) => Content::Other(serde_json::to_value(&results).unwrap_or_default()),
        };
        Ok(Self { content, truncated, renewed })
    }
}

/// `data:image/png;base64,…`, or a path.
fn image(name: &str) -> Image {
    let data = name.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match data.and_then(|(media_type, content)| Some((media_type, STANDARD.decode(content).ok()?))) {
        Some((media_type, bytes)) => Image::Data { media_type: media_type.to_owned(), bytes },
        None => Image::File(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(results: Value) -> Result<Content, CommandReason> {
        Output::read(serde_json::from_value(results).unwrap(), false).map(|output| output.content)
    }

    #[test]
    fn every_kind_of_result_is_read() {
        assert_eq!(
            read(json!({ "resultType": "text", "data": "3" })).unwrap(),
            Content::Text("3".to_owned())
        );
        let table = json!({
            "resultType": "table", "data": [[1, null]],
            "schema": [{ "name": "a", "type": "\"integer\"" }, { "name": "b", "type": "\"string\"" }]
        });
        let Content::Table(table) = read(table).unwrap() else { panic!("a table") };
        assert_eq!(table.columns[0], ("a".to_owned(), "integer".to_owned()));
        assert_eq!(table.rows, [[json!(1), Value::Null]]);
        let images =
            json!({ "resultType": "images", "fileNames": ["data:image/png;base64,AAH/", "/plots/a.png"] });
        let bytes = Image::Data { media_type: "image/png".to_owned(), bytes: vec![0, 1, 255] };
        let expected = vec![bytes, Image::File("/plots/a.png".to_owned())];
        assert_eq!(read(images).unwrap(), Content::Images(expected));
        let failed = read(json!({ "resultType": "error", "summary": "NameError", "cause": "trace" }));
        assert!(matches!(failed, Err(CommandReason::Failed { cause: Some(_), .. })));
        assert!(matches!(read(json!({ "resultType": "hologram", "data": 1 })).unwrap(), Content::Other(_)));
    }
}
