//! Objects all of whose members may be absent, which is what answers are: read and written member
//! by member, unknown ones kept.
//!
//! Serde's derive would do it too, at the price of a buffer for every object with unknown members
//! and of ten times the code to compile.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, DebugStruct};

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Extra;
use super::number::{Numbers, Read, Written};
use crate::fields::Hidden;

/// An object all of whose members may be absent.
#[doc(hidden)]
pub trait Record: Default {
    /// The name of the type.
    const NAME: &'static str;

    /// Reads the value of a member; `false`, without reading it, where there is no such field.
    ///
    /// # Errors
    /// Those of the deserializer.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut Reader<'_, A>,
    ) -> Result<bool, A::Error>;

    /// Writes the fields that are there.
    fn write<M: Members>(&self, members: &mut M);

    /// The unknown members.
    fn extra(&self) -> &Extra;

    /// The unknown members, to add to them.
    fn extra_mut(&mut self) -> &mut Extra;

    /// The first field that a request cannot do without and that is not there.
    fn missing(&self) -> Option<&'static str> {
        None
    }
}

/// The first of these fields that is not there.
#[doc(hidden)]
pub fn missing(fields: &[(&'static str, bool)]) -> Option<&'static str> {
    fields.iter().find(|(_, is_there)| !is_there).map(|(name, _)| *name)
}

/// Reads the members of an object into fields. `Ok(true)` says that the member was read.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reader<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> Reader<'_, A> {
    /// Reads a value as serde does it.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn get<T: Deserialize<'de>>(&mut self, field: &mut Option<T>) -> Result<bool, A::Error> {
        *field = self.0.next_value()?;
        Ok(true)
    }

    /// Reads an object into its box, which a value of its size would be moved to.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn boxed<T: Record>(&mut self, field: &mut Option<Box<T>>) -> Result<bool, A::Error> {
        self.0.next_value_seed(InPlace(field))?;
        Ok(true)
    }

    /// Reads a list of objects, each into its place.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn list<T: Record>(&mut self, field: &mut Option<Vec<T>>) -> Result<bool, A::Error> {
        self.0.next_value_seed(InPlace(field))?;
        Ok(true)
    }

    /// Reads numbers that may be text.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn numbers<T: Numbers>(&mut self, field: &mut Option<T>) -> Result<bool, A::Error> {
        *field = self.0.next_value::<Read<Option<T>>>()?.0;
        Ok(true)
    }

    /// Reads any JSON, of which null is one.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn any(&mut self, field: &mut Option<Value>) -> Result<bool, A::Error> {
        *field = Some(self.0.next_value()?);
        Ok(true)
    }

    /// Reads a map of text; a key whose value is null is not there.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn texts(&mut self, field: &mut Option<BTreeMap<String, String>>) -> Result<bool, A::Error> {
        *field = self.0.next_value::<Option<Texts>>()?.map(|texts| texts.0);
        Ok(true)
    }
}

