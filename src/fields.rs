//! What a setter of a call takes: `.name("x")`, `.tags(["a", "b"])`, `.limit(5)`, `.owner(None)`.
//!
//! Generated setters take anything that is [`IntoField`] of the field's type, and keep what was
//! wrong with it until the call is sent, so that calls can be written in one breath.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug, Display};
use std::hash::BuildHasher;

/// What can be given for a field of type `T`: a `T`, an `Option<T>` (where `None` leaves the field
/// out), and what becomes a `T` plainly, such as `&str` for text or an array for a list.
///
/// `None` and `Vec::new()` need no type beside them: there is one `Option` and one `Vec` that fits.
pub trait IntoField<T> {
    /// The value, or `None` to leave the field out.
    ///
    /// # Errors
    /// What is wrong with the value, in words.
    fn into_field(self) -> Result<Option<T>, String>;
}

impl<T> IntoField<T> for T {
    fn into_field(self) -> Result<Option<T>, String> {
        Ok(Some(self))
    }
}

impl<T> IntoField<T> for Option<T> {
    fn into_field(self) -> Result<Option<T>, String> {
        Ok(self)
    }
}

impl<T> IntoField<Box<T>> for T {
    fn into_field(self) -> Result<Option<Box<T>>, String> {
        Ok(Some(Box::new(self)))
    }
}

impl IntoField<String> for &str {
    fn into_field(self) -> Result<Option<String>, String> {
        Ok(Some(self.to_owned()))
    }
}

impl IntoField<String> for &String {
    fn into_field(self) -> Result<Option<String>, String> {
        Ok(Some(self.clone()))
    }
}

/// Numbers of other widths, refused when they do not fit.
macro_rules! integers {
    ($($other:ty)*) => {$(
        impl IntoField<i64> for $other {
            fn into_field(self) -> Result<Option<i64>, String> {
                i64::try_from(self).map(Some).map_err(|_| format!("{self} is beyond a 64-bit integer"))
            }
        }
    )*};
}

integers!(i32 u32 u64 usize);

impl IntoField<f64> for i32 {
    fn into_field(self) -> Result<Option<f64>, String> {
        Ok(Some(f64::from(self)))
    }
}

impl<T, U: IntoField<T>, const N: usize> IntoField<Vec<T>> for [U; N] {
    fn into_field(self) -> Result<Option<Vec<T>>, String> {
        list(self)
    }
}

impl IntoField<Vec<String>> for &[&str] {
    fn into_field(self) -> Result<Option<Vec<String>>, String> {
        list(self.iter().copied())
    }
}

fn list<T, U: IntoField<T>>(values: impl IntoIterator<Item = U>) -> Result<Option<Vec<T>>, String> {
    let values: Result<Vec<_>, _> = values.into_iter().map(IntoField::into_field).collect();
    Ok(Some(values?.into_iter().flatten().collect()))
}

impl<K: Into<String>, V, W: IntoField<V>, const N: usize> IntoField<BTreeMap<String, V>> for [(K, W); N] {
    fn into_field(self) -> Result<Option<BTreeMap<String, V>>, String> {
        map(self)
    }
}

impl<V, S: BuildHasher> IntoField<BTreeMap<String, V>> for HashMap<String, V, S> {
    fn into_field(self) -> Result<Option<BTreeMap<String, V>>, String> {
        map(self)
    }
}

fn map<K: Into<String>, V, W: IntoField<V>>(
    pairs: impl IntoIterator<Item = (K, W)>,
) -> Result<Option<BTreeMap<String, V>>, String> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if let Some(value) = value.into_field()? {
            map.insert(key.into(), value);
        }
    }
    Ok(Some(map))
}

/// The value of a field that may be left out.
#[doc(hidden)]
pub fn optional<T>(name: &str, value: impl IntoField<T>) -> Result<Option<T>, String> {
    value.into_field().map_err(|error| wrong(name, error))
}

/// The value of a field that must be there.
#[doc(hidden)]
pub fn required<T>(name: &str, value: impl IntoField<T>) -> Result<T, String> {
    optional(name, value)?.ok_or_else(|| format!("`{name}` is required and was given `None`"))
}

/// A value made from another one that may not fit.
#[doc(hidden)]
pub fn made<T, E: Display>(value: Result<T, E>) -> Result<Option<T>, String> {
    value.map(Some).map_err(|error| error.to_string())
}

/// Adds a member to the fields that the document does not know.
#[doc(hidden)]
pub fn add(
    extra: &mut Result<serde_json::Map<String, serde_json::Value>, String>,
    name: impl Into<String>,
    value: impl Into<serde_json::Value>,
) {
    if let Ok(extra) = extra {
        extra.insert(name.into(), value.into());
    }
}

/// What `Debug` shows of a secret.
#[doc(hidden)]
pub struct Hidden;

impl Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

fn wrong(name: &str, error: String) -> String {
    format!("`{name}`: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_become_fields() {
        assert_eq!(optional::<String>("name", "x"), Ok(Some("x".to_owned())));
        assert_eq!(optional::<String>("name", None), Ok(None));
        assert_eq!(optional::<i64>("id", 7), Ok(Some(7)));
        assert_eq!(optional::<i64>("id", 7_usize), Ok(Some(7)));
        assert_eq!(optional::<f64>("share", 1), Ok(Some(1.0)));
        assert_eq!(optional::<Vec<String>>("tags", ["a", "b"]).unwrap().unwrap(), ["a", "b"]);
        assert_eq!(optional::<Vec<i64>>("ids", Vec::new()), Ok(Some(Vec::new())));
        let tags = optional::<BTreeMap<String, String>>("tags", [("a", "b")]).unwrap().unwrap();
        assert_eq!(tags["a"], "b");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_name() {
        let error = optional::<i64>("id", u64::MAX).unwrap_err();
        assert!(error.contains("`id`") && error.contains("64-bit"), "{error}");
        let error = required::<String>("name", None::<String>).unwrap_err();
        assert!(error.contains("`name` is required"), "{error}");
    }
}
