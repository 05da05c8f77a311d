//! `VARIANT`: parsed, stored, asked by paths, and turned into other types.

use crate::bench::Bench;

#[tokio::test]
async fn variants_carry_their_types() {
    let bench = Bench::with(&[
        "CREATE TABLE t (id INT, v VARIANT)",
        r#"INSERT INTO t SELECT 1, parse_json('{"k": "val", "n": 2.5, "l": [1, {"x": null}], "b": true}')"#,
        "INSERT INTO t VALUES (2, NULL)",
    ])
    .await;
    for (text, rows) in [
        ("SELECT v FROM t ORDER BY id", r#"{"k":"val","n":2.5,"l":[1,{"x":null}],"b":true},NULL"#),
        (
            "SELECT v:k, v:k::string, v:n::double + 1, v:b::boolean FROM t WHERE id = 1",
            r#""val"|val|3.5|true"#,
        ),
        (
            "SELECT v:l[0]::int, v:l[1], is_variant_null(v:l[1].x), v:nothing FROM t WHERE id = 1",
            r#"1|{"x":null}|true|NULL"#,
        ),
        (
            "SELECT variant_get(v, '$.n', 'decimal(3,1)'), try_variant_get(v, '$.k', 'int') FROM t WHERE id = 1",
            "2.5|NULL",
        ),
        ("SELECT cast(v:l AS ARRAY<STRING>)[0], to_json(v:l) FROM t WHERE id = 1", r#"1|[1,{"x":null}]"#),
        (
            "SELECT typeof(v), schema_of_variant(v) FROM t WHERE id = 1",
            "variant|OBJECT<b: BOOLEAN, k: STRING, l: ARRAY<VARIANT>, n: DECIMAL(2,1)>",
        ),
        ("SELECT to_variant_object(named_struct('a', 1)), try_parse_json('{bad')", r#"{"a":1}|NULL"#),
        (r#"SELECT schema_of_json('{"a": 1, "b": [1.5]}')"#, "STRUCT<a: BIGINT, b: ARRAY<DOUBLE>>"),
    ] {
        assert_eq!(bench.rows(text).await.join(","), rows, "{text}");
    }
    assert_eq!(bench.columns("SELECT * FROM t").await, ["id INT", "v VARIANT"]);
    assert!(bench.error("SELECT parse_json('{bad')").await.starts_with("[MALFORMED_RECORD_IN_PARSING"));
    assert!(bench.error("SELECT v:k::int FROM t").await.starts_with("[CAST_INVALID_INPUT]"));
}
