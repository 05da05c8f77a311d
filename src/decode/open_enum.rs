//! Enums that keep a value they do not know.

/// Declares an enum of text values whose last variant holds any other text, so that a value the
/// service added after the document was made is read, printed and written back as it came.
#[doc(hidden)]
#[macro_export]
macro_rules! open_enum {
    ($(#[$attribute:meta])* pub enum $name:ident { $($variant:ident = $value:literal),* $(,)? }) => {
        $(#[$attribute])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $value, "`")] $variant,)*
            /// A value that the document does not know, as it came.
            Unrecognized(::std::string::String),
        }

        impl $name {
            /// The values that the document knows.
            pub const VALUES: &'static [&'static str] = &[$($value),*];

            /// The value as the service writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unrecognized(value) => value,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    _ => Self::Unrecognized(value.to_owned()),
                }
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(value: ::std::string::String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl $crate::fields::OpenEnum for $name {}

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
                ::std::result::Result::Ok(Self::from(value))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                $crate::decode::text(deserializer)
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro declares what generated modules export")]
mod tests {
    open_enum! {
        /// A state.
        pub enum State { Running = "RUNNING", Unknown = "UNKNOWN" }
    }

    #[test]
    fn unknown_values_survive() {
        let read: Vec<State> = serde_json::from_str(r#"["RUNNING","HIBERNATING","UNKNOWN"]"#).unwrap();
        assert_eq!(read, [State::Running, State::Unrecognized("HIBERNATING".to_owned()), State::Unknown]);
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"["RUNNING","HIBERNATING","UNKNOWN"]"#);
        assert_eq!(read[1].to_string(), "HIBERNATING");
        assert_eq!(State::VALUES, ["RUNNING", "UNKNOWN"]);
    }

    #[test]
    fn other_types_are_an_error() {
        let error = serde_json::from_str::<State>("7").unwrap_err().to_string();
        assert!(error.contains("expected a string"), "{error}");
    }
}
