//! What a tool answers, cut to what an agent can take.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ToolError;

/// Most bytes of an answer. The commonest client refuses what has over 25,000 tokens, and a token
/// of JSON is seldom shorter than three bytes.
const LONGEST: usize = 60_000;
/// Most bytes of one text before it is cut in the middle.
const LONGEST_TEXT: usize = 30_000;

/// What a tool answers: always an object, since older clients drop any other structured content.
#[derive(Debug, Clone)]
pub struct Answer {
    value: Map<String, Value>,
}

impl Answer {
    /// The wanted fields of an answer of the workspace; all where none is named.
    ///
    /// # Errors
    /// [`ToolError::Failed`] for what is no JSON, which generated types never are.
    pub fn of<T: Serialize>(answer: &T, paths: &[&str]) -> Result<Self, ToolError> {
        let value = serde_json::to_value(answer).map_err(|error| ToolError::Failed(error.to_string()))?;
        let value = match paths.is_empty() {
            true => value,
            false => project(value, paths),
        };
        Ok(Self::new(value))
    }

    /// What was done, and what to do next.
    ///
    /// # Errors
    /// None; the signature is that of [`Answer::of`].
    pub fn done(text: &str) -> Result<Self, ToolError> {
        Ok(Self::new(json!({ "done": text })))
    }

    /// Any value; what is no object is put into one.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(value) => Self { value },
            other => Self { value: Map::from_iter([("value".to_owned(), other)]) },
        }
    }

    /// The answer as it is.
    pub(crate) fn into_value(self) -> Map<String, Value> {
        self.value
    }

    /// The answer within the limits, with a note of what was left out.
    pub fn fitted(self) -> Map<String, Value> {
        let mut value = self.value;
        let mut notes = Vec::new();
        cut_texts(&mut value, "", &mut notes);
        cut_lists(&mut value, &mut notes);
        if !notes.is_empty() {
            value.insert("left_out".to_owned(), json!(notes));
        }
        value
    }
}

fn size(value: &Map<String, Value>) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

/// Long texts lose their middle: a beginning says what it is, an end how it came out.
fn cut_texts(map: &mut Map<String, Value>, path: &str, notes: &mut Vec<String>) {
    for (key, value) in map.iter_mut() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::String(text) if text.len() > LONGEST_TEXT => {
                let start = boundary(text, LONGEST_TEXT / 2);
                let end = boundary(text, text.len() - LONGEST_TEXT / 2);
                let dropped = text[start..end].chars().count();
                *text = format!("{}\n[… {dropped} characters …]\n{}", &text[..start], &text[end..]);
                notes.push(format!("{dropped} characters from the middle of {path}"));
            }
            Value::Object(inner) => cut_texts(inner, &path, notes),
            _ => {}
        }
    }
}

/// The nearest beginning of a character at or before a byte.
fn boundary(text: &str, mut byte: usize) -> usize {
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

/// The largest list at the root loses items at its end until all fits.
fn cut_lists(map: &mut Map<String, Value>, notes: &mut Vec<String>) {
    while size(map) > LONGEST {
        let largest = map
            .iter_mut()
            .filter_map(|(key, value)| match value {
                Value::Array(list) if !list.is_empty() => {
                    let bytes = serde_json::to_string(list).map_or(0, |text| text.len());
                    Some((bytes, key.clone(), list))
                }
                _ => None,
            })
            .max_by_key(|(bytes, ..)| *bytes);
        let Some((bytes, key, list)) = largest else {
            // No list to cut: the widest field goes, and is named.
            let widest =
                map.iter().max_by_key(|(_, value)| value.to_string().len()).map(|(key, _)| key.clone());
            let Some(key) = widest else { return };
            map.shift_remove(&key);
            notes.push(format!("{key}, which is too large; ask for a part of it"));
            continue;
        };
        let total = list.len();
        let per_item = (bytes / total).max(1);
        let keep = ((LONGEST - 2_000) / per_item).min(total - 1) * 9 / 10;
        list.truncate(keep);
        notes.push(format!(
            "{} of {total} {key}: ask for fewer at a time (a page size, a limit or a filter), then go on from there",
            total - keep
        ));
    }
}

/// Keeps the fields that dotted paths name, through lists and maps alike.
fn project(value: Value, paths: &[&str]) -> Value {
    match value {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                let below: Vec<&str> = paths
                    .iter()
                    .filter_map(|path| match path.split_once('.') {
                        Some((first, rest)) if first == key => Some(rest),
                        None if *path == key => Some(""),
                        _ => None,
                    })
                    .collect();
                if below.contains(&"") {
                    kept.insert(key, value);
                } else if !below.is_empty() {
                    kept.insert(key, project(value, &below));
                }
            }
            Value::Object(kept)
        }
        Value::Array(list) => list.into_iter().map(|item| project(item, paths)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wanted_fields_are_kept() {
        let value = json!({ "jobs": [{ "id": 1, "settings": { "name": "a", "x": 1 } }], "more": true });
        let answer = Answer::of(&value, &["jobs.id", "jobs.settings.name"]).unwrap();
        assert_eq!(
            Value::Object(answer.fitted()),
            json!({ "jobs": [{ "id": 1, "settings": { "name": "a" } }] })
        );
    }

    #[test]
    fn large_lists_are_cut_and_say_so() {
        let rows: Vec<_> = (0..20_000).map(|n| json!({ "n": n })).collect();
        let fitted = Answer::new(json!({ "rows": rows, "next": "t" })).fitted();
        assert!(size(&fitted) <= LONGEST, "{}", size(&fitted));
        assert_eq!(fitted["next"], "t");
        let note = fitted["left_out"][0].as_str().unwrap();
        assert!(note.contains("of 20000 rows"), "{note}");
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let text = format!("start{}end", "é".repeat(50_000));
        let fitted = Answer::new(json!({ "log": text })).fitted();
        let log = fitted["log"].as_str().unwrap();
        assert!(log.starts_with("start") && log.ends_with("end") && log.contains("characters …"));
        assert!(size(&fitted) <= LONGEST);
    }

    #[test]
    fn what_cannot_be_cut_is_named() {
        let wide = json!({ "deep": { "list": vec!["x".repeat(1000); 100] }, "small": 1 });
        let fitted = Answer::new(wide).fitted();
        assert_eq!(fitted["small"], 1);
        assert!(fitted["left_out"][0].as_str().unwrap().starts_with("deep"));
    }
}
