//! One operation over many inputs: so many at a time, results in the order of the inputs, and what
//! fails beside what does not.
//!
//! ```no_run
//! # async fn example(workspace: databricks_toolkit::Workspace, ids: Vec<i64>) {
//! use databricks_toolkit::Batch;
//!
//! let report = Batch::of(ids).concurrency(16).run(|id| workspace.jobs().get().job_id(id).send()).await;
//! println!("{} read, {} failed", report.succeeded(), report.failed().count());
//! for (index, error) in report.failed() {
//!     eprintln!("the input at {index}: {error}");
//! }
//! # }
//! ```

use std::fmt;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::stream::{self, StreamExt};

use crate::{Error, Result};

/// Inputs, and how they are gone through. The service's limits of calls hold for all of them together.
#[must_use = "nothing is sent until it is run"]
pub struct Batch<I> {
    inputs: I,
    concurrency: usize,
    stop: bool,
    listener: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Inputs that are done, well or badly.
    pub done: usize,
    /// Those of them that failed.
    pub failed: usize,
}

/// What became of each input, in their order.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report<T> {
    /// One result an input. With [`Batch::stop_at_error`] there are none after the first error.
    pub results: Vec<Result<T>>,
}

impl<T> Report<T> {
    /// How many succeeded.
    pub fn succeeded(&self) -> usize {
        self.results.iter().filter(|result| result.is_ok()).count()
    }

    /// Which inputs failed, by their index from 0, and why.
    pub fn failed(&self) -> impl Iterator<Item = (usize, &Error)> {
        let errors = self.results.iter().enumerate();
        errors.filter_map(|(index, result)| result.as_ref().err().map(|error| (index, error)))
    }

    /// All values, where none failed.
    ///
    /// # Errors
    /// The first error.
    pub fn into_values(self) -> Result<Vec<T>> {
        self.results.into_iter().collect()
    }
}

impl<I: IntoIterator> Batch<I> {
    /// A batch of these inputs, 8 at a time. An iterator is read as results come, and no sooner.
    pub fn of(inputs: I) -> Self {
        Self { inputs, concurrency: 8, stop: false, listener: None }
    }

    /// How many run at a time.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Ends with the first error, and drops what runs beside it.
    pub fn stop_at_error(mut self) -> Self {
        self.stop = true;
        self
    }

    /// Is told after each input how far it is.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// The results as they come, in the order of the inputs.
    pub fn stream<T, F>(self, operation: impl FnMut(I::Item) -> F) -> impl Stream<Item = Result<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let Self { inputs, concurrency, stop, listener } = self;
        let (mut progress, mut over) = (Progress { done: 0, failed: 0 }, false);
        let results = stream::iter(inputs).map(operation).buffered(concurrency);
        let told = results.inspect(move |result| {
            progress.done += 1;
            progress.failed += usize::from(result.is_err());
            if let Some(listener) = &listener {
                listener(progress);
            }
        });
        told.take_while(move |result| {
            let take = !over;
            over = stop && result.is_err();
            std::future::ready(take)
        })
    }

    /// Goes through all inputs.
    pub async fn run<T, F>(self, operation: impl FnMut(I::Item) -> F) -> Report<T>
    where
        F: Future<Output = Result<T>>,
    {
        let (stop, mut results) = (self.stop, Vec::new());
        let mut stream = std::pin::pin!(self.stream(operation));
        while let Some(result) = stream.next().await {
            let failed = result.is_err();
            results.push(result);
            if stop && failed {
                break;
            }
        }
        Report { results }
    }
}

impl<I> fmt::Debug for Batch<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Batch").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    async fn work(input: u64) -> Result<u64> {
        // The later ones are done first.
        tokio::time::sleep(Duration::from_millis(20 - input)).await;
        match input % 5 {
            3 => Err(Error::Unexpected { message: format!("{input}") }),
            _ => Ok(input * 10),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn results_keep_the_order_and_failures_their_place() {
        let report = Batch::of(0..20).concurrency(4).run(work).await;
        assert_eq!(report.results.len(), 20);
        assert_eq!(report.failed().map(|(index, _)| index).collect::<Vec<_>>(), [3, 8, 13, 18]);
        assert_eq!(report.results[19].as_ref().unwrap(), &190);
        assert_eq!(report.succeeded(), 16);
        assert!(report.into_values().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_run_at_once_than_are_allowed() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (running, most) = (&running, &most);
        let report = Batch::of(0..100_u64).concurrency(7).run(|input| async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1 + input % 3)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(input)
        });
        assert_eq!(report.await.succeeded(), 100);
        assert_eq!(most.load(Ordering::SeqCst), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_error_ends_it_where_that_is_wanted() {
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let batch = Batch::of(0..20).concurrency(2).stop_at_error();
        let report =
            batch.on_progress(move |progress| count.store(progress.done, Ordering::SeqCst)).run(work).await;
        assert_eq!((report.results.len(), report.succeeded()), (4, 3));
        assert_eq!(told.load(Ordering::SeqCst), 4);
    }
}
