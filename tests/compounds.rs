//! Tools of several calls, against answers that the sandbox does not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::{App, Context, Registry, Selection, ToolError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{body_partial_json, method, path, query_param};
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

#[tokio::test]
async fn a_table_is_described_with_keys_size_lineage_and_rows() {
    let server = MockServer::start().await;
    let keys = json!([
        { "primary_key_constraint": { "name": "pk", "child_columns": ["id"] } },
        { "foreign_key_constraint": { "name": "fk", "child_columns": ["city_id"], "parent_table": "main.default.cities",
            "parent_columns": ["id"] } }
    ]);
    let table = json!({
        "full_name": "main.default.trips", "catalog_name": "main", "schema_name": "default", "name": "trips",
        "table_type": "MANAGED", "data_source_format": "DELTA", "owner": "someone@example.com",
        "columns": [{ "name": "id", "type_text": "bigint" }, { "name": "city_id", "type_text": "int" }],
        "table_constraints": keys, "storage_location": "s3://bucket/trips"
    });
    Mock::given(path("/api/2.1/unity-catalog/tables/main.default.trips"))
        .respond_with(json_answer(200, table))
        .mount(&server)
        .await;
    let warehouses =
        json!({ "warehouses": [{ "id": "w0", "state": "STOPPED" }, { "id": "w1", "state": "RUNNING" }] });
    Mock::given(path("/api/2.0/sql/warehouses"))
        .respond_with(json_answer(200, warehouses))
        .mount(&server)
        .await;
    let statement = |columns: &[&str], rows: Value| {
        let columns: Vec<Value> =
            columns.iter().map(|name| json!({ "name": name, "type_text": "STRING" })).collect();
        json!({
            "statement_id": "s", "status": { "state": "SUCCEEDED" }, "manifest": { "schema": { "columns": columns } },
            "result": { "data_array": rows }
        })
    };
    for (asked, columns, rows) in [
        (
            "DESCRIBE DETAIL `main`.`default`.`trips`",
            vec!["format", "sizeInBytes", "numFiles"],
            json!([["delta", "1234", "5"]]),
        ),
        (
            "SELECT * FROM `main`.`default`.`trips` LIMIT 2",
            vec!["id", "city_id"],
            json!([["1", null], ["2", "7"]]),
        ),
    ] {
        Mock::given(method("POST"))
            .and(path("/api/2.0/sql/statements"))
            .and(body_partial_json(json!({ "statement": asked, "warehouse_id": "w1" })))
            .respond_with(json_answer(200, statement(&columns, rows)))
            .expect(1)
            .mount(&server)
            .await;
    }
    let named = json!({ "parameters": [{ "name": "name", "value": "main.default.trips" }] });
    let lineage = json!([
        ["upstream", "main.raw.trips"],
        ["downstream", "main.gold.fares"],
        ["downstream", "main.gold.days"]
    ]);
    Mock::given(method("POST"))
        .and(path("/api/2.0/sql/statements"))
        .and(body_partial_json(named))
        .respond_with(json_answer(200, statement(&["side", "name"], lineage)))
        .expect(1)
        .mount(&server)
        .await;
    let asked = json!({ "full_name": "main.default.trips", "sample_rows": 2 });
    let answer = call(&server, "describe_table", asked).await.unwrap();
    assert_eq!((&answer["size_bytes"], &answer["files"]), (&json!(1234), &json!(5)), "{answer}");
    assert_eq!(answer["primary_key"], json!(["id"]));
    assert_eq!(answer["foreign_keys"][0]["parent_table"], "main.default.cities");
    assert_eq!(answer["upstream"], json!(["main.raw.trips"]));
    assert_eq!(answer["downstream"], json!(["main.gold.fares", "main.gold.days"]));
    assert_eq!(answer["sample"]["rows"], json!([["1", null], ["2", "7"]]));
    assert_eq!(answer["untrusted"], json!(["sample.rows"]));
    assert!(answer.get("left_out").is_none(), "{answer}");
    let fields =
        json!({ "full_name": "main.default.trips", "sample_rows": 0, "fields": ["owner", "columns.name"] });
    let answer = call(&server, "describe_table", fields).await.unwrap();
    let wanted =
        json!({ "owner": "someone@example.com", "columns": [{ "name": "id" }, { "name": "city_id" }] });
    assert_eq!(answer, wanted);
    let wrong = json!({ "full_name": "main.default.trips", "sample_rows": 0, "fields": ["columns.nam"] });
    let error = call(&server, "describe_table", wrong).await.unwrap_err().to_string();
    assert!(error.contains("`nam` is unknown (did you mean `name`?)"), "{error}");
}

