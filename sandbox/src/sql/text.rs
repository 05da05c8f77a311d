//! Values as text, in the two ways Spark has: as the service prints a result, and as `CAST(… AS STRING)` makes them.
//!
//! They differ in timestamps (`2024-01-01T10:00:00.000Z` against `2024-01-01 10:00:00`) and in nested values (JSON against
//! `{a, 1}`, `{a -> 1}`).

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalUnit, TimeUnit, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use datafusion::arrow::datatypes::{IntervalDayTimeType, IntervalMonthDayNanoType, IntervalYearMonthType};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::Value;

/// Which of the two ways.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A result's cell.
    Service,
    /// `CAST(… AS STRING)`.
    Cast,
}

/// A cell as the service prints it; NULL is `None`.
pub(crate) fn service(column: &ArrayRef, row: usize) -> Option<String> {
    cell(column.as_ref(), row, Style::Service)
}

/// A value as text; NULL is `None`.
pub(crate) fn cell(column: &dyn Array, row: usize, style: Style) -> Option<String> {
    if column.is_null(row) || *column.data_type() == DataType::Null {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Float16 => float32(column.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => float32(column.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => float64(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal32(p, s) => {
            Decimal32Type::format_decimal(column.as_primitive::<Decimal32Type>().value(row), *p, *s)
        }
        DataType::Decimal64(p, s) => {
            Decimal64Type::format_decimal(column.as_primitive::<Decimal64Type>().value(row), *p, *s)
        }
        DataType::Decimal128(p, s) => {
            Decimal128Type::format_decimal(column.as_primitive::<Decimal128Type>().value(row), *p, *s)
        }
        DataType::Decimal256(p, s) => {
            Decimal256Type::format_decimal(column.as_primitive::<Decimal256Type>().value(row), *p, *s)
        }
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        DataType::Binary => binary(column.as_binary::<i32>().value(row), style),
        DataType::LargeBinary => binary(column.as_binary::<i64>().value(row), style),
        DataType::BinaryView => binary(column.as_binary_view().value(row), style),
        DataType::FixedSizeBinary(_) => binary(column.as_fixed_size_binary().value(row), style),
        DataType::Date32 => date(i64::from(column.as_primitive::<Date32Type>().value(row))),
        DataType::Date64 => date(column.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000)),
        DataType::Timestamp(unit, zone) => timestamp(column, row, *unit, zone.is_some(), style),
        DataType::Interval(unit) => interval(column, row, *unit),
        DataType::Duration(unit) => duration(column, row, *unit),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => match style {
            Style::Service => json(column, row).to_string(),
            Style::Cast => nested(column, row),
        },
        DataType::Dictionary(_, kind) => match datafusion::arrow::compute::cast(column, kind) {
            Ok(plain) => return cell(plain.as_ref(), row, style),
            Err(_) => String::new(),
        },
        _ => ArrayFormatter::try_new(column, &FormatOptions::default())
            .map_or(String::new(), |formatter| formatter.value(row).to_string()),
    })
}

/// Java's `Double.toString`: a point always, and an exponent from 10⁷ up and from 10⁻³ down.
pub(crate) fn float64(value: f64) -> String {
    float(value, &format!("{value:?}"), &format!("{value:e}"))
}

fn float32(value: f32) -> String {
    float(f64::from(value), &format!("{value:?}"), &format!("{value:e}"))
}

fn float(value: f64, plain: &str, scientific: &str) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return plain.to_owned();
    }
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

fn binary(bytes: &[u8], style: Style) -> String {
    use base64::Engine as _;
    match style {
        Style::Service => base64::engine::general_purpose::STANDARD.encode(bytes),
        Style::Cast => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn date(days: i64) -> String {
    let date = chrono::DateTime::from_timestamp(days.saturating_mul(86_400), 0);
    date.map_or_else(|| days.to_string(), |date| date.format("%Y-%m-%d").to_string())
}

fn timestamp(column: &dyn Array, row: usize, unit: TimeUnit, zoned: bool, style: Style) -> String {
    use datafusion::arrow::datatypes::{
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    };
    let micros = match unit {
        TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000),
        TimeUnit::Millisecond => {
            column.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1_000)
        }
        TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000),
    };
    let Some(time) = chrono::DateTime::from_timestamp_micros(micros) else { return micros.to_string() };
    let fraction = micros.rem_euclid(1_000_000);
    match style {
        Style::Service => {
            let digits = if fraction % 1_000 == 0 { "%.3f" } else { "%.6f" };
            let zone = if zoned { "Z" } else { "" };
            format!("{}{zone}", time.format(&format!("%Y-%m-%dT%H:%M:%S{digits}")))
        }
        Style::Cast if fraction == 0 => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        Style::Cast => time.format("%Y-%m-%d %H:%M:%S%.6f").to_string().trim_end_matches('0').to_owned(),
    }
}

