//! The 22 queries of TPC-H on the samples, and the same on DataFusion alone.

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;

use crate::bench::Bench;

const TABLES: &[&str] =
    &["lineitem", "orders", "customer", "part", "partsupp", "supplier", "nation", "region"];

/// Cells as text; numbers without the zeros at their end, since the two have different scales for a quotient.
fn cells(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let text = |batch: &RecordBatch, row: usize| {
        let cells = batch.columns().iter().map(|column| {
            let plain = match column.data_type() {
                DataType::Decimal128(..) => cast(column, &DataType::Float64).unwrap(),
                _ => column.clone(),
            };
            let shown = datafusion::arrow::util::display::array_value_to_string(&plain, row).unwrap();
            match (shown.parse::<f64>(), column.data_type().is_numeric()) {
                (Ok(number), true) => format!("{number:.4}"),
                _ => shown,
            }
        });
        cells.collect()
    };
    batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(|row| text(batch, row)).collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn tpch_answers_as_datafusion_alone() {
    let bench = Bench::new();
    let mut session = databricks_sandbox::sql::Session::default();
    (session.catalog, session.schema) = (Some("samples".into()), Some("tpch".into()));
    let context = SessionContext::new();
    for table in TABLES {
        let output = bench.engine.execute(&format!("SELECT * FROM {table}"), &session).await.unwrap();
        let batches: Vec<RecordBatch> = output.batches().to_vec();
        let schema = batches[0].schema();
        let options = RecordBatchOptions::new();
        let batches = batches
            .iter()
            .map(|batch| {
                RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options).unwrap()
            })
            .collect::<Vec<_>>();
        let one = datafusion::arrow::compute::concat_batches(&schema, &batches).unwrap();
        context.register_batch(*table, one).unwrap();
    }
    let queries: Vec<&str> = include_str!("../../examples/tpch.sql")
        .split(';')
        .map(str::trim)
        .filter(|query| !query.is_empty())
        .collect();
    assert_eq!(queries.len(), 22);
    let mut rows = 0;
    for (number, query) in (1..).zip(queries) {
        let ours = bench
            .engine
            .execute(query, &session)
            .await
            .unwrap_or_else(|error| panic!("query {number}: {error}"));
        let bare = context.sql(query).await.unwrap().collect().await.unwrap();
        let (ours, bare) = (cells(ours.batches()), cells(&bare));
        assert_eq!(ours, bare, "query {number}");
        rows += ours.len();
    }
    assert!(rows > 500, "the answers have rows: {rows}");
}
