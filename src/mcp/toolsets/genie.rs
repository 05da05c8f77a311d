//! Questions about data in plain words.

use databricks_toolkit_macros::Toolset;

use super::AskGenie;

/// Genie spaces, which answer questions about data in plain words.
#[derive(Debug, Toolset)]
#[toolset(name = "genie", document = "dashboards")]
pub enum Genie {
    /// List the Genie spaces (rooms) there are, in which questions about data are asked in plain language.
    #[tool(
        title = "List Genie spaces",
        operation = "genie_list_spaces",
        fields("page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "spaces.space_id",
            "spaces.title",
            "spaces.description",
            "spaces.warehouse_id",
            "next_page_token"
        )
    )]
    ListGenieSpaces,
    /// Title, description and settings of one Genie space; on request with its tables, instructions and sample
    /// questions.
    #[tool(
        title = "What a Genie space is about",
        operation = "genie_get_space",
        fields("space_id", "include_serialized_space"),
        answer("space_id", "title", "description", "warehouse_id", "parent_path", "serialized_space")
    )]
    GetGenieSpace,
    /// Ask Genie about data in plain (natural) language, such as how sales developed. A further question takes the
    /// conversation_id of the answer.
    #[tool(title = "Ask Genie a question", effect = write)]
    AskGenie(AskGenie),
    /// Whether Genie has answered a question yet or is still working, and its answer: text, SQL.
    #[tool(
        title = "State and text of Genie's answer",
        operation = "genie_get_message",
        answer(
            "message_id",
            "conversation_id",
            "status",
            "error",
            "attachments.attachment_id",
            "attachments.text.content",
            "attachments.query.title",
            "attachments.query.description",
            "attachments.query.query",
            "attachments.suggested_questions.questions"
        )
    )]
    GetGenieMessage,
    /// The result rows (data) behind an answer of Genie, from the SQL it wrote.
    #[tool(
        title = "Rows behind Genie's answer",
        operation = "genie_get_message_attachment_query_result",
        answer(
            "statement_response.status.state",
            "statement_response.status.error",
            "statement_response.manifest.schema.columns.name",
            "statement_response.manifest.schema.columns.type_text",
            "statement_response.manifest.total_row_count",
            "statement_response.manifest.truncated",
            "statement_response.result.data_array"
        ),
        untrusted("statement_response.result.data_array")
    )]
    GetGenieQueryResult,
    /// Refresh the expired rows of a Genie answer.
    #[tool(
        title = "Refresh the result of a Genie answer",
        operation = "genie_execute_message_attachment_query",
        effect = write,
        answer(
            "statement_response.status.state", "statement_response.status.error",
            "statement_response.manifest.schema.columns.name",
            "statement_response.manifest.schema.columns.type_text",
            "statement_response.manifest.total_row_count", "statement_response.manifest.truncated",
            "statement_response.result.data_array"
        )
    )]
    RerunGenieQuery,
    /// List earlier conversations (chats) with a Genie space: what was asked before.
    #[tool(
        title = "List Genie conversations",
        operation = "genie_list_conversations",
        fields("space_id", "include_all", "page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "conversations.conversation_id",
            "conversations.title",
            "conversations.created_timestamp",
            "next_page_token"
        )
    )]
    ListGenieConversations,
    /// List the questions and answers of a Genie conversation.
    #[tool(
        title = "Messages of a Genie conversation",
        operation = "genie_list_conversation_messages",
        fields("space_id", "conversation_id", "page_size", "page_token"),
        defaults(page_size = 20),
        answer(
            "messages.message_id",
            "messages.content",
            "messages.status",
            "messages.created_timestamp",
            "messages.attachments.attachment_id",
            "messages.attachments.text.content",
            "messages.attachments.query.query",
            "next_page_token"
        )
    )]
    ListGenieMessages,
}
