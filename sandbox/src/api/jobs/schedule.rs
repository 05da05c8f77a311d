//! When jobs run by themselves: by the fields of a Quartz expression in some time zone, or every so often.
//!
//! One task of the server's sleeps on the sandbox's clock until the next run is due. What was due while the sandbox was
//! down is not made up for, and a clock that is stepped over several times of a schedule starts one run.

use std::collections::HashMap;

use chrono::DateTime;
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use serde_json::Value;

use super::Job;
use super::launch;
use super::model::{Run, RunType, Trigger};
use super::settings::Settings;
use crate::server::{ApiError, Reply};
use crate::state::AppState;

/// When a job is to run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum When {
    Cron(Box<Cron>, Tz),
    /// Every so many milliseconds.
    Every(i64),
}

impl When {
    /// What settings say about it; nothing if they say nothing, or that it is paused.
    pub(super) fn of(settings: &Settings) -> Reply<Option<Self>> {
        let field = |name: &str| settings.rest.get(name).filter(|value| !value.is_null());
        let runs = |value: &Value| value["pause_status"] != "PAUSED";
        let schedule = match field("schedule") {
            Some(schedule) => Some(Self::cron(schedule)?).filter(|_| runs(schedule)),
            None => None,
        };
        let trigger = match field("trigger") {
            Some(trigger) if !trigger["periodic"].is_null() => {
                Some(Self::every(&trigger["periodic"])?).filter(|_| runs(trigger))
            }
            _ => None,
        };
        Ok(schedule.or(trigger))
    }

