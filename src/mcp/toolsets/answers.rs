//! What was left out of answers, read on.

use databricks_toolkit_macros::Toolset;
use regex::RegexBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mcp::answer::is_within;
use crate::mcp::{ANSWER_TOKENS, Compound, Context, LeftOut, ToolError};

/// The rest of answers that were cut.
#[derive(Debug, Toolset)]
#[toolset(name = "answers")]
pub enum Answers {
    /// Go on reading in an answer that was cut (truncated), from the uri and offset in its left_out; or find a pattern.
    #[tool(title = "Read the rest of an answer", effect = read)]
    ReadAnswer(ReadAnswer),
}

/// Matches of a pattern that are shown, and bytes around each.
const MATCHES: usize = 50;
const AROUND: usize = 160;
/// Tokens of an answer that are not its text.
const FRAME: usize = 200;
/// Bytes of a token at most: where the search for the end begins.
const BYTES_PER_TOKEN: usize = 6;
/// Bytes of a piece where answers have no limit.
const UNLIMITED: usize = 4_000_000;

/// Arguments of `read_answer`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReadAnswer {
    /// databricks://answers/…
    uri: String,
    /// First byte; 0 unless set.
    offset: Option<usize>,
    /// Regular expression to find from there on.
    pattern: Option<String>,
}

/// A part of a kept answer.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct AnswerPart {
    offset: usize,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<Match>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

/// A place where the pattern was found.
#[derive(Debug, Serialize, JsonSchema)]
struct Match {
    offset: usize,
    line: usize,
    text: String,
}

impl Compound for ReadAnswer {
    type Output = AnswerPart;
    const UNTRUSTED: &'static [&'static str] = &["text", "matches.text"];

    async fn call(self, context: &Context) -> Result<AnswerPart, ToolError> {
        let kept = context.app().kept(&self.uri).ok_or_else(|| {
            ToolError::Failed(format!(
                "{} is not kept, or no longer: make the call again that answered it",
                self.uri
            ))
        })?;
        let length = kept.text.len();
        let offset = self.offset.unwrap_or(0);
        if offset > length {
            return Err(ToolError::Argument(format!("`offset`: {offset} is beyond the end, at {length}")));
        }
        let offset = floor(&kept.text, offset);
        match &self.pattern {
            Some(pattern) => find(&kept.text, offset, pattern),
            None => Ok(read(&kept.text, offset, &kept.uri, context.answer_tokens())),
        }
    }
}

fn read(text: &str, offset: usize, uri: &str, tokens: Option<usize>) -> AnswerPart {
    let rest = &text[offset..];
    let end =
        tokens.map_or(UNLIMITED, |tokens| longest(rest, tokens.min(ANSWER_TOKENS * 4).saturating_sub(FRAME)));
    let part = &rest[..end.min(rest.len())];
    let next = offset + part.len();
    let mut answer =
        AnswerPart { offset, length: text.len(), text: Some(part.to_owned()), ..AnswerPart::default() };
    if next < text.len() {
        answer.next_offset = Some(next);
        let note = LeftOut::new("bytes of the rest", "read_answer").count((text.len() - next) as u64);
        answer.left_out.push(LeftOut { uri: Some(uri.to_owned()), offset: Some(next), ..note });
    }
    answer
}

/// The end of the longest beginning that has so many tokens as JSON, at the end of a line if one is near.
fn longest(text: &str, tokens: usize) -> usize {
    let fits = |end: usize| is_within(&serde_json::Value::from(&text[..end]).to_string(), tokens);
    let mut end = floor(text, text.len().min(tokens * BYTES_PER_TOKEN));
    while !fits(end) {
        end = floor(text, end * 4 / 5);
        if end < 16 {
            break;
        }
    }
    if end == text.len() {
        return end;
    }
    match text[..end].rfind('\n') {
        Some(line) if line > end / 2 => line + 1,
        _ => end.max(text.chars().next().map_or(0, char::len_utf8)),
    }
}

fn find(text: &str, offset: usize, pattern: &str) -> Result<AnswerPart, ToolError> {
    let expression = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build()
        .map_err(|error| ToolError::Argument(format!("`pattern`: {error}")))?;
    let mut matches: Vec<Match> = Vec::new();
    let (mut line, mut seen, mut more) = (1 + text[..offset].matches('\n').count(), offset, 0);
    let mut shown = offset;
    for found in expression.find_iter(&text[offset..]) {
        let at = offset + found.start();
        // What is beside an earlier match has been shown with it.
        if at < shown {
            continue;
        }
        if matches.len() == MATCHES {
            more += 1;
            continue;
        }
        line += text[seen..at].matches('\n').count();
        seen = at;
        let start =
            text[..at].rfind('\n').map_or(0, |line| line + 1).max(floor(text, at.saturating_sub(AROUND)));
        let end = text[at..].find('\n').map_or(text.len(), |line| at + line);
        let end = floor(text, end.min(at + AROUND.max(found.len().min(AROUND * 4))));
        shown = end.max(at + 1);
        matches.push(Match { offset: at, line, text: text[start..end].to_owned() });
    }
    let mut answer = AnswerPart { offset, length: text.len(), ..AnswerPart::default() };
    if more > 0 {
        answer.next_offset = Some(shown);
        let note = LeftOut::new("matches", "call again with offset = next_offset");
        answer.left_out.push(note.count(more));
    }
    answer.matches = Some(matches);
    Ok(answer)
}

/// The nearest beginning of a character at or before a byte.
fn floor(text: &str, mut byte: usize) -> usize {
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_join_to_the_whole() {
        let text: String = (0..2_000).map(|n| format!("line {n} é \"quoted\"\n")).collect();
        let (mut whole, mut offset) = (String::new(), 0);
        loop {
            let part = read(&text, offset, "databricks://answers/x", Some(1_000));
            whole.push_str(part.text.as_deref().unwrap());
            match part.next_offset {
                Some(next) => {
                    assert!(next > offset && part.left_out[0].offset == Some(next), "{part:?}");
                    offset = next;
                }
                None => break,
            }
        }
        assert_eq!(whole, text);
        let one_line = "é".repeat(100_000);
        let part = read(&one_line, 0, "", Some(500));
        assert!(part.next_offset.is_some_and(|next| next > 100), "{:?}", part.next_offset);
    }

    #[test]
    fn patterns_are_found_with_their_places() {
        let text = "one\ntwo ERROR here\nthree\nfour error\n";
        let found = find(text, 0, "error").unwrap().matches.unwrap();
        let places: Vec<_> = found.iter().map(|it| (it.line, it.text.as_str())).collect();
        assert_eq!(places, [(2, "two ERROR here"), (4, "four error")]);
        assert_eq!(&text[found[1].offset..][..5], "error");
        assert!(find(text, 0, "(").unwrap_err().to_string().contains("`pattern`"));
        let many = "x\n".repeat(200);
        let found = find(&many, 0, "x").unwrap();
        assert_eq!((found.matches.unwrap().len(), found.left_out[0].count), (MATCHES, Some(150)));
        let next = find(&many, found.next_offset.unwrap(), "x").unwrap();
        assert_eq!(next.matches.unwrap()[0].line, MATCHES + 1);
    }
}
