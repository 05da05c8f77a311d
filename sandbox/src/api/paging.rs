//! Lists in pages: a token names the place where the next page starts.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::server::{ApiError, Reply};

/// One page and the ways on from it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
    pub(crate) prev: Option<String>,
}

impl<T> Page<T> {
    /// Cuts the page that `token` names (the first one without it) out of a whole list.
    pub(crate) fn cut(all: Vec<T>, token: Option<&str>, size: usize) -> Reply<Self> {
        let start = match token {
            None | Some("") => 0,
            Some(token) => place(token)?,
        };
        Ok(Self::at(all, start, size))
    }

    /// Cuts the page that starts at an index.
    pub(crate) fn at(all: Vec<T>, start: usize, size: usize) -> Self {
        let end = start.saturating_add(size);
        let next = (end < all.len()).then(|| token_for(end));
        let prev = (start > 0).then(|| token_for(start.saturating_sub(size)));
        Self { items: all.into_iter().skip(start).take(size).collect(), next, prev }
    }

    /// The answer: the items under their name, and the tokens that there are.
    pub(crate) fn answer(self, name: &str, view: impl FnMut(T) -> Value) -> Map<String, Value> {
        let mut answer = Map::new();
        answer.insert(name.to_owned(), self.items.into_iter().map(view).collect());
        let tokens = [("next_page_token", self.next), ("prev_page_token", self.prev)];
        answer.extend(tokens.into_iter().filter_map(|(key, token)| Some((key.into(), json!(token?)))));
        answer
    }
}

/// The size of a page: what was asked for, within the service's limits.
pub(crate) fn size(asked: Option<i64>, default: usize, most: usize) -> Reply<usize> {
    match asked {
        None | Some(0) => Ok(default),
        Some(size) => usize::try_from(size).map(|size| size.min(most)).map_err(|_| {
            ApiError::invalid(format!("The page size must be between 0 and {most}, not {size}."))
        }),
    }
}

fn token_for(place: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("at:{place}"))
}

fn place(token: &str) -> Reply<usize> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.strip_prefix("at:")?.parse().ok())
        .ok_or_else(|| ApiError::invalid(format!("Invalid page token: '{token}'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once() {
        let all: Vec<i32> = (0..7).collect();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = Page::cut(all.clone(), token.as_deref(), 3).unwrap();
            seen.extend(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(Page::cut(all.clone(), Some("nonsense"), 3).is_err());
        assert!(size(Some(-1), 20, 100).is_err());
        assert_eq!(size(Some(1000), 20, 100).unwrap(), 100);
    }
}
