//! What a command gave, as an agent gets it: text, a table, pictures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::statements::{Column, rows_of_cells};
use crate::commands::{CommandReason, Content, Image, Output};
use crate::compute::types::CommandStatusResponse;
use crate::mcp::{LeftOut, Picture, ToolError};

/// A command and, once it has ended, its output.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct CommandAnswer {
    pub(super) cluster_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// Text, or what pictures there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    /// The columns of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) columns: Option<Vec<Column>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "rows_of_cells")]
    pub(super) rows: Option<Vec<Vec<Value>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<LeftOut>,
    #[serde(skip)]
    pub(super) pictures: Vec<Picture>,
}

/// What a command prints or reads is nobody's instruction.
pub(super) const OUTPUT: &[&str] = &["result", "rows"];

/// Most bytes of the pictures of one answer in base64: clients cut off or refuse what is much longer.
const PICTURE_BYTES: usize = 750_000;

/// Pictures that models can see.
const SEEN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// What an ended command gave.
pub(super) fn output(
    status: CommandStatusResponse,
    mut answer: CommandAnswer,
) -> Result<CommandAnswer, ToolError> {
    let results = status.results.map(|results| *results).unwrap_or_default();
    let kind = results.result_type.as_ref().map(ToString::to_string);
    let output = Output::read(results, false).map_err(failure)?;
    answer.status = status.status.map(|status| status.to_string());
    answer.result_type = kind;
    match output.content {
        Content::Text(text) => answer.result = (!text.is_empty()).then(|| json!(text)),
        Content::Table(table) => {
            let columns = table.columns.into_iter();
            answer.columns = Some(columns.map(|(name, kind)| Column::new(Some(name), Some(kind))).collect());
            answer.rows = Some(table.rows);
        }
        Content::Images(images) => show(images, &mut answer),
        Content::Other(other) => answer.result = Some(other).filter(|other| !other.is_null()),
    }
    if output.truncated {
        answer
            .left_out
            .push(LeftOut::new("the end of the output", "print less, or write it to a file and read_file"));
    }
    Ok(answer)
}

/// Puts pictures beside the answer, as far as an agent can see them and they are not too large.
fn show(images: Vec<Image>, answer: &mut CommandAnswer) {
    let (mut said, mut room) = (Vec::new(), PICTURE_BYTES);
    for (at, image) in images.into_iter().enumerate() {
        let (media_type, bytes) = match image {
            Image::Data { media_type, bytes } => (media_type, bytes),
            Image::File(path) => {
                said.push(json!({ "file": path }));
                continue;
            }
        };
        said.push(json!({ "media_type": media_type, "bytes": bytes.len() }));
        let base64 = STANDARD.encode(&bytes);
        let how = match (SEEN.contains(&media_type.as_str()), base64.len() <= room) {
            (true, true) => {
                room -= base64.len();
                answer.pictures.push(Picture::new(media_type, base64));
                continue;
            }
            (true, false) => "draw it smaller (figsize, dpi) or alone, or save it to a file of a volume",
            (false, _) => "draw it as PNG",
        };
        answer.left_out.push(LeftOut::new(format!("picture {} of {} bytes", at + 1, bytes.len()), how));
    }
    answer.result = Some(Value::Array(said));
}

/// The summary of an error, and its trace where that says more.
fn failure(reason: CommandReason) -> ToolError {
    ToolError::Failed(match reason {
        CommandReason::Failed { summary, cause } => {
            match cause.filter(|cause| !cause.is_empty() && *cause != summary) {
                Some(cause) => format!("{summary}\n{cause}"),
                None => summary,
            }
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::Answer;
    use crate::mcp::toolsets::RunCode;

    fn answered(results: Value) -> Result<CommandAnswer, ToolError> {
        let status = json!({ "status": "Finished", "results": results });
        output(serde_json::from_value(status).unwrap(), CommandAnswer::default())
    }

    fn data(media_type: &str, length: usize) -> String {
        format!("data:{media_type};base64,{}", STANDARD.encode(vec![7; length]))
    }

    #[test]
    fn pictures_reach_an_agent_beside_the_answer_unless_they_are_too_large() {
        let names = [
            data("image/png", 300),
            data("image/png", 600_000),
            data("image/svg+xml", 10),
            "/plots/a.png".to_owned(),
            data("image/jpeg", 400),
        ];
        let answer = answered(json!({ "resultType": "images", "fileNames": names })).unwrap();
        let left: Vec<_> = answer.left_out.iter().map(|note| note.what.clone()).collect();
        assert_eq!(left, ["picture 2 of 600000 bytes", "picture 3 of 10 bytes"]);
        let fitted = Answer::compound::<RunCode>(answer).unwrap().fitted();
        let types: Vec<_> = fitted.pictures.iter().map(|picture| picture.media_type.as_str()).collect();
        assert_eq!(types, ["image/png", "image/jpeg"]);
        assert_eq!(STANDARD.decode(&fitted.pictures[1].base64).unwrap(), vec![7; 400]);
        assert_eq!(fitted.structured["result"][3], json!({ "file": "/plots/a.png" }));
        // The content of a picture is no text.
        assert!(fitted.text.len() < 1_000 && !fitted.text.contains("BwcH"), "{}", fitted.text);
    }

    #[test]
    fn a_table_has_columns_and_rows() {
        let rows: Vec<Value> =
            (0..20).map(|id| json!([id, if id == 0 { None } else { Some("b") }])).collect();
        let table = json!({
            "resultType": "table", "data": rows,
            "schema": [{ "name": "id", "type": "\"long\"" }, { "name": "word", "type": "\"string\"" }]
        });
        let fitted = Answer::compound::<RunCode>(answered(table).unwrap()).unwrap().fitted();
        assert_eq!(fitted.structured["columns"][1], json!({ "name": "word", "type": "string" }));
        assert_eq!(fitted.structured["rows"], json!(rows));
        assert!(fitted.text.contains("id long,word string\n0,"), "{}", fitted.text);
    }

    #[test]
    fn a_failure_says_its_trace() {
        let failed = json!({ "resultType": "error", "summary": "NameError", "cause": "line 3" });
        assert_eq!(answered(failed).unwrap_err().to_string(), "NameError\nline 3");
    }
}