    fn cron(schedule: &Value) -> Reply<Self> {
        let text = schedule["quartz_cron_expression"].as_str().unwrap_or_default();
        let zone = schedule["timezone_id"].as_str().unwrap_or_default();
        let refused = |why: String| {
            ApiError::invalid(format!(
                "Invalid quartz_cron_expression '{text}': {why}. It has 6 or 7 fields, such as '0 30 8 ? * MON-FRI'."
            ))
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        if let (Some(month_day), Some(week_day)) = (fields.get(3), fields.get(5))
            && (*month_day == "?") == (*week_day == "?")
        {
            return Err(refused("one of the day of the month and the day of the week must be '?'".into()));
        }
        // Quartz counts days of the week from 1 for Sunday, and knows 0/15 for 'every 15 from 0 on'
        let parser =
            CronParser::builder().seconds(Seconds::Required).alternative_weekdays(true).sloppy_ranges(true);
        let cron = parser.build().parse(text).map_err(|cause| refused(cause.to_string()))?;
        let zone = zone.parse::<Tz>().map_err(|_| {
            ApiError::invalid(format!(
                "Invalid timezone_id '{zone}': it must be a name such as Europe/Berlin."
            ))
        })?;
        Ok(Self::Cron(Box::new(cron), zone))
    }

    fn every(periodic: &Value) -> Reply<Self> {
        let hours = match periodic["unit"].as_str() {
            Some("HOURS") => 1,
            Some("WEEKS") => 24 * 7,
            _ => 24,
        };
        match periodic["interval"].as_i64() {
            Some(interval @ 1..=100_000) => Ok(Self::Every(interval * hours * 3_600_000)),
            _ => Err(ApiError::invalid(
                "The interval of a periodic trigger must be a number from 1 to 100000.",
            )),
        }
    }

    /// The next time after `ms`; none if there will be no other.
    fn next(&self, ms: i64) -> Option<i64> {
        match self {
            Self::Cron(cron, zone) => {
                let now = DateTime::from_timestamp_millis(ms)?.with_timezone(zone);
                cron.find_next_occurrence(&now, false).ok().map(|time| time.timestamp_millis())
            }
            Self::Every(span) => ms.checked_add(*span),
        }
    }
}

/// Starts the runs of jobs as they become due, until the sandbox stops.
pub(crate) async fn keep(state: AppState) {
    let mut due: HashMap<i64, (When, i64)> = HashMap::new();
    let mut looked = state.now();
    loop {
        let now = state.now();
        let scheduled = scheduled(&state);
        due.retain(|id, (when, _)| scheduled.iter().any(|(known, is, _)| known == id && is == when));
        for (id, when, created) in scheduled {
            let Some(next) = when.next(now) else { continue };
            // a job that is new counts from when it was made, wherever the clock has gone since
            let first = if created >= looked { when.next(created).unwrap_or(next) } else { next };
            let time = due.entry(id).or_insert((when, first));
            if time.1 <= now {
                time.1 = next;
                begin(&state, id);
            }
        }
        looked = now;
        let next = due.values().map(|(_, time)| *time).min();
        let sleep = async {
            match next {
                Some(next) => state.clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => {}
            () = state.jobs.rescheduled.notified() => {}
            () = state.stop.cancelled() => return,
        }
    }
}

/// The jobs that run by themselves, and when they were made.
fn scheduled(state: &AppState) -> Vec<(i64, When, i64)> {
    let mut found = Vec::new();
    state.jobs.jobs.find(|job| -> Option<()> {
        // settings are checked when they come in, so an error here is of an older sandbox's making
        if let Ok(Some(when)) = When::of(&job.settings) {
            found.push((job.id, when, job.created));
        }
        None
    });
    found
}

fn begin(state: &AppState, id: i64) {
    let started = state.jobs.job(id).and_then(|job: Job| {
        job.settings.check_runnable()?;
        let run = Run { trigger: Trigger::Periodic, ..Run::new(id, RunType::Job, job.settings, state.now()) };
        launch::start(state, run, None)
    });
    if let Err(refusal) = started {
        tracing::warn!(job = id, %refusal, "a scheduled run could not be started");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn when(schedule: Value) -> Reply<Option<When>> {
        When::of(&serde_json::from_value(schedule).unwrap())
    }

    fn next(expression: &str, zone: &str, after: &str) -> String {
        let schedule = json!({"schedule": {"quartz_cron_expression": expression, "timezone_id": zone}});
        let after = DateTime::parse_from_rfc3339(after).unwrap().timestamp_millis();
        let next = when(schedule).unwrap().unwrap().next(after).unwrap();
        DateTime::from_timestamp_millis(next).unwrap().format("%FT%T").to_string()
    }

    #[test]
    fn expressions_are_read_as_quartz_does() {
        for (expression, zone, after, expected) in [
            ("0 30 8 * * ?", "UTC", "2026-03-01T09:00:00Z", "2026-03-02T08:30:00"),
            // 1 is Sunday
            ("0 0 0 ? * 1", "UTC", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00"),
            ("0 0 12 ? * MON-FRI", "UTC", "2026-03-06T13:00:00Z", "2026-03-09T12:00:00"),
            ("0 0/15 * * * ?", "UTC", "2026-03-02T10:07:00Z", "2026-03-02T10:15:00"),
            ("0 0 6 L * ?", "UTC", "2026-02-02T00:00:00Z", "2026-02-28T06:00:00"),
            ("15 0 6 ? * 6#3", "UTC", "2026-03-01T00:00:00Z", "2026-03-20T06:00:15"),
            ("0 0 8 * * ?", "Europe/Berlin", "2026-07-01T07:00:00Z", "2026-07-02T06:00:00"),
            ("0 0 8 1 1 ? 2030", "UTC", "2026-07-01T07:00:00Z", "2030-01-01T08:00:00"),
        ] {
            assert_eq!(next(expression, zone, after), expected, "{expression}");
        }
    }

    #[test]
    fn what_never_fires_is_refused_or_passed_over() {
        for (schedule, expected) in [
            (
                json!({"quartz_cron_expression": "every day", "timezone_id": "UTC"}),
                "Invalid quartz_cron_expression 'every day'",
            ),
            (
                json!({"quartz_cron_expression": "0 8 * * *", "timezone_id": "UTC"}),
                "Invalid quartz_cron_expression",
            ),
            (json!({"quartz_cron_expression": "0 0 8 * * *", "timezone_id": "UTC"}), "must be '?'"),
            (
                json!({"quartz_cron_expression": "0 0 8 * * ?", "timezone_id": "Mars"}),
                "Invalid timezone_id 'Mars'",
            ),
        ] {
            let refused = when(json!({"schedule": schedule})).unwrap_err().message;
            assert!(refused.contains(expected), "{refused}");
        }
        let paused =
            json!({"quartz_cron_expression": "0 0 8 * * ?", "timezone_id": "UTC", "pause_status": "PAUSED"});
        assert_eq!(when(json!({"schedule": paused})).unwrap(), None);
        let every = json!({"trigger": {"periodic": {"interval": 2, "unit": "DAYS"}}});
        assert_eq!(when(every).unwrap(), Some(When::Every(2 * 86_400_000)));
        assert!(when(json!({"trigger": {"periodic": {"interval": 0, "unit": "DAYS"}}})).is_err());
    }
}
