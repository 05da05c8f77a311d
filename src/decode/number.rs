//! Numbers that the service may send as text: int64 beyond what JavaScript holds, and floats that
//! JSON cannot say.
//!
//! Used by generated fields: `#[serde(with = "…::required")]` and `#[serde(with = "…::optional")]`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

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

/// For a field that must be there.
pub mod required {
    use super::*;

    /// Reads a number or its text.
    ///
    /// # Errors
    /// What is neither.
    pub fn deserialize<'de, T: Lenient, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(NumberVisitor(PhantomData))
    }

    /// Writes the number.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Lenient, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }
}

/// For a field that may be absent or null.
pub mod optional {
    use super::*;

    struct OptionVisitor<T>(PhantomData<T>);

    impl<'de, T: Lenient> Visitor<'de> for OptionVisitor<T> {
        type Value = Option<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(T::EXPECTED)
        }

        fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            required::deserialize(deserializer).map(Some)
        }
    }

    /// Reads a number, its text, or nothing.
    ///
    /// # Errors
    /// What is none of these.
    pub fn deserialize<'de, T: Lenient, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_option(OptionVisitor(PhantomData))
    }

    /// Writes the number, or null.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Lenient, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Numbers {
        #[serde(with = "super::required")]
        id: i64,
        #[serde(default, with = "super::optional", skip_serializing_if = "Option::is_none")]
        score: Option<f64>,
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
    fn what_is_no_number_is_an_error() {
        let error = serde_json::from_str::<Numbers>(r#"{"id": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("64-bit integer"), "{error}");
        assert!(serde_json::from_str::<Numbers>(r#"{"id": 1.5}"#).is_err());
    }
}
