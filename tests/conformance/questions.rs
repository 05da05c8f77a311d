//! The suite's tools and its prompt that ask by their result, as 2026-07-28 does.

use rmcp::ErrorData;
use rmcp::model::*;
use serde_json::{Value, json};

use crate::Context;
use crate::fixtures::of;

type Answered = Option<Result<CallToolResponse, ErrorData>>;

/// Asks, and seals what it has to remember.
pub(crate) struct Questions {
    codec: RequestStateCodec,
}

impl Default for Questions {
    fn default() -> Self {
        Self { codec: RequestStateCodec::new_unchecked([7_u8; 64]) }
    }
}

fn form(message: &str, field: &str, kind: &str) -> Value {
    json!({ "method": "elicitation/create", "params": {
        "message": message,
        "requestedSchema": { "type": "object", "properties": { field: { "type": kind } }, "required": [field] }
    } })
}

fn sampling(prompt: &str, tokens: u32) -> Value {
    json!({ "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }], "maxTokens": tokens
    } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

fn done(text: impl Into<String>) -> Answered {
    Some(Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into()))
}

impl Questions {
    /// The question, with the state sealed where there is one.
    fn ask(&self, questions: Value, state: Option<&str>) -> InputRequiredResult {
        let state = state.map(|state| self.codec.seal(state.as_bytes()));
        InputRequiredResult::new(Some(of(questions)), state)
    }

    /// What was sealed, where it comes back as it went.
    fn state(&self, request: &CallToolRequestParams) -> Result<Option<String>, ErrorData> {
        let Some(state) = &request.request_state else { return Ok(None) };
        match self.codec.open(state) {
            Ok(state) => Ok(Some(String::from_utf8_lossy(&state).into_owned())),
            Err(_) => Err(ErrorData::invalid_params("the request state was tampered with", None)),
        }
    }

    /// The answer of one of the suite's tools.
    pub(crate) fn call(&self, request: &CallToolRequestParams, context: &Context) -> Answered {
        let name = request.name.strip_prefix("test_")?;
        let asked = |questions: Value, state: Option<&str>| -> Answered {
            Some(Ok(self.ask(questions, state).into()))
        };
        let answer = |key: &str| request.input_responses.as_ref().and_then(|answers| answers.get(key));
        // The field of an answer that was given and is one.
        let field = |key: &str, field: &str| answer(key)?.get("content")?.get(field).cloned();
        let state = match self.state(request) {
            Ok(state) => state,
            Err(error) => return Some(Err(error)),
        };
        let user = || form("What is your name?", "name", "string");
        match name {
            "missing_capability" => {
                let able = context.client_capabilities().is_some_and(|client| client.sampling.is_some());
                match able {
                    true => done("The client can sample."),
                    false => Some(Err(ErrorData::missing_required_client_capability(
                        ClientCapabilities::builder().enable_sampling().build(),
                    ))),
                }
            }
            "streaming_elicitation" | "input_required_result_elicitation" => match field("user_name", "name")
            {
                Some(name) => done(format!("Hello, {}!", name.as_str().unwrap_or_default())),
                None => asked(json!({ "user_name": user() }), None),
            },
            "input_required_result_sampling" => match answer("capital_question") {
                Some(said) => done(said["content"]["text"].as_str().unwrap_or_default()),
                None => asked(
                    json!({ "capital_question": sampling("What is the capital of France?", 100) }),
                    None,
                ),
            },
            "input_required_result_list_roots" => match answer("client_roots") {
                Some(given) => done(format!("Roots: {}", given["roots"])),
                None => asked(json!({ "client_roots": roots() }), None),
            },
            "input_required_result_request_state" | "input_required_result_tampered_state" => {
                match (field("confirm", "ok"), state.as_deref()) {
                    (Some(_), Some("asked")) => done("state-ok"),
                    _ => asked(json!({ "confirm": form("Please confirm", "ok", "boolean") }), Some("asked")),
                }
            }
            "input_required_result_multiple_inputs" => {
                let all = ["user_name", "greeting", "client_roots"].iter().all(|key| answer(key).is_some());
                match all && state.as_deref() == Some("asked") {
                    true => done("All three were answered."),
                    false => asked(
                        json!({
                            "user_name": user(), "greeting": sampling("Generate a greeting", 50), "client_roots": roots()
                        }),
                        Some("asked"),
                    ),
                }
            }
            "input_required_result_multi_round" => {
                match (field("step1", "name"), field("step2", "color"), state.as_deref()) {
                    (_, Some(color), Some("second")) => done(format!("The colour is {color}.")),
                    (Some(_), _, Some("first")) => asked(
                        json!({ "step2": form("Step 2: What is your favorite color?", "color", "string") }),
                        Some("second"),
                    ),
                    _ => asked(
                        json!({ "step1": form("Step 1: What is your name?", "name", "string") }),
                        Some("first"),
                    ),
                }
            }
            "input_required_result_capabilities" => {
                let client = context.client_capabilities().unwrap_or_default();
                let mut questions = serde_json::Map::new();
                if client.elicitation.is_some() {
                    questions.insert("user_name".to_owned(), user());
                }
                if client.sampling.is_some() {
                    questions.insert("greeting".to_owned(), sampling("Generate a greeting", 50));
                }
                match request.input_responses.is_some() || questions.is_empty() {
                    true => done("Nothing more to ask."),
                    false => asked(Value::Object(questions), None),
                }
            }
            _ => None,
        }
    }

    /// The suite's prompt that asks.
    pub(crate) fn prompt(
        &self,
        request: &GetPromptRequestParams,
    ) -> Option<Result<GetPromptResponse, ErrorData>> {
        if request.name != "test_input_required_result_prompt" {
            return None;
        }
        let answer = request.input_responses.as_ref().and_then(|answers| answers.get("user_context"));
        let given = answer.and_then(|answer| answer.get("content")?.get("context")?.as_str());
        Some(Ok(match given {
            Some(given) => {
                let message = PromptMessage::new_text(Role::User, format!("Use this context: {given}"));
                GetPromptResult::new(vec![message]).into()
            }
            None => {
                let question = form("What context should the prompt use?", "context", "string");
                self.ask(json!({ "user_context": question }), None).into()
            }
        }))
    }
}
