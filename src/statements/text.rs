//! From the text of a cell to its value, by the type of its column.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::value::RawValue;

use super::{SqlType, Value};

/// Reads a cell of a `JSON_ARRAY` result.
///
/// # Errors
/// What the text should have been.
pub(super) fn value(text: &str, kind: &SqlType) -> Result<Value, String> {
    let not = |what: &str| format!("`{}` is not {what}", shown(text));
    Ok(match kind {
        SqlType::Boolean => match text {
            _ if text.eq_ignore_ascii_case("true") => Value::Boolean(true),
            _ if text.eq_ignore_ascii_case("false") => Value::Boolean(false),
            _ => return Err(not("true or false")),
        },
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            Value::Int(text.parse().map_err(|_| not("an integer"))?)
        }
        SqlType::Float | SqlType::Double => Value::Double(text.parse().map_err(|_| not("a number"))?),
        SqlType::Decimal { scale, .. } => decimal(text, *scale).ok_or_else(|| not(&format!("a {kind}")))?,
        SqlType::Binary => Value::Binary(STANDARD.decode(text).map_err(|_| not("base64"))?),
        SqlType::Date => Value::Date(NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| not("a date"))?),
        SqlType::Timestamp => Value::Timestamp(
            DateTime::parse_from_rfc3339(text).map_err(|_| not("a time with its zone"))?.to_utc(),
        ),
        SqlType::TimestampNtz => Value::TimestampNtz(local(text).ok_or_else(|| not("a time without zone"))?),
        SqlType::Interval => Value::Interval(text.to_owned()),
        SqlType::Array(_) | SqlType::Map(..) | SqlType::Struct(_) => {
            let raw: &RawValue = serde_json::from_str(text).map_err(|_| not("JSON"))?;
            nested(raw, kind)?
        }
        SqlType::Variant => Value::Variant(serde_json::from_str(text).map_err(|_| not("JSON"))?),
        SqlType::Void if text.eq_ignore_ascii_case("null") => Value::Null,
        SqlType::String | SqlType::Void | SqlType::Other(_) => Value::String(text.to_owned()),
    })
}

/// The beginning of a text that may be long.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// With as many digits after the point as the type has, so that one number has one text.
fn decimal(text: &str, scale: i8) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    let missing = usize::try_from(scale).ok()?.checked_sub(fraction.len())?;
    if !(some && plain(whole) && plain(fraction)) {
        return None;
    }
    let point = if fraction.is_empty() && missing > 0 { "." } else { "" };
    Some(Value::Decimal(format!("{text}{point}{}", "0".repeat(missing))))
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let form = if text.contains('T') { "%Y-%m-%dT%H:%M:%S%.f" } else { "%Y-%m-%d %H:%M:%S%.f" };
    NaiveDateTime::parse_from_str(text, form).ok()
}

/// A value within another one. Numbers are read from their own text, which a number of JSON's
/// parser would round.
fn nested(raw: &RawValue, kind: &SqlType) -> Result<Value, String> {
    let json = raw.get();
    if json == "null" {
        return Ok(Value::Null);
    }
    let not = |what: &str| format!("`{}` is not {what}", shown(json));
    match kind {
        SqlType::Array(item) => {
            let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| not("a list"))?;
            items.into_iter().map(|raw| nested(raw, item)).collect::<Result<_, _>>().map(Value::Array)
        }
        SqlType::Struct(fields) => {
            let mut members = pairs(json).ok_or_else(|| not("an object"))?;
            let mut values = Vec::with_capacity(fields.len());
            for (name, kind) in fields {
                let at = members.iter().position(|(key, _)| key == name);
                let value = at.map(|at| members.swap_remove(at).1);
                values.push((name.clone(), value.map_or(Ok(Value::Null), |raw| nested(raw, kind))?));
            }
            Ok(Value::Struct(values))
        }
        SqlType::Map(key, item) => {
            let members = pairs(json).ok_or_else(|| not("an object"))?;
            let entry = |(name, raw): (String, &RawValue)| Ok((value(&name, key)?, nested(raw, item)?));
            members.into_iter().map(entry).collect::<Result<_, String>>().map(Value::Map)
        }
        SqlType::Variant => serde_json::from_str(json).map(Value::Variant).map_err(|_| not("JSON")),
        _ if json.starts_with('"') => {
            let text: String = serde_json::from_str(json).map_err(|_| not("text"))?;
            value(&text, kind)
        }
        _ => value(json, kind),
    }
}

/// The members of an object in their order, keys that repeat included.
fn pairs(json: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Pairs;
    impl<'de> serde::de::Visitor<'de> for Pairs {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(json), Pairs).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, kind: &str) -> Value {
        value(text, &SqlType::parse(kind)).unwrap()
    }

    #[test]
    fn every_type_is_read_exactly() {
        let long = "12345678901234567890.123456789012345678";
        assert_eq!(read(long, "decimal(38,18)"), Value::Decimal(long.to_owned()));
        assert_eq!(read("-1", "decimal(5,2)"), Value::Decimal("-1.00".to_owned()));
        assert_eq!(read("0.5", "decimal(5,2)"), Value::Decimal("0.50".to_owned()));
        assert_eq!(read("-9223372036854775808", "bigint"), Value::Int(i64::MIN));
        assert_eq!(read("0.1", "double"), Value::Double(0.1));
        assert!(matches!(read("NaN", "double"), Value::Double(value) if value.is_nan()));
        assert_eq!(read("-Infinity", "float"), Value::Double(f64::NEG_INFINITY));
        assert_eq!(read("AAH/", "binary"), Value::Binary(vec![0, 1, 255]));
        assert_eq!(read("2024-02-29", "date").text().unwrap(), "2024-02-29");
        let zoned = read("2024-06-01T12:00:00.123456+02:00", "timestamp");
        assert_eq!(zoned.text().unwrap(), "2024-06-01T10:00:00.123456Z");
        let local = read("2024-06-01T12:00:00.123", "timestamp_ntz");
        assert_eq!(local.text().unwrap(), "2024-06-01T12:00:00.123");
        assert_eq!(read("1-2", "interval year to month"), Value::Interval("1-2".to_owned()));
    }

    #[test]
    fn what_is_nested_is_read_exactly_too() {
        let kind = "struct<a: array<decimal(38,2)>, b: map<int, string>, c: variant, d: int>";
        let text = r#"{"a":[123456789012345678901234567890.12,"0.10",null],"b":{"2":"x","1":"y"},"c":{"k":[1]},"e":0}"#;
        let Value::Struct(fields) = read(text, kind) else { panic!("a struct") };
        let digits = |text: &str| Value::Decimal(text.to_owned());
        let expected = vec![digits("123456789012345678901234567890.12"), digits("0.10"), Value::Null];
        assert_eq!(fields[0].1, Value::Array(expected));
        let Value::Map(entries) = &fields[1].1 else { panic!("a map") };
        assert_eq!(entries[0], (Value::Int(2), Value::String("x".to_owned())));
        assert_eq!(fields[2].1, Value::Variant(serde_json::json!({ "k": [1] })));
        assert_eq!(fields[3].1, Value::Null);
    }

    #[test]
    fn a_text_that_does_not_fit_is_an_error_that_shows_it() {
        for (text, kind) in [
            ("1.5", "int"),
            ("maybe", "boolean"),
            ("1e5", "decimal"),
            ("1.234", "decimal(5,2)"),
            ("[1", "array<int>"),
        ] {
            let error = value(text, &SqlType::parse(kind)).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
