//! The SQL engine, without HTTP around it.

use databricks_sandbox::sql::{Engine, Parameter, Session};

use crate::bench::Bench;

#[tokio::test]
async fn types_and_names_are_sparks() {
    let bench = Bench::new();
    let cases = [
        ("SELECT 1", "1 INT", "1"),
        ("SELECT 1 AS MyCol", "MyCol INT", "1"),
        ("SELECT 3000000000", "3000000000 BIGINT", "3000000000"),
        ("SELECT 1 / 2", "(1 / 2) DOUBLE", "0.5"),
        ("SELECT 7 DIV 2 + 1", "((7 div 2) + 1) BIGINT", "4"),
        ("SELECT 1.5", "1.5 DECIMAL(2,1)", "1.5"),
        ("SELECT 1.5D, 3L, 1e3", "1.5 DOUBLE,3 BIGINT,1000.0 DOUBLE", "1.5|3|1000.0"),
        ("SELECT 10 / 4.0", "(10 / 4.0) DECIMAL(9,6)", "2.500000"),
        ("SELECT NULL", "NULL VOID", "NULL"),
        ("SELECT 1, 1", "1 INT,1 INT", "1|1"),
        ("SELECT count(*), max(id) FROM range(3)", "count(1) BIGINT,max(id) BIGINT", "3|2"),
        (
            "SELECT array(1, 2), map('k', 1.5), named_struct('a', 'x')",
            "array(1, 2) ARRAY<INT>,map(k, 1.5) MAP<STRING, DECIMAL(2,1)>,named_struct(a, x) STRUCT<a: STRING>",
            r#"[1,2]|{"k":1.5}|{"a":"x"}"#,
        ),
        (
            "SELECT TIMESTAMP '2024-01-02 03:04:05.5' AS t, DATE '2024-01-02' AS d",
            "t TIMESTAMP,d DATE",
            "2024-01-02T03:04:05.500Z|2024-01-02",
        ),
        (
            "SELECT CAST(TIMESTAMP '2024-01-02 03:04:05.5' AS STRING) AS s",
            "s STRING",
            "2024-01-02 03:04:05.5",
        ),
        ("SELECT to_char(1, '9') AS x", "x STRING", "1"),
        ("VALUES (1, 'a')", "col1 INT,col2 STRING", "1|a"),
        ("SELECT 'it\\'s' AS a, \"dq\" AS b, r'\\d' AS c", "a STRING,b STRING,c STRING", "it's|dq|\\d"),
        (
            "SELECT cast(1e21 AS DOUBLE) AS big, cast('NaN' AS DOUBLE) AS nan",
            "big DOUBLE,nan DOUBLE",
            "1.0E21|NaN",
        ),
        ("SELECT x'CAFE' AS b", "b BINARY", "yv4="),
    ];
    for (statement, columns, row) in cases {
        if columns.is_empty() {
            assert!(bench.error(statement).await.starts_with("[UNRESOLVED_ROUTINE]"));
            continue;
        }
        assert_eq!(bench.columns(statement).await.join(","), columns, "{statement}");
        assert_eq!(bench.rows(statement).await, [row], "{statement}");
    }
}

