//! An answer within its budget, in both forms.

use serde_json::{Map, Value, json};

use super::cut::{Gone, Unit, cut, size};
use super::form::{Layout, Text, text};
use super::{Answer, LEFT_OUT, LeftOut, Limit, Picture, UNTRUSTED, tokens};
use crate::mcp::toolsets::READ_ANSWER;

/// Bytes of a token of JSON, about: where the search for the cut begins.
const BYTES_PER_TOKEN: usize = 4;
/// Attempts to come near the budget before the last that was within it is taken.
const ATTEMPTS: usize = 8;
/// No text is counted that has more bytes a token: only blanks do, and it is cut.
const MOST_BYTES_PER_TOKEN: usize = 16;
/// Most notes of cuts, and tokens of the budget for each.
const MOST_NOTES: usize = 6;
const TOKENS_PER_NOTE: usize = 200;

/// An answer as it is sent: two forms with the same content, each within the budget.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fitted {
    /// For clients that show text.
    pub text: String,
    /// For clients that show structured content; it fits the tool's output schema.
    pub structured: Map<String, Value>,
    /// Pictures, which no budget of tokens counts: each tool limits its own.
    pub pictures: Vec<Picture>,
}

impl Answer {
    /// The answer within its budget, with a note of what was left out and of how to get it.
    pub fn fitted(mut self) -> Fitted {
        let pictures = std::mem::take(&mut self.pictures);
        Fitted { pictures, ..self.fit() }
    }

    fn fit(mut self) -> Fitted {
        let value = std::mem::take(&mut self.value);
        let mut whole = self.forms(value, &self.notes);
        let Some(Limit { tokens: budget, shelf, readable }) = &self.limit else { return whole };
        if whole.is_within(*budget) {
            return whole;
        }
        whole.structured.shift_remove(LEFT_OUT);
        whole.structured.shift_remove(UNTRUSTED);
        self.value = whole.structured;
        let kept = text(&self.value, self.untrusted, Layout::Lines);
        let rest = Rest { uri: shelf.keep(&kept.text), readable: *readable };
        let whole_size = size(&self.value);
        let mut best: Option<Fitted> = None;
        // Bytes that fit, and bytes that do not.
        let (mut low, mut high) = (0, whole_size.min(budget * MOST_BYTES_PER_TOKEN));
        let mut room = (budget * BYTES_PER_TOKEN).min(high - 1);
        let most = (budget / TOKENS_PER_NOTE).clamp(1, MOST_NOTES);
        for _ in 0..ATTEMPTS {
            let (value, gone) = cut(&self.value, room);
            let mut notes = notes(&gone, most, &rest, &kept);
            notes.extend(self.notes.iter().cloned());
            let attempt = self.forms(value, &notes);
            let cost = attempt.cost();
            if cost <= *budget {
                low = room;
                best = Some(attempt);
                // Near enough.
                if cost * 10 >= budget * 9 {
                    break;
                }
            } else {
                high = room;
            }
            // A little less than what the last attempt says would be right.
            let guess = (room as u128 * *budget as u128 * 97 / 100 / cost.max(1) as u128) as usize;
            room = guess.clamp(low + (high - low) / 16, high - (high - low) / 16);
            if high - low < 64 {
                break;
            }
        }
        best.unwrap_or_else(|| self.least(*budget, &rest))
    }

    /// Nothing but where to find it.
    fn least(&self, budget: usize, rest: &Rest) -> Fitted {
        let mut notes = vec![rest.note("all".to_owned(), "answer")];
        notes.extend(self.notes.iter().cloned());
        loop {
            let least = self.forms(Map::new(), &notes);
            if notes.len() == 1 || least.is_within(budget) {
                return least;
            }
            notes.pop();
        }
    }

    /// Both forms of a value, with what has to be said of it.
    fn forms(&self, mut structured: Map<String, Value>, notes: &[LeftOut]) -> Fitted {
        let untrusted: Vec<&str> =
            self.untrusted.iter().copied().filter(|path| is_there(&structured, path)).collect();
        if !untrusted.is_empty() {
            structured.insert(UNTRUSTED.to_owned(), json!(untrusted));
        }
        if !notes.is_empty() {
            structured.insert(LEFT_OUT.to_owned(), json!(notes));
        }
        let text = text(&structured, &untrusted, Layout::Short).text;
        Fitted { text, structured, pictures: Vec::new() }
    }
}

impl Fitted {
    fn is_within(&self, budget: usize) -> bool {
        let json = self.json();
        self.text.len().max(json.len()) <= budget.saturating_mul(MOST_BYTES_PER_TOKEN)
            && tokens::is_within(&self.text, budget)
            && tokens::is_within(&json, budget)
    }

    /// The tokens of the dearer form.
    fn cost(&self) -> usize {
        tokens::count(&self.text).max(tokens::count(&self.json()))
    }

    fn json(&self) -> String {
        serde_json::to_string(&self.structured).unwrap_or_default()
    }
}

/// Whether a dotted path leads to something, through lists too.
fn is_there(value: &Map<String, Value>, path: &str) -> bool {
    fn inner(value: &Value, path: &str) -> bool {
        match value {
            Value::Object(map) => is_there(map, path),
            Value::Array(items) => items.iter().any(|item| inner(item, path)),
            _ => false,
        }
    }
    match path.split_once('.') {
        Some((first, rest)) => value.get(first).is_some_and(|value| inner(value, rest)),
        None => value.get(path).is_some_and(|value| !value.is_null()),
    }
}

/// What was cut, in the order of the paths, with where to read on.
fn notes(gone: &Gone, most: usize, rest: &Rest, kept: &Text) -> Vec<LeftOut> {
    let mut notes: Vec<LeftOut> = Vec::new();
    for ((path, unit), loss) in gone.iter().take(most) {
        let (unit, name) = match unit {
            Unit::Items => ("items", path.as_str()),
            Unit::Characters => ("characters", path.as_str()),
            Unit::Entries => ("entries", if path.is_empty() { "answer" } else { path }),
        };
        let mut note = rest.note(format!("{unit} of {name}"), name).count(loss.count);
        note.offset = kept.parts.iter().find(|part| part.path == *path).and_then(|part| match unit {
            "items" => part.starts.get(loss.after).copied(),
            "characters" => part.starts.first().map(|start| start + loss.after),
            _ => None,
        });
        // An offset is for the tool that reads on.
        if !rest.can_be_read_on() {
            note.offset = None;
        }
        notes.push(note);
    }
    if gone.len() > most {
        let note = rest.note("parts of other fields".to_owned(), "answer");
        notes.push(note.count((gone.len() - most) as u64));
    }
    notes
}

/// Where the whole of an answer is.
struct Rest {
    /// `None` for one that is too long to be kept.
    uri: Option<String>,
    /// Whether `read_answer` is there.
    readable: bool,
}

impl Rest {
    fn can_be_read_on(&self) -> bool {
        self.readable && self.uri.is_some()
    }

    /// What is missing of a field, and how to get it. No tool is named that the server has not.
    fn note(&self, what: String, name: &str) -> LeftOut {
        let less = format!("ask for less of {name} at a time: a limit, a filter or fields");
        let how = match (&self.uri, self.readable) {
            (Some(_), true) => READ_ANSWER.to_owned(),
            (Some(_), false) => format!("{less}; the uri is a resource with the whole"),
            (None, _) => less,
        };
        LeftOut { uri: self.uri.clone(), ..LeftOut::new(what, how) }
    }
}
