//! Clauses of queries that the engine below knows in other words, or not at all.

use crate::bench::Bench;

#[tokio::test]
async fn samples_are_parts_of_a_table() {
    let bench = Bench::with(&["CREATE TABLE t AS SELECT id FROM range(1000)"]).await;
    let count = async |sample: &str| {
        let text =
            format!("SELECT count(*), count(DISTINCT id), min(id) >= 0 AND max(id) < 1000 FROM t {sample}");
        let row = bench.rows(&text).await.remove(0);
        let mut cells = row.split('|').map(str::to_owned);
        let (rows, distinct): (usize, usize) =
            (cells.next().unwrap().parse().unwrap(), cells.next().unwrap().parse().unwrap());
        assert_eq!(rows, distinct, "{sample} yields no row twice");
        rows
    };
    for (sample, expected) in [
        ("TABLESAMPLE (7 ROWS)", 7),
        ("TABLESAMPLE (7 ROWS) AS s", 7),
        ("TABLESAMPLE (5000 ROWS)", 1000),
        ("TABLESAMPLE (100 PERCENT)", 1000),
    ] {
        assert_eq!(count(sample).await, expected, "{sample}");
    }
    // a thousand throws with a chance of a half: outside of these bounds once in 10^23 runs
    for sample in ["TABLESAMPLE (50 PERCENT)", "TABLESAMPLE (50 PERCENT) REPEATABLE (3) AS s"] {
        let rows = count(sample).await;
        assert!((340..660).contains(&rows), "{sample}: {rows}");
    }
    assert!(
        bench
            .error("SELECT * FROM t TABLESAMPLE (101 PERCENT)")
            .await
            .starts_with("[INVALID_PARAMETER_VALUE]")
    );
}

#[tokio::test]
async fn groups_are_rolled_up() {
    let bench = Bench::with(&[
        "CREATE TABLE t AS SELECT * FROM VALUES ('a', 1, 10), ('a', 2, 20), ('b', 1, 5) v(k, n, x)",
    ])
    .await;
    for (text, rows) in [
        ("SELECT k, sum(x) FROM t GROUP BY k WITH ROLLUP ORDER BY 1", "NULL|35,a|30,b|5"),
        (
            "SELECT k, n, sum(x) FROM t GROUP BY ROLLUP (k, n) ORDER BY 1, 2",
            "NULL|NULL|35,a|NULL|30,a|1|10,a|2|20,b|NULL|5,b|1|5",
        ),
        (
            "SELECT k, grouping(k), grouping_id(), count(*) FROM t GROUP BY CUBE (k) ORDER BY 1",
            "NULL|1|1|3,a|0|0|2,b|0|0|1",
        ),
        (
            "SELECT k, n, grouping_id(k, n) FROM t GROUP BY GROUPING SETS ((k), (n)) ORDER BY 1, 2",
            "NULL|1|2,NULL|2|2,a|NULL|1,b|NULL|1",
        ),
        ("SELECT count(DISTINCT k, n), count(DISTINCT k, nullif(n, 2)) FROM t", "3|2"),
        (
            "SELECT window.start, window.end, count(*) FROM VALUES (TIMESTAMP'2024-01-01 10:10:00'), (TIMESTAMP'2024-01-01 10:50:00'), (TIMESTAMP'2024-01-01 11:00:00') v(at) GROUP BY window(at, '1 hour') ORDER BY 1",
            "2024-01-01T10:00:00.000Z|2024-01-01T11:00:00.000Z|2,2024-01-01T11:00:00.000Z|2024-01-01T12:00:00.000Z|1",
        ),
    ] {
        assert_eq!(bench.rows(text).await.join(","), rows, "{text}");
    }
}

