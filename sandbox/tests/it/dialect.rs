//! Statements of the dialect that go beyond what the engine below knows.

use serde_json::{Value, json};

use crate::support::Lab;

/// Runs statements and compares their cells.
async fn check(lab: &Lab, cases: &[(&str, Value)]) {
    for (text, expected) in cases {
        assert_eq!(lab.cells(text).await, *expected, "{text}");
    }
}

#[tokio::test]
async fn lambdas_take_the_place_of_an_element() {
    let lab = Lab::start().await;
    check(
        &lab,
        &[
            ("SELECT transform(array(1, 2), (x, i) -> x + i)", json!([["[1,3]"]])),
            ("SELECT filter(array(1, 2, 3), (x, i) -> i > 0)", json!([["[2,3]"]])),
            ("SELECT filter(array(1, NULL, 3), (x, i) -> x > 1)", json!([["[3]"]])),
            ("SELECT zip_with(array(1, 2), array(3), (a, b) -> coalesce(b, a))", json!([["[3,2]"]])),
            ("SELECT map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)", json!([["{\"b\":2}"]])),
            ("SELECT transform_values(map('a', 1), (k, v) -> v + 1)", json!([["{\"a\":2}"]])),
            ("SELECT transform_keys(map('a', 1), (k, v) -> concat(k, 'x'))", json!([["{\"ax\":1}"]])),
            ("SELECT reduce(array(1, 2, 3), 0, (s, x) -> s + x, s -> s * 10)", json!([["60"]])),
        ],
    )
    .await;
}

