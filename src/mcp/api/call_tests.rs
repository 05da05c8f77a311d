//! Calls against a server that answers what it is told.

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{body_json, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::call;
use crate::Workspace;
use crate::mcp::toolsets::Api;
use crate::mcp::{App, Context, Decision, Destructive, Policy, Registry, Rule};

fn context(url: &str, policy: Policy) -> Context {
    let workspace = Workspace::builder().host(url).token("dapi-test").build().unwrap();
    Context::new(App::new(workspace).with_policy(policy), CancellationToken::new(), None)
}

fn members(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { unreachable!() };
    members
}

/// The answer of an operation, or the error in words.
async fn called(server: &MockServer, id: &str, arguments: Value, fields: &[&str]) -> Result<Value, String> {
    let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
    let answer = call(&context(&server.uri(), Policy::default()), id, members(arguments), &fields).await;
    answer.map(Value::Object).map_err(|error| error.to_string())
}

fn answers(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn arguments_go_where_the_document_says() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH"))
        .and(path("/api/2.1/unity-catalog/catalogs/a%2Fb"))
        .and(body_json(json!({ "comment": "c", "isolation_mode": "OPEN" })))
        .respond_with(answers(json!({ "name": "a/b" })))
        .expect(1)
        .mount(&server)
        .await;
    let arguments = json!({ "name": "a/b", "comment": "c", "isolation_mode": "OPEN" });
    assert_eq!(called(&server, "catalogs_update", arguments, &[]).await.unwrap(), json!({ "name": "a/b" }));
}

#[tokio::test]
async fn a_page_leads_to_the_next_also_when_fields_are_chosen() {
    let server = MockServer::start().await;
    let page = json!({ "jobs": [{ "job_id": 1, "settings": { "name": "a" } }], "next_page_token": "t2" });
    Mock::given(path("/api/2.2/jobs/list"))
        .and(query_param("limit", "1"))
        .respond_with(answers(page))
        .mount(&server)
        .await;
    let answer = called(&server, "jobs_list", json!({ "limit": 1 }), &["jobs.job_id"]).await.unwrap();
    let how = "api_call with what next_page holds in arguments";
    let left_out = json!([{ "what": "further pages", "how": how }]);
    assert_eq!(
        answer,
        json!({ "jobs": [{ "job_id": 1 }], "next_page": { "page_token": "t2" }, "left_out": left_out })
    );
}

#[tokio::test]
async fn a_created_token_is_hidden_and_named() {
    let server = MockServer::start().await;
    let created = json!({ "token_value": "dapi-secret", "token_info": { "token_id": "t" } });
    Mock::given(method("POST")).respond_with(answers(created)).mount(&server).await;
    let answer = called(&server, "tokens_create", json!({ "comment": "c" }), &["token_value"]).await.unwrap();
    assert_eq!(answer, json!({ "token_value": "***", "hidden_secrets": ["token_value"] }));
}

#[tokio::test]
async fn a_run_carries_a_token_and_is_sent_again() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(answers(json!({ "run_id": 1 }))).mount(&server).await;
    assert_eq!(
        called(&server, "jobs_run_now", json!({ "job_id": 7 }), &[]).await.unwrap(),
        json!({ "run_id": 1 })
    );
    let bodies: Vec<Value> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request: &Request| request.body_json().unwrap())
        .collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0]["idempotency_token"].as_str().is_some_and(|token| token.len() == 36), "{}", bodies[0]);
}

#[tokio::test]
async fn text_and_nothing_are_answers_too() {
    let server = MockServer::start().await;
    Mock::given(path("/api/2.0/serving-endpoints/e/metrics"))
        .respond_with(ResponseTemplate::new(200).set_body_string("cpu 0.5"))
        .mount(&server)
        .await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let metrics =
        called(&server, "serving_endpoints_export_metrics", json!({ "name": "e" }), &[]).await.unwrap();
    assert_eq!(metrics, json!({ "text": "cpu 0.5" }));
    let deleted = called(&server, "serving_endpoints_delete", json!({ "name": "e" }), &[]).await.unwrap();
    assert!(deleted["done"].is_string(), "{deleted}");
}

