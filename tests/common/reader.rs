//! Reads the text form of an answer back, to hold it against the structured one.

use serde_json::{Map, Value, json};

/// The structured form of a text; panics where it has none.
pub(crate) fn read(text: &str) -> Value {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut value = stream.next().unwrap().unwrap();
    let mut rest = &text[stream.byte_offset()..];
    while let Some(block) = rest.strip_prefix("\n\n") {
        let (title, after) = block.split_once("):\n").unwrap();
        let (path, kind) = title.rsplit_once(" (").unwrap();
        let kind = kind.split(';').next().unwrap();
        let marked = after.strip_prefix("<data-").map(|after| {
            let (mark, after) = after.split_once(">\n").unwrap();
            after.split_once(&format!("\n</data-{mark}>")).unwrap()
        });
        if kind == "text" {
            let (body, after) = marked.unwrap();
            put(&mut value, path, json!(body));
            rest = after;
            continue;
        }
        let mut cells = Cells(marked.map_or(after, |(body, _)| body));
        let (count, kind) = kind.strip_prefix("CSV of ").unwrap().split_once(' ').unwrap();
        let count: usize = count.parse().unwrap();
        let header = if kind.ends_with("without header") { None } else { Some(cells.line()) };
        let texts = kind.starts_with("rows of text");
        let mut items = Vec::new();
        for at in 0..count {
            if at > 0 || header.is_some() {
                cells.0 = cells.0.strip_prefix('\n').unwrap();
            }
            let line = cells.line();
            items.push(match &header {
                Some(names) if kind == "records" => record(names, &line),
                _ => line.iter().map(|cell| cell.value(texts).unwrap()).collect(),
            });
        }
        if let Some(header) = header.filter(|_| kind.starts_with("rows")) {
            let of =
                path.rsplit_once('.').map_or("columns".to_owned(), |(before, _)| format!("{before}.columns"));
            if value.pointer(&format!("/{}", of.replace('.', "/"))).is_none() {
                put(&mut value, &of, header.iter().map(column).collect());
            }
        }
        put(&mut value, path, Value::Array(items));
        rest = match marked {
            Some((body, after)) => {
                assert!(cells.0.is_empty(), "more than {count} in {body}");
                after
            }
            None => cells.0,
        };
    }
    assert!(rest.is_empty(), "no block: {rest}");
    value
}

struct Cells<'a>(&'a str);

struct Cell {
    text: String,
    quoted: bool,
}

impl Cells<'_> {
    /// The cells up to the end of a line, which stays.
    fn line(&mut self) -> Vec<Cell> {
        let mut line = Vec::new();
        loop {
            line.push(self.cell());
            match self.0.strip_prefix(',') {
                Some(rest) => self.0 = rest,
                None => return line,
            }
        }
    }

    fn cell(&mut self) -> Cell {
        let Some(mut rest) = self.0.strip_prefix('"') else {
            let end = self.0.find([',', '\n']).unwrap_or(self.0.len());
            let (text, rest) = self.0.split_at(end);
            self.0 = rest;
            return Cell { text: text.to_owned(), quoted: false };
        };
        let mut text = String::new();
        loop {
            let (part, after) = rest.split_once('"').unwrap();
            text.push_str(part);
            match after.strip_prefix('"') {
                Some(after) => {
                    text.push('"');
                    rest = after;
                }
                None => {
                    self.0 = after;
                    return Cell { text, quoted: true };
                }
            }
        }
    }
}

impl Cell {
    fn value(&self, texts: bool) -> Option<Value> {
        let Cell { text, quoted } = self;
        match (texts, quoted) {
            (true, false) if text.is_empty() => Some(Value::Null),
            (true, _) => Some(json!(text)),
            (false, false) if text.is_empty() => None,
            (false, true) if text.starts_with(['[', '{', '"']) => Some(serde_json::from_str(text).unwrap()),
            (false, true) => Some(json!(text)),
            (false, false) => Some(scalar(text).unwrap_or_else(|| json!(text))),
        }
    }
}

fn scalar(text: &str) -> Option<Value> {
    let may = matches!(text, "true" | "false" | "null")
        || text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    serde_json::from_str(text).ok().filter(|_| may)
}

fn record(names: &[Cell], line: &[Cell]) -> Value {
    assert_eq!(names.len(), line.len());
    let mut record = Value::Object(Map::new());
    for (name, cell) in names.iter().zip(line) {
        if let Some(value) = cell.value(false) {
            put(&mut record, &name.text, value);
        }
    }
    record
}

fn column(cell: &Cell) -> Value {
    match cell.text.split_once(' ') {
        Some((name, kind)) => json!({ "name": name, "type": kind }),
        None => json!({ "name": cell.text }),
    }
}

fn put(value: &mut Value, path: &str, content: Value) {
    match path.split_once('.') {
        Some((first, rest)) => {
            let map = value.as_object_mut().unwrap();
            put(map.entry(first).or_insert_with(|| json!({})), rest, content);
        }
        None => drop(value.as_object_mut().unwrap().insert(path.to_owned(), content)),
    }
}
