//! Statements against the sandbox.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use databricks_toolkit::Error;
use databricks_toolkit::statements::{Delivery, Parameter, SqlType, StatementReason, Value};
use serde::Deserialize;

use crate::support::{sandbox, warehouse};

const ALL: [Delivery; 4] = [Delivery::Auto, Delivery::Inline, Delivery::Arrow, Delivery::Json];

#[tokio::test]
async fn every_way_gives_the_same_rows() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let text = "SELECT id, CAST(id AS DECIMAL(20,3)) / 4 AS quarter, CAST(id AS STRING) AS name,
                array(id, id + 1) AS pair, named_struct('a', id, 'b', CAST(id AS DECIMAL(30,2))) AS both,
                map('k', id) AS table, CAST('2024-02-29 12:00:00.123456' AS TIMESTAMP) AS moment,
                CAST('2024-02-29 12:00:00' AS TIMESTAMP_NTZ) AS local, DATE'2024-02-29' AS day,
                X'00FF' AS raw, CAST(NULL AS INT) AS nothing, id % 2 = 0 AS even
                FROM range(25000) ORDER BY id";
    let mut first = None;
    for delivery in ALL {
        let statement = workspace.statement(text).warehouse(&id).delivery(delivery);
        let results = statement.execute().await.unwrap();
        assert_eq!(results.row_count(), Some(25_000));
        assert!(results.chunk_count() > 1, "the test wants chunks");
        let columns = results.columns().to_vec();
        let rows: Vec<Vec<Value>> =
            results.untyped().collect_all().await.unwrap().into_iter().map(|row| row.into_values()).collect();
        assert_eq!(rows.len(), 25_000);
        assert_eq!(rows[24_999][0], Value::Int(24_999));
        match &first {
            None => first = Some((columns, rows)),
            Some((names, expected)) => {
                assert_eq!(names, &columns);
                for (found, expected) in rows.iter().zip(expected) {
                    assert_eq!(found, expected, "{delivery:?}");
                }
            }
        }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Typed {
    id: i64,
    price: String,
    moment: DateTime<Utc>,
    local: NaiveDateTime,
    day: NaiveDate,
    raw: Vec<u8>,
    list: Vec<Option<i32>>,
    inner: Inner,
    nothing: Option<f64>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Inner {
    a: i32,
    b: Option<String>,
}

#[tokio::test]
async fn rows_become_types_of_the_caller() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let text = "SELECT 7 AS id, CAST('12345678901234567890.12' AS DECIMAL(38,2)) AS price,
                CAST('2024-02-29 12:00:00.5' AS TIMESTAMP) AS moment,
                CAST('2024-02-29 12:00:00' AS TIMESTAMP_NTZ) AS local, DATE'2024-02-29' AS day, X'00FF' AS raw,
                array(1, NULL) AS list, named_struct('a', 1, 'b', CAST(NULL AS STRING)) AS inner,
                CAST(NULL AS DOUBLE) AS nothing";
    for delivery in ALL {
        let statement = workspace.statement(text).warehouse(&id).delivery(delivery);
        let rows: Vec<Typed> = statement.fetch_all().await.unwrap();
        let [row] = rows.as_slice() else { panic!("one row: {rows:?}") };
        assert_eq!(row.price, "12345678901234567890.12");
        assert_eq!(row.moment.to_rfc3339(), "2024-02-29T12:00:00.500+00:00");
        assert_eq!(row.local.to_string(), "2024-02-29 12:00:00");
        assert_eq!(
            (row.raw.as_slice(), row.list.as_slice()),
            ([0, 255].as_slice(), [Some(1), None].as_slice())
        );
        assert_eq!(row.inner, Inner { a: 1, b: None });
    }
    let counts: Vec<i64> =
        workspace.statement("SELECT count(*) FROM range(3)").warehouse(&id).fetch_all().await.unwrap();
    assert_eq!(counts, [3]);
    let wrong =
        workspace.statement("SELECT 'x' AS n").warehouse(&id).fetch_all::<(i64,)>().await.unwrap_err();
    let Error::Statement(wrong) = wrong else { panic!("{wrong}") };
    assert!(matches!(wrong.reason, StatementReason::Row { row: 0, .. }), "{wrong}");
}

#[tokio::test]
async fn parameters_keep_their_types() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let statement = workspace
        .statement("SELECT :text, :int + 1, :day, :price, :null IS NULL, typeof(:price)")
        .warehouse(&id)
        .param("text", "it's; --")
        .param("int", 41)
        .param("day", day)
        .param("price", Parameter::typed("1.50", "DECIMAL(10,2)"))
        .param("null", None::<i64>);
    assert!(!format!("{statement:?}").contains("it's"), "a value may be a secret");
    let rows: Vec<(String, i64, NaiveDate, String, bool, String)> = statement.fetch_all().await.unwrap();
    let expected = ("it's; --".to_owned(), 42, day, "1.50".to_owned(), true, "decimal(10,2)".to_owned());
    assert_eq!(rows, [expected]);
}

