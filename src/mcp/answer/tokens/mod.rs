//! How many tokens a text is, counted as o200k does: its counts are those of common models within some percent.
//!
//! The vocabulary is a table in the program, used where it lies, so that counting needs no start and no memory. A token is
//! at least one byte: a text of no more bytes than the budget fits uncounted.

mod ascii;
mod met;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::OnceLock;

use regex::Regex;

use met::Met;
use place::{NUMBER, SLOTS, slot};

/// The rule of the build that wrote the table.
#[allow(unreachable_pub, reason = "the build has it too")]
mod place {
    include!(concat!(env!("OUT_DIR"), "/slot.rs"));
}

static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/o200k.bin"));

/// o200k's pattern without its look-ahead, which [`Pieces`] does: blanks leave their last one to the word after them.
const PATTERN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"|\s*[\r\n]+",
    r"|\s+",
);

/// The tokens of a text.
pub(super) fn count(text: &str) -> usize {
    let mut met = Met::new();
    Pieces { text, at: 0 }.map(|piece| met.tokens(piece.as_bytes(), of_piece)).sum()
}

/// Whether a text has at most so many tokens.
pub(crate) fn is_within(text: &str, tokens: usize) -> bool {
    text.len() <= tokens || {
        let mut left = tokens;
        let mut met = Met::new();
        // The end is not looked at once it does not matter.
        Pieces { text, at: 0 }.all(|piece| {
            let fits = left.checked_sub(met.tokens(piece.as_bytes(), of_piece));
            left = fits.unwrap_or(0);
            fits.is_some()
        })
    }
}

/// What is made tokens of apart from the rest.
struct Pieces<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        static EXPRESSION: OnceLock<Option<Regex>> = OnceLock::new();
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let expression = || EXPRESSION.get_or_init(|| Regex::new(PATTERN).ok()).as_ref();
        let found = ascii::piece(rest.as_bytes()).or_else(|| Some(expression()?.find(rest)?.end()));
        // Every text begins with a piece; were it not so, the whole of it would be one.
        let mut piece = found.and_then(|end| rest.get(..end)).unwrap_or(rest);
        if piece.len() < rest.len() && piece.chars().all(|c| c.is_whitespace() && !matches!(c, '\r' | '\n')) {
            let last = piece.chars().next_back().map_or(0, char::len_utf8);
            if piece.len() > last {
                piece = &piece[..piece.len() - last];
            }
        }
        self.at += piece.len();
        Some(piece)
    }
}

/// The tokens of a piece: neighbours become one token, those first that are the most common ones.
fn of_piece(piece: &[u8]) -> usize {
    if piece.len() < 2 || rank(piece).is_some() {
        return piece.len().min(1);
    }
    // Of the part that begins at a byte: where it ends, and where the part before it begins.
    let mut ends: Vec<usize> = (1..=piece.len()).collect();
    let mut before: Vec<usize> = (0..piece.len()).map(|at| at.wrapping_sub(1)).collect();
    let mut alive = vec![true; piece.len()];
    let mut pairs = BinaryHeap::new();
    let pair = |start: usize, ends: &[usize]| {
        let middle = ends[start];
        let end = *ends.get(middle)?;
        rank(&piece[start..end]).map(|rank| Reverse((rank, start, middle, end)))
    };
    pairs.extend((0..piece.len() - 1).filter_map(|start| pair(start, &ends)));
    let mut parts = piece.len();
    while let Some(Reverse((_, start, middle, end))) = pairs.pop() {
        // Either half may have become a part of another since.
        if !alive[start] || ends[start] != middle || ends.get(middle) != Some(&end) || !alive[middle] {
            continue;
        }
        ends[start] = end;
        alive[middle] = false;
        parts -= 1;
        if end < piece.len() {
            before[end] = start;
            pairs.extend(pair(start, &ends));
        }
        if let Some(previous) = Some(before[start]).filter(|at| *at < piece.len()) {
            pairs.extend(pair(previous, &ends));
        }
    }
    parts
}

/// Where a token is, which is in the order of the ranks; `None` for what is none.
fn rank(token: &[u8]) -> Option<usize> {
    let (slots, tokens) = TABLE.split_at_checked(SLOTS * NUMBER)?;
    let mut at = slot(token);
    loop {
        let [low, middle, high] = *slots.get(at * NUMBER..)?.first_chunk::<NUMBER>()?;
        let place = u32::from_le_bytes([low, middle, high, 0]) as usize;
        let length = usize::from(*tokens.get(place.checked_sub(1)?)?);
        if tokens.get(place..place + length)? == token {
            return Some(place);
        }
        at = (at + 1) % SLOTS;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reference(text: &str) -> usize {
        tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
    }

    #[test]
    fn counts_are_those_of_o200k() {
        for text in [
            "",
            "a",
            "Hello, world!",
            "{\"cluster_id\":\"1125-083015-abc\",\"state\":\"RUNNING\"}",
            "  two  blanks \n\n  and\tlines \r\n ",
            "don't WE'LL I'D",
            "äöü 日本語 🦀 e\u{301}",
            include_str!("../../../../README.md"),
            include_str!("mod.rs"),
        ] {
            assert_eq!(count(text), reference(text), "{text}");
        }
        let long = "x".repeat(20_000) + &"ab".repeat(20_000) + &" ".repeat(9_000) + "z";
        assert_eq!(count(&long), reference(&long));
    }

    #[test]
    fn a_budget_is_met_or_not() {
        let text = "one two three ".repeat(100);
        let tokens = count(&text);
        assert!(is_within(&text, tokens) && !is_within(&text, tokens - 1) && is_within("abc", 3));
    }

    proptest! {
        #[test]
        fn any_text_counts_as_o200k(text in "(\\PC{0,12}|[a-zA-Z' ]{0,20}|[ \\t\\r\\n]{0,5}|[0-9]{0,9}|[/.,:\"{}\\n]{0,5}){0,12}") {
            prop_assert_eq!(count(&text), reference(&text));
        }
    }
}
