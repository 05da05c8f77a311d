//! Functions that users make in SQL.

use serde_json::{Value, json};

use crate::support::Lab;

async fn check(lab: &Lab, cases: &[(&str, Value)]) {
    for (text, expected) in cases {
        assert_eq!(lab.cells(text).await, *expected, "{text}");
    }
}

#[tokio::test]
async fn functions_have_defaults_names_and_tables() {
    let lab = Lab::start().await;
    for text in [
        "CREATE TABLE sold AS SELECT * FROM VALUES (1, 10, 2.5), (2, 10, 1.5), (3, 12, 9.0) v(id, person, amount)",
        "CREATE FUNCTION area(x DOUBLE, y DOUBLE DEFAULT 2 COMMENT 'the width') RETURNS DOUBLE RETURN x * y",
        "CREATE FUNCTION sold_to(p INT) RETURNS TABLE (sale INT, price DECIMAL(3,1)) RETURN SELECT id, amount FROM sold WHERE person = p",
        "CREATE FUNCTION total(p INT) RETURNS DECIMAL(10,1) RETURN SELECT sum(price) FROM sold_to(p)",
        "CREATE SCHEMA elsewhere",
    ] {
        lab.succeed(text).await;
    }
    check(
        &lab,
        &[
            ("SELECT area(3, 4), area(3), area(y => 5, x => 2)", json!([["12.0", "6.0", "10.0"]])),
            ("SELECT * FROM sold_to(10) ORDER BY sale", json!([["1", "2.5"], ["2", "1.5"]])),
            ("SELECT s.n, area(s.n) FROM main.default.sold_to(12) AS s(n, m)", json!([["3", "6.0"]])),
            ("SELECT count(*) FROM sold o JOIN sold_to(10) s ON s.sale = o.id", json!([["2"]])),
            ("SELECT total(10)", json!([["4.0"]])),
            ("SELECT is_member('admins'), is_account_group_member('nobody')", json!([["true", "false"]])),
        ],
    )
    .await;
    // the tables of a body are those of the function's schema, wherever it is called
    let answer = lab
        .try_statement("SELECT main.default.total(12)", json!({ "schema": "elsewhere", "catalog": "main" }))
        .await;
    assert_eq!(answer["result"]["data_array"], json!([["9.0"]]), "{answer}");
    let shown = lab.get("2.1/unity-catalog/functions/main.default.sold_to").await;
    assert_eq!(
        (&shown["data_type"], &shown["return_params"]["parameters"][1]["name"]),
        (&json!("TABLE_TYPE"), &json!("price"))
    );
    let described = lab.cells("DESCRIBE FUNCTION sold_to").await;
    assert_eq!(described[1][0], "Type:          TABLE");
    for (text, said) in [
        ("SELECT area()", "WRONG_NUM_ARGS"),
        ("SELECT area(1, 2, 3)", "WRONG_NUM_ARGS"),
        ("SELECT area(1, z => 2)", "UNRECOGNIZED_PARAMETER_NAME"),
        ("SELECT sold_to(1)", "NOT_A_SCALAR_FUNCTION"),
        ("SELECT * FROM area(1)", "NOT_A_TABLE_FUNCTION"),
        ("CREATE FUNCTION bad() RETURNS TABLE (a INT) RETURN SELECT 1, 2", "RETURN_COLUMN_COUNT_MISMATCH"),
    ] {
        let refused = lab.try_statement(text, json!({})).await;
        assert!(
            refused["status"]["error"]["message"].as_str().unwrap_or_default().contains(said),
            "{text}: {refused}"
        );
    }
}
