//! Which failures are tried again, and when.
//!
//! A read is tried again after any failure that may pass. A write is tried again only when it
//! surely had no effect: the connection was refused, or the service said "later".

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::RetryClass;
use crate::Error;

/// How often and how long a failed call is tried again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// All attempts and waits of a call together end within this; 5 minutes unless set. Zero turns
    /// retries off.
    pub budget: Duration,
    /// The first wait where the service names none; doubled each time, with jitter. 500 ms unless set.
    pub first_delay: Duration,
    /// The longest wait where the service names none; 10 s unless set.
    pub max_delay: Duration,
}

/// How often a connection is tried before the caller is told.
const CONNECT_ATTEMPTS: u32 = 4;

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            budget: Duration::from_secs(300),
            first_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    pub fn none() -> Self {
        Self { budget: Duration::ZERO, ..Self::default() }
    }

    /// The same with another budget.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// The same with another first wait.
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    pub(super) fn delays(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first_delay)
            .with_max_delay(self.max_delay)
            .without_max_times()
            .with_jitter()
            .build()
    }
}

/// How long to wait before the next attempt; `None` where another one is of no use or not safe.
pub(super) fn wait(error: &Error, class: RetryClass, delays: &mut ExponentialBackoff) -> Option<Duration> {
    let safe = class == RetryClass::Safe;
    match error {
        // A host that is not there now will hardly be there in a minute: the caller is told soon.
        Error::Transport(failure) if failure.is_connect() => {
            (failure.attempts < CONNECT_ATTEMPTS).then(|| delays.next()).flatten()
        }
        Error::Transport(_) => safe.then(|| delays.next()).flatten(),
        Error::Api(api) => {
            let named = api.retry_after();
            let again = match api.status() {
                StatusCode::TOO_MANY_REQUESTS => true,
                StatusCode::SERVICE_UNAVAILABLE => safe || named.is_some(),
                StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => safe,
                _ => false,
            };
            let delay = delays.next()?;
            again.then_some(named.unwrap_or(delay))
        }
        _ => None,
    }
}

/// The wait that the service names, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())])
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        let wait = retry_after(&headers(&date)).unwrap();
        assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(60), "{wait:?}");
        let past = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(60));
        assert_eq!(retry_after(&headers(&past)), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("soon")), None);
        assert_eq!(retry_after(&headers("-1")), None);
    }
}