#[tokio::test]
async fn the_parts_of_a_table_that_are_refused_are_named() {
    let server = MockServer::start().await;
    let table = json!({
        "full_name": "a.b.c", "catalog_name": "a", "schema_name": "b", "name": "c", "data_source_format": "DELTA"
    });
    Mock::given(path("/api/2.1/unity-catalog/tables/a.b.c"))
        .respond_with(json_answer(200, table))
        .mount(&server)
        .await;
    let warehouses = json!({ "warehouses": [{ "id": "w1", "state": "RUNNING" }] });
    Mock::given(path("/api/2.0/sql/warehouses"))
        .respond_with(json_answer(200, warehouses))
        .mount(&server)
        .await;
    let refused = json!({ "error_code": "PERMISSION_DENIED", "message": "no SELECT on it" });
    Mock::given(method("POST")).respond_with(json_answer(403, refused)).mount(&server).await;
    let answer = call(&server, "describe_table", json!({ "full_name": "a.b.c" })).await.unwrap();
    let notes = answer["left_out"].as_array().unwrap();
    let what: Vec<&str> = notes.iter().map(|note| note["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["size", "lineage", "rows"], "{answer}");
    assert!(notes.iter().all(|note| note["how"].as_str().unwrap().contains("no SELECT on it")), "{answer}");
}

#[tokio::test]
async fn a_failed_run_is_explained_with_the_log_of_its_driver() {
    let server = MockServer::start().await;
    let state = json!({ "life_cycle_state": "TERMINATED", "result_state": "FAILED" });
    let task = json!({
        "task_key": "load", "run_id": 8, "attempt_number": 0, "state": state, "cluster_instance": { "cluster_id": "c1" }
    });
    let run = json!({ "run_id": 7, "job_id": 1, "state": state, "tasks": [task] });
    Mock::given(path("/api/2.2/jobs/runs/get")).respond_with(json_answer(200, run)).mount(&server).await;
    let output = json!({ "error": "\u{1b}[31mValueError\u{1b}[0m: no", "logs": "printed\n" });
    Mock::given(path("/api/2.2/jobs/runs/get-output"))
        .respond_with(json_answer(200, output))
        .mount(&server)
        .await;
    let cluster =
        json!({ "cluster_id": "c1", "cluster_log_conf": { "dbfs": { "destination": "dbfs:/logs/" } } });
    Mock::given(path("/api/2.1/clusters/get")).respond_with(json_answer(200, cluster)).mount(&server).await;
    let file = "/logs/c1/driver/stderr";
    Mock::given(path("/api/2.0/dbfs/get-status"))
        .and(query_param("path", file))
        .respond_with(json_answer(200, json!({ "path": file, "file_size": 10_000 })))
        .mount(&server)
        .await;
    let end = json!({ "bytes_read": 14, "data": "b2xkCm91dCBvZiBtZW1vcnk=" });
    Mock::given(path("/api/2.0/dbfs/read"))
        .and(query_param("path", file))
        .and(query_param("offset", "6000"))
        .respond_with(json_answer(200, end))
        .mount(&server)
        .await;
    let answer = call(&server, "explain_run", json!({ "run_id": 7 })).await.unwrap();
    let cause = &answer["failed_tasks"][0];
    assert_eq!(cause["error"], "ValueError: no", "{answer}");
    assert_eq!(cause["log_tail"], "printed\n");
    assert_eq!(cause["driver_log_tail"], "old\nout of memory", "{answer}");
    let waited = call(&server, "wait_for_run", json!({ "run_id": 7 })).await.unwrap();
    assert_eq!(waited["tasks"][0]["error"], "ValueError: no", "{waited}");
}

#[tokio::test]
async fn tables_and_notebooks_are_found_by_name() {
    let server = MockServer::start().await;
    let catalogs = json!({ "catalogs": [{ "name": "main" }, { "name": "locked" }] });
    Mock::given(path("/api/2.1/unity-catalog/catalogs"))
        .respond_with(json_answer(200, catalogs))
        .mount(&server)
        .await;
    let tables = json!({ "tables": [
        { "full_name": "main.default.trip_days", "table_type": "VIEW" }, { "full_name": "main.default.tripXdays" }
    ] });
    Mock::given(path("/api/2.1/unity-catalog/table-summaries"))
        .and(query_param("catalog_name", "main"))
        .and(query_param("table_name_pattern", "%trip_d%"))
        .respond_with(json_answer(200, tables))
        .mount(&server)
        .await;
    let refused = json!({ "error_code": "PERMISSION_DENIED", "message": "no USE CATALOG" });
    Mock::given(path("/api/2.1/unity-catalog/table-summaries"))
        .and(query_param("catalog_name", "locked"))
        .respond_with(json_answer(403, refused))
        .mount(&server)
        .await;
    for (folder, objects) in [
        ("/", json!([{ "path": "/Shared", "object_type": "DIRECTORY" }])),
        ("/Shared", json!([{ "path": "/Shared/Trip_Days", "object_type": "NOTEBOOK", "language": "SQL" }])),
    ] {
        Mock::given(path("/api/2.0/workspace/list"))
            .and(query_param("path", folder))
            .respond_with(json_answer(200, json!({ "objects": objects })))
            .mount(&server)
            .await;
    }
    let found = call(&server, "find_by_name", json!({ "name": "trip_d" })).await.unwrap();
    assert_eq!(found["tables"], json!([{ "full_name": "main.default.trip_days", "table_type": "VIEW" }]));
    let notebook = json!([{ "path": "/Shared/Trip_Days", "object_type": "NOTEBOOK", "language": "SQL" }]);
    assert_eq!(found["objects"], notebook);
    assert_eq!(found["left_out"][0]["what"], "tables of locked", "{found}");
}
