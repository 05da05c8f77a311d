//! What of a body may be shown in a log or an error: without secrets, and cut.

use serde_json::Value;

/// Longest text that is shown whole unless the settings say otherwise, in bytes.
pub(crate) const LONGEST_TEXT: usize = 96;
/// Most members of a list that are shown.
const MOST_MEMBERS: usize = 8;

/// A body for an error, in at most `limit` characters.
pub(crate) fn body(body: &[u8], limit: usize) -> String {
    body_with(body, limit, LONGEST_TEXT)
}

/// The same with texts of at most `longest` bytes.
pub(crate) fn body_with(body: &[u8], limit: usize, longest: usize) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            redact(&mut value, longest);
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

fn redact(value: &mut Value, longest: usize) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match is_secret(name) && !member.is_null() {
                    true => *member = Value::from("***"),
                    false => redact(member, longest),
                }
            }
        }
        Value::Array(members) => {
            let more = members.len().saturating_sub(MOST_MEMBERS);
            members.truncate(MOST_MEMBERS);
            members.iter_mut().for_each(|member| redact(member, longest));
            if more > 0 {
                members.push(Value::from(format!("… {more} more")));
            }
        }
        Value::String(text) if text.len() > longest => {
            let mut end = longest;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push('…');
        }
        _ => {}
    }
}

/// What recordings do with what is secret.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// It is not there.
    Left,
    /// Stars stand in the place of each text, so that the whole is read as before.
    Starred,
}

#[cfg(feature = "testing")]
impl Secrets {
    pub(crate) fn hide(self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                if self == Self::Left {
                    members.retain(|name, _| !is_secret(name));
                }
                for (name, member) in members.iter_mut() {
                    if is_secret(name) { star(member) } else { self.hide(member) }
                }
            }
            Value::Array(members) => members.iter_mut().for_each(|member| self.hide(member)),
            _ => {}
        }
    }
}

#[cfg(feature = "testing")]
fn star(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(_, member)| star(member)),
        Value::Array(members) => members.iter_mut().for_each(star),
        Value::String(text) => *text = "***".to_owned(),
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

    #[cfg(feature = "testing")]
    #[test]
    fn recordings_hold_no_secret_and_can_be_read() {
        let body = serde_json::json!({"token": "s3", "credential": {"key": ["s3"], "n": 1}, "name": "x", "in": [{"password": "s3"}]});
        let (mut starred, mut left) = (body.clone(), body);
        Secrets::Starred.hide(&mut starred);
        Secrets::Left.hide(&mut left);
        let stars = serde_json::json!({"token": "***", "credential": {"key": ["***"], "n": 1}, "name": "x", "in": [{"password": "***"}]});
        assert_eq!((starred, left), (stars, serde_json::json!({"name": "x", "in": [{}]})));
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
