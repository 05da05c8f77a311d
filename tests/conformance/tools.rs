//! The suite's tools that answer at once, or ask in the middle of a call as 2025-11-25 does.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::*;
use serde_json::{Value, json};

use crate::Context;
use crate::fixtures::{PNG, WAV, of};

/// The answer of one of the suite's tools.
pub(crate) async fn call(
    request: &CallToolRequestParams,
    context: &Context,
) -> Option<Result<CallToolResult, ErrorData>> {
    let argument = |name: &str| {
        let given = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        given.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    let content = match request.name.as_ref() {
        "test_simple_text" => vec![text("This is a simple text response for testing.")],
        "test_image_content" => vec![image],
        "test_audio_content" => vec![json!({ "type": "audio", "data": WAV, "mimeType": "audio/wav" })],
        "test_embedded_resource" => vec![json!({ "type": "resource", "resource": {
            "uri": "test://embedded-resource", "mimeType": "text/plain",
            "text": "This is an embedded resource content."
        } })],
        "test_multiple_content_types" => vec![
            text("Multiple content types test:"),
            image,
            json!({ "type": "resource", "resource": {
                "uri": "test://mixed-content-resource", "mimeType": "application/json",
                "text": "{\"test\":\"data\",\"value\":123}"
            } }),
        ],
        "test_tool_with_logging" => log(context).await,
        // Without a level in the request nothing may be logged.
        "test_logging_tool" => vec![text("Nothing was logged.")],
        "test_error_handling" => {
            let message = "This tool intentionally returns an error for testing";
            return Some(Ok(CallToolResult::error(vec![ContentBlock::text(message)])));
        }
        "test_tool_with_progress" => progress(context).await,
        "test_sampling" => match sample(context, argument("prompt")).await {
            Ok(content) => content,
            Err(error) => return Some(Err(error)),
        },
        "test_elicitation" => {
            let fields = json!({
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" }
            });
            let schema = json!({ "type": "object", "properties": fields, "required": ["username", "email"] });
            match elicit(context, argument("message"), schema).await {
                Ok((action, content)) => {
                    vec![text(&format!("User response: action={action}, content={content}"))]
                }
                Err(error) => return Some(Err(error)),
            }
        }
        "test_elicitation_sep1034_defaults" => {
            return Some(completed(context, json!({
                "name": { "type": "string", "default": "John Doe" },
                "age": { "type": "integer", "default": 30 },
                "score": { "type": "number", "default": 95.5 },
                "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
                "verified": { "type": "boolean", "default": true }
            })).await);
        }
        "test_elicitation_sep1330_enums" => {
            let titled = |word: &str| {
                let names = ["First", "Second", "Third"];
                let values = (1..=3).map(
                    |n| json!({ "const": format!("value{n}"), "title": format!("{} {word}", names[n - 1]) }),
                );
                Value::Array(values.collect())
            };
            let options = json!(["option1", "option2", "option3"]);
            return Some(
                completed(
                    context,
                    json!({
                        "untitledSingle": { "type": "string", "enum": options },
                        "titledSingle": { "type": "string", "oneOf": titled("Option") },
                        "legacyEnum": {
                            "type": "string", "enum": ["opt1", "opt2", "opt3"],
                            "enumNames": ["Option One", "Option Two", "Option Three"]
                        },
                        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
                        "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } }
                    }),
                )
                .await,
            );
        }
        _ => return None,
    };
    Some(Ok(CallToolResult::success(of(Value::Array(content)))))
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn log(context: &Context) -> Vec<Value> {
    for (number, message) in
        ["Tool execution started", "Tool processing data", "Tool execution completed"].iter().enumerate()
    {
        if number > 0 {
            pause().await;
        }
        let note = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(message));
        context.peer.notify_logging_message(note).await.unwrap();
    }
    vec![text("Logged three times.")]
}

async fn progress(context: &Context) -> Vec<Value> {
    for done in [0.0, 50.0, 100.0] {
        if done > 0.0 {
            pause().await;
        }
        if let Some(token) = context.meta.get_progress_token() {
            let note = ProgressNotificationParam::new(token, done).with_total(100.0);
            context.peer.notify_progress(note).await.unwrap();
        }
    }
    vec![text("Done.")]
}

async fn sample(context: &Context, prompt: String) -> Result<Vec<Value>, ErrorData> {
    let message = json!({ "role": "user", "content": { "type": "text", "text": prompt } });
    let request = of(json!({ "messages": [message], "maxTokens": 100 }));
    let result = context.peer.create_message(request).await.map_err(failed)?;
    let result = serde_json::to_value(result).unwrap();
    Ok(vec![text(&format!("LLM response: {}", result["content"]["text"].as_str().unwrap_or_default()))])
}

async fn elicit(context: &Context, message: String, schema: Value) -> Result<(String, Value), ErrorData> {
    let request: ElicitRequestParams =
        of(json!({ "mode": "form", "message": message, "requestedSchema": schema }));
    let result = context.peer.create_elicitation(request).await.map_err(failed)?;
    let result = serde_json::to_value(result).unwrap();
    Ok((result["action"].as_str().unwrap_or_default().to_owned(), result["content"].clone()))
}

async fn completed(context: &Context, fields: Value) -> Result<CallToolResult, ErrorData> {
    let schema = json!({ "type": "object", "properties": fields });
    let (action, content) = elicit(context, "Please fill this in.".to_owned(), schema).await?;
    let said = format!("Elicitation completed: action={action}, content={content}");
    Ok(CallToolResult::success(vec![ContentBlock::text(said)]))
}

fn failed(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
