//! How statements fail: in the service's words, and never by a crash.

use crate::bench::Bench;

#[tokio::test]
async fn errors_are_worded_as_the_service_words_them() {
    let bench =
        Bench::with(&["CREATE TABLE t (id INT NOT NULL, name STRING)", "INSERT INTO t VALUES (1, 'x')"])
            .await;
    for (statement, starts, ends) in [
        (
            "SELECT * FROM missing",
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `main`.`default`.`missing` cannot be found.",
            "SQLSTATE: 42P01; line 1 pos 14",
        ),
        (
            "SELECT * FROM nowhere.s.t",
            "[NO_SUCH_CATALOG_EXCEPTION] Catalog 'nowhere' was not found.",
            "SQLSTATE: 42704; line 1 pos 14",
        ),
        (
            "SELECT\n  nme FROM t",
            "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `nme` cannot be resolved. Did you mean one of the following? [`name`, `id`].",
            "SQLSTATE: 42703; line 2 pos 2",
        ),
        (
            "SELECT nofun(1)",
            "[UNRESOLVED_ROUTINE] Cannot resolve routine `nofun`",
            "SQLSTATE: 42883; line 1 pos 7",
        ),
        (
            "SELEC 1",
            "[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'. SQLSTATE: 42601 (line 1, pos 0)",
            "== SQL ==\nSELEC 1\n^^^",
        ),
        (
            "SELECT 1 1",
            "[PARSE_SYNTAX_ERROR] Syntax error at or near '1'. SQLSTATE: 42601 (line 1, pos 9)",
            "---------^^^",
        ),
        (
            "SELECT 1; SELECT 2",
            "[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELECT'. SQLSTATE: 42601 (line 1, pos 10)",
            "^^^",
        ),
        ("SELECT (1", "[PARSE_SYNTAX_ERROR] Syntax error, unexpected end of statement.", "^^^"),
        ("SELECT 'open", "[PARSE_SYNTAX_ERROR]", "^^^"),
        ("", "[PARSE_SYNTAX_ERROR]", "^^^"),
        ("SELECT 1 / 0", "[DIVIDE_BY_ZERO]", "SQLSTATE: 22012"),
        ("SELECT id % 0 FROM t", "[REMAINDER_BY_ZERO]", "SQLSTATE: 22012"),
        ("SELECT 2147483647 + id FROM t", "[ARITHMETIC_OVERFLOW]", "SQLSTATE: 22003"),
        (
            "SELECT CAST(name AS INT) FROM t",
            "[CAST_INVALID_INPUT] The value 'x' of the type \"STRING\" cannot be cast to \"INT\" because it is malformed.",
            "SQLSTATE: 22018",
        ),
        ("SELECT CAST(300 AS TINYINT)", "[CAST_OVERFLOW]", "SQLSTATE: 22003"),
        ("SELECT CAST(1 AS WIDGET)", "[UNSUPPORTED_DATATYPE]", "SQLSTATE: 0A000; line 1 pos 12"),
        ("SELECT name, count(*) FROM t", "[MISSING_AGGREGATION]", "SQLSTATE: 42803"),
        (
            "SELECT id FROM t a JOIN t b ON a.id = b.id",
            "[AMBIGUOUS_REFERENCE]",
            "SQLSTATE: 42704; line 1 pos 7",
        ),
        ("SELECT id FROM t UNION SELECT 1, 2", "[NUM_COLUMNS_MISMATCH]", "SQLSTATE: 42826"),
        ("SELECT (SELECT id FROM range(2))", "[SCALAR_SUBQUERY_TOO_MANY_ROWS]", "SQLSTATE: 21000"),
        (
            "INSERT INTO t VALUES (1)",
            "[INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS]",
            "SQLSTATE: 21S01",
        ),
        ("INSERT INTO t (id, nme) VALUES (1, 'x')", "[UNRESOLVED_COLUMN.WITH_SUGGESTION]", "SQLSTATE: 42703"),
        (
            "INSERT INTO t VALUES (NULL, 'x')",
            "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for column: id.",
            "SQLSTATE: 23502",
        ),
        ("UPDATE t SET id = NULL", "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]", "SQLSTATE: 23502"),
        ("UPDATE t SET nme = 'x'", "[UNRESOLVED_COLUMN.WITH_SUGGESTION]", "SQLSTATE: 42703; line 1 pos 13"),
        ("CREATE TABLE u (a INT, A STRING)", "[COLUMN_ALREADY_EXISTS]", "SQLSTATE: 42711"),
        (
            "CREATE TABLE u AS SELECT count(*) FROM t",
            "[DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES]",
            "SQLSTATE: 42K05",
        ),
        (
            "CREATE TABLE nowhere.u (a INT)",
            "[SCHEMA_NOT_FOUND] The schema `main`.`nowhere` cannot be found.",
            "SQLSTATE: 42704",
        ),
        ("CREATE SCHEMA default", "[SCHEMA_ALREADY_EXISTS]", "SQLSTATE: 42P06"),
        ("DROP TABLE missing", "[TABLE_OR_VIEW_NOT_FOUND]", "SQLSTATE: 42P01; line 1 pos 11"),
        ("CREATE TABLE `a.b` (a INT)", "[INVALID_IDENTIFIER]", "SQLSTATE: 42602"),
        ("SELECT * FROM t VERSION AS OF 7", "[DELTA_VERSION_NOT_FOUND]", "SQLSTATE: 22003"),
    ] {
        let message = bench.error(statement).await;
        assert!(message.starts_with(starts) && message.ends_with(ends), "{statement}\n  {message}");
    }
    assert_eq!(bench.rows("SELECT * FROM t").await, ["1|x"], "no failed statement changed a row");
}

#[tokio::test]
async fn deep_statements_are_an_error_and_no_crash() {
    let bench = Bench::new();
    let parentheses = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let chain = |length: usize| format!("SELECT {}", vec!["1"; length].join(" + "));
    let filter =
        |length: usize| format!("SELECT id FROM range(3) WHERE {}", vec!["id = 2"; length].join(" OR "));
    for statement in [
        parentheses,
        chain(9_000),
        filter(4_000),
        chain(500_000),
        filter(500_000),
        format!("{}1", "SELECT * FROM (".repeat(1_000)),
    ] {
        assert!(bench.error(&statement).await.starts_with("[PARSE_SYNTAX_ERROR]"), "{}", &statement[..40]);
    }
    assert_eq!(bench.rows(&chain(300)).await, ["300"]);
    assert_eq!(bench.rows(&filter(300)).await, ["2"]);
    let list = vec!["1"; 5_000].join(", ");
    assert_eq!(bench.rows(&format!("SELECT count(*) FROM range(3) WHERE id IN ({list})")).await, ["1"]);
}
