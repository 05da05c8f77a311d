//! Numbers that the service may send as text: int64 beyond what JavaScript holds, and floats that
//! JSON cannot say.
//!
//! Used by generated fields: `#[serde(with = "crate::decode::number")]`, whether a field is a number or an `Option`,
//! list or map of numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number that may arrive as text.
pub trait Lenient: Sized + Copy {
    /// What is expected, for messages.
    const EXPECTED: &'static str;
    /// From a JSON integer.
    fn from_i64(value: i64) -> Option<Self>;
    /// From a JSON number with a fraction or exponent.
    fn from_f64(value: f64) -> Option<Self>;
    /// From text.
    fn from_text(text: &str) -> Option<Self>;
    /// As the service would send it.
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl Lenient for i64 {
    const EXPECTED: &'static str = "a 64-bit integer, or one as text";

    fn from_i64(value: i64) -> Option<Self> {
        Some(value)
    }

    fn from_f64(value: f64) -> Option<Self> {
        // 1e3 and 1.0 are integers; what has a fraction or is beyond 2^53 would not come back the same.
        let whole = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
        whole.then_some(value as i64)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self)
    }
}

impl Lenient for f64 {
    const EXPECTED: &'static str = "a number, or \"NaN\", \"Infinity\" or \"-Infinity\"";

    fn from_i64(value: i64) -> Option<Self> {
        Some(value as f64)
    }

    fn from_f64(value: f64) -> Option<Self> {
        Some(value)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_finite() {
            return serializer.serialize_f64(self);
        }
        serializer.serialize_str(match self {
            value if value.is_nan() => "NaN",
            value if value > 0.0 => "Infinity",
            _ => "-Infinity",
        })
    }
}

struct NumberVisitor<T>(PhantomData<T>);

impl<T: Lenient> Visitor<'_> for NumberVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::from_i64(value).ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        let number = match i64::try_from(value) {
            Ok(value) => T::from_i64(value),
            Err(_) => T::from_f64(value as f64),
        };
        number.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        T::from_f64(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A number that may arrive as text, or what is made of such numbers.
pub trait Numbers: Sized {
    /// Reads numbers or their text.
    ///
    /// # Errors
    /// What is neither.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Writes the numbers.
    ///
    /// # Errors
    /// Those of the serializer.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Lenient> Numbers for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Lenient::write(*self, serializer)
    }
}

impl<T: Numbers> Numbers for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Read<T>>::deserialize(deserializer)?.map(|read| read.0))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Written).serialize(serializer)
    }
}

impl<T: Numbers> Numbers for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Read<T>>::deserialize(deserializer)?.into_iter().map(|read| read.0).collect())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }
}

impl<T: Numbers> Numbers for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = BTreeMap::<String, Read<T>>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|(key, read)| (key, read.0)).collect())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (key, Written(value))))
    }
}

/// Numbers as serde's own lists and maps read them.
pub(super) struct Read<T>(pub(super) T);

impl<'de, T: Numbers> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

/// Numbers as serde's own lists and maps write them.
pub(super) struct Written<'a, T>(pub(super) &'a T);

impl<T: Numbers> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Reads a field.
///
/// # Errors
/// What is no number, nor one as text.
pub fn deserialize<'de, T: Numbers, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// Writes a field.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Numbers, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Numbers {
        #[serde(with = "super")]
        id: i64,
        #[serde(default, with = "super", skip_serializing_if = "Option::is_none")]
        score: Option<f64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Many {
        #[serde(default, with = "super", skip_serializing_if = "Option::is_none")]
        table: Option<Vec<Vec<i64>>>,
        #[serde(with = "super")]
        shares: BTreeMap<String, f64>,
    }

    #[test]
    fn text_is_read_as_a_number() {
        let read: Numbers = serde_json::from_str(r#"{"id": "9223372036854775807", "score": 1}"#).unwrap();
        assert_eq!(read, Numbers { id: i64::MAX, score: Some(1.0) });
        let nothing: Numbers = serde_json::from_str(r#"{"id": 1e3, "score": null}"#).unwrap();
        assert_eq!(nothing, Numbers { id: 1000, score: None });
    }

    #[test]
    fn nan_survives_a_read_and_a_write() {
        let read: Numbers = serde_json::from_str(r#"{"id":1,"score":"NaN"}"#).unwrap();
        assert!(read.score.unwrap().is_nan());
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"id":1,"score":"NaN"}"#);
    }

    #[test]
    fn lists_and_maps_are_as_lenient() {
        let read: Many = serde_json::from_str(
            r#"{"table": [["9007199254740993", 1.0], []], "shares": {"a": "NaN", "b": 1}}"#,
        )
        .unwrap();
        assert_eq!(read.table, Some(vec![vec![9_007_199_254_740_993, 1], vec![]]));
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(written, r#"{"table":[[9007199254740993,1],[]],"shares":{"a":"NaN","b":1.0}}"#);
        let nothing: Many = serde_json::from_str(r#"{"table": null, "shares": {}}"#).unwrap();
        assert_eq!(nothing, Many { table: None, shares: BTreeMap::new() });
        assert!(serde_json::from_str::<Many>(r#"{"shares": {"a": "x"}}"#).is_err());
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let error = serde_json::from_str::<Numbers>(r#"{"id": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("64-bit integer"), "{error}");
        assert!(serde_json::from_str::<Numbers>(r#"{"id": 1.5}"#).is_err());
    }
}