#[tokio::test]
async fn functions_mean_what_they_mean_in_spark() {
    let bench = Bench::new();
    for (expression, expected) in [
        ("date_format(TIMESTAMP'2024-03-04 05:06:07', 'yyyy/MM/dd HH:mm')", "2024/03/04 05:06"),
        ("year('2024-03-04')", "2024"),
        ("datediff(DATE'2024-01-10', '2024-01-01')", "9"),
        ("datediff(MONTH, DATE'2024-01-01', DATE'2024-03-15')", "2"),
        ("to_date('04.03.2024', 'dd.MM.yyyy')", "2024-03-04"),
        ("last_day('2024-02-01')", "2024-02-29"),
        ("split('a1b2c', '[0-9]')", r#"["a","b","c"]"#),
        ("regexp_extract('100-200', '(\\\\d+)-(\\\\d+)', 2)", "200"),
        ("get_json_object('{\"a\":[{\"b\":7}]}', '$.a[0].b')", "7"),
        ("element_at(array(1, 2, 3), 2) + array(1, 2, 3)[0]", "3"),
        ("transform(array(1, 2), x -> x * 10)", "[10,20]"),
        ("exists(array(1, 2), x -> x > 1)", "true"),
        ("sort_array(array(2, NULL, 1))", "[null,1,2]"),
        ("try_divide(1, 0)", "NULL"),
        ("try_add(2147483647, 1)", "NULL"),
        ("try_cast('x' AS INT)", "NULL"),
        ("decode(2, 1, 'a', 2, 'b')", "b"),
        ("round(2.5), round(-2.5)", "3|-3"),
        ("-7 % 3, pmod(-7, 3)", "-1|2"),
        ("coalesce(NULL, 'x'), nvl(NULL, 1), if(true, 'a', 'b')", "x|1|a"),
        ("1 <=> NULL, NULL <=> NULL", "false|true"),
        ("double(1), date('2024-02-03'), string(2), int('7')", "1.0|2024-02-03|2|7"),
        ("typeof(1), typeof(array(1.5))", "int|array<decimal(2,1)>"),
        ("current_catalog(), current_schema(), current_user", "main|default|sandbox.user@example.com"),
    ] {
        assert_eq!(bench.rows(&format!("SELECT {expression}")).await, [expected], "{expression}");
    }
    assert_eq!(bench.rows("SELECT max_by(id, -id), count_if(id > 1), listagg(CAST(id AS STRING), ',') WITHIN GROUP (ORDER BY id DESC) FROM range(4)").await, ["0|2|3,2,1,0"]);
    assert_eq!(bench.rows("SELECT id + 1 AS b, b * 2 AS c, c + 1 FROM range(2)").await, ["1|2|3", "2|4|5"]);
    assert_eq!(
        bench.rows("SELECT x, c FROM VALUES ('a', array(1, 2)) t(x, l) LATERAL VIEW explode(l) v AS c").await,
        ["a|1", "a|2"]
    );
}

#[tokio::test]
async fn names_have_no_case_and_keep_their_spelling() {
    let bench = Bench::with(&[
        "CREATE TABLE People (Id INT, FullName STRING)",
        "INSERT INTO PEOPLE VALUES (1, 'Ann')",
    ])
    .await;
    assert_eq!(bench.columns("SELECT * FROM people").await, ["Id INT", "FullName STRING"]);
    assert_eq!(
        bench.columns("SELECT ID, `fullname` FROM MAIN.Default.PEOPLE p WHERE P.iD = 1").await,
        ["ID INT", "fullname STRING"]
    );
    assert_eq!(bench.rows("WITH Q AS (SELECT id AS Key FROM people) SELECT q.KEY FROM q").await, ["1"]);
    assert!(bench.error("CREATE TABLE people (a INT)").await.starts_with("[TABLE_OR_VIEW_ALREADY_EXISTS]"));
    let mapped = "CREATE TABLE m (`Full Name` STRING)";
    assert!(bench.error(mapped).await.starts_with("[DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES]"));
    bench.rows(&format!("{mapped} TBLPROPERTIES (delta.columnMapping.mode = 'name')")).await;
    bench.rows("INSERT INTO m (`full name`) VALUES ('Ann Lee')").await;
    assert_eq!(bench.columns("SELECT * FROM m WHERE `FULL NAME` = 'Ann Lee'").await, ["Full Name STRING"]);
}

#[tokio::test]
async fn nulls_come_first_when_ascending() {
    let bench = Bench::new();
    let query = "SELECT c FROM VALUES (2), (NULL), (1) t(c) ORDER BY c";
    assert_eq!(bench.rows(query).await, ["NULL", "1", "2"]);
    assert_eq!(bench.rows(&format!("{query} DESC")).await, ["2", "1", "NULL"]);
    assert_eq!(bench.rows(&format!("{query} NULLS LAST")).await, ["1", "2", "NULL"]);
}

#[tokio::test]
async fn rows_are_inserted_updated_and_deleted() {
    let bench =
        Bench::with(&["CREATE TABLE t (id BIGINT NOT NULL, name STRING, price DECIMAL(10,2) DEFAULT 9.5)"])
            .await;
    let insert = "INSERT INTO t VALUES (1, 'a', 1), (2, NULL, 2.5), (3, 'c', NULL)";
    assert_eq!(bench.columns(insert).await, ["num_affected_rows BIGINT", "num_inserted_rows BIGINT"]);
    assert_eq!(bench.rows("INSERT INTO t (name, id) SELECT 'd', 4").await, ["1|1"]);
    assert_eq!(
        bench.rows("SELECT * FROM t ORDER BY id").await,
        ["1|a|1.00", "2|NULL|2.50", "3|c|NULL", "4|d|9.50"]
    );
    // neither NULL = 'a' nor NOT (NULL = 'a') is true
    assert_eq!(bench.rows("DELETE FROM t WHERE NOT (name = 'a')").await, ["2"]);
    assert_eq!(bench.sorted("SELECT id FROM t").await, ["1", "2"]);
    assert_eq!(
        bench.rows("UPDATE t SET price = price * 2, name = upper(coalesce(name, 'none'))").await,
        ["2"]
    );
    assert_eq!(bench.sorted("SELECT * FROM t").await, ["1|A|2.00", "2|NONE|5.00"]);
    assert_eq!(bench.rows("INSERT OVERWRITE t VALUES (7, 'g', 0)").await, ["1|1"]);
    assert_eq!(bench.rows("SELECT id FROM t").await, ["7"]);
    assert_eq!(bench.rows("INSERT INTO t BY NAME SELECT 'h' AS Name, 8 AS Id").await, ["1|1"]);
    bench.rows("TRUNCATE TABLE t").await;
    assert!(bench.rows("SELECT * FROM t").await.is_empty());
}

#[tokio::test]
async fn subqueries_pick_the_right_rows_to_change() {
    let setup = [
        "CREATE TABLE t AS SELECT * FROM VALUES (1, 10), (2, 20), (3, 30), (NULL, 40) v(id, x)",
        "CREATE TABLE u AS SELECT * FROM VALUES (2), (3) v(id)",
    ];
    for (statement, affected, left) in [
        ("DELETE FROM t WHERE id IN (SELECT id FROM u)", "2", "1|10,NULL|40"),
        ("DELETE FROM t WHERE id NOT IN (SELECT id FROM u)", "1", "2|20,3|30,NULL|40"),
        (
            "DELETE FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id AND u.id > 2)",
            "1",
            "1|10,2|20,NULL|40",
        ),
        ("DELETE FROM t a WHERE a.x = (SELECT max(x) FROM t)", "1", "1|10,2|20,3|30"),
        ("DELETE FROM t WHERE x > 100", "0", "1|10,2|20,3|30,NULL|40"),
        (
            "UPDATE t SET x = (SELECT count(*) FROM u) WHERE id = (SELECT min(id) FROM t)",
            "1",
            "1|2,2|20,3|30,NULL|40",
        ),
        (
            "UPDATE t SET x = x + 1 WHERE id IN (SELECT id FROM u) OR id IS NULL",
            "3",
            "1|10,2|21,3|31,NULL|41",
        ),
    ] {
        let bench = Bench::with(&setup).await;
        assert_eq!(bench.rows(statement).await, [affected], "{statement}");
        assert_eq!(bench.sorted("SELECT * FROM t").await.join(","), left, "{statement}");
    }
}

#[tokio::test]
async fn a_merge_applies_the_first_clause_that_fits() {
    let setup = [
        "CREATE TABLE t AS SELECT * FROM VALUES (1, 'a'), (2, 'b'), (3, 'c') v(id, name)",
        "CREATE TABLE s AS SELECT * FROM VALUES (1, 'A'), (2, NULL), (9, 'N') v(id, name)",
    ];
    let bench = Bench::with(&setup).await;
    let merge = "MERGE INTO t USING s ON t.id = s.id \
        WHEN MATCHED AND s.name IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET name = concat(t.name, s.name) \
        WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE AND t.id = 3 THEN UPDATE SET name = 'gone'";
    assert_eq!(bench.columns("SELECT 1 AS num_affected_rows").await, ["num_affected_rows INT"]);
    assert_eq!(bench.rows(merge).await, ["4|2|1|1"]);
    assert_eq!(bench.sorted("SELECT * FROM t").await, ["1|aA", "3|gone", "9|N"]);
    bench.rows("INSERT INTO s VALUES (1, 'again')").await;
    let twice = bench.error("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET *").await;
    assert!(twice.starts_with("[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE]"), "{twice}");
    assert_eq!(bench.rows("MERGE INTO t x USING (SELECT 100 AS id) y ON x.id = y.id WHEN NOT MATCHED THEN INSERT (id) VALUES (y.id)").await, ["1|0|0|1"]);
    assert_eq!(bench.rows("SELECT * FROM t WHERE id = 100").await, ["100|NULL"]);
}

#[tokio::test]
async fn tables_are_altered_described_and_dropped() {
    let bench = Bench::with(&[
        "CREATE TABLE t (id INT NOT NULL COMMENT 'the key', a STRING) USING DELTA COMMENT 'a table' TBLPROPERTIES ('k' = 'v')",
        "INSERT INTO t VALUES (1, 'x')",
        "ALTER TABLE t ADD COLUMNS (b ARRAY<STRUCT<c: INT>>, d DOUBLE COMMENT 'new')",
        "INSERT INTO t VALUES (2, 'y', array(named_struct('c', 5)), 0.5)",
        "ALTER TABLE t RENAME COLUMN a TO Name",
        "ALTER TABLE t DROP COLUMN d",
        "ALTER TABLE t ADD COLUMN d INT",
        "ALTER TABLE t ALTER COLUMN name COMMENT 'who'",
        "ALTER TABLE t SET TBLPROPERTIES ('k2' = 'v2')",
        "COMMENT ON TABLE t IS 'changed'",
        "ALTER TABLE t RENAME TO t2",
    ])
    .await;
    assert_eq!(bench.sorted("SELECT * FROM t2").await, ["1|x|NULL|NULL", r#"2|y|[{"c":5}]|NULL"#]);
    assert_eq!(
        bench.rows("DESCRIBE t2").await,
        ["id|int|the key", "Name|string|who", "b|array<struct<c:int>>|NULL", "d|int|NULL"]
    );
    let statement = bench.rows("SHOW CREATE TABLE t2").await.remove(0);
    bench.rows("DROP TABLE t2").await;
    bench.rows(&statement).await;
    assert_eq!(bench.rows("SHOW CREATE TABLE t2").await, [statement]);
    assert_eq!(bench.rows("SHOW TBLPROPERTIES t2").await, ["k|v", "k2|v2"]);
    let extended = bench.rows("DESCRIBE TABLE EXTENDED t2").await;
    assert!(
        extended.iter().any(|row| row == "Comment|changed|")
            && extended.iter().any(|row| row == "Type|MANAGED|"),
        "{extended:?}"
    );
    assert_eq!(bench.rows("DROP TABLE IF EXISTS missing").await, [""; 0]);
}

#[tokio::test]
async fn views_keep_their_query_and_see_new_rows() {
    let bench = Bench::with(&[
        "CREATE SCHEMA other",
        "CREATE TABLE t AS SELECT 1 AS Id",
        "CREATE VIEW other.v (Key COMMENT 'k') AS SELECT id + 1 FROM main.default.t",
        "CREATE VIEW w AS SELECT key * 10 AS ten FROM other.v",
        "INSERT INTO t VALUES (5)",
    ])
    .await;
    assert_eq!(bench.sorted("SELECT * FROM w").await, ["20", "60"]);
    assert_eq!(bench.columns("SELECT * FROM other.v").await, ["Key INT"]);
    assert_eq!(bench.rows("SHOW VIEWS").await, ["default|w|false"]);
    assert!(bench.error("INSERT INTO w VALUES (1)").await.starts_with("[EXPECT_TABLE_NOT_VIEW"));
    assert!(bench.error("DROP TABLE w").await.starts_with("[EXPECT_TABLE_NOT_VIEW"));
    assert!(bench.error("DROP VIEW t").await.starts_with("[EXPECT_VIEW_NOT_TABLE"));
    bench.rows("CREATE OR REPLACE VIEW other.v AS SELECT * FROM w").await;
    assert!(bench.error("SELECT * FROM w").await.starts_with("["), "a view on itself must fail");
}

#[tokio::test]
async fn the_catalog_outlives_the_engine() {
    let bench = Bench::with(&[
        "CREATE CATALOG c COMMENT 'mine'",
        "CREATE SCHEMA c.s",
        "CREATE TABLE c.s.t AS SELECT id FROM range(3)",
        "DELETE FROM c.s.t WHERE id = 1",
        "CREATE VIEW c.s.v AS SELECT max(id) AS m FROM c.s.t",
        "CREATE VOLUME c.s.files",
    ])
    .await;
    let folder = bench.dir.path().join("catalog/c/s/t");
    std::fs::write(folder.join("part-leftover.parquet"), "half a wri").unwrap();
    let Bench { dir, engine } = bench;
    drop(engine);
    let bench = Bench { engine: Engine::open(dir.path()).unwrap(), dir };
    assert_eq!(bench.rows("SELECT m FROM c.s.v").await, ["2"]);
    assert_eq!(bench.sorted("SELECT * FROM c.s.t").await, ["0", "2"]);
    assert_eq!(bench.rows("SHOW VOLUMES IN c.s").await, ["s|files"]);
    assert!(
        bench.engine.volume_exists("c", "S", "Files")
            && bench.engine.volume_exists("main", "default", "files")
    );
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(
        files.len(),
        3,
        "the table's metadata, and a file of rows for each of two versions: {files:?}"
    );
    assert!(bench.error("DROP SCHEMA c.s").await.starts_with("[SCHEMA_NOT_EMPTY]"));
    bench.rows("DROP CATALOG c CASCADE").await;
    assert_eq!(bench.rows("SHOW CATALOGS").await, ["main", "samples", "system"]);
    assert!(!bench.dir.path().join("catalog/c").exists());
}

#[tokio::test]
async fn information_schema_describes_what_is_there() {
    let bench = Bench::with(&[
        "CREATE TABLE t (Id INT NOT NULL, price DECIMAL(8,3) COMMENT 'each')",
        "CREATE VIEW v AS SELECT id FROM t",
    ])
    .await;
    let columns = "SELECT table_name, column_name, ordinal_position, data_type, full_data_type, is_nullable, numeric_scale, comment FROM main.information_schema.columns ORDER BY 1, 3";
    assert_eq!(
        bench.rows(columns).await,
        [
            "t|Id|0|INT|int|NO|NULL|NULL",
            "t|price|1|DECIMAL|decimal(8,3)|YES|3|each",
            "v|id|0|INT|int|YES|NULL|NULL"
        ]
    );
    assert_eq!(bench.rows("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'default' ORDER BY 1").await, ["t|MANAGED", "v|VIEW"]);
    assert_eq!(
        bench.rows("SELECT view_definition FROM information_schema.views").await,
        ["SELECT id FROM t"]
    );
    assert_eq!(
        bench
            .rows("SELECT count(*) FROM system.information_schema.tables WHERE table_catalog = 'samples'")
            .await,
        ["9"]
    );
    assert_eq!(
        bench.rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1").await,
        ["default", "information_schema"]
    );
}

#[tokio::test]
async fn samples_can_be_read_and_not_written() {
    let bench = Bench::new();
    assert_eq!(
        bench
            .rows(
                "SELECT count(*), min(pickup_zip) >= 10001, max(fare_amount) = 52 FROM samples.nyctaxi.trips"
            )
            .await,
        ["20000|true|false"]
    );
    assert_eq!(
        bench.rows("SELECT * FROM samples.nyctaxi.trips ORDER BY 1, 2 LIMIT 1").await,
        bench.rows("SELECT * FROM samples.nyctaxi.trips ORDER BY 1, 2 LIMIT 1").await
    );
    for statement in [
        "DELETE FROM samples.nyctaxi.trips",
        "DROP TABLE samples.nyctaxi.trips",
        "CREATE TABLE samples.nyctaxi.t (a INT)",
        "CREATE SCHEMA samples.s",
        "DROP CATALOG samples CASCADE",
        "ALTER TABLE samples.nyctaxi.trips RENAME TO x",
        "COMMENT ON TABLE samples.nyctaxi.trips IS 'x'",
    ] {
        assert!(bench.error(statement).await.starts_with("[PERMISSION_DENIED]"), "{statement}");
    }
}

#[tokio::test]
async fn parameters_have_types() {
    let bench = Bench::new();
    let parameter = |name: &str, value: Option<&str>, kind: Option<&str>| Parameter {
        name: name.into(),
        value: value.map(Into::into),
        type_name: kind.map(Into::into),
    };
    let mut session = Session::default();
    session.parameters = vec![
        parameter("n", Some("2"), Some("INT")),
        parameter("d", Some("2024-01-05"), Some("DATE")),
        parameter("Text", Some("it's; --"), None),
        parameter("none", None, Some("DOUBLE")),
        parameter("price", Some("1.50"), Some("DECIMAL(5,2)")),
    ];
    let output = bench
        .engine
        .execute(
            "SELECT :n + 1 AS a, :d AS d, :text AS s, :none AS x, :price AS p FROM range(5) LIMIT :n",
            &session,
        )
        .await
        .unwrap();
    let types: Vec<String> = output.columns_info().into_iter().map(|column| column.type_text).collect();
    assert_eq!(types, ["INT", "DATE", "STRING", "DOUBLE", "DECIMAL(5,2)"]);
    let row: Vec<Option<String>> = ["3", "2024-01-05", "it's; --"]
        .iter()
        .map(|text| Some((*text).to_owned()))
        .chain([None, Some("1.50".into())])
        .collect();
    assert_eq!(output.rows(), [row.clone(), row]);
    let unbound = bench.error("SELECT :missing").await;
    assert!(
        unbound.starts_with("[UNBOUND_SQL_PARAMETER] Found the unbound parameter: missing."),
        "{unbound}"
    );
    session.parameters = vec![parameter("n", Some("two"), Some("INT"))];
    let error = bench.engine.execute("SELECT :n", &session).await.unwrap_err();
    assert_eq!((error.class(), error.sqlstate()), ("INVALID_PARAMETER_VALUE", "22023"));
}

#[tokio::test]
async fn a_session_gives_unqualified_names_their_place() {
    let bench = Bench::with(&[
        "CREATE CATALOG c",
        "CREATE SCHEMA c.s",
        "CREATE TABLE c.s.t AS SELECT 'c' AS x",
        "CREATE TABLE t AS SELECT 'main' AS x",
    ])
    .await;
    let mut session = Session::default();
    for (catalog, schema, expected) in [(None, None, "main"), (Some("c"), Some("s"), "c")] {
        (session.catalog, session.schema) = (catalog.map(Into::into), schema.map(Into::into));
        assert_eq!(
            bench.engine.execute("SELECT x FROM t", &session).await.unwrap().rows(),
            [[Some(expected.to_owned())]]
        );
    }
    assert_eq!(bench.rows("USE CATALOG c").await, [""; 0]);
    assert!(bench.error("USE SCHEMA nowhere").await.starts_with("[SCHEMA_NOT_FOUND]"));
}

#[tokio::test]
async fn opening_costs_nothing_and_writers_take_turns() {
    let dir = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let engine = std::sync::Arc::new(Engine::open(dir.path()).unwrap());
    assert!(start.elapsed().as_millis() < 20 && std::fs::read_dir(dir.path()).unwrap().next().is_none());
    engine.execute("CREATE TABLE t (n INT)", &Session::default()).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let engine = std::sync::Arc::clone(&engine);
            tokio::spawn(async move {
                engine.execute(&format!("INSERT INTO t VALUES ({n})"), &Session::default()).await.unwrap();
                engine.execute("UPDATE t SET n = n + 100 WHERE n < 100", &Session::default()).await.unwrap();
                engine.execute("SELECT sum(n) FROM t", &Session::default()).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rows = engine.execute("SELECT count(*), sum(n) FROM t", &Session::default()).await.unwrap().rows();
    assert_eq!(rows, [[Some("8".to_owned()), Some("828".to_owned())]]);
}
