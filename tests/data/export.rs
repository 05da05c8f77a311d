//! Results as files: what is written is what the warehouse said, in each form.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use databricks_toolkit::statements::{Delivery, Results};
use databricks_toolkit::{Error, Workspace};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::{sandbox, warehouse};

const TEXT: &str = "SELECT id, CAST(id AS DECIMAL(20,2)) AS price, concat('a,\"', id) AS quoted,
    CAST('2024-02-29 12:00:00.5' AS TIMESTAMP) AS moment, DATE'2024-02-29' AS day, X'00FF' AS raw,
    array(id, NULL) AS list, named_struct('a', id) AS inner, CAST(NULL AS STRING) AS nothing
    FROM range(25000) ORDER BY id";

async fn results(workspace: &Workspace, text: &str, delivery: Delivery) -> Results {
    let id = warehouse(workspace).await;
    workspace.statement(text).warehouse(id).delivery(delivery).execute().await.unwrap()
}

fn parquet(path: &Path) -> Vec<RecordBatch> {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(column).collect()
}

#[tokio::test]
async fn parquet_and_arrow_keep_rows_and_types() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    for delivery in [Delivery::Arrow, Delivery::Inline] {
        let path = folder.path().join(format!("{delivery:?} ü.parquet"));
        let written = results(&workspace, TEXT, delivery).await.export(&path).write().await.unwrap();
        assert_eq!((written.rows, written.bytes), (25_000, std::fs::metadata(&path).unwrap().len()));
        let batches = parquet(&path);
        assert_eq!(ids(&batches), (0..25_000).collect::<Vec<i64>>());
        assert_eq!(batches[0].schema().field(1).data_type(), &DataType::Decimal128(20, 2));
        assert!(matches!(batches[0].schema().field(3).data_type(), DataType::Timestamp(_, Some(_))));
        assert_eq!(batches[0].column(8).null_count(), batches[0].num_rows());
    }
    let path = folder.path().join("x.arrow");
    results(&workspace, TEXT, Delivery::Auto).await.export(&path).write().await.unwrap();
    let reader = arrow::ipc::reader::FileReader::try_new(File::open(&path).unwrap(), None).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(ids(&batches), (0..25_000).collect::<Vec<i64>>());
}

#[tokio::test]
async fn csv_and_json_lines_are_read_by_others() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let text = TEXT.replace("25000", "3");
    let path = folder.path().join("x.csv");
    results(&workspace, &text, Delivery::Auto).await.export(&path).write().await.unwrap();
    let csv = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "id,price,quoted,moment,day,raw,list,inner,nothing");
    assert_eq!(
        lines[2],
        "1,1.00,\"a,\"\"1\",2024-02-29T12:00:00.500Z,2024-02-29,AP8=,\"[1,null]\",\"{\"\"a\"\":1}\","
    );
    let path = folder.path().join("x.jsonl");
    results(&workspace, &text, Delivery::Auto).await.export(&path).write().await.unwrap();
    let lines = std::fs::read_to_string(&path).unwrap();
    let second: serde_json::Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    let expected = serde_json::json!({
        "id": 1, "price": "1.00", "quoted": "a,\"1", "moment": "2024-02-29T12:00:00.500Z", "day": "2024-02-29",
        "raw": "AP8=", "list": [1, null], "inner": { "a": 1 }, "nothing": null
    });
    assert_eq!(second, expected);
    assert_eq!(lines.lines().count(), 3);
}

#[tokio::test]
async fn a_result_without_rows_is_a_file_with_columns() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let text = TEXT.replace("25000", "0");
    for name in ["x.parquet", "x.arrow", "x.csv", "x.jsonl"] {
        let path = folder.path().join(name);
        let written = results(&workspace, &text, Delivery::Auto).await.export(&path).write().await.unwrap();
        assert_eq!(written.rows, 0, "{name}");
    }
    let reader = File::open(folder.path().join("x.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(reader).unwrap();
    assert_eq!(reader.schema().fields().len(), 9);
    assert!(std::fs::read_to_string(folder.path().join("x.csv")).unwrap().starts_with("id,price"));
}

#[tokio::test]
async fn intervals_become_text_where_a_form_has_none() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let text = "SELECT 1 AS id, INTERVAL '1' DAY AS span, NULL AS nothing";
    results(&workspace, text, Delivery::Arrow).await.export(&path).write().await.unwrap();
    let batches = parquet(&path);
    assert!(batches[0].column(1).as_string::<i32>().value(0).contains('1'));
}

#[tokio::test]
async fn a_target_that_is_there_is_kept() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    std::fs::write(&path, "old").unwrap();
    let one = "SELECT 1 AS id";
    let error = results(&workspace, one, Delivery::Auto).await.export(&path).write().await.unwrap_err();
    assert!(matches!(error, Error::Local(_)) && error.to_string().contains("overwrite"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    results(&workspace, one, Delivery::Auto).await.export(&path).overwrite(true).write().await.unwrap();
    assert_eq!(parquet(&path).len(), 1);
    let error = results(&workspace, one, Delivery::Auto).await.export(folder.path().join("x")).write().await;
    assert!(error.unwrap_err().to_string().contains(".parquet"));
    let nowhere = folder.path().join("no/such/x.csv");
    assert!(results(&workspace, one, Delivery::Auto).await.export(nowhere).write().await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
