//! What of a body may be shown in a log or an error: without secrets, and cut.

use serde_json::Value;

/// Longest text that is shown whole, in characters.
const LONGEST_TEXT: usize = 96;
/// Most members of a list that are shown.
const MOST_MEMBERS: usize = 8;

/// A body for a log or an error, in at most `limit` characters.
pub(crate) fn body(body: &[u8], limit: usize) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            redact(&mut value);
            value.to_string()
        }
        // What cannot be read cannot be searched for secrets either, but for their names.
        Err(_) => {
            let text = String::from_utf8_lossy(&body[..body.len().min(4 * limit)]).into_owned();
            match text.trim_start().starts_with(['{', '[']) && names().any(|name| text.contains(name)) {
                true => "(broken JSON that may hold a secret)".to_owned(),
                false => text,
            }
        }
    };
    cut(&text, limit)
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match is_secret(name) && !member.is_null() {
                    true => *member = Value::from("***"),
                    false => redact(member),
                }
            }
        }
        Value::Array(members) => {
            let more = members.len().saturating_sub(MOST_MEMBERS);
            members.truncate(MOST_MEMBERS);
            members.iter_mut().for_each(redact);
            if more > 0 {
                members.push(Value::from(format!("… {more} more")));
            }
        }
        Value::String(text) if text.chars().count() > LONGEST_TEXT => *text = cut(text, LONGEST_TEXT),
        _ => {}
    }
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Whether a member of this name holds a secret, or content that may be one.
fn is_secret(name: &str) -> bool {
    let name = snake(name);
    names().any(|secret| name == secret || name.ends_with(&format!("_{secret}")))
        && !secret::HARMLESS.iter().any(|harmless| name.ends_with(harmless))
}

fn names() -> impl Iterator<Item = &'static str> {
    secret::OF_ANY_TYPE.into_iter().chain(ALSO)
}

/// `clientSecret` and `client-secret` as `client_secret`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    snake
}

/// What is hidden in a log beyond what every field of its name holds: of requests, in the main.
const ALSO: [&str; 5] = ["assertion", "authorization", "bytes_value", "code_verifier", "string_value"];

/// The rule that the generated `Debug` follows too: one for all places, copied by the build.
#[allow(dead_code, unreachable_pub, reason = "each use of the rule needs a part of it")]
mod secret {
    include!(concat!(env!("OUT_DIR"), "/secret.rs"));
}

/// Whether text in a field of this name is secret, whatever type it is in.
#[cfg(feature = "mcp")]
pub(crate) fn is_secret_field(name: &str) -> bool {
    secret::is_named(&snake(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_are() {
        let body = br#"{"token_value":"dapi1","a":[{"clientSecret":"s3","client-secret":"s3","next_page_token":"p1"}]}"#;
        let shown = super::body(body, 500);
        assert!(shown.contains("p1") && !shown.contains("dapi1") && !shown.contains("s3\""), "{shown}");
        assert_eq!(super::body(br#"{"token_value": "dapi1"#, 500), "(broken JSON that may hold a secret)");
    }

    #[test]
    fn what_is_long_is_cut() {
        let long =
            serde_json::json!({ "text": "ü".repeat(500), "list": (0..100).collect::<Vec<_>>() }).to_string();
        let shown = body(long.as_bytes(), 1000);
        assert!(shown.contains("… 92 more") && shown.chars().count() < 300, "{shown}");
        assert_eq!(body("üüüü".as_bytes(), 2), "üü…");
    }
}
