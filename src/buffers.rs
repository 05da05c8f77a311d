//! Buffers that are used again: what is fetched in large pieces of one size would otherwise be given back to the
//! allocator and asked of it anew all the time, which costs page faults, and memory that lies between.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// The buffers of one piece of work, freed with its last user. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// An empty buffer with room for so many bytes.
    pub(crate) fn take(&self, room: usize) -> Vec<u8> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = free.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= room);
        let least = fits.min_by_key(|(_, buffer)| buffer.capacity()).map(|(at, _)| at);
        match least {
            Some(at) => free.swap_remove(at),
            None => {
                // One that is too small makes way, so that there are no more than are in use at once.
                free.pop();
                Vec::with_capacity(room)
            }
        }
    }

    /// What a buffer holds; once nobody does any more, it is there to be taken.
    pub(crate) fn lend(&self, content: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { content, home: self.clone() })
    }
}

struct Lent {
    content: Vec<u8>,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.content);
        buffer.clear();
        self.home.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_with_its_last_user() {
        let buffers = Buffers::default();
        let mut first = buffers.take(100);
        first.extend_from_slice(b"hello");
        let place = first.as_ptr();
        let lent = buffers.lend(first);
        let part = lent.slice(1..3);
        drop(lent);
        assert_eq!(&part[..], b"el");
        let other = buffers.take(10);
        assert_ne!(other.as_ptr(), place, "it is in use");
        drop(part);
        let again = buffers.take(80);
        assert!(again.as_ptr() == place && again.is_empty());
    }

    #[test]
    fn one_that_is_too_small_makes_way() {
        let buffers = Buffers::default();
        drop(buffers.lend(Vec::with_capacity(10)));
        assert!(buffers.take(1_000).capacity() >= 1_000);
        assert!(buffers.0.lock().unwrap().is_empty());
    }
}