#[tokio::test]
async fn structs_and_maps_are_taken_apart() {
    let lab = Lab::start().await;
    check(
        &lab,
        &[
            ("SELECT struct(1 AS a).a, named_struct('a', named_struct('b', 2)).a.b", json!([["1", "2"]])),
            ("SELECT array(struct(1 AS a))[0].a", json!([["1"]])),
            ("SELECT map(), map_concat(map('a', 1), map('b', 2))", json!([["{}", "{\"a\":1,\"b\":2}"]])),
            ("SELECT inline(array(struct(1 AS a, 'x' AS b), struct(2, 'y')))", json!([["1", "x"], ["2", "y"]])),
            ("SELECT * FROM inline(array(struct(1, 'x'))) AS t(n, s)", json!([["1", "x"]])),
            ("SELECT * FROM posexplode(array('a', 'b')) AS t(p, v)", json!([["0", "a"], ["1", "b"]])),
            ("SELECT id, c FROM (SELECT 1 AS id, array(7, 8) AS a) t, LATERAL explode(t.a) AS e(c)", json!([["1", "7"], ["1", "8"]])),
            ("SELECT id, col FROM (SELECT 1 AS id, array(7) AS a) t JOIN LATERAL explode(a)", json!([["1", "7"]])),
            (
                "SELECT t.id, e.c FROM (SELECT 1 AS id, CAST(array() AS ARRAY<INT>) AS a) t LEFT JOIN LATERAL explode(t.a) AS e(c)",
                json!([["1", null]]),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn json_is_read_by_a_schema() {
    let lab = Lab::start().await;
    check(
        &lab,
        &[
            (
                "SELECT v.a, v.b, v.c.d, v.e FROM (SELECT from_json(j, 'a INT, B ARRAY<STRING>, c STRUCT<d: DOUBLE>, e DATE') AS v \
                 FROM VALUES ('{\"a\":1,\"b\":[\"x\",null],\"c\":{\"d\":1.5},\"e\":\"2024-01-02\"}'), ('broken'), (NULL) AS t(j))",
                json!([["1", "[\"x\",null]", "1.5", "2024-01-02"], [null, null, null, null], [null, null, null, null]]),
            ),
            ("SELECT from_json('{\"a\":1,\"b\":null}', 'MAP<STRING, INT>')", json!([["{\"a\":1,\"b\":null}"]])),
            ("SELECT explode(from_json('[1,2]', 'ARRAY<INT>'))", json!([["1"], ["2"]])),
            ("SELECT from_json('{\"a\":\"x\"}', 'a INT', map('mode', 'PERMISSIVE')).a", json!([[null]])),
        ],
    )
    .await;
    let refused = lab.try_statement("SELECT from_json('{}', 'a NONSENSE')", json!({})).await;
    let message = refused["status"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("INVALID_SCHEMA") && message.contains("a NONSENSE"), "{message}");
}

#[tokio::test]
async fn names_are_made_of_parameters() {
    let lab = Lab::start().await;
    let parameters = json!({ "parameters": [{ "name": "t", "value": "samples.tpch" }, { "name": "c", "value": "R_Name" }] });
    let text = "SELECT IDENTIFIER(:c) FROM IDENTIFIER(:t || '.region') ORDER BY 1 LIMIT 1";
    let answer = lab.try_statement(text, parameters).await;
    assert_eq!(answer["result"]["data_array"], json!([["AFRICA"]]), "{answer}");
    assert_eq!(answer["manifest"]["schema"]["columns"][0]["name"], "R_Name");
    lab.succeed("CREATE TABLE IDENTIFIER('main.default.' || 'made') (a INT)").await;
    lab.succeed("INSERT INTO main.default.made VALUES (1)").await;
    check(&lab, &[("SELECT IDENTIFIER('upper')('a'), a FROM IDENTIFIER('made')", json!([["A", "1"]]))]).await;
    for (text, said) in [
        ("SELECT * FROM IDENTIFIER('a b')", "INVALID_IDENTIFIER"),
        ("SELECT * FROM IDENTIFIER(:nothing)", "UNBOUND_SQL_PARAMETER"),
        ("SELECT * FROM IDENTIFIER(1)", "PARSE_SYNTAX_ERROR"),
        ("SELECT * FROM IDENTIFIER(", "PARSE_SYNTAX_ERROR"),
    ] {
        let refused = lab.try_statement(text, json!({})).await;
        assert!(refused["status"]["error"]["message"].as_str().unwrap().contains(said), "{text}: {refused}");
    }
}

#[tokio::test]
async fn functions_and_grants_are_in_the_information_schema() {
    let lab = Lab::start().await;
    lab.succeed("CREATE FUNCTION main.default.twice(x INT) RETURNS INT RETURN x * 2").await;
    lab.succeed("CREATE TABLE main.default.granted (n INT)").await;
    lab.succeed("GRANT SELECT ON TABLE main.default.granted TO `users`").await;
    check(
        &lab,
        &[
            (
                "SELECT routine_name, data_type, routine_definition FROM main.information_schema.routines",
                json!([["twice", "INT", "x * 2"]]),
            ),
            (
                "SELECT grantee, privilege_type, inherited_from FROM main.information_schema.table_privileges WHERE table_name = 'granted' AND grantee = 'users'",
                json!([["users", "SELECT", "NONE"]]),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn files_of_volumes_are_listed() {
    let lab = Lab::start().await;
    lab.succeed("CREATE VOLUME main.default.listed").await;
    assert_eq!(lab.cells("LIST '/Volumes/main/default/listed'").await, json!([]));
    let put =
        lab.request(reqwest::Method::PUT, "2.0/fs/files/Volumes/main/default/listed/a/b.txt").body("12345");
    assert_eq!(lab.send(put).await.0, 204);
    let folder = lab.cells("LIST '/Volumes/main/default/listed'").await;
    assert_eq!((&folder[0][0], &folder[0][1]), (&json!("/Volumes/main/default/listed/a/"), &json!("a/")));
    let files = lab.cells("LIST '/Volumes/main/default/listed/a' LIMIT 1").await;
    assert_eq!((&files[0][1], &files[0][2]), (&json!("b.txt"), &json!("5")));
    let refused = lab.try_statement("LIST '/Volumes/main/default/nothing'", json!({})).await;
    assert!(refused["status"]["error"]["message"].as_str().unwrap().contains("nothing"), "{refused}");
}

#[tokio::test]
async fn steps_of_a_recursion_are_one_chunk() {
    let lab = Lab::start().await;
    let text = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT * FROM r";
    check(&lab, &[(text, json!([["1"], ["2"], ["3"], ["4"]]))]).await;
}

#[tokio::test]
async fn variables_live_as_long_as_their_session() {
    let lab = Lab::start().await;
    let warehouses = lab.get("2.0/sql/warehouses").await;
    let opened =
        lab.post("2.0/sql/sessions", json!({ "warehouse_id": warehouses["warehouses"][0]["id"] })).await;
    let session = json!({ "session_id": opened["session_id"] });
    let run = async |text: &str| lab.try_statement(text, session.clone()).await;
    for text in [
        "DECLARE VARIABLE x INT DEFAULT 2 + 3",
        "DECLARE OR REPLACE name = 'region'",
        "DECLARE nothing STRING",
        "CREATE TABLE main.default.numbers AS SELECT 7 AS n",
    ] {
        let answer = run(text).await;
        assert_eq!(answer["status"]["state"], "SUCCEEDED", "{text}: {answer}");
    }
    for (text, expected) in [
        ("SELECT x, x + 1 AS y, session.x, nothing", json!([["5", "6", "5", null]])),
        ("SELECT n FROM main.default.numbers WHERE n > x", json!([["7"]])),
        // a column and the alias of one come before a variable
        ("SELECT x FROM (SELECT 1 AS x)", json!([["1"]])),
        ("SELECT 9 AS x, x + 1 AS y", json!([["9", "10"]])),
        ("SELECT count(*) FROM IDENTIFIER('samples.tpch.' || name)", json!([["5"]])),
    ] {
        let answer = run(text).await;
        assert_eq!(answer["result"]["data_array"], expected, "{text}: {answer}");
    }
    run("SET VAR x = (SELECT max(n) FROM main.default.numbers) + x").await;
    assert_eq!(run("SELECT x").await["result"]["data_array"], json!([["12"]]));
    run("SET VARIABLE x = DEFAULT").await;
    assert_eq!(run("SELECT x").await["result"]["data_array"], json!([["5"]]));
    for (text, said) in [
        ("DECLARE x INT", "VARIABLE_ALREADY_EXISTS"),
        ("DECLARE y", "PARSE_SYNTAX_ERROR"),
        ("SET VAR unknown = 1", "UNRESOLVED_VARIABLE"),
        ("SET VAR x = 'text'", "CAST_INVALID_INPUT"),
        ("SELECT unknown", "UNRESOLVED_COLUMN"),
    ] {
        let refused = run(text).await;
        assert!(
            refused["status"]["error"]["message"].as_str().unwrap_or_default().contains(said),
            "{text}: {refused}"
        );
    }
    run("DROP TEMPORARY VARIABLE x").await;
    run("DROP TEMPORARY VARIABLE IF EXISTS x").await;
    for answer in [run("SELECT x").await, lab.try_statement("SELECT name", json!({})).await] {
        assert!(
            answer["status"]["error"]["message"].as_str().unwrap().contains("UNRESOLVED_COLUMN"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn small_words_of_the_dialect() {
    let lab = Lab::start().await;
    check(
        &lab,
        &[
            ("SELECT * FROM VALUES (1), (2) MINUS SELECT 1", json!([["2"]])),
            (
                "SELECT * FROM VALUES (1, 2, 3), (4, 5, NULL) AS t(id, a, b) UNPIVOT (v FOR n IN (a, b)) ORDER BY id, n",
                json!([["1", "a", "2"], ["1", "b", "3"], ["4", "a", "5"]]),
            ),
            (
                "SELECT * FROM VALUES ('x', 1), ('x', 2), ('y', 3) AS t(k, n) PIVOT (sum(n) FOR k IN ('x', 'y'))",
                json!([["3", "3"]]),
            ),
            (
                "SELECT charindex('b', 'abc'), charindex('b', 'abcb', 3), charindex('z', 'a')",
                json!([["2", "4", "0"]]),
            ),
            ("SELECT monotonically_increasing_id() FROM VALUES ('a'), ('b')", json!([["0"], ["1"]])),
            (
                "SELECT mode(n), mode(s) FROM VALUES (1, NULL), (2, 'x'), (2, 'x') AS t(n, s)",
                json!([["2", "x"]]),
            ),
            (
                "SELECT mode(n) FILTER (WHERE n > 1), mode(n) FROM VALUES (1), (1), (2) AS t(n)",
                json!([["2", "1"]]),
            ),
            ("SELECT col FROM (SELECT 1 AS id) t LATERAL VIEW explode(array(1, 2)) e", json!([["1"], ["2"]])),
            ("SELECT mode(n) FROM VALUES (1) AS t(n) WHERE n > 1", json!([[null]])),
        ],
    )
    .await;
    let version = lab.cells("SELECT current_version().dbsql_version").await;
    assert!(version[0][0].as_str().unwrap().starts_with("sandbox-"), "{version}");
}
