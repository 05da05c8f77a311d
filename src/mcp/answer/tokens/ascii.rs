//! The pattern for what is nearly all text of answers: plain ASCII, for which the classes of Unicode cost more than all
//! the rest of counting.

/// The length of the first piece; `None` where it depends on what is not ASCII.
pub(super) fn piece(text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let alone = first.is_ascii_alphanumeric() || matches!(first, b'\r' | b'\n');
    // One character that is neither letter nor digit may stand before a word.
    if let Some(end) = word(text, usize::from(!alone))? {
        return Some(end);
    }
    if first.is_ascii_digit() {
        let most = text.get(..3).unwrap_or(text);
        return run(most, 0, |byte| byte.is_ascii_digit());
    }
    let from = usize::from(first == b' ');
    let end = run(text, from, is_mark)?;
    if end > from {
        return run(text, end, |byte| matches!(byte, b'\r' | b'\n' | b'/'));
    }
    // Blanks: up to the last end of a line in them, or all of them.
    let blanks = text.get(..run(text, 0, is_blank)?)?;
    Some(blanks.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')).map_or(blanks.len(), |at| at + 1))
}

/// Where a word that begins at `start` ends, if there is one: capitals, then small letters, then such as `'ll`.
fn word(text: &[u8], start: usize) -> Option<Option<usize>> {
    let capitals = run(text, start, |byte| byte.is_ascii_uppercase())?;
    let end = run(text, capitals, |byte| byte.is_ascii_lowercase())?;
    if end == start {
        return Some(None);
    }
    let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix(b"'")) else { return Some(Some(end)) };
    let next = rest.get(..2).unwrap_or(rest);
    // A letter of Unicode may stand for one of these.
    if !next.is_ascii() {
        return None;
    }
    let next = next.to_ascii_lowercase();
    Some(Some(match &next[..] {
        [b's' | b't' | b'm' | b'd', ..] => end + 2,
        b"re" | b"ve" | b"ll" => end + 3,
        _ => end,
    }))
}

/// Where a run of such bytes ends; `None` where a character that is not ASCII may be a part of it.
fn run(text: &[u8], start: usize, is_part: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = text.get(start..)?;
    let length = rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
    rest.get(length).is_none_or(u8::is_ascii).then_some(start + length)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_mark(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !is_blank(byte)
}