/// `1 years 2 months`, `3 days 4 hours`, as Spark prints an interval that mixes units.
fn interval(column: &dyn Array, row: usize, unit: IntervalUnit) -> String {
    let (months, days, nanos) = match unit {
        IntervalUnit::YearMonth => (column.as_primitive::<IntervalYearMonthType>().value(row), 0, 0),
        IntervalUnit::DayTime => {
            let value = column.as_primitive::<IntervalDayTimeType>().value(row);
            (0, value.days, i64::from(value.milliseconds) * 1_000_000)
        }
        IntervalUnit::MonthDayNano => {
            let value = column.as_primitive::<IntervalMonthDayNanoType>().value(row);
            (value.months, value.days, value.nanoseconds)
        }
    };
    if days == 0 && nanos == 0 && months != 0 {
        let sign = if months < 0 { "-" } else { "" };
        return format!("{sign}{}-{}", months.abs() / 12, months.abs() % 12);
    }
    if months == 0 {
        return day_time(i128::from(days) * 86_400_000_000_000 + i128::from(nanos));
    }
    let fraction = nanos % 1_000_000_000;
    let parts = [
        (i64::from(months / 12), "years"),
        (i64::from(months % 12), "months"),
        (i64::from(days), "days"),
        (nanos / 3_600_000_000_000, "hours"),
        (nanos / 60_000_000_000 % 60, "minutes"),
        (nanos / 1_000_000_000 % 60, "seconds"),
    ];
    let shown =
        parts.iter().filter(|(n, unit)| *n != 0 || (fraction != 0 && *unit == "seconds")).map(|(n, unit)| {
            match *unit {
                "seconds" if fraction != 0 => {
                    format!("{n}.{:09}", fraction.abs()).trim_end_matches('0').to_owned() + " seconds"
                }
                unit => format!("{n} {unit}"),
            }
        });
    shown.collect::<Vec<_>>().join(" ")
}

/// `1 02:03:04.000000000`: days, hours, minutes and seconds.
fn day_time(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    format!(
        "{sign}{} {:02}:{:02}:{:02}.{rest:09}",
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn duration(column: &dyn Array, row: usize, unit: TimeUnit) -> String {
    use datafusion::arrow::datatypes::{
        DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    };
    let (value, nanos) = match unit {
        TimeUnit::Second => (column.as_primitive::<DurationSecondType>().value(row), 1_000_000_000),
        TimeUnit::Millisecond => (column.as_primitive::<DurationMillisecondType>().value(row), 1_000_000),
        TimeUnit::Microsecond => (column.as_primitive::<DurationMicrosecondType>().value(row), 1_000),
        TimeUnit::Nanosecond => (column.as_primitive::<DurationNanosecondType>().value(row), 1),
    };
    day_time(i128::from(value) * nanos)
}

/// The elements of a list in a row.
fn elements(column: &dyn Array, row: usize) -> Option<ArrayRef> {
    Some(match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(row),
        DataType::LargeList(_) => column.as_list::<i64>().value(row),
        DataType::ListView(_) => column.as_list_view::<i32>().value(row),
        DataType::FixedSizeList(..) => column.as_fixed_size_list().value(row),
        _ => return None,
    })
}

/// A value as JSON.
pub(crate) fn json(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    if let Some(items) = elements(column, row) {
        return (0..items.len()).map(|at| json(items.as_ref(), at)).collect();
    }
    let kind = column.data_type();
    match kind {
        DataType::Struct(fields) => {
            let values = column.as_struct().columns();
            fields
                .iter()
                .zip(values)
                .map(|(field, value)| (field.name().clone(), json(value.as_ref(), row)))
                .collect()
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            (0..entries.len())
                .map(|at| {
                    (cell(keys.as_ref(), at, Style::Cast).unwrap_or_default(), json(values.as_ref(), at))
                })
                .collect()
        }
        _ => {
            let text = cell(column, row, Style::Service);
            match text {
                None => Value::Null,
                Some(text) if *kind == DataType::Boolean => Value::Bool(text == "true"),
                // NaN and infinities are no numbers in JSON
                Some(text) if kind.is_numeric() => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                Some(text) => Value::String(text),
            }
        }
    }
}

/// A nested value as `CAST` prints it: `[1, 2]`, `{1, a}`, `{k -> v}`.
fn nested(column: &dyn Array, row: usize) -> String {
    let show =
        |array: &dyn Array, at: usize| cell(array, at, Style::Cast).unwrap_or_else(|| "null".to_owned());
    if let Some(items) = elements(column, row) {
        let items: Vec<String> = (0..items.len()).map(|at| show(items.as_ref(), at)).collect();
        return format!("[{}]", items.join(", "));
    }
    let parts: Vec<String> = match column.data_type() {
        DataType::Struct(_) => {
            column.as_struct().columns().iter().map(|value| show(value.as_ref(), row)).collect()
        }
        _ => {
            let entries = column.as_map().value(row);
            let pair = |at| {
                format!(
                    "{} -> {}",
                    show(entries.column(0).as_ref(), at),
                    show(entries.column(1).as_ref(), at)
                )
            };
            (0..entries.len()).map(pair).collect()
        }
    };
    format!("{{{}}}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_like_javas() {
        let cases = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (1e7, "1.0E7"),
            (1.25e-4, "1.25E-4"),
            (1e21, "1.0E21"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (9_999_999.0, "9999999.0"),
        ];
        for (value, expected) in cases {
            assert_eq!(float64(value), expected);
        }
        assert_eq!(float32(0.1), "0.1");
    }
}
