//! Times as text in Spark's patterns (`yyyy-MM-dd HH:mm`), and months between dates.

use std::fmt::Write as _;

use chrono::format::{Parsed, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;
use crate::sql::types::timestamp;

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        simple("spark_date_format", &[timestamp(), DataType::Utf8], DataType::Utf8, date_format),
        simple(
            "spark_parse_timestamp",
            &[DataType::Utf8, DataType::Utf8, DataType::Boolean],
            timestamp(),
            parse_timestamp,
        ),
        simple("spark_to_timestamp", &[DataType::Utf8, DataType::Boolean], timestamp(), to_timestamp),
        simple(
            "spark_months_between",
            &[timestamp(), timestamp(), DataType::Boolean],
            DataType::Float64,
            months_between,
        ),
        simple("spark_timestamp_seconds", &[DataType::Float64], timestamp(), from_seconds),
        simple("spark_unix_seconds", &[timestamp()], DataType::Int64, to_seconds),
    ]
}

/// A part of a pattern.
enum Piece {
    /// What chrono calls it.
    Chrono(&'static str),
    /// So many digits of a second's fraction.
    Fraction(usize),
    Quarter,
    Text(String),
}

/// Pattern letters by letter and the least number of repetitions; the first row that fits counts.
const LETTERS: &[(char, usize, &str)] = &[
    ('y', 3, "%Y"),
    ('y', 2, "%y"),
    ('y', 1, "%Y"),
    ('u', 1, "%Y"),
    ('M', 4, "%B"),
    ('M', 3, "%b"),
    ('M', 2, "%m"),
    ('M', 1, "%-m"),
    ('L', 4, "%B"),
    ('L', 3, "%b"),
    ('L', 2, "%m"),
    ('L', 1, "%-m"),
    ('d', 2, "%d"),
    ('d', 1, "%-d"),
    ('D', 3, "%j"),
    ('D', 1, "%-j"),
    ('H', 2, "%H"),
    ('H', 1, "%-H"),
    ('h', 2, "%I"),
    ('h', 1, "%-I"),
    ('K', 1, "%-I"),
    ('k', 1, "%-H"),
    ('m', 2, "%M"),
    ('m', 1, "%-M"),
    ('s', 2, "%S"),
    ('s', 1, "%-S"),
    ('a', 1, "%p"),
    ('E', 4, "%A"),
    ('E', 1, "%a"),
];

/// Reads a pattern. Nothing for one that Spark, too, refuses.
fn pieces(pattern: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\'' {
            let text: String = std::iter::from_fn(|| rest.next_if(|c| *c != '\'')).collect();
            rest.next()?;
            pieces.push(Piece::Text(if text.is_empty() { "'".to_owned() } else { text }));
            continue;
        }
        if !c.is_ascii_alphabetic() {
            pieces.push(Piece::Text(c.to_string()));
            continue;
        }
        let times = 1 + std::iter::from_fn(|| rest.next_if_eq(&c)).count();
        pieces.push(match c {
            'S' => Piece::Fraction(times),
            'Q' | 'q' => Piece::Quarter,
            'z' | 'V' => Piece::Text("UTC".to_owned()),
            'X' => Piece::Text("Z".to_owned()),
            'x' | 'Z' => Piece::Text(if times == 3 { "+00:00" } else { "+0000" }.to_owned()),
            _ => Piece::Chrono(LETTERS.iter().find(|(letter, least, _)| *letter == c && times >= *least)?.2),
        });
    }
    Some(pieces)
}

fn bad_pattern(pattern: &str) -> datafusion::common::DataFusionError {
    failure(SqlError::new("INVALID_DATETIME_PATTERN", format!("Unrecognized datetime pattern: {pattern}")))
}

fn format(time: DateTime<Utc>, pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        // writing to a string does not fail, and chrono knows every pattern of the table
        let _ = match piece {
            Piece::Chrono(pattern) => write!(text, "{}", time.format(pattern)),
            Piece::Fraction(digits) => {
                let nanos = format!("{:09}", time.nanosecond());
                write!(text, "{}", nanos.get(..*digits).unwrap_or(&nanos))
            }
            Piece::Quarter => write!(text, "{}", time.month0() / 3 + 1),
            Piece::Text(fixed) => write!(text, "{fixed}"),
        };
    }
    text
}

pub(super) fn date_format(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let (times, patterns) =
        (columns[0].as_primitive::<TimestampMicrosecondType>(), columns[1].as_string::<i32>());
    let mut known: Option<(&str, Vec<Piece>)> = None;
    let mut texts = Vec::with_capacity(times.len());
    for row in 0..times.len() {
        if times.is_null(row) || patterns.is_null(row) {
            texts.push(None);
            continue;
        }
        let pattern = patterns.value(row);
        if known.as_ref().is_none_or(|(last, _)| *last != pattern) {
            known = Some((pattern, pieces(pattern).ok_or_else(|| bad_pattern(pattern))?));
        }
        let time = DateTime::from_timestamp_micros(times.value(row));
        texts.push(time.zip(known.as_ref()).map(|(time, (_, pieces))| format(time, pieces)));
    }
    Ok(array(StringArray::from(texts)))
}

