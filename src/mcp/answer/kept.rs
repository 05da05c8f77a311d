//! Whole answers of which a part was shown, kept for a while so that the rest can be read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// What the address of a kept answer begins with.
const PREFIX: &str = "databricks://answers/";
/// Most bytes of all kept answers, and of one of them.
const MOST_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const MOST_OF_ONE: usize = 24 * 1024 * 1024;
/// How long one is kept.
const AGE: Duration = Duration::from_secs(60 * 60);

/// A whole answer of which a part was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptAnswer {
    /// Its address.
    pub uri: String,
    /// `text/plain`: JSON, then tables as CSV and long texts under their names.
    pub mime_type: &'static str,
    /// The content.
    pub text: Arc<str>,
}

/// The kept answers of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// The oldest first.
    answers: VecDeque<(Instant, String, Arc<str>)>,
    bytes: usize,
}

impl Shelf {
    /// Keeps a text; `None` for one that is too long.
    pub(crate) fn keep(&self, text: &str) -> Option<String> {
        self.keep_at(text, Instant::now())
    }

    fn keep_at(&self, text: &str, now: Instant) -> Option<String> {
        if text.len() > MOST_OF_ONE {
            return None;
        }
        // Nobody else's answer can be guessed: what calls answer is for who made them.
        let mut id = [0; 12];
        SystemRandom::new().fill(&mut id).ok()?;
        let uri = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(id));
        let mut kept = self.lock();
        kept.drop_old(now, MOST_BYTES - text.len());
        kept.bytes += text.len();
        kept.answers.push_back((now, uri.clone(), text.into()));
        Some(uri)
    }

    /// A kept answer by its address.
    pub(crate) fn get(&self, uri: &str) -> Option<KeptAnswer> {
        self.get_at(uri, Instant::now())
    }

    fn get_at(&self, uri: &str, now: Instant) -> Option<KeptAnswer> {
        let mut kept = self.lock();
        kept.drop_old(now, MOST_BYTES);
        let (_, uri, text) = kept.answers.iter().find(|(_, known, _)| known == uri.trim())?;
        Some(KeptAnswer { uri: uri.clone(), mime_type: "text/plain", text: Arc::clone(text) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Drops what is too old, and the oldest until no more than so many bytes are left.
    fn drop_old(&mut self, now: Instant, bytes: usize) {
        while let Some((since, _, text)) = self.answers.front() {
            if self.bytes <= bytes && now.duration_since(*since) < AGE {
                break;
            }
            self.bytes -= text.len();
            self.answers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_a_while() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let uri = shelf.keep_at("whole", now).unwrap();
        assert!(uri.len() == PREFIX.len() + 16 && uri != shelf.keep_at("whole", now).unwrap(), "{uri}");
        assert_eq!(&*shelf.get_at(&uri, now).unwrap().text, "whole");
        assert!(shelf.get_at(&uri, now + AGE / 2).is_some());
        assert_eq!(shelf.get_at(&uri, now + AGE), None);
        assert_eq!(shelf.lock().bytes, 0);
    }

    #[test]
    fn the_oldest_make_room() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let text = "x".repeat(MOST_OF_ONE);
        let uris: Vec<String> = (0..4).map(|_| shelf.keep_at(&text, now).unwrap()).collect();
        let there: Vec<bool> = uris.iter().map(|uri| shelf.get_at(uri, now).is_some()).collect();
        assert_eq!(there, [false, false, true, true]);
        assert!(shelf.lock().bytes <= MOST_BYTES);
        assert_eq!(shelf.keep_at(&"x".repeat(MOST_OF_ONE + 1), now), None);
    }
}
