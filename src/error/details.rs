//! What the service adds to an error: the details of `google.rpc`, typed, and all others as they came.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Something that the service adds to an error.
///
/// A detail of a known type that cannot be read as such is [`Other`](Detail::Other), so that nothing is
/// lost; a member that a type has no field for is kept in its `extra`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Detail {
    /// The cause, for programs.
    ErrorInfo(ErrorInfo),
    /// Which request it was.
    RequestInfo(RequestInfo),
    /// When to try again.
    RetryInfo(RetryInfo),
    /// What only the service's own people understand.
    DebugInfo(DebugInfo),
    /// Which quotas are used up.
    QuotaFailure(QuotaFailure),
    /// What would have had to hold.
    PreconditionFailure(PreconditionFailure),
    /// Which fields of the request are wrong.
    BadRequest(BadRequest),
    /// Which thing could not be reached.
    ResourceInfo(ResourceInfo),
    /// Where to read on.
    Help(Help),
    /// Anything else, as it came.
    Other(Value),
}

/// What stands before the name of a type in `@type`.
const PREFIX: &str = "type.googleapis.com/google.rpc.";

/// Makes the reading and the writing of the types of one list, so that they cannot disagree.
macro_rules! known {
    ($($name:ident),*) => {
        impl Detail {
            pub(super) fn read(value: &Value) -> Self {
                let name = value.get("@type").and_then(Value::as_str).and_then(|name| name.strip_prefix(PREFIX));
                let read = match name {
                    $(Some(stringify!($name)) => members(value).map(Self::$name),)*
                    _ => None,
                };
                read.unwrap_or_else(|| Self::Other(value.clone()))
            }

            /// The detail as JSON, with the `@type` that it came with.
            pub fn to_json(&self) -> Value {
                match self {
                    $(Self::$name(detail) => with_type(stringify!($name), detail),)*
                    Self::Other(value) => value.clone(),
                }
            }
        }
    };
}

known!(
    ErrorInfo,
    RequestInfo,
    RetryInfo,
    DebugInfo,
    QuotaFailure,
    PreconditionFailure,
    BadRequest,
    ResourceInfo,
    Help
);

fn members<T: for<'de> Deserialize<'de>>(value: &Value) -> Option<T> {
    let mut members = value.as_object()?.clone();
    members.shift_remove("@type");
    serde_json::from_value(Value::Object(members)).ok()
}

fn with_type<T: Serialize>(name: &str, detail: &T) -> Value {
    let mut whole = Map::from_iter([("@type".to_owned(), Value::from(format!("{PREFIX}{name}")))]);
    if let Ok(Value::Object(members)) = serde_json::to_value(detail) {
        whole.extend(members);
    }
    Value::Object(whole)
}

/// Makes a type of details: every field may be absent, as in all of `google.rpc`.
macro_rules! detail {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty $(= $alias:literal)?,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_about])* $(#[serde(alias = $alias)])? pub $field: $type,)*
            /// What else stands there.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
        }
    };
}

detail! {
    /// The cause of an error, for programs.
    ErrorInfo {
        /// The cause, such as `QUOTA_EXCEEDED`; one of few in a domain.
        reason: String,
        /// Where the reason belongs, such as `unity-catalog.databricks.com`.
        domain: String,
        /// What else is known of the cause.
        metadata: BTreeMap<String, String>,
    }
}

detail! {
    /// Which request failed, for the service's support.
    RequestInfo {
        /// The id by which the service knows it.
        request_id: String = "requestId",
        /// What served it.
        serving_data: String = "servingData",
    }
}

detail! {
    /// When the call may be tried again.
    RetryInfo {
        /// The least wait.
        #[serde(with = "seconds")]
        retry_delay: Option<Duration> = "retryDelay",
    }
}

detail! {
    /// What only the service's own people understand.
    DebugInfo {
        /// Where in the service it happened.
        stack_entries: Vec<String> = "stackEntries",
        /// What it says beside.
        detail: String,
    }
}

detail! {
    /// Which quotas are used up.
    QuotaFailure {
        /// One each.
        violations: Vec<QuotaViolation>,
    }
}

detail! {
    /// A quota that is used up.
    QuotaViolation {
        /// Whose it is, such as `workspace:123`.
        subject: String,
        /// How it was exceeded.
        description: String,
    }
}

detail! {
    /// What would have had to hold.
    PreconditionFailure {
        /// One each.
        violations: Vec<PreconditionViolation>,
    }
}

