//! A list of records as CSV, from which the very same records can be read again.
//!
//! A text stands as it is, in quotes where CSV needs them; anything else stands as JSON; what a record lacks is an empty
//! cell. A text that would read as one of those is in quotes, so an empty text is `""` and the text `7` is `"7"`. In rows
//! of texts alone, as results of queries are, there is nothing to tell apart: `7` is a text, and an empty cell is null.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

/// Most columns: a wider table is no help to anybody.
const MOST_COLUMNS: usize = 200;

/// A table, and where in its text each record begins.
#[derive(Debug)]
pub(super) struct Csv {
    /// `records`, `rows` or `rows of text`.
    pub(super) kind: &'static str,
    pub(super) has_header: bool,
    pub(super) text: String,
    pub(super) starts: Vec<usize>,
}

/// Records with named fields, objects within them flattened to dotted names; `None` for what is no table.
pub(super) fn records(items: &[Value]) -> Option<Csv> {
    let mut columns = Columns::default();
    let mut rows: Vec<Vec<(usize, &Value)>> = Vec::with_capacity(items.len());
    for item in items {
        let mut row = Vec::with_capacity(columns.names.len());
        columns.flatten(item.as_object()?, "", &mut row)?;
        rows.push(row);
    }
    if columns.names.is_empty() {
        return None;
    }
    let mut table = Csv::new("records", true);
    table.line(columns.names.iter().map(|name| text_cell(name, false)));
    let mut cells = Vec::with_capacity(columns.names.len());
    for row in rows {
        cells.resize(columns.names.len(), Cow::Borrowed(""));
        for (place, value) in row {
            cells[place] = cell(value, false)?;
        }
        table.record(cells.drain(..));
    }
    Some(table)
}

/// The columns of a table of records, in the order in which their names were met.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// The fields of an object with the places of their columns; `None` where a name has a dot itself, an object is
    /// empty, or there are too many columns.
    fn flatten<'a>(
        &mut self,
        object: &'a Map<String, Value>,
        before: &str,
        row: &mut Vec<(usize, &'a Value)>,
    ) -> Option<()> {
        for (name, value) in object {
            if name.contains('.') || name.is_empty() {
                return None;
            }
            match value {
                Value::Object(inner) if !inner.is_empty() => {
                    self.flatten(inner, &joined(before, name), row)?;
                }
                value => row.push((self.place(before, name, row.len())?, value)),
            }
        }
        Some(())
    }

    /// The place of a column. Records have mostly the same fields in the same order, so it is looked for at `likely`
    /// first.
    fn place(&mut self, before: &str, name: &str, likely: usize) -> Option<usize> {
        let is_it = |known: &String| match known.strip_suffix(name) {
            Some("") => before.is_empty(),
            Some(start) => start.strip_suffix('.') == Some(before),
            None => false,
        };
        if self.names.get(likely).is_some_and(is_it) {
            return Some(likely);
        }
        let name = joined(before, name);
        if let Some(place) = self.places.get(&name) {
            return Some(*place);
        }
        let place = self.names.len();
        self.names.push(name.clone());
        self.places.insert(name, place);
        (place < MOST_COLUMNS).then_some(place)
    }
}

/// A dotted name.
pub(super) fn joined(before: &str, name: &str) -> String {
    if before.is_empty() { name.to_owned() } else { format!("{before}.{name}") }
}

/// Lists as rows, under a header where there is one of the same width.
pub(super) fn rows(items: &[Value], header: Option<&[String]>) -> Option<Csv> {
    let rows: Vec<&Vec<Value>> = items.iter().map(Value::as_array).collect::<Option<_>>()?;
    let width = rows.first()?.len();
    if width == 0 || width > MOST_COLUMNS || rows.iter().any(|row| row.len() != width) {
        return None;
    }
    let texts = rows.iter().all(|row| row.iter().all(|cell| cell.is_string() || cell.is_null()));
    let header = header.filter(|header| header.len() == width);
    let mut table = Csv::new(if texts { "rows of text" } else { "rows" }, header.is_some());
    if let Some(header) = header {
        table.line(header.iter().map(|name| text_cell(name, true)));
    }
    for row in rows {
        let cells: Vec<_> = row.iter().map(|value| cell(value, texts)).collect::<Option<_>>()?;
        table.record(cells.into_iter());
    }
    Some(table)
}

impl Csv {
    fn new(kind: &'static str, has_header: bool) -> Self {
        Self { kind, has_header, text: String::new(), starts: Vec::new() }
    }

    fn record<'a>(&mut self, cells: impl Iterator<Item = Cow<'a, str>>) {
        self.starts.push(self.text.len());
        self.line(cells);
    }

    fn line<'a>(&mut self, cells: impl Iterator<Item = Cow<'a, str>>) {
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.text.push_str(&cell);
        }
        self.text.push('\n');
    }
}

fn cell(value: &Value, texts: bool) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => Cow::Borrowed(if texts { "" } else { "null" }),
        Value::String(text) => text_cell(text, texts),
        Value::Bool(_) | Value::Number(_) => Cow::Owned(value.to_string()),
        Value::Array(_) | Value::Object(_) => Cow::Owned(quoted(&serde_json::to_string(value).ok()?)),
    })
}

fn text_cell(text: &str, texts: bool) -> Cow<'_, str> {
    // A quoted cell that begins so is JSON.
    if !texts && text.starts_with(['[', '{', '"']) {
        return Cow::Owned(quoted(&Value::from(text).to_string()));
    }
    let special = |c: char| matches!(c, ',' | '"' | '\n' | '\r');
    let bare = !text.is_empty()
        && !text.contains(special)
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && (texts || !is_scalar(text));
    if bare { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// Whether it would read as something other than a text.
fn is_scalar(text: &str) -> bool {
    matches!(text, "true" | "false" | "null")
        || (text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && serde_json::from_str::<Value>(text).is_ok())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
