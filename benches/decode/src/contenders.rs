//! What is compared: anything that reads the listing, and says how long it took and what it kept.

use std::error::Error;
use std::hint::black_box;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Something that reads the listing.
pub trait Contender {
    /// What the table calls it.
    fn name(&self) -> String;

    /// Reads the listing once and says how long it took.
    fn read(&mut self) -> Result<Duration, Box<dyn Error>>;

    /// Whether what was read is written again with nothing lost and nothing added.
    fn keeps_all(&mut self) -> Result<bool, Box<dyn Error>>;
}

/// A Rust type that serde reads.
pub struct Typed<'a, T> {
    name: &'static str,
    bytes: &'a [u8],
    ty: PhantomData<T>,
}

impl<'a, T> Typed<'a, T> {
    pub fn new(name: &'static str, bytes: &'a [u8]) -> Self {
        Self { name, bytes, ty: PhantomData }
    }
}

impl<T: DeserializeOwned + Serialize> Contender for Typed<'_, T> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn read(&mut self) -> Result<Duration, Box<dyn Error>> {
        // Once without the clock: the allocator then holds what this type freed, and not what was
        // freed by whoever read before, which would be charged to this one.
        drop(black_box(serde_json::from_slice::<T>(black_box(self.bytes))?));
        let start = Instant::now();
        let read: T = serde_json::from_slice(black_box(self.bytes))?;
        let time = start.elapsed();
        drop(black_box(read));
        Ok(time)
    }

    fn keeps_all(&mut self) -> Result<bool, Box<dyn Error>> {
        let read: T = serde_json::from_slice(self.bytes)?;
        let written = serde_json::to_vec(&read)?;
        let (came, went): (Value, Value) =
            (serde_json::from_slice(self.bytes)?, serde_json::from_slice(&written)?);
        Ok(came == went)
    }
}