#[tokio::test]
async fn limits_are_told() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let statement = || workspace.statement("SELECT id FROM range(50000)").warehouse(&id);
    let few = statement().row_limit(10).execute().await.unwrap();
    assert_eq!((few.is_truncated(), few.delivery()), (true, Delivery::Inline));
    assert_eq!(few.rows::<i64>().collect_all().await.unwrap().len(), 10);
    let small = statement().byte_limit(1_000).execute().await.unwrap();
    assert!(small.is_truncated());
    let rows = small.rows::<i64>().collect_all().await.unwrap();
    assert!(!rows.is_empty() && rows.len() < 1_000, "{}", rows.len());
    let all = statement().row_limit(50_000).execute().await.unwrap();
    assert!(!all.is_truncated());
}

#[tokio::test]
async fn what_is_too_large_for_an_answer_comes_by_links() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let text = "SELECT repeat('x', 10000) FROM range(5000)";
    let results = workspace.statement(text).warehouse(&id).row_limit(9_000).execute().await.unwrap();
    assert_eq!(results.delivery(), Delivery::Arrow);
    assert_eq!(results.rows::<String>().collect_all().await.unwrap().len(), 5_000);
    let wanted = workspace.statement(text).warehouse(&id).delivery(Delivery::Inline).execute().await;
    assert!(wanted.unwrap_err().to_string().contains("byte limit exceeded"));
}

#[tokio::test]
async fn several_statements_run_one_after_the_other() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let script = "CREATE TABLE main.default.numbers (n INT); -- a comment; with a semicolon
                  INSERT INTO main.default.numbers VALUES (1), (2); SELECT sum(n) AS total FROM main.default.numbers;";
    let mut each = workspace.statement(script).warehouse(&id).execute_each();
    let mut last = None;
    let mut count = 0;
    while let Some(results) = each.next().await {
        last = Some(results.unwrap());
        count += 1;
    }
    assert_eq!(count, 3);
    assert_eq!(last.unwrap().rows::<i64>().collect_all().await.unwrap(), [3]);
    let mut broken = workspace.statement("SELECT 1; SELECT nope; SELECT 2").warehouse(&id).execute_each();
    assert!(broken.next().await.unwrap().is_ok());
    assert!(broken.next().await.unwrap().is_err());
    assert!(broken.next().await.is_none(), "what follows an error is not run");
}

#[tokio::test]
async fn a_statement_that_fails_says_why() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let error =
        workspace.statement("SELECT * FROM main.default.nope").warehouse(&id).execute().await.unwrap_err();
    let Error::Statement(error) = error else { panic!("{error}") };
    let StatementReason::Failed { message, sql_state, .. } = &error.reason else { panic!("{error}") };
    assert!(message.contains("nope") && sql_state.is_some(), "{error}");
    let error = workspace.statement("SELECT 1").execute().await.unwrap_err();
    assert!(error.to_string().contains("DATABRICKS_WAREHOUSE_ID"), "{error}");
}

#[tokio::test]
async fn progress_goes_to_the_end() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let statement = workspace.statement("SELECT id FROM range(30000)").warehouse(&id);
    let results = statement.on_progress(move |progress| told.lock().unwrap().push(progress.clone()));
    let batches = results.execute().await.unwrap().batches().collect_all().await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 30_000);
    let seen = seen.lock().unwrap();
    let last = seen.last().unwrap();
    assert_eq!((last.rows, last.total_rows), (30_000, Some(30_000)));
    assert_eq!(Some(last.chunks), last.total_chunks);
    assert!(last.bytes > 0);
}

#[tokio::test]
async fn a_result_without_rows_has_its_columns() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    for delivery in ALL {
        let statement = workspace.statement("SELECT id FROM range(0)").warehouse(&id).delivery(delivery);
        let results = statement.execute().await.unwrap();
        assert_eq!(results.columns()[0].sql_type, SqlType::BigInt);
        assert!(results.rows::<i64>().collect_all().await.unwrap().is_empty());
    }
}
