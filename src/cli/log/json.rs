//! Events as JSON, an object a line.
//!
//! Own code, since the formatter of tracing-subscriber turns on features of tracing-core, by which all that logs,
//! DataFusion among it, would be compiled anew.

use std::fmt::{self, Debug};

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Formats events, and the fields of spans.
pub(super) struct Json;

/// Fields as members of an object.
struct Members(Map<String, Value>);

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }
}

impl Members {
    fn set(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl<'w> FormatFields<'w> for Json {
    /// One object after the other, one each time that fields are recorded.
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut members = Members(Map::new());
        fields.record(&mut members);
        writeln!(writer, "{}", Value::Object(members.0))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, Json> for Json {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Json>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Members(Map::new());
        let about = event.metadata();
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        line.0.insert("timestamp".to_owned(), now.into());
        line.0.insert("level".to_owned(), about.level().as_str().into());
        line.0.insert("target".to_owned(), about.target().into());
        event.record(&mut line);
        // The innermost span says what the event belongs to.
        if let Some(span) = context.lookup_current() {
            let mut members = Map::from_iter([("name".to_owned(), span.name().into())]);
            if let Some(fields) = span.extensions().get::<FormattedFields<Json>>() {
                let recorded = serde_json::Deserializer::from_str(fields.as_str()).into_iter::<Map<_, _>>();
                // What is recorded again is newer.
                members.extend(recorded.flatten().flatten());
            }
            line.0.insert("span".to_owned(), Value::Object(members));
        }
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn an_event_is_one_line_with_the_fields_of_its_span() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        let layer = tracing_subscriber::fmt::layer().fmt_fields(Json).event_format(Json).with_writer(writer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("call", operation = "jobs_list", attempt = tracing::field::Empty);
            span.record("attempt", 1);
            span.record("attempt", 2);
            let _entered = span.enter();
            tracing::warn!(status = 503, slow = true, error = %"no\n\"answer\"", "failed");
        });
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1, "{text}");
        let (line, span) = (&lines[0], &lines[0]["span"]);
        assert_eq!((&line["level"], &line["message"]), (&"WARN".into(), &"failed".into()));
        assert_eq!((&line["status"], &line["slow"]), (&503.into(), &true.into()));
        assert_eq!(line["error"], "no\n\"answer\"");
        assert_eq!((&span["name"], &span["operation"]), (&"call".into(), &"jobs_list".into()));
        assert_eq!(span["attempt"], 2);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
}
