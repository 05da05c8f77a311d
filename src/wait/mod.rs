//! Waiting for what a call started: `call.and_wait()`.
//!
//! The calls are generated from the documents' `x-databricks-wait` (a state that is polled until it
//! is a final one) and `x-databricks-lro` (an operation that is polled until it is done).

mod error;
mod look;

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

pub use error::{WaitError, WaitReason};
pub(crate) use look::{Finished, Look, failed, finished};

use crate::Result;
use crate::paging::Boxed;

/// What is waited for, as the document has it.
pub(crate) struct Waiter {
    pub(crate) operation: &'static str,
    pub(crate) success: &'static [&'static str],
    pub(crate) failure: &'static [&'static str],
    pub(crate) timeout_minutes: u64,
}

type OnProgress<P> = Box<dyn FnMut(Progress<'_, P>) + Send>;

/// A call that is sent when this is awaited, and polled until what it started is over.
///
/// Dropping the future stops the waiting; what was started goes on.
///
/// `T` is what it gives in the end, `P` what each poll answers.
#[must_use = "nothing is sent until it is awaited"]
pub struct Wait<T, P = T> {
    operation: &'static str,
    timeout: Duration,
    interval: Option<Duration>,
    progress: Option<OnProgress<P>>,
    until: Option<Boxed<()>>,
    start: Boxed<Result<Started<P>>>,
    look: Box<dyn Fn(&P) -> Look<'_> + Send + Sync>,
    finish: fn(P) -> Result<T>,
}

/// What a call started: how to poll it, and what is known of it already.
pub(crate) struct Started<P> {
    pub(crate) poll: Box<dyn FnMut() -> Boxed<Result<P>> + Send>,
    pub(crate) first: Option<P>,
}

/// How far it is, at each poll.
#[non_exhaustive]
#[derive(Debug)]
pub struct Progress<'a, P> {
    /// The state, as the service names it.
    pub state: Option<&'a str>,
    /// What the service says of the state.
    pub message: Option<&'a str>,
    /// The time since the waiting began.
    pub elapsed: Duration,
    /// The polls so far, this one included.
    pub polls: u32,
    /// The whole answer of the poll.
    pub answer: &'a P,
}

impl<T, P> Wait<T, P> {
    pub(crate) fn new(
        waiter: &'static Waiter,
        start: Boxed<Result<Started<P>>>,
        look: impl Fn(&P) -> Look<'_> + Send + Sync + 'static,
        finish: fn(P) -> Result<T>,
    ) -> Self {
        Self {
            operation: waiter.operation,
            timeout: Duration::from_secs(60 * waiter.timeout_minutes),
            interval: None,
            progress: None,
            until: None,
            start,
            look: Box::new(look),
            finish,
        }
    }

    /// The longest time to wait, in the place of the document's (mostly 20 minutes).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The time between two polls; unless it is set, 1 s at first and a second more each time, up
    /// to 10 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Is told at each poll how far it is.
    pub fn on_progress(mut self, progress: impl FnMut(Progress<'_, P>) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Stops waiting when this future completes, with [`WaitReason::Cancelled`]. What was started
    /// goes on.
    pub fn until(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.until = Some(Box::pin(cancelled));
        self
    }

    async fn run(self) -> Result<T> {
        let Self { operation, timeout, interval, mut progress, until, start, look, finish } = self;
        let mut state = None;
        let polling = async {
            let Started { mut poll, mut first } = start.await?;
            let began = Instant::now();
            let over = |state: &Option<String>| {
                WaitError::new(operation, state.clone(), WaitReason::Timeout(timeout))
            };
            for polls in 1_u32.. {
                let answer = match first.take() {
                    Some(answer) => answer,
                    None => match tokio::time::timeout(timeout.saturating_sub(began.elapsed()), poll()).await
                    {
                        Ok(answer) => answer?,
                        Err(_) => return Err(over(&state).into()),
                    },
                };
                let seen = look(&answer);
                state = seen.state.map(str::to_owned);
                if let Some(progress) = &mut progress {
                    let (state, message) = (seen.state, seen.message);
                    progress(Progress { state, message, elapsed: began.elapsed(), polls, answer: &answer });
                }
                match seen.finished {
                    Some(Finished::Well) => return finish(answer),
                    Some(Finished::Badly) => {
                        let reason = WaitReason::Failed(seen.message.map(str::to_owned));
                        return Err(WaitError::new(operation, state, reason).into());
                    }
                    None => {}
                }
                let pause = interval.unwrap_or_else(|| backoff(polls));
                if began.elapsed() + pause >= timeout {
                    return Err(over(&state).into());
                }
                tokio::time::sleep(pause).await;
            }
            Err(over(&state).into())
        };
        match until {
            None => polling.await,
            Some(until) => tokio::select! {
                biased;
                () = until => Err(WaitError::new(operation, None, WaitReason::Cancelled).into()),
                result = polling => result,
            },
        }
    }
}

/// A second more each time, up to ten, and up to a tenth of it more so that many do not poll at once.
fn backoff(polls: u32) -> Duration {
    let seconds = Duration::from_secs(u64::from(polls.min(10)));
    // The clock's fine digits are random enough for that.
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    seconds + seconds.mul_f64(f64::from(nanos % 1000) / 10_000.0)
}

impl<T: Send + 'static, P: Send + Sync + 'static> IntoFuture for Wait<T, P> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<T, P> fmt::Debug for Wait<T, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wait")
            .field("operation", &self.operation)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Sends `start`, whose answer says what to poll, and polls until a final state.
pub(crate) fn state<C, P>(
    waiter: &'static Waiter,
    start: Boxed<Result<C>>,
    poll: fn(C) -> Boxed<Result<P>>,
    look: fn(&P) -> (Option<&str>, Option<&str>),
) -> Wait<P>
where
    C: Clone + Send + 'static,
    P: Send + Sync + 'static,
{
    let start = Box::pin(async move { Ok(started(start.await?, poll, None)) });
    Wait::new(waiter, start, move |answer| Look::at(waiter, look(answer)), Ok)
}

/// Sends `start`, whose answer is an operation, and polls it until it is done.
pub(crate) fn operation<C, T, P>(
    waiter: &'static Waiter,
    start: Boxed<Result<(C, P)>>,
    poll: fn(C) -> Boxed<Result<P>>,
    done: fn(&P) -> bool,
    finish: fn(P) -> Result<T>,
) -> Wait<T, P>
where
    C: Clone + Send + 'static,
    P: Send + Sync + 'static,
{
    let start = Box::pin(async move {
        let (call, first) = start.await?;
        Ok(started(call, poll, Some(first)))
    });
    Wait::new(waiter, start, move |answer| Look::done(done(answer)), finish)
}

fn started<C, P>(call: C, poll: fn(C) -> Boxed<Result<P>>, first: Option<P>) -> Started<P>
where
    C: Clone + Send + 'static,
    P: 'static,
{
    Started { poll: Box::new(move || poll(call.clone())), first }
}

#[cfg(test)]
mod tests;
