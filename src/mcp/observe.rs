//! Who is told of tools' calls: where metrics of a server hook in.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// Is told of tools' calls. What it does counts as time of the call: it must not wait for anything.
pub trait ToolObserver: std::fmt::Debug + Send + Sync {
    /// A call begins.
    fn began(&self, _tool: &'static str) {}

    /// A call ended.
    fn ended(&self, _ended: &ToolEnded) {}

    /// Something was looked up among what is kept of former answers.
    fn looked_up(&self, _kept: &'static str, _was_there: bool) {}
}

/// A tool's call that ended.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ToolEnded {
    /// Its name; `unknown` for one that the server does not have.
    pub tool: &'static str,
    /// What came of it.
    pub outcome: ToolOutcome,
    /// From its beginning to its end, the wait for its turn among it.
    pub elapsed: Duration,
    /// Bytes of the answer's text.
    pub bytes: usize,
}

/// What came of a tool's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolOutcome {
    /// It has an answer.
    Done,
    /// It failed.
    Failed,
    /// It was not made: wrong arguments, a rule, a person who said no.
    Refused,
    /// It took longer than it may.
    Timeout,
    /// Its client did not wait for the end.
    Cancelled,
}

impl ToolOutcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }
}

/// All who are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolObservers(Vec<Arc<dyn ToolObserver>>);

impl ToolObservers {
    pub(crate) fn add(&mut self, observer: Arc<dyn ToolObserver>) {
        self.0.push(observer);
    }

    pub(crate) fn looked_up(&self, kept: &'static str, was_there: bool) {
        self.0.iter().for_each(|observer| observer.looked_up(kept, was_there));
    }

    /// Begins to watch a call.
    pub(crate) fn watch(&self, tool: &'static str) -> ToolWatch {
        self.0.iter().for_each(|observer| observer.began(tool));
        ToolWatch { observers: self.clone(), tool, began: Instant::now(), is_told: false }
    }
}

/// A call under way. Its end is told once, also when it is dropped.
pub(crate) struct ToolWatch {
    observers: ToolObservers,
    tool: &'static str,
    began: Instant,
    is_told: bool,
}

impl ToolWatch {
    pub(crate) fn end(mut self, outcome: ToolOutcome, bytes: usize) {
        self.tell(outcome, bytes);
    }

    fn tell(&mut self, outcome: ToolOutcome, bytes: usize) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let ended = ToolEnded { tool: self.tool, outcome, elapsed: self.began.elapsed(), bytes };
        self.observers.0.iter().for_each(|observer| observer.ended(&ended));
    }
}

impl Drop for ToolWatch {
    fn drop(&mut self) {
        self.tell(ToolOutcome::Cancelled, 0);
    }
}
