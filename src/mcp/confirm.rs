//! What destroys asks a person first.
//!
//! A client of 2025-11-25 is sent a question (elicitation). One of 2026-07-28 gets the question as
//! the call's result and calls again with the answer; what comes back went through the client's
//! hands, so it is sealed, bound to the tool, the arguments, the workspace and the caller, good for one call and
//! for ten minutes. The model cannot answer in the person's place: there is no argument for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, ElicitRequest, ElicitRequestParams, ElicitationAction, ElicitationSchema,
    InputRequest, InputRequests, InputRequiredResult, ProtocolVersion, RequestStateCodec, SealOptions,
};
use rmcp::service::{ElicitationMode, RequestContext, RoleServer};
use serde_json::{Map, Value, json};

use super::ToolError;

/// What a call is told.
pub(crate) enum Verdict {
    /// It may run.
    Go,
    /// The client has to ask and to call again.
    Ask(Box<InputRequiredResult>),
    /// It may not run, and why.
    Refuse(ToolError),
}

/// Longest time between a question and its answer.
const PATIENCE: Duration = Duration::from_secs(600);
/// The name of the question, and of its field.
const QUESTION: &str = "confirm";
/// Most bytes of the arguments that a person is shown.
const SHOWN: usize = 1_500;

/// Asks, and remembers what was answered.
#[derive(Clone)]
pub(crate) struct Confirmation {
    codec: Arc<RequestStateCodec>,
    /// Sealed states that were used already, with the time at which they end anyway.
    used: Arc<Mutex<BTreeMap<Vec<u8>, Instant>>>,
}

impl std::fmt::Debug for Confirmation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Confirmation").finish_non_exhaustive()
    }
}

impl Confirmation {
    pub(crate) fn new() -> Self {
        // A key of this process alone, of 64 bytes: what another one sealed is asked again.
        let key: Vec<u8> = (0..4).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
        Self { codec: Arc::new(RequestStateCodec::new_unchecked(key)), used: Arc::default() }
    }

    /// Whether a person lets a call run on this workspace.
    pub(crate) async fn verdict(
        &self,
        title: &str,
        host: &str,
        caller: &[u8],
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Verdict {
        let empty = Map::new();
        let arguments = request.arguments.as_ref().unwrap_or(&empty);
        let question = question(title, host, arguments);
        if is_stateless(context) {
            let bound = bound(&request.name, host, caller, arguments);
            return self.by_result(&question, &bound, request, context);
        }
        if !context.peer.supported_elicitation_modes().contains(&ElicitationMode::Form) {
            return Verdict::Refuse(refused(&request.name, CANNOT_ASK));
        }
        let asked = context.peer.create_elicitation_with_timeout(form(question), Some(PATIENCE));
        tokio::select! {
            () = context.ct.cancelled() => Verdict::Refuse(ToolError::Cancelled),
            answer = asked => match answer {
                Ok(answer) if answer.action == ElicitationAction::Accept => {
                    agreed(&request.name, answer.content.as_ref())
                }
                Ok(_) => Verdict::Refuse(refused(&request.name, SAID_NO)),
                Err(error) => Verdict::Refuse(refused(&request.name, &format!("the question failed: {error}"))),
            }
        }
    }

    /// The question as a result, or the verdict on the answer that came back with the call.
    fn by_result(
        &self,
        question: &str,
        bound: &[u8],
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Verdict {
        let (Some(state), Some(answers)) = (&request.request_state, &request.input_responses) else {
            if !can_be_asked(context) {
                return Verdict::Refuse(refused(&request.name, CANNOT_ASK));
            }
            let once = uuid::Uuid::new_v4();
            let options = SealOptions::new().associated_data(bound).ttl(PATIENCE);
            let state = self.codec.seal_with(once.as_bytes(), &options);
            let question = InputRequest::Elicitation(ElicitRequest::new(form(question.to_owned())));
            let questions = InputRequests::from([(QUESTION.to_owned(), question)]);
            return Verdict::Ask(Box::new(InputRequiredResult::new(Some(questions), Some(state))));
        };
        let Ok(once) = self.codec.open_with(state, bound) else {
            return Verdict::Refuse(refused(&request.name, NOT_THIS_CALL));
        };
        let Some(answer) = answers.get(QUESTION) else {
            return Verdict::Refuse(refused(&request.name, SAID_NO));
        };
        if answer.get("action").and_then(Value::as_str) != Some("accept") {
            return Verdict::Refuse(refused(&request.name, SAID_NO));
        }
        if !self.first_use(once) {
            return Verdict::Refuse(refused(&request.name, USED));
        }
        agreed(&request.name, answer.get("content"))
    }

    fn first_use(&self, once: Vec<u8>) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        used.retain(|_, end| *end > now);
        used.insert(once, now + PATIENCE).is_none()
    }
}

const CANNOT_ASK: &str = "it needs a person's confirmation, and this client cannot ask for one (elicitation); \
whoever owns the server may start it with --destructive allow";
const SAID_NO: &str = "the person who was asked did not confirm it; do not try again unless they ask for it";
const NOT_THIS_CALL: &str =
    "the confirmation is not of this call, or is older than ten minutes; call without it to ask again";
const USED: &str = "the confirmation was used already; call without it to ask again";

fn refused(tool: &str, why: &str) -> ToolError {
    ToolError::Failed(format!("{tool} was not run: {why}"))
}

fn agreed(tool: &str, content: Option<&Value>) -> Verdict {
    match content.and_then(|content| content.get(QUESTION)).and_then(Value::as_bool) {
        Some(true) => Verdict::Go,
        _ => Verdict::Refuse(refused(tool, SAID_NO)),
    }
}

/// What a confirmation is good for: this tool with these arguments on this workspace, by this caller.
fn bound(tool: &str, host: &str, caller: &[u8], arguments: &Map<String, Value>) -> Vec<u8> {
    // In the order of their names: clients may write an object in another order the second time.
    let arguments: BTreeMap<&String, &Value> = arguments.iter().collect();
    json!([tool, host, caller, arguments]).to_string().into_bytes()
}

fn question(title: &str, host: &str, arguments: &Map<String, Value>) -> String {
    let mut shown = serde_json::to_string_pretty(arguments).unwrap_or_default();
    if shown.len() > SHOWN {
        let end = (0..=SHOWN).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or_default();
        shown.truncate(end);
        shown.push_str("\n… (cut)");
    }
    format!("{title} on {host}? It cannot be undone by the agent.\n{shown}")
}

fn form(message: String) -> ElicitRequestParams {
    let schema = json!({
        "type": "object",
        "properties": { QUESTION: { "type": "boolean", "title": "Yes, do it", "default": false } },
        "required": [QUESTION]
    });
    // The schema above is one; were it none, any answer without the field is a no.
    let requested_schema =
        serde_json::from_value(schema).unwrap_or_else(|_| ElicitationSchema::new(BTreeMap::new()));
    ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }
}

/// Whether the client is of a revision in which a server sends no requests.
fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

fn can_be_asked(context: &RequestContext<RoleServer>) -> bool {
    context.client_capabilities().is_some_and(|client| client.elicitation.is_some())
}
