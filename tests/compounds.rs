//! Tools of several calls, against answers that the sandbox does not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::{App, Context, Registry, Selection, ToolError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[path = "common/answers.rs"]
mod answers;

async fn call(server: &MockServer, tool: &str, arguments: Value) -> Result<Value, ToolError> {
    let workspace = Workspace::builder().host(server.uri()).token("x").build().unwrap();
    let context = Context::new(App::new(workspace), CancellationToken::new(), None);
    let Value::Object(arguments) = arguments else { panic!("arguments must be an object") };
    let answer = Registry::select(&Selection::all()).unwrap().call(tool, arguments, &context).await?;
    let fitted = answer.fitted();
    let structured = Value::Object(fitted.structured);
    answers::check(tool, &fitted.text, &structured);
    Ok(structured)
}

fn json_answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

const SPACE: &str = "/api/2.0/genie/spaces/s1";

#[tokio::test]
async fn genie_is_asked_and_waited_for() {
    let server = MockServer::start().await;
    let question = body_partial_json(json!({ "content": "How many trips?" }));
    let started = json!({ "conversation_id": "c1", "message_id": "m1" });
    Mock::given(method("POST"))
        .and(path(format!("{SPACE}/start-conversation")))
        .and(question)
        .respond_with(json_answer(200, started))
        .expect(1)
        .mount(&server)
        .await;
    let message = format!("{SPACE}/conversations/c1/messages/m1");
    Mock::given(path(message.clone()))
        .respond_with(json_answer(200, json!({ "status": "EXECUTING_QUERY" })))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let attachments = json!([
        { "attachment_id": "a1", "query": { "query": "SELECT COUNT(*) AS n FROM trips", "description": "Counts." } },
        { "attachment_id": "a2", "text": { "content": "There are 42." } }
    ]);
    Mock::given(path(message.clone()))
        .respond_with(json_answer(200, json!({ "status": "COMPLETED", "attachments": attachments })))
        .mount(&server)
        .await;
    let statement = json!({
        "manifest": { "schema": { "columns": [{ "name": "n" }] }, "total_row_count": 1 },
        "result": { "data_array": [["42"]] }
    });
    Mock::given(path(format!("{message}/attachments/a1/query-result")))
        .respond_with(json_answer(200, json!({ "statement_response": statement })))
        .mount(&server)
        .await;
    let asked = json!({ "space_id": "s1", "question": "How many trips?" });
    let answer = call(&server, "ask_genie", asked).await.unwrap();
    assert_eq!(answer["text"], "There are 42.", "{answer}");
    assert_eq!((&answer["conversation_id"], &answer["message_id"]), (&json!("c1"), &json!("m1")));
    let query = &answer["queries"][0];
    assert_eq!((&query["columns"], &query["rows"]), (&json!(["n"]), &json!([["42"]])), "{answer}");
    assert_eq!(query["sql"], "SELECT COUNT(*) AS n FROM trips");
}

#[tokio::test]
async fn grants_are_changed_for_one_principal() {
    let server = MockServer::start().await;
    let change = json!({ "changes": [{ "principal": "readers", "add": ["SELECT", "USE_SCHEMA"] }] });
    Mock::given(method("PATCH"))
        .and(path("/api/2.1/unity-catalog/permissions/table/main.default.trips"))
        .and(body_partial_json(change))
        .respond_with(json_answer(
            200,
            json!({ "privilege_assignments": [{ "principal": "readers", "privileges": ["SELECT"] }] }),
        ))
        .mount(&server)
        .await;
    let mut arguments =
        json!({ "securable_type": "table", "full_name": "main.default.trips", "principal": "readers" });
    let error = call(&server, "update_grants", arguments.clone()).await.unwrap_err().to_string();
    assert!(error.contains("name at least one privilege"), "{error}");
    arguments["grant"] = json!(["select", "use schema"]);
    let answer = call(&server, "update_grants", arguments).await.unwrap();
    assert_eq!(answer["privilege_assignments"][0]["principal"], "readers", "{answer}");
}

#[tokio::test]
async fn a_wrong_permission_level_is_answered_with_the_valid_ones() {
    let server = MockServer::start().await;
    let refused = json!({ "error_code": "INVALID_PARAMETER_VALUE", "message": "no such level" });
    let request = json!({ "access_control_list": [{ "user_name": "a@b.c", "permission_level": "CAN_FLY" }] });
    Mock::given(method("PATCH"))
        .and(path("/api/2.0/permissions/jobs/7"))
        .and(body_partial_json(request))
        .respond_with(json_answer(400, refused))
        .mount(&server)
        .await;
    let levels = json!({ "permission_levels": [{ "permission_level": "CAN_VIEW" }, { "permission_level": "IS_OWNER" }] });
    Mock::given(path("/api/2.0/permissions/jobs/7/permissionLevels"))
        .respond_with(json_answer(200, levels))
        .mount(&server)
        .await;
    let arguments = json!({
        "request_object_type": "jobs", "request_object_id": "7", "principal": "a@b.c", "permission_level": "can fly"
    });
    let error = call(&server, "update_permissions", arguments).await.unwrap_err().to_string();
    assert!(
        error.contains("no such level") && error.contains("valid here are CAN_VIEW, IS_OWNER"),
        "{error}"
    );
}
