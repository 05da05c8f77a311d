//! Timestamps and times of day from their parts.

use chrono::{NaiveDate, TimeDelta};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, Time64MicrosecondType, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::datetime::int;
use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;
use crate::sql::types::timestamp;

const DAY: i64 = 86_400_000_000;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let (whole, time) = (DataType::Int32, DataType::Time64(TimeUnit::Microsecond));
    let parts = [
        whole.clone(),
        whole.clone(),
        whole.clone(),
        whole.clone(),
        whole,
        DataType::Float64,
        DataType::Boolean,
    ];
    vec![
        simple("spark_make_timestamp", &parts, timestamp(), make_timestamp),
        simple("spark_time_of", &[DataType::Int64], time.clone(), time_of),
        simple("spark_micros_of", std::slice::from_ref(&time), DataType::Int64, micros_of),
        simple("spark_seconds_of", &[time], DataType::Decimal128(14, 6), seconds_of),
    ]
}

/// The time of six parts, in microseconds. 60 seconds are the next minute, but only without a fraction.
fn micros(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: f64) -> Option<i64> {
    let part = |part: i32| u32::try_from(part).ok();
    let date = NaiveDate::from_ymd_opt(year, part(month)?, part(day)?)?;
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..=60.0).contains(&second) {
        return None;
    }
    let start = date.and_hms_opt(part(hour)?, part(minute)?, 0)?;
    // a number of microseconds within a minute is exact
    #[allow(clippy::cast_possible_truncation)]
    let micros = (second * 1e6).round() as i64;
    start.checked_add_signed(TimeDelta::microseconds(micros)).map(|time| time.and_utc().timestamp_micros())
}

fn make_timestamp(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let seconds = columns[5].as_primitive::<Float64Type>();
    let lenient = columns[6].as_boolean();
    let mut times = Vec::with_capacity(columns[0].len());
    for row in 0..columns[0].len() {
        if columns[..6].iter().any(|column| column.is_null(row)) {
            times.push(None);
            continue;
        }
        let part = |at: usize| int(&columns[at], row);
        let time = micros(part(0), part(1), part(2), part(3), part(4), seconds.value(row));
        if time.is_none() && !(lenient.is_valid(row) && lenient.value(row)) {
            return Err(failure(SqlError::new(
                "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
                "A part of the timestamp is out of its range. If necessary, use `try_make_timestamp` to ignore this error.",
            )));
        }
        times.push(time);
    }
    Ok(array(TimestampMicrosecondArray::from(times).with_timezone("UTC")))
}

fn time_of(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let micros = columns[0].as_primitive::<Int64Type>();
    let mut times = Vec::with_capacity(micros.len());
    for value in micros {
        if value.is_some_and(|value| !(0..DAY).contains(&value)) {
            return Err(failure(SqlError::new(
                "DATETIME_FIELD_OUT_OF_BOUNDS",
                "A time of day must be from 00:00:00 to 23:59:59.999999.",
            )));
        }
        times.push(value);
    }
    Ok(array(Time64MicrosecondArray::from(times)))
}

fn micros_of(columns: &[ArrayRef]) -> Result<ArrayRef> {
    Ok(array(Int64Array::from_iter(columns[0].as_primitive::<Time64MicrosecondType>())))
}

fn seconds_of(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let micros = columns[0].as_primitive::<Time64MicrosecondType>().iter();
    let seconds: Decimal128Array = micros.map(|micros| micros.map(i128::from)).collect();
    Ok(array(seconds.with_data_type(DataType::Decimal128(14, 6))))
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn parts_out_of_range_are_no_time() {
        assert_eq!(micros(1970, 1, 1, 0, 0, 1.5), Some(1_500_000));
        assert_eq!(micros(2019, 6, 30, 23, 59, 60.0), micros(2019, 7, 1, 0, 0, 0.0));
        for wrong in [(2019, 13, 1), (2019, 2, 30), (2019, 0, 1)] {
            assert_eq!(micros(wrong.0, wrong.1, wrong.2, 0, 0, 0.0), None);
        }
        assert_eq!(micros(2019, 1, 1, 24, 0, 0.0), None);
        assert_eq!(micros(2019, 1, 1, 0, 0, 61.0), None);
    }
}
