//! Lists that come in pages, as streams of their items.
//!
//! The calls are generated: every list has `stream()`, which sends the next call when its items are
//! asked for and not before.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// A future in a box.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The items of a list, page by page, or the rows of a result, chunk by chunk. A [`Stream`] of
/// `Result<T>` that ends after the first error.
pub struct Items<T> {
    inner: Pin<Box<dyn Stream<Item = Result<T>> + Send>>,
}

impl<T> Items<T> {
    /// The items of any stream, up to its first error.
    #[allow(dead_code, reason = "used by what makes streams of several calls")]
    pub(crate) fn until_error(items: impl Stream<Item = Result<T>> + Send + 'static) -> Self
    where
        T: Send + 'static,
    {
        let items = items.scan(false, |failed, item| {
            let before = std::mem::replace(failed, item.is_err());
            std::future::ready((!before).then_some(item))
        });
        Self { inner: Box::pin(items) }
    }

    /// The next item; sends the call for the next page where that is needed.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.inner.next().await
    }

    /// All items.
    ///
    /// # Errors
    /// The first error of any page; what came before it is lost.
    pub async fn collect_all(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Items").finish_non_exhaustive()
    }
}

/// How a page is fetched.
pub(crate) type Fetch<C, P> = fn(&C) -> Boxed<Result<P>>;

/// How an answer is read as a page, given the call that it answers.
pub(crate) type Split<C, P, T> = fn(C, P) -> Result<Page<C, T>>;

/// One page, and the call for the next with the mark that tells it from this one.
pub(crate) struct Page<C, T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<(String, C)>,
}

struct State<C> {
    call: Option<C>,
    mark: Option<String>,
    seen: HashSet<String>,
}

/// Sends `call`, then the call that each page names, until one names none. Items with a `key` that
/// came before are left out: lists by offset repeat items when others are added meanwhile.
pub(crate) fn items<C, P, T>(
    call: C,
    key: Option<fn(&T) -> Option<&str>>,
    send: Fetch<C, P>,
    split: Split<C, P, T>,
) -> Items<T>
where
    C: Send + 'static,
    P: 'static,
    T: Send + 'static,
{
    let state = State { call: Some(call), mark: None, seen: HashSet::new() };
    let pages = stream::unfold(state, move |mut state| async move {
        let call = state.call.take()?;
        // What is awaited owns what it needs of the call, which need not be shared with it.
        let sending = send(&call);
        let page = match sending.await.and_then(|page| split(call, page)) {
            Ok(page) => page,
            Err(error) => return Some((vec![Err(error)], state)),
        };
        let seen = &mut state.seen;
        let is_new = |item: &T| match key.and_then(|key| key(item)) {
            Some(key) => seen.insert(key.to_owned()),
            None => true,
        };
        let mut items: Vec<Result<T>> = page.items.into_iter().filter(is_new).map(Ok).collect();
        if let Some((mark, call)) = page.next {
            // The same mark again would go round for ever.
            if state.mark.as_ref() == Some(&mark) {
                let message = format!("the service names page `{mark}` as its own next page");
                items.push(Err(Error::Unexpected { message }));
            } else {
                state.call = Some(call);
                state.mark = Some(mark);
            }
        }
        Some((items, state))
    });
    Items { inner: Box::pin(pages.flat_map(stream::iter)) }
}

/// A type with the same fields under another name: what an answer gives as the next request.
pub(crate) fn same_fields<T: DeserializeOwned>(value: &impl Serialize) -> Result<T> {
    serde_json::to_value(value).and_then(serde_json::from_value).map_err(|error| Error::Unexpected {
        message: format!("the next page that the service names is no request for one: {error}"),
    })
}

/// What tells one page from another, when the request for it is a whole body.
pub(crate) fn mark(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static SENT: AtomicU32 = AtomicU32::new(0);

    /// Three pages, of which the middle one is empty.
    fn three(page: &u32) -> Boxed<Result<Page<u32, u32>>> {
        let page = *page;
        SENT.fetch_add(1, Ordering::SeqCst);
        let items = if page == 1 { vec![] } else { vec![page * 10, page * 10 + 1] };
        let next = (page < 2).then(|| ((page + 1).to_string(), page + 1));
        Box::pin(async move { Ok(Page { items, next }) })
    }

    /// The pages above are pages already.
    fn as_it_is<T>(_: u32, page: Page<u32, T>) -> Result<Page<u32, T>> {
        Ok(page)
    }

    #[tokio::test]
    async fn pages_are_fetched_when_they_are_asked_for() {
        let mut items = items(0, None, three, as_it_is);
        assert_eq!(SENT.load(Ordering::SeqCst), 0);
        assert_eq!(items.next().await.unwrap().unwrap(), 0);
        assert_eq!(SENT.load(Ordering::SeqCst), 1);
        assert_eq!(items.collect_all().await.unwrap(), [1, 20, 21]);
        assert_eq!(SENT.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_circle_is_an_error_and_not_for_ever() {
        fn circle(page: &u32) -> Boxed<Result<Page<u32, u32>>> {
            let page = *page;
            Box::pin(async move { Ok(Page { items: vec![page], next: Some(("same".to_owned(), page + 1)) }) })
        }
        let items: Vec<_> = items(0, None, circle, as_it_is).collect().await;
        assert_eq!(items.len(), 3);
        assert!(items[2].as_ref().unwrap_err().to_string().contains("its own next page"));
    }

    #[tokio::test]
    async fn an_item_that_moved_to_the_next_page_comes_once() {
        fn shifting(page: &u32) -> Boxed<Result<Page<u32, &'static str>>> {
            let page = *page;
            let items = if page == 0 { vec!["a", "b"] } else { vec!["b", "c"] };
            let next = (page == 0).then(|| ("1".to_owned(), 1));
            Box::pin(async move { Ok(Page { items, next }) })
        }
        let all = items(0, Some(|item: &&'static str| Some(*item)), shifting, as_it_is)
            .collect_all()
            .await
            .unwrap();
        assert_eq!(all, ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn an_error_is_the_last_item() {
        fn broken(page: &u32) -> Boxed<Result<Page<u32, u32>>> {
            let page = *page;
            Box::pin(async move {
                match page {
                    0 => Ok(Page { items: vec![0], next: Some(("1".to_owned(), 1)) }),
                    _ => Err(Error::Unexpected { message: "gone".to_owned() }),
                }
            })
        }
        let all: Vec<_> = items(0, None, broken, as_it_is).collect().await;
        assert!(matches!(&all[..], [Ok(0), Err(_)]), "{all:?}");
    }
}
