//! What destroys asks a person first, in both eras of the protocol; nobody else can say yes.

use std::sync::{Arc, Mutex};

use databricks_sandbox::Sandbox;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig,
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability, FormElicitationCapability,
    Implementation, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RequestContext, RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ErrorData};
use serde_json::{Value, json};

use crate::support::{binary, sandbox};

/// A person who answers what is asked as they were told to, and remembers the questions.
#[derive(Clone)]
pub(crate) struct Person {
    answer: Option<bool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = self.answer.map(|_| {
            let mut elicitation = ElicitationCapability::default();
            elicitation.form = Some(FormElicitationCapability::default());
            elicitation
        });
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else { panic!("no form") };
        self.asked.lock().unwrap().push(message);
        let mut result = ElicitResult::new(ElicitationAction::Accept);
        result.content = Some(json!({ "confirm": self.answer }));
        Ok(result)
    }
}

/// A session of one person, old or new.
pub(crate) struct Session {
    pub(crate) client: RunningService<RoleClient, Person>,
    asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn modern() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

impl Session {
    pub(crate) async fn open(
        sandbox: &Sandbox,
        era: ClientLifecycleMode,
        answer: Option<bool>,
        more: &[&str],
    ) -> Self {
        let mut command = tokio::process::Command::from(binary());
        command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
        command.arg("serve").args(more);
        let asked = Arc::default();
        let person = Person { answer, asked: Arc::clone(&asked) };
        let transport = TokioChildProcess::new(command).unwrap();
        Self { client: person.serve_with_lifecycle(transport, era).await.unwrap(), asked }
    }

    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        self.client.call_tool(request(tool, arguments)).await.unwrap()
    }

    pub(crate) fn questions(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    let Value::Object(arguments) = arguments else { panic!("arguments must be an object") };
    CallToolRequestParams::new(tool).with_arguments(arguments)
}

pub(crate) fn said(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.clone()).collect()
}

pub(crate) fn sql(statement: &str) -> Value {
    json!({ "statement": statement })
}

#[tokio::test]
async fn a_person_is_asked_before_something_is_destroyed() {
    let sandbox = sandbox().await;
    for era in [ClientLifecycleMode::Initialize, modern()] {
        let session = Session::open(&sandbox, era, Some(true), &[]).await;
        let made = session.call("execute_sql", sql("CREATE TABLE main.default.t AS SELECT 1 AS a")).await;
        assert_ne!(made.is_error, Some(true), "{made:?}");
        let read = session.call("execute_sql", sql("SELECT 'DROP TABLE' AS a FROM main.default.t")).await;
        assert_ne!(read.is_error, Some(true), "{read:?}");
        assert!(session.questions().is_empty(), "{:?}", session.questions());

        let dropped = session.call("execute_sql", sql("DROP TABLE main.default.t")).await;
        assert_ne!(dropped.is_error, Some(true), "{dropped:?}");
        let questions = session.questions();
        assert_eq!(questions.len(), 1);
        assert!(questions[0].contains("DROP TABLE main.default.t") && questions[0].contains(sandbox.url()));
        session.client.cancel().await.unwrap();
    }
}

#[tokio::test]
async fn a_no_and_a_client_that_cannot_ask_leave_everything_as_it_is() {
    let sandbox = sandbox().await;
    for era in [ClientLifecycleMode::Initialize, modern()] {
        for (answer, policy, reason) in [
            (Some(false), "ask", "did not confirm"),
            (None, "ask", "--destructive allow"),
            (Some(true), "deny", "--destructive deny"),
        ] {
            let session = Session::open(&sandbox, era.clone(), answer, &["--destructive", policy]).await;
            session
                .call("execute_sql", sql("CREATE TABLE IF NOT EXISTS main.default.kept AS SELECT 1 AS a"))
                .await;
            let refused = session.call("execute_sql", sql("DROP TABLE main.default.kept")).await;
            assert_eq!(refused.is_error, Some(true), "{refused:?}");
            assert!(said(&refused).contains(reason), "{refused:?}");
            let still = session.call("execute_sql", sql("SELECT a FROM main.default.kept")).await;
            assert_ne!(still.is_error, Some(true), "{still:?}");
            // What is wrong with a call is said before anybody is asked about it.
            let wrong = session.call("delete_workspace_object", json!({ "pth": "/x" })).await;
            assert!(said(&wrong).contains("path"), "{wrong:?}");
            session.client.cancel().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_confirmation_is_good_for_one_call_and_for_no_other() {
    let sandbox = sandbox().await;
    let session = Session::open(&sandbox, modern(), Some(true), &[]).await;
    for table in ["a", "b"] {
        session
            .call("execute_sql", sql(&format!("CREATE TABLE main.default.{table} AS SELECT 1 AS x")))
            .await;
    }
    let first = session
        .client
        .call_tool_once(request("execute_sql", sql("DROP TABLE main.default.a")))
        .await
        .unwrap();
    let CallToolResponse::InputRequired(question) = first else { panic!("{first:?}") };
    let state = question.request_state.unwrap();
    let answers = || {
        serde_json::from_value(json!({ "confirm": { "action": "accept", "content": { "confirm": true } } }))
            .unwrap()
    };
    let answered = |statement: &str, state: &str| {
        let mut request = request("execute_sql", sql(statement)).with_input_responses(answers());
        request.request_state = Some(state.to_owned());
        let client = &session.client;
        async move {
            match client.call_tool_once(request).await.unwrap() {
                CallToolResponse::Complete(result) => result,
                other => panic!("{other:?}"),
            }
        }
    };
    let other = answered("DROP TABLE main.default.b", &state).await;
    assert!(said(&other).contains("not of this call"), "{other:?}");
    let forged = answered("DROP TABLE main.default.a", &format!("{state}x")).await;
    assert!(said(&forged).contains("not of this call"), "{forged:?}");
    let dropped = answered("DROP TABLE main.default.a", &state).await;
    assert_ne!(dropped.is_error, Some(true), "{dropped:?}");
    let again = answered("DROP TABLE main.default.a", &state).await;
    assert!(said(&again).contains("used already"), "{again:?}");
    session.client.cancel().await.unwrap();
}
