//! How many tokens a text is.
//!
//! A token of a byte-level tokenizer is at least one byte, so a text of no more bytes than the budget fits uncounted: the
//! tokenizer is opened for long answers alone. It is o200k, whose counts are those of common models within some percent.

/// The tokens of a text.
pub(super) fn count(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// Whether a text has at most so many tokens.
pub(crate) fn is_within(text: &str, tokens: usize) -> bool {
    text.len() <= tokens || count(text) <= tokens
}
