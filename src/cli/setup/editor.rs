//! What is done to a client's file, whatever its language: one entry is written, taken out, or shown.

use serde_json::{Map, Value};

/// Edits the files of one language. All that is not ours stays as it is, comments among it.
pub(super) trait Editor: Sync {
    /// The text with these members in the entry; those of it that are not named stay.
    fn set(
        &self,
        text: &str,
        servers: &str,
        name: &str,
        members: &Map<String, Value>,
    ) -> Result<String, String>;

    /// The text without the entry; none where it has no such entry.
    fn remove(&self, text: &str, servers: &str, name: &str) -> Result<Option<String>, String>;

    /// The text as it may be shown.
    fn shown(&self, text: &str, servers: &str, name: &str) -> Result<String, String>;
}
