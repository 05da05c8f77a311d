//! One question to Genie, waited for: text, SQL and rows at once, where the API takes four calls.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::dashboards::types::{GenieAttachment, GenieMessage, MessageStatus};
use crate::mcp::poll::Poll;
use crate::mcp::{Answer, Compound, Context, ToolError};

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
    #[schemars(range(min = 1, max = 1200))]
    timeout_seconds: Option<u64>,
}

impl Compound for AskGenie {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
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
                return Ok(Answer::new(json!({
                    "conversation_id": conversation,
                    "message_id": message,
                    "status": status,
                    "next": "Genie goes on. get_genie_message reads its answer.",
                })));
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
    ) -> Result<Answer, ToolError> {
        let mut answer = Map::from_iter([
            ("conversation_id".to_owned(), json!(conversation)),
            ("message_id".to_owned(), json!(message)),
        ]);
        let mut queries = Vec::new();
        for attachment in answered.attachments.unwrap_or_default() {
            if let Some(text) = attachment.text.as_ref().and_then(|text| text.content.clone()) {
                let so_far = answer.get("text").and_then(Value::as_str);
                let text = so_far.map_or_else(|| text.clone(), |before| format!("{before}\n\n{text}"));
                answer.insert("text".to_owned(), json!(text));
            }
            if let Some(asked) = attachment.suggested_questions.as_ref().and_then(|s| s.questions.clone()) {
                answer.insert("suggested_questions".to_owned(), json!(asked));
            }
            if attachment.query.is_some() {
                queries.push(self.query(context, conversation, message, attachment).await);
            }
        }
        if !queries.is_empty() {
            answer.insert("queries".to_owned(), json!(queries));
        }
        Ok(Answer::new(Value::Object(answer)))
    }

    /// One query that Genie wrote, with its rows.
    async fn query(
        &self,
        context: &Context,
        conversation: &str,
        message: &str,
        attachment: GenieAttachment,
    ) -> Value {
        let query = attachment.query.as_ref();
        let mut value = Map::from_iter([
            ("attachment_id".to_owned(), json!(attachment.attachment_id)),
            ("description".to_owned(), json!(query.and_then(|query| query.description.as_ref()))),
            ("sql".to_owned(), json!(query.and_then(|query| query.query.as_ref()))),
        ]);
        let Some(id) = &attachment.attachment_id else { return Value::Object(value) };
        let get = context.workspace().genie().get_message_attachment_query_result();
        let get = get.space_id(&self.space_id).conversation_id(conversation).message_id(message);
        match get.attachment_id(id).send().await {
            Ok(result) => {
                // The typed answer knows more than is wanted here; what is wanted is at fixed places.
                let result = serde_json::to_value(&result).unwrap_or_default();
                let statement = &result["statement_response"];
                let columns = statement["manifest"]["schema"]["columns"].as_array();
                let names = columns.into_iter().flatten().map(|column| column["name"].clone()).collect();
                value.insert("columns".to_owned(), names);
                value.insert("rows".to_owned(), statement["result"]["data_array"].clone());
                value.insert("total_row_count".to_owned(), statement["manifest"]["total_row_count"].clone());
            }
            Err(error) => {
                let hint = format!("The rows cannot be read: {error}. rerun_genie_query runs the SQL again.");
                value.insert("next".to_owned(), json!(hint));
            }
        }
        Value::Object(value)
    }
}
