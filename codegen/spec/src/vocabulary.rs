//! The vocabulary of a tokenizer as a table that is used where it lies: at run time nothing is read, built or allocated.
//!
//! | part | content |
//! |---|---|
//! | [`SLOTS`] numbers | a hash table with open places: the rank of a token plus one, 0 for none |
//! | tokens + 1 numbers | where in the table the bytes of each token begin, in the order of their ranks |
//! | bytes | those of all tokens |
//!
//! Numbers have four bytes, the lowest first.

use crate::slot::{SLOTS, slot};

/// Writes the table of tokens, given in the order of their ranks. `None` for more of them than a table holds.
pub fn table(tokens: &[Vec<u8>]) -> Option<Vec<u8>> {
    if tokens.len() >= SLOTS {
        return None;
    }
    let mut slots = vec![0_u32; SLOTS];
    let mut starts = Vec::with_capacity(tokens.len() + 1);
    let mut start = u32::try_from((SLOTS + tokens.len() + 1) * 4).ok()?;
    for (rank, token) in tokens.iter().enumerate() {
        let mut at = slot(token);
        while slots[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        slots[at] = u32::try_from(rank + 1).ok()?;
        starts.push(start);
        start = start.checked_add(u32::try_from(token.len()).ok()?)?;
    }
    starts.push(start);
    let numbers = slots.iter().chain(&starts).flat_map(|number| number.to_le_bytes());
    Some(numbers.chain(tokens.iter().flatten().copied()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_where_the_table_says() {
        let tokens: Vec<Vec<u8>> =
            ["a", "b", "ab", "é"].iter().map(|token| token.as_bytes().to_vec()).collect();
        let table = table(&tokens).unwrap();
        let number = |at: usize| u32::from_le_bytes(table[at * 4..at * 4 + 4].try_into().unwrap()) as usize;
        for (rank, token) in tokens.iter().enumerate() {
            let places =
                (0..SLOTS).map(|step| number((slot(token) + step) % SLOTS)).take_while(|place| *place > 0);
            let bytes = |place: usize| &table[number(SLOTS + place - 1)..number(SLOTS + place)];
            let found = places.into_iter().find(|place| bytes(*place) == token.as_slice());
            assert_eq!(found, Some(rank + 1));
        }
        assert_eq!(number(slot(b"no such token")), 0);
    }
}
