//! What a setter of a call takes: `.name("x")`, `.tags(["a", "b"])`, `.limit(5)`, `.owner(None)`.
//!
//! Generated setters take anything that is [`IntoField`] of the field's type, and keep what was
//! wrong with it until the call is sent, so that calls can be written in one breath.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug};
use std::hash::BuildHasher;

use crate::decode::record::Record;

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

/// An enum of texts that keeps a text it does not know, so that any text is good for a field of it.
pub trait OpenEnum: for<'a> From<&'a str> + From<String> {}

// For all enums at once: one by one they would be hundreds of implementations for the same type,
// each of which the compiler compares with each.
impl<E: OpenEnum> IntoField<E> for &str {
    fn into_field(self) -> Result<Option<E>, String> {
        Ok(Some(self.into()))
    }
}

impl<E: OpenEnum> IntoField<E> for String {
    fn into_field(self) -> Result<Option<E>, String> {
        Ok(Some(self.into()))
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

/// The first thing that was wrong with what setters were given.
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem(Option<String>);

impl Problem {
    /// Sets a field, or keeps what is wrong with its value.
    pub(crate) fn set<T>(&mut self, name: &str, field: &mut Option<T>, value: impl IntoField<T>) {
        match value.into_field() {
            Ok(value) => *field = value,
            Err(error) => self.note(format!("`{name}`: {error}")),
        }
    }

    /// Sets a whole body, or keeps what is wrong with it; `None` is a body without fields.
    pub(crate) fn set_all<T: Default>(&mut self, body: &mut T, value: impl IntoField<T>) {
        match value.into_field() {
            Ok(value) => *body = value.unwrap_or_default(),
            Err(error) => self.note(error),
        }
    }

    /// Keeps what is wrong, unless something was before.
    pub(crate) fn note(&mut self, problem: String) {
        self.0.get_or_insert(problem);
    }

    /// What is wrong, if anything is.
    pub(crate) fn into_result(self) -> Result<(), String> {
        self.0.map_or(Ok(()), Err)
    }
}

/// What is said of a field that a request cannot do without.
pub(crate) fn required(name: &str) -> String {
    format!("`{name}` is required")
}

/// A value whose fields are set one by one: `Task::builder().task_key("a")`. Setters of calls and
/// of other builders take it as it is; [`Builder::build`] gives the value.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder is given to a setter, or built"]
pub struct Builder<T> {
    pub(crate) value: T,
    pub(crate) problem: Problem,
}

impl<T: Record> Builder<T> {
    /// A field that the document does not know, or `null` for one that it does.
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.value.extra_mut().insert(name.into(), value.into());
        self
    }

    /// The value.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) for a value that a setter was given and could not take, and for a
    /// required field that was not set.
    pub fn build(self) -> crate::Result<T> {
        self.checked().map_err(crate::Error::invalid_request)
    }

    fn checked(self) -> Result<T, String> {
        self.problem.into_result()?;
        match self.value.missing() {
            Some(name) => Err(required(name)),
            None => Ok(self.value),
        }
    }
}

impl<T: Record> IntoField<T> for Builder<T> {
    fn into_field(self) -> Result<Option<T>, String> {
        self.checked().map(Some)
    }
}

impl<T: Record> IntoField<Box<T>> for Builder<T> {
    fn into_field(self) -> Result<Option<Box<T>>, String> {
        Ok(Some(Box::new(self.checked()?)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn field<T>(value: impl IntoField<T>) -> Option<T> {
        value.into_field().unwrap()
    }

    #[test]
    fn plain_values_become_fields() {
        assert_eq!(field::<String>("x").unwrap(), "x");
        assert_eq!(field::<String>(None), None);
        assert_eq!(field::<i64>(7), Some(7));
        assert_eq!(field::<i64>(7_usize), Some(7));
        assert_eq!(field::<f64>(1), Some(1.0));
        assert_eq!(field::<Vec<String>>(["a", "b"]).unwrap(), ["a", "b"]);
        assert_eq!(field::<Vec<i64>>(Vec::new()), Some(Vec::new()));
        assert_eq!(field::<BTreeMap<String, String>>([("a", "b")]).unwrap()["a"], "b");
    }

    #[test]
    fn what_is_wrong_first_is_said_with_its_name() {
        let (mut problem, mut id) = (Problem::default(), None::<i64>);
        problem.set("id", &mut id, u64::MAX);
        problem.set("other", &mut id, u64::MAX);
        problem.set("id", &mut id, 7);
        let error = problem.into_result().unwrap_err();
        assert!(error.contains("`id`") && error.contains("64-bit"), "{error}");
        assert_eq!(id, Some(7));
    }
}
