// Where the search for a token begins in the table of a vocabulary.
//
// This file stands alone, since the build copies it to the code that runs: who writes the table and who reads it go by
// the same rule.

/// Places of the table: a power of two, larger than the number of tokens.
pub const SLOTS: usize = 1 << 18;

/// Bytes of a number of the table.
pub const NUMBER: usize = 3;

/// The place of a token, unless others are there already (FNV-1a, folded).
pub fn slot(token: &[u8]) -> usize {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in token {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (hash ^ (hash >> 32)) as usize % SLOTS
}