/// A pattern in chrono's language, for parsing.
fn strptime(pieces: &[Piece]) -> Option<String> {
    let mut pattern = String::new();
    for piece in pieces {
        match piece {
            Piece::Chrono(part) => pattern.push_str(part),
            // chrono takes the point as part of the fraction
            Piece::Fraction(_) if pattern.ends_with('.') => {
                pattern.pop();
                pattern.push_str("%.f");
            }
            Piece::Fraction(_) | Piece::Quarter => return None,
            Piece::Text(text) => pattern.push_str(&text.replace('%', "%%")),
        }
    }
    Some(pattern)
}

/// Parses what a pattern describes; what it leaves out is the start: January, the first, midnight.
fn parse(text: &str, pattern: &str) -> Option<NaiveDateTime> {
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text.trim(), StrftimeItems::new(pattern)).ok()?;
    if parsed.month().is_none() && parsed.ordinal().is_none() {
        parsed.set_month(1).ok()?;
    }
    if parsed.day().is_none() && parsed.ordinal().is_none() {
        parsed.set_day(1).ok()?;
    }
    if parsed.year().is_none() && parsed.year_mod_100().is_none() {
        parsed.set_year(1970).ok()?;
    }
    let date = parsed.to_naive_date().ok()?;
    if parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    Some(date.and_time(parsed.to_naive_time().unwrap_or(NaiveTime::MIN)))
}

fn parse_timestamp(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, patterns, lenient) =
        (columns[0].as_string::<i32>(), columns[1].as_string::<i32>(), columns[2].as_boolean());
    let mut times = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        if texts.is_null(row) || patterns.is_null(row) {
            times.push(None);
            continue;
        }
        let (text, written) = (texts.value(row), patterns.value(row));
        let pattern =
            pieces(written).and_then(|pieces| strptime(&pieces)).ok_or_else(|| bad_pattern(written))?;
        let time = parse(text, &pattern);
        if time.is_none() && !lenient.value(row) {
            return Err(failure(SqlError::new(
                "CANNOT_PARSE_TIMESTAMP",
                format!(
                    "Text '{text}' could not be parsed with the pattern '{written}'. Use `try_to_timestamp` to tolerate invalid input string and return NULL instead"
                ),
            )));
        }
        times.push(time.map(|time| time.and_utc().timestamp_micros()));
    }
    Ok(array(TimestampMicrosecondArray::from(times).with_timezone("UTC")))
}

/// The forms in which a cast takes a time, from the day on. Days and months may have one digit.
const TIMES: &[&str] = &["", " %H", " %H:%M", " %H:%M:%S%.f"];

/// Zones at the end of a text and how far they are from UTC, in seconds.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    for name in ["Z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_suffix(name) {
            return Some((rest.trim_end(), 0));
        }
    }
    // a sign after the time is a zone; those of the date come before
    let time = text.find([' ', 'T']).unwrap_or(text.len());
    let Some(at) = text[time..].rfind(['+', '-']).map(|at| time + at) else { return Some((text, 0)) };
    let (rest, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
    let seconds = hours.parse::<i64>().ok().filter(|hours| *hours <= 18)? * 3_600
        + minutes.parse::<i64>().ok().filter(|minutes| *minutes < 60)? * 60;
    Some((rest.trim_end(), if zone.starts_with('-') { -seconds } else { seconds }))
}

/// A time as a cast reads it: `2024`, `2024-1-5`, `2024-01-05T10:00`, `2024-01-05 10:00:00.5+02:00`.
fn read(text: &str) -> Option<i64> {
    let (text, offset) = split_zone(text.trim())?;
    let text = text.replacen('T', " ", 1);
    let (day, time) =
        text.split_once(' ').map_or((text.as_str(), ""), |(day, time)| (day, time.trim_start()));
    let parts: Vec<&str> = day.split('-').collect();
    let number = |at: usize| {
        parts.get(at).map_or(Some(1), |part| part.parse::<u32>().ok().filter(|_| part.len() <= 2))
    };
    let year = parts.first().filter(|year| year.len() == 4)?.parse().ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(1)?, number(2).filter(|_| parts.len() <= 3)?)?;
    let time = if time.is_empty() { String::new() } else { format!(" {time}") };
    let full =
        TIMES.iter().find_map(|pattern| parse(&format!("{date}{time}"), &format!("%Y-%m-%d{pattern}")))?;
    Some(full.and_utc().timestamp_micros() - offset * 1_000_000)
}

