use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::de::Row;
use super::{Column, SqlType, text};

fn row(cells: &[(&str, &str, Option<&str>)]) -> Row {
    let columns = cells
        .iter()
        .map(|(name, kind, _)| Column { name: (*name).to_owned(), sql_type: SqlType::parse(kind) });
    let values = cells.iter().map(|(_, kind, cell)| match cell {
        Some(cell) => text::value(cell, &SqlType::parse(kind)).unwrap(),
        None => super::Value::Null,
    });
    Row { columns: columns.collect(), values: values.collect() }
}

fn one<T: DeserializeOwned>(kind: &str, cell: &str) -> Result<T, String> {
    row(&[("x", kind, Some(cell))]).read().map_err(|error| error.to_string())
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
}

#[derive(Debug, Deserialize)]
struct Trip {
    id: i64,
    fare: f64,
    exact: String,
    started: DateTime<Utc>,
    local: NaiveDateTime,
    day: NaiveDate,
    note: Option<String>,
    colour: Colour,
    raw: Vec<u8>,
    stops: Vec<Stop>,
    tags: std::collections::BTreeMap<String, i32>,
    more: serde_json::Value,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Stop {
    zip: u32,
    wait: Option<f32>,
}

#[test]
fn a_struct_is_read_by_names() {
    let trip: Trip = row(&[
        ("id", "bigint", Some("7")),
        ("fare", "decimal(10,2)", Some("12.50")),
        ("exact", "decimal(10,2)", Some("12.50")),
        ("started", "timestamp", Some("2024-06-01T12:00:00.5Z")),
        ("local", "timestamp_ntz", Some("2024-06-01T12:00:00")),
        ("day", "date", Some("2024-06-01")),
        ("note", "string", None),
        ("colour", "string", Some("green")),
        ("raw", "binary", Some("AAH/")),
        ("stops", "array<struct<zip: int, wait: float>>", Some(r#"[{"zip":"10001","wait":1.5},{"zip":2}]"#)),
        ("tags", "map<string, int>", Some(r#"{"a":1}"#)),
        ("more", "variant", Some(r#"{"k":[1,2]}"#)),
        ("unused", "string", Some("x")),
    ])
    .read()
    .unwrap();
    assert_eq!((trip.id, trip.fare, trip.exact.as_str()), (7, 12.5, "12.50"));
    assert_eq!(trip.started.timestamp_millis(), 1_717_243_200_500);
    assert_eq!(trip.local.to_string(), "2024-06-01 12:00:00");
    assert_eq!(trip.day.to_string(), "2024-06-01");
    assert_eq!((trip.note, trip.colour), (None, Colour::Green));
    assert_eq!(trip.raw, [0, 1, 255]);
    assert_eq!(trip.stops, [Stop { zip: 10001, wait: Some(1.5) }, Stop { zip: 2, wait: None }]);
    assert_eq!(trip.tags["a"], 1);
    assert_eq!(trip.more, serde_json::json!({ "k": [1, 2] }));
}

#[test]
fn tuples_go_by_order_and_one_column_is_a_value() {
    let pair: (i32, Option<String>) = row(&[("a", "int", Some("1")), ("b", "string", None)]).read().unwrap();
    assert_eq!(pair, (1, None));
    assert_eq!(one::<i64>("bigint", "7"), Ok(7));
    assert_eq!(one::<u8>("decimal(3,0)", "255"), Ok(255));
    assert_eq!(one::<i128>("decimal(38,0)", &"9".repeat(38)), Ok(10_i128.pow(38) - 1));
    assert_eq!(one::<(Vec<i32>,)>("array<int>", "[1,2]"), Ok((vec![1, 2],)));
}

#[test]
fn what_does_not_fit_names_the_column() {
    #[derive(Debug, Deserialize)]
    struct Small {
        #[allow(dead_code, reason = "it cannot be read")]
        n: i8,
    }
    let error = row(&[("n", "int", Some("300"))]).read::<Small>().unwrap_err().to_string();
    assert!(error.contains("column `n` (INT)") && error.contains("300"), "{error}");
    let error = row(&[("n", "int", None)]).read::<Small>().unwrap_err().to_string();
    assert!(error.contains("column `n`"), "{error}");
    let error = row(&[("m", "int", Some("1"))]).read::<Small>().unwrap_err().to_string();
    assert!(error.contains("missing field `n`"), "{error}");
    assert!(one::<i64>("decimal(3,1)", "1.5").unwrap_err().contains("1.5"));
    let two = row(&[("a", "int", Some("1")), ("b", "int", Some("2"))]).read::<i64>();
    assert!(two.unwrap_err().to_string().contains("2 columns"));
}
