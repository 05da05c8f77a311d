use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::ipc::writer::StreamWriter;

use super::*;
use crate::statements::{Row, Value, text};

fn columns(columns: &[(&str, &str)]) -> Arc<[Column]> {
    let column =
        |(name, kind): &(&str, &str)| Column { name: (*name).to_owned(), sql_type: SqlType::parse(kind) };
    columns.iter().map(column).collect()
}

#[test]
fn rows_and_batches_say_the_same() {
    let columns = columns(&[
        ("flag", "boolean"),
        ("tiny", "tinyint"),
        ("big", "bigint"),
        ("single", "float"),
        ("double", "double"),
        ("decimal", "decimal(38,18)"),
        ("text", "string"),
        ("bytes", "binary"),
        ("day", "date"),
        ("moment", "timestamp"),
        ("local", "timestamp_ntz"),
        ("span", "interval day to second"),
        ("list", "array<decimal(5,2)>"),
        ("map", "map<int, array<string>>"),
        ("struct", "struct<a: int, b: struct<c: variant>>"),
        ("any", "variant"),
        ("nothing", "void"),
        ("place", "geography(4326)"),
    ]);
    let cells = [
        "true",
        "-128",
        "9223372036854775807",
        "0.1",
        "-0.1",
        "12345678901234567890.123456789012345678",
        "ü",
        "AAH/",
        "0001-01-01",
        "9999-12-31T23:59:59.999999Z",
        "1969-12-31T23:59:59.5",
        "INTERVAL '1' DAY",
        r#"["1.20",null]"#,
        r#"{"1":["x"],"2":null}"#,
        r#"{"a":"1","b":{"c":{"k":[1]}}}"#,
        r#"[1,"a"]"#,
        "null",
        "POINT(1 2)",
    ];
    let full = cells.iter().zip(columns.iter());
    let full: Vec<Value> = full.map(|(cell, column)| text::value(cell, &column.sql_type).unwrap()).collect();
    let empty = vec![Value::Null; columns.len()];
    let row = |values: &Vec<Value>| Row { columns: Arc::clone(&columns), values: values.clone() };
    let batch = batch(&[row(&full), row(&empty), row(&full)], &columns).unwrap();
    assert_eq!(batch.schema(), schema(&columns));
    for (at, expected) in [&full, &empty, &full].into_iter().enumerate() {
        let back = super::row(&batch, at, &columns).unwrap();
        // A variant in a struct is text in Arrow, and read back by the type of the column.
        assert_eq!(back.values(), expected.as_slice());
    }
}

fn written(batch: &RecordBatch) -> Bytes {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap().into()
}

#[test]
fn a_stream_that_is_cut_is_an_error_or_has_fewer_rows() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1_000));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..1_000).map(|n| n.to_string())));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap();
    let bytes = written(&batch);
    assert_eq!(stream(&bytes).unwrap(), [batch]);
    for end in 0..bytes.len() {
        let rows = |batches: Vec<RecordBatch>| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        match stream(&bytes.slice(..end)).map(rows) {
            Ok(1_000) => assert!(bytes.len() - end <= 8, "only the mark of the end may be missing"),
            Ok(rows) => assert_eq!(rows, 0),
            Err(_) => {}
        }
    }
}
