//! From rows to the caller's types, by serde.
//!
//! Decimals, times and intervals come as text, which the types of `rust_decimal` and `chrono` read
//! themselves; a decimal goes into a float or an integer too where that is what is asked for and it
//! fits. Binary comes as bytes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDateTime;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Column, Value};

/// One row: values beside the columns they belong to.
#[derive(Debug, Clone)]
pub struct Row {
    pub(super) columns: Arc<[Column]>,
    pub(super) values: Vec<Value>,
}

impl Row {
    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of the first column of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.columns.iter().position(|column| column.name == name)?;
        self.values.get(at)
    }

    /// The values alone.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The row as a `T`: a struct by the names of the columns, a tuple by their order, and where
    /// there is one column, its value.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(Whole(self))
    }
}

/// As JSON: an object of the columns' names; of columns with one name the last one stays.
impl serde::Serialize for Row {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().map(|column| &column.name).zip(&self.values))
    }
}

/// A whole row as a deserializer.
struct Whole(Row);

impl Whole {
    /// What a row with one column is, when no struct is asked for.
    fn only(self) -> Result<Value, Error> {
        let count = self.0.values.len();
        let mut values = self.0.values.into_iter();
        match (values.next(), count) {
            (Some(value), 1) => Ok(value),
            _ => Err(Error::custom(format_args!("a row of {count} columns cannot be read as one value"))),
        }
    }
}

macro_rules! one_column {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Whole {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Columns { columns: self.0.columns, values: self.0.values.into_iter(), at: 0 })
    }

    forward_to_deserialize_any! {
        map struct
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        SeqDeserializer::new(self.0.values.into_iter()).deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.only()?.deserialize_option(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    one_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The columns one after the other; an error names the one it is about.
struct Columns {
    columns: Arc<[Column]>,
    values: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> MapAccess<'de> for Columns {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(column) = self.columns.get(self.at).filter(|_| self.values.len() > 0) else {
            return Ok(None);
        };
        seed.deserialize(column.name.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let at = self.at;
        self.at += 1;
        let value = self.values.next().unwrap_or(Value::Null);
        seed.deserialize(value).map_err(|error| match self.columns.get(at) {
            Some(column) => {
                Error::custom(format_args!("column `{}` ({}): {error}", column.name, column.sql_type))
            }
            None => error,
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

impl<'de> IntoDeserializer<'de, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! integers {
    ($($method:ident $parsed:ty => $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self {
                Value::Decimal(text) => {
                    let whole = text.split_once('.').map_or(Some(text.as_str()), |(whole, fraction)| {
                        fraction.bytes().all(|digit| digit == b'0').then_some(whole)
                    });
                    match whole.and_then(|whole| whole.parse::<$parsed>().ok()) {
                        Some(value) => visitor.$visit(value),
                        None => Err(Error::custom(format_args!("{text} does not fit into an integer of this size"))),
                    }
                }
                Value::Timestamp(time) => visitor.visit_i64(time.timestamp_micros()),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Boolean(value) => visitor.visit_bool(value),
            Self::Int(value) => visitor.visit_i64(value),
            Self::Double(value) => visitor.visit_f64(value),
            Self::Decimal(text) | Self::String(text) | Self::Interval(text) => visitor.visit_string(text),
            Self::Binary(bytes) => visitor.visit_string(STANDARD.encode(bytes)),
            Self::TimestampNtz(time) => visitor.visit_string(local(time)),
            Self::Date(_) | Self::Timestamp(_) => visitor.visit_string(self.text().unwrap_or_default()),
            Self::Array(items) => SeqDeserializer::new(items.into_iter()).deserialize_any(visitor),
            Self::Struct(fields) => MapDeserializer::new(fields.into_iter()).deserialize_any(visitor),
            Self::Map(entries) => MapDeserializer::new(entries.into_iter()).deserialize_any(visitor),
            Self::Variant(value) => value.deserialize_any(visitor).map_err(Error::custom),
        }
    }

    integers! {
        deserialize_i8 i64 => visit_i64
        deserialize_i16 i64 => visit_i64
        deserialize_i32 i64 => visit_i64
        deserialize_i64 i64 => visit_i64
        deserialize_i128 i128 => visit_i128
        deserialize_u8 u64 => visit_u64
        deserialize_u16 u64 => visit_u64
        deserialize_u32 u64 => visit_u64
        deserialize_u64 u64 => visit_u64
        deserialize_u128 u128 => visit_u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self {
            Self::Decimal(text) => visitor.visit_f64(text.parse().map_err(Error::custom)?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Binary(bytes) => visitor.visit_byte_buf(bytes),
            _ => self.deserialize_any(visitor),
        }
    }

    /// A list of the bytes of binary, for `Vec<u8>`; a list of the fields of a struct, for a tuple.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Binary(bytes) => SeqDeserializer::new(bytes.into_iter()).deserialize_seq(visitor),
            Self::Struct(fields) => {
                SeqDeserializer::new(fields.into_iter().map(|(_, value)| value)).deserialize_seq(visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::String(text) => visitor.visit_enum(Variant(text)),
            other => {
                Err(Error::invalid_type(Unexpected::Other(other.kind()), &"a text that names a variant"))
            }
        }
    }

    forward_to_deserialize_any! {
        bool char str string unit unit_struct map struct identifier ignored_any
    }
}

/// With all the digits that `chrono` wants to read it back.
fn local(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

/// A variant of an enum that has no data.
struct Variant(String);

impl<'de> EnumAccess<'de> for Variant {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        Ok((seed.deserialize(self.0.as_str().into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Error> {
        Err(Error::custom(format_args!("the variant `{}` has data, which a text does not", self.0)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(Error::custom(format_args!("the variant `{}` has data, which a text does not", self.0)))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Error> {
        Err(Error::custom(format_args!("the variant `{}` has data, which a text does not", self.0)))
    }
}
