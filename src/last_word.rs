//! What is still to be told to the service when something is dropped.

use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// How long a program that ends waits for its last word to be heard.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Does what is to be done when something is dropped: in the runtime where there is one; where there
/// is none any more, as when a program ends, in one that is made for it, and waits.
pub(crate) fn at_last(work: impl Future<Output = ()> + Send + 'static) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(work)),
        Err(_) => {
            if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
                let _ = runtime.block_on(async { tokio::time::timeout(LAST_WORD, work).await });
            }
        }
    }
}