#[tokio::test]
async fn one_operation_over_many_inputs_tells_of_each() {
    let server = MockServer::start().await;
    for id in [1, 3] {
        Mock::given(path("/api/2.2/jobs/get"))
            .and(query_param("job_id", id.to_string()))
            .respond_with(answers(json!({ "job_id": id, "settings": { "name": "x" } })))
            .mount(&server)
            .await;
    }
    let registry = Registry::of::<Api>();
    let each = async |policy: &Policy, id: &str, inputs: Value| {
        let arguments = json!({ "operation": id, "inputs": inputs, "fields": ["job_id"] });
        let answer =
            registry.call("api_call", members(arguments), &context(&server.uri(), policy.clone())).await;
        answer.map(|answer| Value::Object(answer.fitted().structured)).map_err(|error| error.to_string())
    };
    let rules = vec![
        Rule::new(Decision::Never).names(["4"]).unwrap(),
        Rule::new(Decision::Ask).names(["3"]).unwrap(),
    ];
    let policy = &Policy { rules, ..Policy::default() };
    let inputs = json!([{ "job_id": 3 }, { "job_id": 2 }, { "job_id": 1 }, { "job_id": 4 }, { "job": 1 }]);
    let answer = each(policy, "jobs_get", inputs.clone()).await.unwrap();
    assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(2), &json!(3)));
    assert_eq!(
        (&answer["results"][0], &answer["results"][2]),
        (&json!({ "job_id": 3 }), &json!({ "job_id": 1 }))
    );
    let said = |at: usize| answer["results"][at]["error"].as_str().unwrap_or_default();
    assert!(said(1).contains("404"), "{}", said(1));
    assert!(said(3).contains("a rule of the server's owner forbids it"), "{}", said(3));
    assert!(said(4).contains("job_id"), "{}", said(4));
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
    // A person is asked once about all of them, where one of them needs it.
    let judged =
        |inputs| registry.judge("api_call", members(json!({ "operation": "jobs_get", "inputs": inputs })));
    let calls = judged(inputs).unwrap();
    assert_eq!((calls.len(), policy.decide_all(&calls).unwrap()), (5, Decision::Ask));
    let calls = judged(json!([{ "job_id": 4 }, { "job_id": 1 }])).unwrap();
    assert_eq!(policy.decide_all(&calls).unwrap(), Decision::Allow);
    let none = each(policy, "jobs_get", json!([{ "job_id": 4 }, { "job_id": 4 }])).await.unwrap_err();
    assert!(none.contains("a rule of the server's owner"), "{none}");
    // What destroys is judged by the operation, however many there are.
    let deny = &Policy { destructive: Destructive::Deny, ..Policy::default() };
    let denied = each(deny, "jobs_delete", json!([{ "job_id": 1 }, { "job_id": 2 }])).await.unwrap_err();
    assert!(denied.contains("--destructive deny"), "{denied}");
    assert!(each(policy, "jobs_get", json!([])).await.unwrap_err().contains("`inputs`: 0 are given"));
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_refused_is_never_sent() {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(answers(json!({}))).mount(&server).await;
    let registry = Registry::of::<Api>();
    let tool = async |policy: &Policy, id, arguments| {
        let arguments = members(json!({ "operation": id, "arguments": arguments }));
        registry.call("api_call", arguments, &context(&server.uri(), policy.clone())).await
    };
    let refused = async |policy: &Policy, id, arguments| {
        tool(policy, id, arguments).await.map(drop).unwrap_err().to_string()
    };
    let allow = &Policy { destructive: Destructive::Allow, ..Policy::default() };
    let read_only = &Policy { read_only: true, ..Policy::default() };
    let deny = &Policy { destructive: Destructive::Deny, ..Policy::default() };
    let mkdirs = refused(read_only, "workspace_mkdirs", json!({ "path": "/x" })).await;
    assert!(mkdirs.contains("`workspace_mkdirs` was not called: the server is read-only"), "{mkdirs}");
    let delete = refused(deny, "jobs_delete", json!({ "job_id": 1 })).await;
    assert!(
        delete.contains("`jobs_delete` was not called") && delete.contains("--destructive deny"),
        "{delete}"
    );
    let rules = vec![Rule::new(Decision::Never).operations(["tables_*"]).unwrap().names(["prod.*"]).unwrap()];
    let rules = &Policy { rules, ..Policy::default() };
    let ruled = refused(rules, "tables_delete", json!({ "full_name": "prod.a.t" })).await;
    assert!(
        ruled.contains("a rule of the server's owner forbids it (operations tables_*; names prod.*: never)"),
        "{ruled}"
    );
    // An empty part of a path would make it another operation's.
    let empty = refused(allow, "catalogs_delete", json!({ "name": "" })).await;
    assert!(empty.contains("`name` is empty"), "{empty}");
    let up = refused(allow, "catalogs_delete", json!({ "name": ".." })).await;
    assert!(up.contains("cannot be sent"), "{up}");
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    tool(read_only, "catalogs_get", json!({ "name": "a" })).await.unwrap();
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