fn to_timestamp(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, lenient) = (columns[0].as_string::<i32>(), columns[1].as_boolean());
    let mut times = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let text = texts.is_valid(row).then(|| texts.value(row));
        let time = text.and_then(read);
        if let (Some(text), None, false) = (text, time, lenient.value(row)) {
            return Err(failure(SqlError::malformed(text, "TIMESTAMP")));
        }
        times.push(time);
    }
    Ok(array(TimestampMicrosecondArray::from(times).with_timezone("UTC")))
}

/// Whole months if both are the same day or both the last of their months; else a fraction of 31 days.
fn months(a: NaiveDateTime, b: NaiveDateTime, round: bool) -> f64 {
    let last = |date: NaiveDate| date.succ_opt().is_none_or(|next| next.month() != date.month());
    let whole = f64::from((a.year() - b.year()) * 12) + f64::from(a.month()) - f64::from(b.month());
    if a.day() == b.day() || (last(a.date()) && last(b.date())) {
        return whole;
    }
    let seconds =
        |time: NaiveDateTime| f64::from(time.day()) * 86_400.0 + f64::from(time.num_seconds_from_midnight());
    let value = whole + (seconds(a) - seconds(b)) / (31.0 * 86_400.0);
    if round { (value * 1e8).round() / 1e8 } else { value }
}

fn months_between(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let (a, b) = (
        columns[0].as_primitive::<TimestampMicrosecondType>(),
        columns[1].as_primitive::<TimestampMicrosecondType>(),
    );
    let round = columns[2].as_boolean();
    let time = |micros: i64| DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc());
    let rows = a.iter().zip(b.iter()).zip(round.iter());
    let values = rows.map(|((a, b), round)| Some(months(time(a?)?, time(b?)?, round?)));
    Ok(array(Float64Array::from_iter(values)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float out of range becomes the last time that there is"
)]
fn from_seconds(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let seconds = columns[0].as_primitive::<datafusion::arrow::datatypes::Float64Type>();
    let micros = seconds.iter().map(|seconds| seconds.map(|seconds| (seconds * 1e6).round() as i64));
    Ok(array(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC")))
}

fn to_seconds(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let times = columns[0].as_primitive::<TimestampMicrosecondType>();
    Ok(array(times.unary::<_, Int64Type>(|micros| micros.div_euclid(1_000_000))))
}

/// Numbers of groups and limits are INT.
pub(super) fn int(column: &ArrayRef, row: usize) -> i32 {
    column.as_primitive::<Int32Type>().value(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_javas() {
        let time = DateTime::from_timestamp(1_709_528_767, 123_456_000).unwrap();
        for (pattern, expected) in [
            ("yyyy-MM-dd HH:mm:ss.SSS", "2024-03-04 05:06:07.123"),
            ("d/M/yy h a", "4/3/24 5 AM"),
            ("EEEE, MMMM", "Monday, March"),
            ("'at' HH 'o''clock'", "at 05 oclock"),
            ("yyyy'T'Q", "2024T1"),
            ("D", "64"),
        ] {
            let shown = format(time, &pieces(pattern).unwrap());
            assert_eq!(shown.replace("o'clock", "oclock"), expected, "{pattern}");
        }
        assert!(pieces("yyyy 'open").is_none() && pieces("p").is_none());
    }

    #[test]
    fn casts_read_the_forms_of_spark() {
        for (text, expected) in [
            ("2024", Some(1_704_067_200)),
            ("2024-1-5", Some(1_704_412_800)),
            (" 2024-01-05 10:00 ", Some(1_704_448_800)),
            ("2024-01-05T10:00:00.5+02:00", Some(1_704_441_600)),
            ("2024-01-05 10:00:00Z", Some(1_704_448_800)),
            ("2024-01-05 10:00:00-01", Some(1_704_452_400)),
            ("2024-13-01", None),
            ("24-01-01", None),
            ("2024-01-05 25:00", None),
            ("2024-01-01-01", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(super::read(text).map(|micros| micros.div_euclid(1_000_000)), expected, "{text}");
        }
    }

    #[test]
    fn what_a_pattern_leaves_out_is_the_start() {
        let read = |text, pattern| {
            parse(text, &strptime(&pieces(pattern).unwrap()).unwrap()).map(|time| time.to_string())
        };
        assert_eq!(read("2016-12", "yyyy-MM").as_deref(), Some("2016-12-01 00:00:00"));
        assert_eq!(read("2016-12-31 7", "yyyy-MM-dd H").as_deref(), Some("2016-12-31 07:00:00"));
        assert_eq!(
            read("31/12/2016 01:02:03.5", "dd/MM/yyyy HH:mm:ss.SSS").as_deref(),
            Some("2016-12-31 01:02:03.500")
        );
        assert_eq!(read("2016-13", "yyyy-MM"), None);
    }
}