detail! {
    /// A condition that does not hold.
    PreconditionViolation {
        /// Its kind.
        #[serde(rename = "type")]
        kind: String,
        /// Of what.
        subject: String,
        /// How it can be met.
        description: String,
    }
}

detail! {
    /// Which fields of the request are wrong.
    BadRequest {
        /// One each.
        field_violations: Vec<FieldViolation> = "fieldViolations",
    }
}

detail! {
    /// A field that is wrong.
    FieldViolation {
        /// Its path in the request, such as `tasks[0].notebook_task`.
        field: String,
        /// Why it is wrong.
        description: String,
    }
}

detail! {
    /// Which thing could not be reached.
    ResourceInfo {
        /// Its kind.
        resource_type: String = "resourceType",
        /// Its name.
        resource_name: String = "resourceName",
        /// Whose it is.
        owner: String,
        /// What happened to it.
        description: String,
    }
}

detail! {
    /// Where to read on.
    Help {
        /// One each.
        links: Vec<HelpLink>,
    }
}

detail! {
    /// A page to read.
    HelpLink {
        /// What it offers.
        description: String,
        /// Its address.
        url: String,
    }
}

/// Durations as protobuf writes them in JSON: seconds with an `s`, such as `3.5s`.
mod seconds {
    use super::*;

    pub(super) fn serialize<S: Serializer>(delay: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        delay.map(|delay| format!("{}s", delay.as_secs_f64())).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let seconds = text.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
        let delay = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        delay.map(Some).ok_or_else(|| serde::de::Error::custom("no number of seconds with an `s`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(name: &str, members: Value) -> Value {
        let mut whole = json!({ "@type": format!("{PREFIX}{name}") });
        let Value::Object(members) = members else { panic!("no object") };
        whole.as_object_mut().unwrap().extend(members);
        whole
    }

    #[test]
    fn every_known_type_is_read_and_written_with_nothing_lost() {
        for (name, members) in [
            ("ErrorInfo", json!({"reason": "R", "domain": "d", "metadata": {"a": "b"}})),
            ("RequestInfo", json!({"request_id": "1", "serving_data": "x"})),
            ("RetryInfo", json!({"retry_delay": "3.5s"})),
            ("DebugInfo", json!({"stack_entries": ["a", "b"], "detail": "x"})),
            ("QuotaFailure", json!({"violations": [{"subject": "s", "description": "d"}]})),
            (
                "PreconditionFailure",
                json!({"violations": [{"type": "t", "subject": "s", "description": "d"}]}),
            ),
            ("BadRequest", json!({"field_violations": [{"field": "f", "description": "d", "new": 1}]})),
            (
                "ResourceInfo",
                json!({"resource_type": "t", "resource_name": "n", "owner": "o", "description": "d", "new": [1]}),
            ),
            ("Help", json!({"links": [{"description": "d", "url": "https://example.com"}]})),
        ] {
            let sent = sample(name, members);
            let read = Detail::read(&sent);
            assert!(!matches!(read, Detail::Other(_)), "{name}");
            assert!(format!("{read:?}").starts_with(name), "{read:?}");
            assert_eq!(read.to_json(), sent);
        }
    }

    #[test]
    fn names_are_read_in_both_spellings() {
        let Detail::BadRequest(read) =
            Detail::read(&sample("BadRequest", json!({"fieldViolations": [{"field": "f"}]})))
        else {
            panic!("not read")
        };
        assert_eq!(read.field_violations[0].field, "f");
        let Detail::RetryInfo(read) = Detail::read(&sample("RetryInfo", json!({"retryDelay": "2s"}))) else {
            panic!("not read")
        };
        assert_eq!(read.retry_delay, Some(Duration::from_secs(2)));
    }

    #[test]
    fn what_is_not_known_or_not_right_is_kept_as_it_came() {
        for value in [
            json!("text"),
            json!({"no": "type"}),
            json!({"@type": "type.googleapis.com/google.rpc.New", "a": 1}),
            sample("RetryInfo", json!({"retry_delay": "soon"})),
            sample("RetryInfo", json!({"retry_delay": "-1s"})),
            sample("ErrorInfo", json!({"metadata": ["a"]})),
            sample("Help", json!({"links": "none"})),
        ] {
            let read = Detail::read(&value);
            assert_eq!(read, Detail::Other(value.clone()));
            assert_eq!(read.to_json(), value);
        }
    }
}
