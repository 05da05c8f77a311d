//! A typed answer as JSON with the wanted fields alone: what is not wanted is never made.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::Serializer as Plain;
use serde_json::{Error, Map, Value};

/// Wanted fields by their dotted paths, through lists.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    /// Whether a path ends here: all that is below is wanted.
    whole: bool,
    fields: Vec<(&'a str, Wanted<'a>)>,
    /// Fields that were there and not wanted.
    dropped: RefCell<BTreeSet<String>>,
}

impl<'a> Wanted<'a> {
    /// All fields where there is no path.
    pub(super) fn of(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wanted = Self::default();
        for path in paths {
            let mut place = &mut wanted;
            for part in path.split('.') {
                let at = place.fields.iter().position(|(name, _)| *name == part).unwrap_or_else(|| {
                    place.fields.push((part, Self::default()));
                    place.fields.len() - 1
                });
                place = &mut place.fields[at].1;
            }
            place.whole = true;
        }
        wanted.whole = wanted.fields.is_empty();
        wanted
    }

    /// How many fields were dropped, whatever the number of records that had them.
    pub(super) fn dropped(&self) -> usize {
        self.dropped.borrow().len() + self.fields.iter().map(|(_, below)| below.dropped()).sum::<usize>()
    }

    /// # Errors
    /// What is no JSON.
    pub(super) fn choose<T: Serialize + ?Sized>(&self, value: &T) -> Result<Value, Error> {
        value.serialize(Choosing(self))
    }
}

/// Chooses within objects, lists of them, and what wraps either; anything else is wanted as it is.
struct Choosing<'a>(&'a Wanted<'a>);

macro_rules! plain {
    ($($method:ident($kind:ty))*) => {$(
        fn $method(self, value: $kind) -> Result<Value, Error> {
            Plain.$method(value)
        }
    )*};
}

impl<'a> Serializer for Choosing<'a> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = <Plain as Serializer>::SerializeTuple;
    type SerializeTupleStruct = <Plain as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant = <Plain as Serializer>::SerializeTupleVariant;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = <Plain as Serializer>::SerializeStruct;
    type SerializeStructVariant = <Plain as Serializer>::SerializeStructVariant;

    plain! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_f32(f32)
        serialize_f64(f64) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_unit_struct(&'static str)
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items<'a>, Error> {
        Ok(Items { wanted: self.0, items: Vec::with_capacity(length.unwrap_or_default()) })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, Error> {
        Ok(Fields { wanted: self.0, fields: Map::new(), name: None })
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        at: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        Plain.serialize_unit_variant(name, at, variant)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        at: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Plain.serialize_newtype_variant(name, at, variant, value)
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, Error> {
        Plain.serialize_tuple(length)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Plain.serialize_tuple_struct(name, length)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        at: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Plain.serialize_tuple_variant(name, at, variant, length)
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, Error> {
        Plain.serialize_struct(name, length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        at: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Plain.serialize_struct_variant(name, at, variant, length)
    }
}

struct Items<'a> {
    wanted: &'a Wanted<'a>,
    items: Vec<Value>,
}

impl SerializeSeq for Items<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.items.push(self.wanted.choose(value)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.items))
    }
}

struct Fields<'a> {
    wanted: &'a Wanted<'a>,
    fields: Map<String, Value>,
    name: Option<String>,
}

impl SerializeMap for Fields<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.name = Some(match name.serialize(Plain)? {
            Value::String(name) => name,
            other => other.to_string(),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Some(name) = self.name.take() else { return Ok(()) };
        if self.wanted.whole {
            self.fields.insert(name, self.wanted.choose(value)?);
            return Ok(());
        }
        match self.wanted.fields.iter().find(|(wanted, _)| *wanted == name) {
            Some((_, below)) => drop(self.fields.insert(name, below.choose(value)?)),
            None => drop(self.wanted.dropped.borrow_mut().insert(name)),
        }
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Object(self.fields))
    }
}
