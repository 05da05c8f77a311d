//! Who is told of calls: where metrics and traces of a program hook in.
//!
//! Without an observer nothing is measured and nothing is paid.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Request, StatusCode};

use super::Operation;
use crate::Error;

/// Is told of calls. What it does counts as time of the call: it must not wait for anything.
///
/// ```
/// use databricks_toolkit::transport::{Ended, Observer};
///
/// #[derive(Debug)]
/// struct Slow;
///
/// impl Observer for Slow {
///     fn ended(&self, call: &Ended) {
///         if call.elapsed.as_secs() > 5 {
///             eprintln!("{} took {:?} in {} attempts", call.operation.id, call.elapsed, call.attempts);
///         }
///     }
/// }
/// ```
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// A call begins.
    fn began(&self, _operation: &'static Operation) {}

    /// An attempt is about to be sent: headers may be added, such as those of a trace.
    fn sends(&self, _operation: &'static Operation, _headers: &mut HeaderMap) {}

    /// An attempt failed and another one follows.
    fn retried(&self, _retried: &Retried) {}

    /// Bytes of an answer were read.
    fn received(&self, _operation: &'static Operation, _bytes: usize) {}

    /// A call ended. An answer that is read as a stream is not read yet.
    fn ended(&self, _ended: &Ended) {}
}

/// An attempt that failed and was made again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Retried {
    /// What was called.
    pub operation: &'static Operation,
    /// What came of the attempt.
    pub outcome: Outcome,
    /// The wait before the next one.
    pub wait: Duration,
}

/// A call that ended.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Ended {
    /// What was called.
    pub operation: &'static Operation,
    /// What came of its last attempt.
    pub outcome: Outcome,
    /// How often it was sent.
    pub attempts: u32,
    /// From its beginning to its end, waits among it.
    pub elapsed: Duration,
    /// How long it waited for the rate limit, and for others in flight.
    pub limited: Duration,
    /// Bytes of bodies that were sent in all attempts, but for those of streams.
    pub sent: u64,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The service answered with this status.
    Status(StatusCode),
    /// There was no connection, or it broke.
    Unreachable,
    /// It took longer than it may.
    Timeout,
    /// It could not be sent: no login, or a request that is none.
    NotSent,
    /// Its caller did not wait for the end.
    Dropped,
}

impl Outcome {
    /// The status, or a word for what there is in its place.
    pub fn label(&self) -> &str {
        match self {
            Self::Status(status) => status.as_str(),
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::NotSent => "not_sent",
            Self::Dropped => "dropped",
        }
    }

    /// Of an attempt that was answered with this status, or with none.
    fn of(error: &Error, status: Option<StatusCode>) -> Self {
        match error {
            Error::Transport(_) => Self::Unreachable,
            Error::Timeout { .. } => Self::Timeout,
            _ => status.map_or(Self::NotSent, Self::Status),
        }
    }
}

/// All who are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn add(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    pub(super) fn received(&self, operation: &'static Operation, bytes: usize) {
        self.0.iter().for_each(|observer| observer.received(operation, bytes));
    }

    /// Begins to watch a call.
    pub(super) fn watch(&self, operation: &'static Operation) -> Watch<'_> {
        self.0.iter().for_each(|observer| observer.began(operation));
        Watch {
            observers: &self.0,
            operation,
            began: Instant::now(),
            attempts: AtomicU32::new(0),
            status: AtomicU16::new(0),
            limited_us: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            is_told: AtomicBool::new(false),
        }
    }
}

/// One call under way. Its end is told once, also when it is dropped.
pub(super) struct Watch<'a> {
    observers: &'a [Arc<dyn Observer>],
    operation: &'static Operation,
    began: Instant,
    attempts: AtomicU32,
    /// Of the last attempt; 0 for none.
    status: AtomicU16,
    limited_us: AtomicU64,
    sent: AtomicU64,
    is_told: AtomicBool,
}

impl Watch<'_> {
    /// An attempt is sent now, after it waited for so long.
    pub(super) fn sends(&self, request: &mut Request, limited: Duration) {
        if self.observers.is_empty() {
            return;
        }
        self.attempts.fetch_add(1, Relaxed);
        self.status.store(0, Relaxed);
        self.limited_us.fetch_add(u64::try_from(limited.as_micros()).unwrap_or(u64::MAX), Relaxed);
        let bytes = request.body().and_then(|body| body.as_bytes()).map_or(0, <[u8]>::len);
        self.sent.fetch_add(bytes as u64, Relaxed);
        self.observers.iter().for_each(|observer| observer.sends(self.operation, request.headers_mut()));
    }

    pub(super) fn answered(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Relaxed);
    }

    pub(super) fn retries(&self, error: &Error, wait: Duration) {
        let retried = Retried { operation: self.operation, outcome: Outcome::of(error, self.status()), wait };
        self.observers.iter().for_each(|observer| observer.retried(&retried));
    }

    pub(super) fn end<T>(&self, result: &Result<T, Error>) {
        self.tell(match result {
            Ok(_) => self.status().map_or(Outcome::NotSent, Outcome::Status),
            Err(error) => Outcome::of(error, self.status()),
        });
    }

    fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status.load(Relaxed)).ok()
    }

    fn tell(&self, outcome: Outcome) {
        if self.is_told.swap(true, Relaxed) || self.observers.is_empty() {
            return;
        }
        let ended = Ended {
            operation: self.operation,
            outcome,
            attempts: self.attempts.load(Relaxed),
            elapsed: self.began.elapsed(),
            limited: Duration::from_micros(self.limited_us.load(Relaxed)),
            sent: self.sent.load(Relaxed),
        };
        self.observers.iter().for_each(|observer| observer.ended(&ended));
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.tell(Outcome::Dropped);
    }
}
