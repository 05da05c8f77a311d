//! Measures how much of Spark's function library the engine has: runs examples with known results and counts the equal.
//!
//! ```sh
//! SPARK_EXAMPLES=examples.jsonl cargo run -p databricks-sandbox --example spark_functions [part of a query]
//! ```
//!
//! Each line of the file is an object with `query`, `result` (a list of rows, cells joined by tabs, as spark-sql prints
//! them) and `schema`. With an argument, the examples that contain it are printed with what came out.

use std::collections::BTreeMap;
use std::error::Error;

use databricks_sandbox::sql::{Engine, Session};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::var("SPARK_EXAMPLES").map_err(|_| "SPARK_EXAMPLES names the file of examples")?;
    let show = std::env::args().nth(1);
    let dir = tempfile::tempdir()?;
    let engine = Engine::open(dir.path())?;
    let (mut total, mut ran, mut equal, mut named) = (0, 0, 0, 0);
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let example: Value = serde_json::from_str(line)?;
        let query = example["query"].as_str().unwrap_or_default();
        let expected: Vec<&str> =
            example["result"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        total += 1;
        let outcome = engine.execute(query, &Session::default()).await;
        let got = match outcome {
            Ok(output) => {
                ran += 1;
                let names: Vec<String> =
                    output.columns_info().into_iter().map(|column| column.name).collect();
                let wanted: Vec<&str> = example["schema"]["fields"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|field| field["name"].as_str())
                    .collect();
                named += usize::from(names == wanted);
                let rows: Vec<String> = output
                    .rows()
                    .into_iter()
                    .map(|row| row.into_iter().map(cell).collect::<Vec<_>>().join("\t"))
                    .collect();
                let same = rows.iter().map(|row| plain(row)).eq(expected.iter().map(|row| plain(row)));
                equal += usize::from(same);
                if same { None } else { Some(format!("{rows:?}")) }
            }
            Err(error) => {
                *refused.entry(error.class().to_owned()).or_default() += 1;
                Some(error.message().lines().next().unwrap_or_default().to_owned())
            }
        };
        if let (Some(part), Some(got)) = (&show, got)
            && query.contains(part.as_str())
        {
            println!("{query}\n  expected {expected:?}\n  got      {got}");
        }
    }
    println!("{equal} of {total} equal, {ran} ran, {named} with Spark's column names");
    for (class, count) in refused {
        println!("  {count:4} {class}");
    }
    Ok(())
}

fn cell(value: Option<String>) -> String {
    value.unwrap_or_else(|| "NULL".to_owned())
}

/// Times lose the marks that the service adds and spark-sql does not, wherever they stand in a cell.
fn plain(row: &str) -> String {
    let bytes: Vec<char> = row.chars().collect();
    let mut text = String::new();
    for (at, c) in bytes.iter().enumerate() {
        let digit =
            |index: Option<usize>| index.and_then(|index| bytes.get(index)).is_some_and(char::is_ascii_digit);
        match c {
            'T' if digit(at.checked_sub(1)) && digit(Some(at + 1)) => text.push(' '),
            'Z' if digit(at.checked_sub(1)) => {
                text = text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            _ => text.push(*c),
        }
    }
    text
}
