//! One question to Genie, waited for: text, SQL and rows at once, where the API takes four calls.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dashboards::types::{GenieAttachment, GenieMessage, MessageStatus};
use crate::mcp::poll::Poll;
use crate::mcp::{Compound, Context, ToolError};

/// Arguments of `ask_genie`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AskGenie {
    /// Id of the Genie space.
    space_id: String,
    /// The question, in plain language.
    question: String,
    /// Conversation to go on with, which knows what was said; a new one unless set.
    conversation_id: Option<String>,
    /// Longest wait in seconds; 120 unless set.
    #[schemars(range(max = 1200))]
    timeout_seconds: Option<u64>,
}

/// What Genie says.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct GenieAnswer {
    conversation_id: String,
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggested_questions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queries: Vec<GenieQuery>,
}

/// A query that Genie wrote, with its rows.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct GenieQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::statements::rows_of_cells")]
    rows: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_row_count: Option<i64>,
}

impl Compound for AskGenie {
    type Output = GenieAnswer;
    const UNTRUSTED: &'static [&'static str] = &["text", "queries.rows"];

    async fn call(self, context: &Context) -> Result<GenieAnswer, ToolError> {
        let (conversation, message) = self.ask(context).await?;
        let mut poll = Poll::new(context, Duration::from_secs(self.timeout_seconds.unwrap_or(120)));
        loop {
            let get = context.workspace().genie().get_message().space_id(&self.space_id);
            let answered = get.conversation_id(&conversation).message_id(&message).send().await?;
            let status = answered.status.clone().unwrap_or(MessageStatus::Submitted);
            match status {
                MessageStatus::Completed => {
                    return self.answer(context, &conversation, &message, answered).await;
                }
                MessageStatus::Failed | MessageStatus::Cancelled | MessageStatus::QueryResultExpired => {
                    let why = answered.error.and_then(|error| error.error).unwrap_or_default();
                    return Err(ToolError::Failed(format!(
                        "Genie has no answer, the message {message} of conversation {conversation} is {}: {why}",
                        status.as_str()
                    )));
                }
                _ => {}
            }
            if !poll.again(status.as_str()).await? {
                return Ok(GenieAnswer {
                    conversation_id: conversation,
                    message_id: message,
                    status: Some(status.as_str().to_owned()),
                    next: Some("Genie goes on. get_genie_message reads its answer.".to_owned()),
                    ..GenieAnswer::default()
                });
            }
        }
    }
}

impl AskGenie {
    /// The ids of the conversation and of the message.
    async fn ask(&self, context: &Context) -> Result<(String, String), ToolError> {
        let genie = context.workspace().genie();
        let (conversation, message) = match &self.conversation_id {
            Some(id) => {
                let create = genie.create_message().space_id(&self.space_id).conversation_id(id);
                let created = create.content(&self.question).send().await?;
                (Some(id.clone()), created.message_id.or(created.id))
            }
            None => {
                let start = genie.start_conversation().space_id(&self.space_id);
                let started = start.content(&self.question).send().await?;
                (started.conversation_id, started.message_id)
            }
        };
        conversation.zip(message).ok_or_else(|| {
            ToolError::Failed("Genie took the question and gave no id to read the answer by".to_owned())
        })
    }

    async fn answer(
        &self,
        context: &Context,
        conversation: &str,
        message: &str,
        answered: GenieMessage,
    ) -> Result<GenieAnswer, ToolError> {
        let mut answer = GenieAnswer {
            conversation_id: conversation.to_owned(),
            message_id: message.to_owned(),
            ..GenieAnswer::default()
        };
        for attachment in answered.attachments.unwrap_or_default() {
            if let Some(text) = attachment.text.as_ref().and_then(|text| text.content.clone()) {
                answer.text = Some(match answer.text {
                    Some(before) => format!("{before}\n\n{text}"),
                    None => text,
                });
            }
            if let Some(asked) = attachment.suggested_questions.as_ref().and_then(|s| s.questions.clone()) {
                answer.suggested_questions = asked;
            }
            if attachment.query.is_some() {
                answer.queries.push(self.query(context, conversation, message, attachment).await);
            }
        }
        Ok(answer)
    }

    /// One query that Genie wrote, with its rows.
    async fn query(
        &self,
        context: &Context,
        conversation: &str,
        message: &str,
        attachment: GenieAttachment,
    ) -> GenieQuery {
        let (description, sql) =
            attachment.query.map_or((None, None), |query| (query.description.clone(), query.query.clone()));
        let mut told =
            GenieQuery { attachment_id: attachment.attachment_id, description, sql, ..GenieQuery::default() };
        let Some(id) = &told.attachment_id else { return told };
        let get = context.workspace().genie().get_message_attachment_query_result();
        let get = get.space_id(&self.space_id).conversation_id(conversation).message_id(message);
        match get.attachment_id(id).send().await {
            Ok(result) => {
                // The typed answer knows more than is wanted here; what is wanted is at fixed places.
                let result = serde_json::to_value(&result).unwrap_or_default();
                let statement = &result["statement_response"];
                let columns = statement["manifest"]["schema"]["columns"].as_array().into_iter().flatten();
                told.columns =
                    columns.filter_map(|column| column["name"].as_str().map(str::to_owned)).collect();
                told.rows = statement["result"]["data_array"].as_array().cloned();
                told.total_row_count = statement["manifest"]["total_row_count"].as_i64();
            }
            Err(error) => {
                let hint = format!("The rows cannot be read: {error}. rerun_genie_query runs the SQL again.");
                told.next = Some(hint);
            }
        }
        told
    }
}
