//! An answer cut to about so many bytes, with what was taken away.
//!
//! Room is shared as water finds its level: what is small keeps its size, what is large shares the rest equally. A list
//! loses items at its end, but an item that takes more than an eighth of its list is cut itself before others go for it. A
//! text loses its middle: a beginning says what it is, an end how it came out.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value};

/// Texts below this length are not worth cutting.
const SHORT: usize = 120;
/// Least room of a field before others go for it.
const LEAST: usize = 48;
/// Items that a list is left with before they are cut themselves.
const FEW: usize = 8;

/// What is gone at one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Items,
    Characters,
    Entries,
}

/// What was taken away: the path without indexes, and how much of it in all.
pub(super) type Gone = BTreeMap<(String, Unit), Loss>;

/// How much is gone, and where it begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) count: u64,
    /// Items that are left of a list, bytes that are left at the beginning of a text. Of the first that was cut.
    pub(super) after: usize,
}

/// The value within about so many bytes of JSON.
pub(super) fn cut(value: &Map<String, Value>, room: usize) -> (Map<String, Value>, Gone) {
    let mut cutter = Cutter { gone: Gone::new() };
    let value = cutter.object(value, room, "");
    (value, cutter.gone)
}

/// The bytes of a value as JSON.
pub(super) fn size<T: serde::Serialize + ?Sized>(value: &T) -> usize {
    counted(value, usize::MAX)
}

/// Whether a value has more bytes as JSON; no more of it is written than that takes.
pub(super) fn is_longer<T: serde::Serialize + ?Sized>(value: &T, than: usize) -> bool {
    counted(value, than) > than
}

/// The bytes of a value as JSON, or some number over `most`.
fn counted<T: serde::Serialize + ?Sized>(value: &T, most: usize) -> usize {
    struct Count {
        bytes: usize,
        most: usize,
    }
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.bytes += bytes.len();
            match self.bytes <= self.most {
                true => Ok(bytes.len()),
                false => Err(io::ErrorKind::FileTooLarge.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count { bytes: 0, most };
    // It ends early where it has too many; what is JSON already fails in no other way.
    let _ = serde_json::to_writer(&mut count, value);
    count.bytes
}

struct Cutter {
    gone: Gone,
}

impl Cutter {
    fn value(&mut self, value: &Value, room: usize, path: &str) -> Value {
        if !is_longer(value, room) {
            return value.clone();
        }
        match value {
            Value::String(text) => Value::String(self.text(text, room, path)),
            Value::Array(items) => Value::Array(self.list(items, room, path)),
            Value::Object(map) => Value::Object(self.object(map, room, path)),
            other => other.clone(),
        }
    }

    fn lose(&mut self, path: &str, unit: Unit, count: usize, after: usize) {
        let loss = self.gone.entry((path.to_owned(), unit)).or_insert(Loss { count: 0, after });
        loss.count += count as u64;
    }

    fn text(&mut self, text: &str, room: usize, path: &str) -> String {
        if text.len() <= SHORT {
            return text.to_owned();
        }
        // What is escaped takes more room than its bytes.
        let mut keep = (text.len() as u128 * room as u128 / size(text) as u128) as usize;
        loop {
            keep = (keep * 9 / 10).max(SHORT / 2).min(text.len());
            let (shown, gone, start) = shortened(text, keep);
            if size(&shown) <= room || keep == SHORT / 2 {
                if gone > 0 {
                    self.lose(path, Unit::Characters, gone, start);
                }
                return shown;
            }
        }
    }

    fn list(&mut self, items: &[Value], room: usize, path: &str) -> Vec<Value> {
        let mut kept = Vec::new();
        let mut left = room.saturating_sub(2);
        let most = (room / items.len().max(1)).max(room / FEW);
        let inner = format!("{path}[]");
        for item in items {
            let before = self.gone.clone();
            let item = match item {
                // A row keeps its width.
                Value::Array(cells) if size(cells) > most => self.row(cells, most, &inner),
                item => self.value(item, most, &inner),
            };
            let needed = size(&item) + 1;
            if needed > left {
                self.gone = before;
                break;
            }
            left -= needed;
            kept.push(item);
        }
        if kept.len() < items.len() {
            self.lose(path, Unit::Items, items.len() - kept.len(), kept.len());
        }
        kept
    }

    fn row(&mut self, cells: &[Value], room: usize, path: &str) -> Value {
        let sizes: Vec<usize> = cells.iter().map(|cell| size(cell) + 1).collect();
        let share = level(&sizes, room).max(LEAST);
        cells.iter().map(|cell| self.value(cell, share, path)).collect()
    }

    fn object(&mut self, map: &Map<String, Value>, room: usize, path: &str) -> Map<String, Value> {
        let around = |name: &str| name.len() + 4;
        let sizes: Vec<usize> = map.iter().map(|(name, value)| around(name) + size(value)).collect();
        let share = level(&sizes, room.saturating_sub(2));
        let mut kept = Map::new();
        let mut left = room.saturating_sub(2);
        let mut gone = 0;
        for ((name, value), size_of) in map.iter().zip(sizes) {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let before = self.gone.clone();
            let value = match size_of <= share {
                true => value.clone(),
                false => self.value(value, share.max(LEAST).saturating_sub(around(name)), &below),
            };
            let needed = around(name) + size(&value);
            // With a fair share it fits; what could not be made as small as its share may not.
            if needed > left {
                self.gone = before;
                gone += 1;
                continue;
            }
            left -= needed;
            kept.insert(name.clone(), value);
        }
        if gone > 0 {
            self.lose(path, Unit::Entries, gone, kept.len());
        }
        kept
    }
}

/// About so many bytes of a text, without its middle: how many characters that is, and the byte where it begins.
fn shortened(text: &str, keep: usize) -> (String, usize, usize) {
    let start = floor(text, keep / 2);
    let end = floor(text, text.len() - keep / 2).max(start);
    // Whole lines, where that does not cost much.
    let start = text[..start].rfind('\n').filter(|line| *line > start / 2).map_or(start, |line| line + 1);
    let rest = text.len() - end;
    let line = text[end..].find('\n').map(|line| end + line + 1);
    let end = line.filter(|line| text.len() - line > rest / 2).unwrap_or(end);
    match text[start..end].chars().count() {
        0 => (text.to_owned(), 0, start),
        gone => {
            let shown = format!("{}\n[… {gone} characters left out …]\n{}", &text[..start], &text[end..]);
            (shown, gone, start)
        }
    }
}

/// The largest share of the room: whoever needs less takes less, and leaves more for the others.
fn level(sizes: &[usize], room: usize) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    let mut left = room;
    for (at, size) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - at);
        if *size > share {
            return share;
        }
        left -= size;
    }
    usize::MAX
}

/// The nearest beginning of a character at or before a byte.
fn floor(text: &str, mut byte: usize) -> usize {
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
