//! Where in a JSON text a reader stopped, as a path.
//!
//! A reader that keeps the path while it reads has to be compiled for every type beside the one that reads answers, and
//! only few answers cannot be read. So the text is looked at once more, by the line and column that the reader tells.

/// What is open at a place of a text.
enum Open {
    /// An object, and the name of the member that is read.
    Object(String),
    /// A list, and the number of the item that is read.
    List(usize),
}

/// The path of what was read last, such as `clusters[3].name`; `.` for the whole.
pub(crate) fn path(text: &[u8], error: &serde_json::Error) -> String {
    let read = &text[..offset(text, error.line(), error.column())];
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    let mut is_name = false;
    while let Some(byte) = read.get(at) {
        match byte {
            b'{' => {
                open.push(Open::Object(String::new()));
                is_name = true;
            }
            b'[' => open.push(Open::List(0)),
            b'}' | b']' => drop(open.pop()),
            b':' => is_name = false,
            b',' => match open.last_mut() {
                Some(Open::List(item)) => *item += 1,
                Some(Open::Object(_)) => is_name = true,
                None => {}
            },
            b'"' => {
                let end = end_of_text(read, at);
                if let (true, Some(Open::Object(name))) = (is_name, open.last_mut()) {
                    *name = String::from_utf8_lossy(read.get(at + 1..end).unwrap_or_default()).into_owned();
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    written(&open)
}

fn written(open: &[Open]) -> String {
    let mut path = String::new();
    for part in open {
        match part {
            Open::Object(name) if name.is_empty() => {}
            Open::Object(name) if path.is_empty() => path.push_str(name),
            Open::Object(name) => path.extend([".", name]),
            Open::List(item) => path.push_str(&format!("[{item}]")),
        }
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

/// Where the quote is that ends a text, or the end of what was read.
fn end_of_text(read: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match read.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at.min(read.len()),
            Some(_) => at += 1,
        }
    }
}

/// The number of bytes before a column of a line; both begin with 1, and 0 stands before the first.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column).min(text.len())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Cluster {
        name: String,
        workers: Option<u8>,
        tags: Option<Vec<String>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Answer {
        more: Option<bool>,
        clusters: Vec<Cluster>,
    }

    fn place(text: &str) -> String {
        path(text.as_bytes(), &serde_json::from_str::<Answer>(text).unwrap_err())
    }

    #[test]
    fn the_value_that_does_not_fit_is_named() {
        for (text, wanted) in [
            (r#"{"clusters":[{"name":"a"},{"name":7}]}"#, "clusters[1].name"),
            (r#"{"clusters":[{"name":"a","workers":300}]}"#, "clusters[0].workers"),
            (r#"{"clusters":[{"name":"a","workers":{"at":1}}]}"#, "clusters[0].workers"),
            (r#"{"clusters":[{"name":"\"{[,\\","tags":["x","y",null]}]}"#, "clusters[0].tags[2]"),
            ("{\n  \"more\": false,\n  \"clusters\": [\n    {\"name\": []}\n  ]\n}", "clusters[0].name"),
            (r#"{"clusters":[{"name":"a"}],"more":"no"}"#, "more"),
            (r#"{"clusters":"none"}"#, "clusters"),
            (r#""text""#, "."),
        ] {
            assert_eq!(place(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_named_as_far_as_it_goes() {
        assert_eq!(place(r#"{"clusters":[{"name":"a"},{"name":"b"#), "clusters[1].name");
        assert_eq!(place(r#"{"clusters":[{"name":"a"},{"na"#), "clusters[1].na");
        assert_eq!(place(""), ".");
    }
}
