//! Statement execution over HTTP.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Lab;

const ALL: &str = "2.0/sql/statements";

impl Lab {
    async fn warehouse(&self) -> String {
        self.get("2.0/sql/warehouses").await["warehouses"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Runs a statement with further fields of the request.
    async fn statement(&self, text: &str, fields: Value) -> Value {
        let mut body =
            json!({ "statement": text, "warehouse_id": self.warehouse().await, "wait_timeout": "50s" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.post(ALL, body).await
    }

    /// Fetches a presigned address: no token.
    async fn fetch(&self, link: &str) -> (StatusCode, Vec<u8>) {
        let response = reqwest::get(link).await.unwrap();
        (response.status(), response.bytes().await.unwrap().to_vec())
    }
}

#[tokio::test]
async fn a_statement_answers_with_its_manifest_and_rows() {
    let lab = Lab::start().await;
    let answer = lab
        .statement("SELECT 1 AS Id, 'x' AS name, CAST(1.5 AS DECIMAL(10,2)) AS price, NULL AS n", json!({}))
        .await;
    assert_eq!(answer["status"], json!({ "state": "SUCCEEDED" }));
    let manifest = &answer["manifest"];
    assert_eq!(
        manifest["schema"]["columns"],
        json!([
            { "name": "Id", "position": 0, "type_name": "INT", "type_text": "INT" },
            { "name": "name", "position": 1, "type_name": "STRING", "type_text": "STRING" },
            { "name": "price", "position": 2, "type_name": "DECIMAL", "type_text": "DECIMAL(10,2)", "type_precision": 10, "type_scale": 2 },
            { "name": "n", "position": 3, "type_name": "NULL", "type_text": "VOID" },
        ])
    );
    assert_eq!(
        (manifest["format"].as_str(), manifest["total_row_count"].as_i64(), manifest["truncated"].as_bool()),
        (Some("JSON_ARRAY"), Some(1), Some(false))
    );
    assert_eq!(answer["result"]["data_array"], json!([["1", "x", "1.50", null]]));
    let id = answer["statement_id"].as_str().unwrap();
    assert_eq!(lab.get(&format!("{ALL}/{id}")).await, answer);
    let nothing = lab.statement("CREATE TABLE t (a INT)", json!({})).await;
    assert_eq!(
        (
            nothing["manifest"]["total_chunk_count"].as_i64(),
            nothing["manifest"]["schema"]["column_count"].as_i64()
        ),
        (Some(0), Some(0))
    );
}

#[tokio::test]
async fn sql_errors_are_states_and_not_statuses() {
    let lab = Lab::start().await;
    let answer = lab.statement("SELECT * FROM missing", json!({})).await;
    assert_eq!(
        (answer["status"]["state"].as_str(), answer["status"]["error"]["error_code"].as_str()),
        (Some("FAILED"), Some("BAD_REQUEST"))
    );
    assert!(answer["status"]["error"]["message"].as_str().unwrap().starts_with("[TABLE_OR_VIEW_NOT_FOUND]"));
    assert!(answer.get("manifest").is_none() && answer.get("result").is_none());
    let answer = lab.statement("SELECT 1", json!({ "catalog": "nowhere" })).await;
    assert!(
        answer["status"]["error"]["message"].as_str().unwrap().starts_with("[NO_SUCH_CATALOG_EXCEPTION]")
    );
}

#[tokio::test]
async fn requests_that_break_the_rules_are_refused() {
    let lab = Lab::start().await;
    let id = lab.warehouse().await;
    for (fields, expected) in [
        (json!({ "wait_timeout": "4s" }), "400 INVALID_PARAMETER_VALUE: wait_timeout must be"),
        (
            json!({ "wait_timeout": "0s", "on_wait_timeout": "CANCEL" }),
            "400 INVALID_PARAMETER_VALUE: on_wait_timeout",
        ),
        (json!({ "format": "CSV" }), "400 INVALID_PARAMETER_VALUE: The format CSV needs"),
        (
            json!({ "format": "ARROW_STREAM", "disposition": "INLINE" }),
            "400 INVALID_PARAMETER_VALUE: The format ARROW_STREAM needs",
        ),
        (
            json!({ "disposition": "NOWHERE" }),
            "400 INVALID_PARAMETER_VALUE: Invalid value for field 'disposition'",
        ),
        (json!({ "row_limit": 0 }), "400 INVALID_PARAMETER_VALUE: row_limit must be"),
        (json!({ "statement": " " }), "400 INVALID_PARAMETER_VALUE: The statement must not be empty"),
        (json!({ "warehouse_id": null }), "400 INVALID_PARAMETER_VALUE"),
        (json!({ "warehouse_id": "nope" }), "404 RESOURCE_DOES_NOT_EXIST"),
    ] {
        let mut body = json!({ "statement": "SELECT 1", "warehouse_id": id });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let refused = lab.refused(Method::POST, ALL, Some(body)).await;
        assert!(refused.starts_with(expected), "{fields}: {refused}");
    }
    for path in ["nope", "nope/result/chunks/0"] {
        assert_eq!(
            lab.refused(Method::GET, &format!("{ALL}/{path}"), None).await,
            "404 RESOURCE_DOES_NOT_EXIST: The statement nope was not found."
        );
    }
}

#[tokio::test]
async fn parameters_and_limits_are_honoured() {
    let lab = Lab::start().await;
    let parameters = json!([{ "name": "low", "value": "3", "type": "INT" }, { "name": "word", "value": "a'b" }, { "name": "none", "type": "DATE" }]);
    let answer = lab
        .statement(
            "SELECT id, :word, :none FROM range(10) WHERE id > :low ORDER BY id",
            json!({ "parameters": parameters, "row_limit": "2" }),
        )
        .await;
    assert_eq!(answer["result"]["data_array"], json!([["4", "a'b", null], ["5", "a'b", null]]));
    assert_eq!(
        (answer["manifest"]["truncated"].as_bool(), answer["manifest"]["total_row_count"].as_i64()),
        (Some(true), Some(2))
    );
    let answer = lab.statement("SELECT id FROM range(100)", json!({ "byte_limit": 50 })).await;
    assert_eq!(answer["manifest"]["truncated"], true);
    assert!(answer["manifest"]["total_byte_count"].as_i64().unwrap() <= 50);
    let answer = lab.statement("SELECT id FROM range(2)", json!({ "row_limit": 2 })).await;
    assert_eq!(answer["manifest"]["truncated"], false);
}

#[tokio::test]
async fn large_results_come_in_chunks() {
    let lab = Lab::start().await;
    let answer = lab.statement("SELECT id FROM range(25000) ORDER BY id", json!({})).await;
    assert_eq!(answer["manifest"]["total_row_count"], 25_000);
    let count = answer["manifest"]["total_chunk_count"].as_i64().unwrap();
    assert!(count > 1);
    let (mut rows, mut chunk) = (Vec::new(), answer["result"].clone());
    loop {
        assert_eq!(chunk["row_offset"], rows.len());
        rows.extend(
            chunk["data_array"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row[0].as_str().unwrap().parse::<usize>().unwrap()),
        );
        let Some(link) = chunk["next_chunk_internal_link"].as_str() else { break };
        chunk = lab.get(link.strip_prefix("/api/").unwrap()).await;
    }
    assert!(rows.iter().copied().eq(0..25_000));
    let id = answer["statement_id"].as_str().unwrap();
    let refused = lab.refused(Method::GET, &format!("{ALL}/{id}/result/chunks/{count}"), None).await;
    assert!(refused.starts_with("400 INVALID_PARAMETER_VALUE"), "{refused}");
}

#[tokio::test]
async fn external_links_need_no_token_and_expire() {
    let lab = Lab::start().await;
    let query = "SELECT id, IF(id = 1, NULL, 'a,\"b') AS t FROM range(2) ORDER BY id";
    let link_of =
        |answer: &Value| answer["result"]["external_links"][0]["external_link"].as_str().unwrap().to_owned();
    let csv = lab.statement(query, json!({ "disposition": "EXTERNAL_LINKS", "format": "CSV" })).await;
    assert!(csv["result"].get("data_array").is_none());
    let (status, bytes) = lab.fetch(&link_of(&csv)).await;
    assert_eq!(
        (status, String::from_utf8(bytes).unwrap()),
        (StatusCode::OK, "id,t\r\n0,\"a,\"\"b\"\r\n1,null\r\n".to_owned())
    );
    let json = lab.statement(query, json!({ "disposition": "EXTERNAL_LINKS" })).await;
    let (_, bytes) = lab.fetch(&link_of(&json)).await;
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), json!([["0", "a,\"b"], ["1", null]]));
    let arrow =
        lab.statement(query, json!({ "disposition": "EXTERNAL_LINKS", "format": "ARROW_STREAM" })).await;
    let link = link_of(&arrow);
    let (_, bytes) = lab.fetch(&link).await;
    assert!(bytes.starts_with(&[0xff; 4]), "an Arrow stream begins with a continuation mark");
    let client = reqwest::Client::new();
    let with_token = client.get(&link).bearer_auth(lab.sandbox.token()).send().await.unwrap();
    assert_eq!(with_token.status(), StatusCode::BAD_REQUEST);
    lab.sandbox.clock().advance(Duration::from_secs(901));
    let (status, body) = lab.fetch(&link).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(String::from_utf8(body).unwrap().contains("Request has expired"));
    // a new link can be had as long as the result is kept
    let id = arrow["statement_id"].as_str().unwrap();
    let again = lab.get(&format!("{ALL}/{id}/result/chunks/0")).await;
    assert_eq!(
        lab.fetch(again["external_links"][0]["external_link"].as_str().unwrap()).await.0,
        StatusCode::OK
    );
    lab.sandbox.clock().advance(Duration::from_secs(3_600));
    assert!(lab.refused(Method::GET, &format!("{ALL}/{id}"), None).await.starts_with("404"));
}

/// A statement that would take minutes.
const SLOW: &str = "SELECT sum(a.id * b.id % 7) FROM range(3000000) a CROSS JOIN range(100000) b";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_can_be_left_alone_and_cancelled() {
    let lab = Lab::start().await;
    let answer = lab.statement(SLOW, json!({ "wait_timeout": "0s" })).await;
    let state = answer["status"]["state"].as_str().unwrap().to_owned();
    assert!(["PENDING", "RUNNING"].contains(&state.as_str()), "{state}");
    let id = answer["statement_id"].as_str().unwrap();
    assert!(
        lab.refused(Method::GET, &format!("{ALL}/{id}/result/chunks/0"), None)
            .await
            .starts_with("400 INVALID_STATE")
    );
    assert_eq!(lab.post(&format!("{ALL}/{id}/cancel"), json!({})).await, json!({}));
    let mut state = String::new();
    for _ in 0..100 {
        state = lab.get(&format!("{ALL}/{id}")).await["status"]["state"].as_str().unwrap().to_owned();
        if state == "CANCELED" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(state, "CANCELED");
    // the work has stopped, or this would take as long as it
    let quick =
        tokio::time::timeout(Duration::from_secs(20), lab.statement("SELECT 1", json!({}))).await.unwrap();
    assert_eq!(quick["status"]["state"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_can_cancel() {
    let lab = Lab::start().await;
    let answer = lab.statement(SLOW, json!({ "wait_timeout": "5s", "on_wait_timeout": "CANCEL" })).await;
    assert_eq!(answer["status"]["state"], "CANCELED");
}
