//! What pieces cost that were met before: answers are lists, whose records have most of their words in common.

/// Places, a power of two: what would lie in one place takes turns there.
const PLACES: usize = 512;
/// Longest piece that is remembered: its length takes the last byte of the key.
const LONGEST: usize = size_of::<u128>() - 1;

/// Pieces by their bytes, and the tokens of each.
pub(super) struct Met {
    keys: [u128; PLACES],
    tokens: [u8; PLACES],
}

impl Met {
    pub(super) fn new() -> Self {
        Self { keys: [0; PLACES], tokens: [0; PLACES] }
    }

    /// The tokens of a piece, which `count` tells where it is not known.
    pub(super) fn tokens(&mut self, piece: &[u8], count: impl FnOnce(&[u8]) -> usize) -> usize {
        let mut bytes = [0; LONGEST + 1];
        match bytes.get_mut(..piece.len()) {
            Some(room) if piece.len() <= LONGEST => room.copy_from_slice(piece),
            _ => return count(piece),
        }
        bytes[LONGEST] = piece.len() as u8;
        let key = u128::from_le_bytes(bytes);
        let mixed = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = (mixed >> 48) as usize % PLACES;
        if self.keys[at] != key {
            // A piece has no more tokens than bytes.
            self.tokens[at] = count(piece).min(LONGEST) as u8;
            self.keys[at] = key;
        }
        usize::from(self.tokens[at])
    }
}