#[tokio::test]
async fn queries_are_written_in_many_ways() {
    let bench = Bench::with(&["CREATE TABLE t AS SELECT id, id % 2 AS k FROM range(4)"]).await;
    for (text, rows) in [
        ("FROM t SELECT id WHERE id > 2", "3"),
        ("FROM t |> WHERE id > 1 |> SELECT id, k |> ORDER BY id DESC", "3|1,2|0"),
        ("FROM t |> AGGREGATE sum(id) AS s GROUP BY k |> ORDER BY k", "0|2,1|4"),
        ("TABLE main.default.t EXCEPT SELECT * FROM t WHERE id > 0", "0|0"),
        ("SELECT id FROM t SORT BY id DESC LIMIT 2", "3,2"),
        ("SELECT id FROM t CLUSTER BY id", "0,1,2,3"),
        ("SELECT count(*) FROM (SELECT id FROM t DISTRIBUTE BY k)", "4"),
        (
            "WITH RECURSIVE r(n) MAX RECURSION LEVEL 9 AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT sum(n) FROM r",
            "10",
        ),
        ("SELECT a.id FROM t a ANTI JOIN (SELECT 1 AS id) b ON a.id = b.id ORDER BY 1", "0,2,3"),
        ("SELECT a.id FROM t a SEMI JOIN (SELECT 1 AS id) b ON a.id = b.id", "1"),
        ("SELECT id, x FROM (SELECT 1 AS id) JOIN (SELECT 1 AS id, 'q' AS x) USING (id)", "1|q"),
        (
            "SELECT id, EXISTS (SELECT 1 FROM t u WHERE u.id = t.id + 2) AS e FROM t ORDER BY 1",
            "0|true,1|true,2|false,3|false",
        ),
        ("SELECT NOT EXISTS (SELECT id FROM t WHERE id > 9 LIMIT 1)", "true"),
        (
            "SELECT sum(k) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) FROM (SELECT k, date_add(DATE'2024-01-01', CAST(id AS INT)) AS d FROM t) ORDER BY d",
            "0,1,1,1",
        ),
        ("SELECT TIMESTAMP'2024-01-01 00:00:00' + INTERVAL 2 HOURS 30 MINUTES", "2024-01-01T02:30:00.000Z"),
        ("SELECT DATE'2024-03-31' - INTERVAL -1 MONTH", "2024-04-30"),
        (
            "SELECT hash('Spark', array(123), 2), xxhash64('Spark', array(123), 2)",
            "-1321691492|5602566077635097486",
        ),
        (
            "SELECT array_sort(array(3, 1, 2), (a, b) -> CASE WHEN a < b THEN 1 WHEN a > b THEN -1 ELSE 0 END), array_sort(array('bb', 'a', 'ccc'), (l, r) -> length(l) - length(r))",
            r#"[3,2,1]|["a","bb","ccc"]"#,
        ),
        (
            "SELECT array_sort(array(id, 5 - id), (a, b) -> a - b) FROM t WHERE id > 1 ORDER BY id",
            "[2,3],[2,3]",
        ),
        (
            "SELECT bround(2.5), bround(3.5, 0), bround(2.345, 2), bround(25, -1), bround(-1.5D)",
            "2|4|2.34|20|-2.0",
        ),
        (r#"SELECT json_tuple('{"a": 1, "b": "x"}', 'b', 'a', 'z')"#, "x|1|NULL"),
        (
            "SELECT array_insert(array(1, 3), 2, 2), array_insert(array(1, 2), -1, 3), iff(false, 1, 2)",
            "[1,2,3]|[1,2,3]|2",
        ),
    ] {
        assert_eq!(bench.rows(text).await.join(","), rows, "{text}");
    }
    assert!(bench.error("SELECT raise_error('boom')").await.contains("boom"));
    for (call, said) in [
        ("ai_query('m', 'hi')", "no model"),
        ("h3_longlatash3(1, 2, 3)", "hexagons"),
        ("st_point(1, 2)", "geography"),
    ] {
        let refused = bench.error(&format!("SELECT {call}")).await;
        assert!(refused.starts_with("[UNSUPPORTED_FEATURE]") && refused.contains(said), "{refused}");
    }
}
