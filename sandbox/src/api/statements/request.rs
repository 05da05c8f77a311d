//! What a caller may ask of a statement, and the service's rules for it.

use std::time::Duration;

use serde::Deserialize;

use crate::api::lenient;
use crate::server::{ApiError, Reply};
use crate::sql::{Parameter, Session};

/// The longest statement that the service takes.
const LONGEST: usize = 16 << 20;

/// The body of a request.
#[derive(Deserialize)]
pub(super) struct Request {
    statement: String,
    warehouse_id: String,
    /// A session that was opened before; what it knows is not in the documents, but clients of SQL use it.
    session_id: Option<String>,
    catalog: Option<String>,
    schema: Option<String>,
    #[serde(default)]
    parameters: Vec<Marker>,
    wait_timeout: Option<String>,
    #[serde(default)]
    on_wait_timeout: OnTimeout,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    row_limit: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    byte_limit: Option<i64>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize)]
struct Marker {
    /// Without one it is the next `?`.
    #[serde(default)]
    name: String,
    value: Option<String>,
    r#type: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OnTimeout {
    #[default]
    Continue,
    Cancel,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Disposition {
    #[default]
    Inline,
    // what may be either is always links here
    #[serde(alias = "INLINE_OR_EXTERNAL_LINKS")]
    ExternalLinks,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Format {
    #[default]
    JsonArray,
    ArrowStream,
    Csv,
}

impl Format {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::JsonArray => "JSON_ARRAY",
            Self::ArrowStream => "ARROW_STREAM",
            Self::Csv => "CSV",
        }
    }
}

/// A request that keeps the rules.
pub(super) struct Order {
    pub(super) session_id: Option<String>,
    pub(super) warehouse: String,
    pub(super) text: String,
    pub(super) session: Session,
    pub(super) wait: Duration,
    pub(super) on_timeout: OnTimeout,
    pub(super) byte_limit: Option<usize>,
    pub(super) disposition: Disposition,
    pub(super) format: Format,
}

impl Request {
    /// Checks the fields, alone and together.
    pub(super) fn check(self) -> Reply<Order> {
        if self.statement.trim().is_empty() {
            return Err(ApiError::invalid("The statement must not be empty."));
        }
        if self.statement.len() > LONGEST {
            return Err(ApiError::invalid(format!("The statement must not have more than {LONGEST} bytes.")));
        }
        let wait = wait(self.wait_timeout.as_deref())?;
        if wait.is_zero() && self.on_wait_timeout == OnTimeout::Cancel {
            return Err(ApiError::invalid(
                "on_wait_timeout cannot be CANCEL when wait_timeout is 0s: without a wait there is no timeout.",
            ));
        }
        if self.disposition == Disposition::Inline && self.format != Format::JsonArray {
            return Err(ApiError::invalid(format!(
                "The format {} needs the disposition EXTERNAL_LINKS; INLINE results are JSON_ARRAY.",
                self.format.text()
            )));
        }
        let parameters = self.parameters.into_iter().enumerate().map(|(at, marker)| Parameter {
            name: if marker.name.is_empty() { format!("?{at}") } else { marker.name },
            value: marker.value,
            type_name: marker.r#type,
        });
        let named =
            |name: Option<String>| name.filter(|name| !name.is_empty()).map(|name| name.to_lowercase());
        let mut session = Session::default();
        session.catalog = named(self.catalog);
        session.schema = named(self.schema);
        session.parameters = parameters.collect();
        session.row_limit = limit("row_limit", self.row_limit)?;
        Ok(Order {
            session_id: self.session_id,
            warehouse: self.warehouse_id,
            text: self.statement,
            session,
            wait,
            on_timeout: self.on_wait_timeout,
            byte_limit: limit("byte_limit", self.byte_limit)?,
            disposition: self.disposition,
            format: self.format,
        })
    }
}

fn limit(field: &str, asked: Option<i64>) -> Reply<Option<usize>> {
    match asked {
        None => Ok(None),
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit > 0)
            .map(Some)
            .ok_or_else(|| ApiError::invalid(format!("{field} must be greater than 0, not {limit}."))),
    }
}

/// `0s`, or `5s` to `50s`; ten seconds if it is not given.
fn wait(text: Option<&str>) -> Reply<Duration> {
    let Some(text) = text else { return Ok(Duration::from_secs(10)) };
    let seconds = text.strip_suffix('s').and_then(|number| number.parse::<u64>().ok());
    match seconds {
        Some(seconds @ (0 | 5..=50)) => Ok(Duration::from_secs(seconds)),
        _ => Err(ApiError::invalid(format!(
            "wait_timeout must be 0s (do not wait) or between 5s and 50s, not '{text}'."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_nothing_or_five_to_fifty_seconds() {
        assert_eq!(wait(None).unwrap().as_secs(), 10);
        for (text, expected) in [
            ("0s", Some(0)),
            ("5s", Some(5)),
            ("50s", Some(50)),
            ("4s", None),
            ("51s", None),
            ("10", None),
            ("-5s", None),
            ("s", None),
        ] {
            assert_eq!(wait(Some(text)).ok().map(|span| span.as_secs()), expected, "{text}");
        }
    }
}
