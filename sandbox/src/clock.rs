//! The time that clusters, warehouses and jobs live by.
//!
//! Everything in the sandbox that waits or stamps a time asks this clock, so a test that steps it can see a cluster
//! start, idle and terminate without waiting.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A source of time: the machine's, or one that tests step by hand. Clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Real,
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self(Source::Real)
    }

    /// A clock that stands still at the present until [`advance`](Self::advance) moves it.
    pub fn manual() -> Self {
        Self::manual_at(wall_ms())
    }

    /// A clock that stands still at `ms` milliseconds after the Unix epoch, for output that must not vary.
    pub fn manual_at(ms: i64) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(ms))))
    }

    /// Moves a manual clock forward and wakes what waited for a time that has now come. A real clock does not obey.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|ms| *ms = ms.saturating_add(millis(by)));
        }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::Real => wall_ms(),
            Source::Manual(now) => *now.borrow(),
        }
    }

    /// Returns once the clock shows `ms` or later.
    pub async fn sleep_until(&self, ms: i64) {
        match &self.0 {
            Source::Real => {
                let left = ms.saturating_sub(wall_ms()).max(0);
                tokio::time::sleep(Duration::from_millis(left.unsigned_abs())).await;
            }
            Source::Manual(now) => {
                // the sender lives in `self`, so the wait cannot fail
                let _ = now.subscribe().wait_for(|now| *now >= ms).await;
            }
        }
    }

    /// Returns once `span` has passed on this clock.
    pub async fn sleep(&self, span: Duration) {
        self.sleep_until(self.now_ms().saturating_add(millis(span))).await;
    }
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_a_sleeper_only_when_stepped_far_enough() {
        let clock = Clock::manual_at(1_000);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(3_000).await;
                clock.now_ms()
            }
        });
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.unwrap(), 3_000);
    }
}
