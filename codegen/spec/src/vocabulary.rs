//! The vocabulary of a tokenizer as a table that is used where it lies: at run time nothing is read, built or allocated.
//!
//! | part | content |
//! |---|---|
//! | [`SLOTS`] numbers | a hash table with open places: where a token is, counted from one, 0 for none |
//! | tokens | those of lower rank first: the number of bytes, a byte itself, and the bytes |
//!
//! Tokens lie in the order of their ranks, so that where one is stands for its rank. Numbers have three bytes, the lowest
//! first.

use crate::slot::{NUMBER, SLOTS, slot};

/// Writes the table of tokens, given in the order of their ranks. `None` for more of them than a table holds.
pub fn table(ranked: &[Vec<u8>]) -> Option<Vec<u8>> {
    if ranked.len() >= SLOTS {
        return None;
    }
    let mut slots = vec![0_u32; SLOTS];
    let mut tokens = Vec::new();
    for token in ranked {
        let mut at = slot(token);
        while slots[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        slots[at] = u32::try_from(tokens.len() + 1).ok().filter(|place| place >> (8 * NUMBER) == 0)?;
        tokens.push(u8::try_from(token.len()).ok()?);
        tokens.extend(token);
    }
    let numbers = slots.iter().flat_map(|place| place.to_le_bytes().into_iter().take(NUMBER));
    Some(numbers.chain(tokens).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_where_the_table_says() {
        let tokens: Vec<Vec<u8>> =
            ["a", "b", "ab", "é"].iter().map(|token| token.as_bytes().to_vec()).collect();
        let table = table(&tokens).unwrap();
        let (slots, bytes) = table.split_at(SLOTS * NUMBER);
        let place = |at: usize| {
            slots[at * NUMBER..][..NUMBER].iter().rev().fold(0, |place, byte| place << 8 | usize::from(*byte))
        };
        let mut last = 0;
        for token in &tokens {
            let mut places =
                (0..SLOTS).map(|step| place((slot(token) + step) % SLOTS)).take_while(|place| *place > 0);
            let is_it = |place: &usize| bytes[*place..].starts_with(token);
            let found = places.find(|place| usize::from(bytes[place - 1]) == token.len() && is_it(place));
            assert!(found > Some(last), "{token:?}");
            last = found.unwrap();
        }
        assert_eq!(place(slot(b"no such token")), 0);
        assert_eq!(super::table(&[vec![b'a'; 256]]), None);
    }
}
