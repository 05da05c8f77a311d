//! Lists that come in pages, as streams of their items.
//!
//! The calls are generated: every list has `stream()`, which sends the next call when its items are
//! asked for and not before.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{self, StreamExt};

use crate::{Error, Result};

/// A future in a box.
#[doc(hidden)]
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The items of a list, page by page. A stream of `Result<T>`; it ends after the first error.
pub struct Items<'a, T> {
    inner: Pin<Box<dyn Stream<Item = Result<T>> + Send + 'a>>,
}

impl<T> Items<'_, T> {
    /// All items.
    ///
    /// # Errors
    /// The first error of any page; what came before it is lost.
    pub async fn collect_all(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(item) = self.inner.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

impl<T> Stream for Items<'_, T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Items<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Items").finish_non_exhaustive()
    }
}

/// One page, and the call for the next with the mark that tells it from this one.
#[doc(hidden)]
pub struct Page<C, T> {
    pub items: Vec<T>,
    pub next: Option<(String, C)>,
}

struct State<C> {
    call: Option<C>,
    mark: Option<String>,
}

/// Sends `call`, then the call that each page names, until one names none.
#[doc(hidden)]
pub fn items<'a, C, T>(call: C, send: fn(C) -> Boxed<'a, Result<Page<C, T>>>) -> Items<'a, T>
where
    C: Send + 'a,
    T: Send + 'a,
{
    let pages = stream::unfold(State { call: Some(call), mark: None }, move |mut state| async move {
        let call = state.call.take()?;
        let page = match send(call).await {
            Ok(page) => page,
            Err(error) => return Some((vec![Err(error)], state)),
        };
        let mut items: Vec<Result<T>> = page.items.into_iter().map(Ok).collect();
        if let Some((mark, call)) = page.next {
            // The same token again would go round for ever.
            if state.mark.as_ref() == Some(&mark) {
                items.push(Err(Error::invalid_request(format!("the service names page `{mark}` as its own next page"))));
            } else {
                state = State { call: Some(call), mark: Some(mark) };
            }
        }
        Some((items, state))
    });
    Items { inner: Box::pin(pages.flat_map(stream::iter)) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static SENT: AtomicU32 = AtomicU32::new(0);

    /// Three pages, of which the middle one is empty.
    fn three(page: u32) -> Boxed<'static, Result<Page<u32, u32>>> {
        SENT.fetch_add(1, Ordering::SeqCst);
        let items = if page == 1 { vec![] } else { vec![page * 10, page * 10 + 1] };
        let next = (page < 2).then(|| ((page + 1).to_string(), page + 1));
        Box::pin(async move { Ok(Page { items, next }) })
    }

    fn circle(page: u32) -> Boxed<'static, Result<Page<u32, u32>>> {
        Box::pin(async move { Ok(Page { items: vec![page], next: Some(("same".to_owned(), page + 1)) }) })
    }

    #[tokio::test]
    async fn pages_are_fetched_when_they_are_asked_for() {
        let mut items = items(0, three);
        assert_eq!(SENT.load(Ordering::SeqCst), 0);
        assert_eq!(items.next().await.unwrap().unwrap(), 0);
        assert_eq!(SENT.load(Ordering::SeqCst), 1);
        assert_eq!(items.collect_all().await.unwrap(), [1, 20, 21]);
        assert_eq!(SENT.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_circle_is_an_error_and_not_for_ever() {
        let items: Vec<_> = items(0, circle).collect().await;
        assert_eq!(items.len(), 3);
        assert!(items[2].as_ref().unwrap_err().to_string().contains("its own next page"));
    }
}