/// What the fields that are there are written to.
#[doc(hidden)]
pub trait Members {
    /// Writes a field that is there.
    fn put<T: Serialize + Debug>(&mut self, name: &'static str, value: &Option<T>);

    /// Writes numbers that are there.
    fn numbers<T: Numbers + Debug>(&mut self, name: &'static str, value: &Option<T>);

    /// Writes a secret that is there.
    fn secret<T: Serialize>(&mut self, name: &'static str, value: &Option<T>);
}

/// The members of a JSON object; keeps the first error.
struct Json<M: SerializeMap> {
    members: M,
    error: Option<M::Error>,
}

impl<M: SerializeMap> Json<M> {
    fn write<T: Serialize>(&mut self, name: &'static str, value: Option<T>) {
        if let (Some(value), None) = (value, &self.error) {
            self.error = self.members.serialize_entry(name, &value).err();
        }
    }
}

impl<M: SerializeMap> Members for Json<M> {
    fn put<T: Serialize + Debug>(&mut self, name: &'static str, value: &Option<T>) {
        self.write(name, value.as_ref());
    }

    fn numbers<T: Numbers + Debug>(&mut self, name: &'static str, value: &Option<T>) {
        self.write(name, value.as_ref().map(Written));
    }

    fn secret<T: Serialize>(&mut self, name: &'static str, value: &Option<T>) {
        self.write(name, value.as_ref());
    }
}

/// What `Debug` shows of a record: the fields that are there, and of a secret only that it is.
struct Shown<'a, 'b>(DebugStruct<'a, 'b>);

impl Members for Shown<'_, '_> {
    fn put<T: Serialize + Debug>(&mut self, name: &'static str, value: &Option<T>) {
        if let Some(value) = value {
            self.0.field(name, value);
        }
    }

    fn numbers<T: Numbers + Debug>(&mut self, name: &'static str, value: &Option<T>) {
        if let Some(value) = value {
            self.0.field(name, value);
        }
    }

    fn secret<T: Serialize>(&mut self, name: &'static str, value: &Option<T>) {
        if value.is_some() {
            self.0.field(name, &Hidden);
        }
    }
}

/// Shows a record as `Debug` does.
///
/// # Errors
/// Those of the formatter.
#[doc(hidden)]
pub fn debug<T: Record>(record: &T, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = Shown(formatter.debug_struct(T::NAME));
    record.write(&mut shown);
    for (name, value) in record.extra().iter() {
        shown.0.field(name, value);
    }
    shown.0.finish()
}

/// Reads an object.
///
/// # Errors
/// Those of the deserializer.
#[doc(hidden)]
pub fn deserialize<'de, T: Record, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut record = T::default();
    InPlace(&mut record).deserialize(deserializer)?;
    Ok(record)
}

/// Writes an object.
///
/// # Errors
/// Those of the serializer.
#[doc(hidden)]
pub fn serialize<T: Record, S: Serializer>(record: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut json = Json { members: serializer.serialize_map(None)?, error: None };
    record.write(&mut json);
    if let Some(error) = json.error {
        return Err(error);
    }
    let mut members = json.members;
    for (name, value) in record.extra().iter() {
        members.serialize_entry(name, value)?;
    }
    members.end()
}

/// Reads into the place that it points to: a record of many fields is too large to be handed from
/// function to function.
struct InPlace<'a, T>(&'a mut T);

impl<'de, T: Record> DeserializeSeed<'de> for InPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Record> Visitor<'de> for InPlace<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "struct {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let record = self.0;
        while let Some(Name(name)) = members.next_key()? {
            if !record.read(&name, &mut Reader(&mut members))? {
                record.extra_mut().insert(name.into_owned(), members.next_value()?);
            }
        }
        Ok(())
    }
}

impl<'de, T: Record> DeserializeSeed<'de> for InPlace<'_, Option<Box<T>>> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Record> Visitor<'de> for InPlace<'_, Option<Box<T>>> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "struct {} or null", T::NAME)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        InPlace(self.0.insert(Box::default()).as_mut()).deserialize(deserializer)
    }
}

impl<'de, T: Record> DeserializeSeed<'de> for InPlace<'_, Option<Vec<T>>> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Record> Visitor<'de> for InPlace<'_, Option<Vec<T>>> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of struct {} or null", T::NAME)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(InPlace(self.0.insert(Vec::new())))
    }
}

impl<'de, T: Record> Visitor<'de> for InPlace<'_, Vec<T>> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of struct {}", T::NAME)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let list = self.0;
        // Most lists within others hold one item; a vector that grows by itself begins with four.
        list.reserve_exact(1);
        while items.next_element_seed(Pushed(list))?.is_some() {}
        Ok(())
    }
}

/// Reads the next item of a list at its end.
struct Pushed<'a, T>(&'a mut Vec<T>);

impl<'de, T: Record> DeserializeSeed<'de> for Pushed<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.push(T::default());
        match self.0.last_mut() {
            Some(item) => InPlace(item).deserialize(deserializer),
            None => Ok(()),
        }
    }
}

/// A map of text without the keys whose value is null.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map of text")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Texts, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((name, value)) = members.next_entry::<String, Option<String>>()? {
                    if let Some(value) = value {
                        texts.insert(name, value);
                    }
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_map(TextsVisitor)
    }
}

/// A member's name, without a copy where the input has it as it is.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a member's name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }

            fn visit_string<E: Error>(self, name: String) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name)))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Serde's traits and `Debug` for a record.
#[doc(hidden)]
#[macro_export]
macro_rules! record {
    ($name:ident) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::decode::record::deserialize(deserializer)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::decode::record::serialize(self, serializer)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::decode::record::debug(self, formatter)
            }
        }
    };
}
