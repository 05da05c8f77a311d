//! Waiting for something that the workspace does, with progress, cancellation and an end.

use std::time::{Duration, Instant};

use super::{Context, ToolError};

/// The waits of a tool: short at first, longer later, up to a limit in all.
#[derive(Debug)]
pub(crate) struct Poll<'a> {
    context: &'a Context,
    started: Instant,
    limit: Duration,
    delay: Duration,
    looks: u32,
}

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

impl<'a> Poll<'a> {
    pub(crate) fn new(context: &'a Context, limit: Duration) -> Self {
        Self { context, started: Instant::now(), limit, delay: FIRST, looks: 0 }
    }

    /// Whether it waited at least a few times, so that a state from before a call is no longer shown.
    pub(crate) fn began(&self) -> bool {
        self.looks >= 3
    }

    /// Waits for the next look and says how things stand; `false` when the time is up.
    pub(crate) async fn again(&mut self, state: &str) -> Result<bool, ToolError> {
        let left = self.limit.saturating_sub(self.started.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        let elapsed = self.started.elapsed().as_secs_f64();
        self.context.progress(elapsed, Some(self.limit.as_secs_f64()), format!("{state}, {elapsed:.0} s"));
        self.context.sleep(self.delay.min(left)).await?;
        self.looks += 1;
        self.delay = (self.delay * 3 / 2).min(LONGEST);
        Ok(true)
    }
}
