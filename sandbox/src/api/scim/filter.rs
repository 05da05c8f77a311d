//! Filters of SCIM, such as `userName eq "a@b.c" and active eq true`.

use serde_json::Value;

use crate::server::{ApiError, Reply};

/// A condition over an object.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Is { path: String, operator: String, value: String },
}

impl Filter {
    pub(super) fn parse(text: &str) -> Reply<Self> {
        let mut words = Words { words: words(text)?, at: 0, text };
        let filter = words.or()?;
        if words.at < words.words.len() { Err(words.refuse()) } else { Ok(filter) }
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        match self {
            Self::And(a, b) => a.matches(object) && b.matches(object),
            Self::Or(a, b) => a.matches(object) || b.matches(object),
            Self::Not(a) => !a.matches(object),
            Self::Is { path, operator, value } => {
                let found = values(object, path);
                let is = |test: fn(&str, &str) -> bool| {
                    found.iter().any(|it| test(&it.to_lowercase(), &value.to_lowercase()))
                };
                match operator.as_str() {
                    "eq" => is(|a, b| a == b),
                    "ne" => !is(|a, b| a == b),
                    "co" => is(|a, b| a.contains(b)),
                    "sw" => is(|a, b| a.starts_with(b)),
                    "ew" => is(|a, b| a.ends_with(b)),
                    _ => !found.is_empty(),
                }
            }
        }
    }
}

/// The values at a path; a list counts by each of its items, and an item that is an object by its `value`.
fn values(object: &Value, path: &str) -> Vec<String> {
    let mut found = vec![object];
    for step in path.split('.') {
        found = found
            .into_iter()
            .filter_map(|value| {
                let fields = value.as_object()?;
                fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(step)).map(|(_, it)| it)
            })
            .flat_map(|value| value.as_array().map_or_else(|| vec![value], |items| items.iter().collect()))
            .collect();
    }
    let scalar = |value: &Value| match value {
        Value::Object(fields) => fields.get("value").map(super::super::plain::text),
        Value::Null => None,
        value => Some(super::super::plain::text(value)),
    };
    found.into_iter().filter_map(scalar).collect()
}

fn words(text: &str) -> Reply<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.peek().copied() {
        match next {
            ' ' => drop(rest.next()),
            '(' | ')' => {
                words.push(next.to_string());
                rest.next();
            }
            '"' | '\'' => {
                rest.next();
                let mut word = String::from("\"");
                loop {
                    match rest.next() {
                        Some(c) if c == next => break,
                        Some('\\') => word.extend(rest.next()),
                        Some(c) => word.push(c),
                        None => {
                            return Err(ApiError::invalid(format!(
                                "The filter '{text}' lacks a closing quote"
                            )));
                        }
                    }
                }
                words.push(word);
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = rest.peek().filter(|c| !" ()\"".contains(**c)) {
                    word.push(*c);
                    rest.next();
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}

struct Words<'a> {
    words: Vec<String>,
    at: usize,
    text: &'a str,
}

impl Words<'_> {
    fn refuse(&self) -> ApiError {
        ApiError::invalid(format!(
            "The filter '{}' is no filter of the form: attribute eq \"value\"",
            self.text
        ))
    }

    fn next(&mut self) -> Reply<String> {
        let word = self.words.get(self.at).cloned().ok_or_else(|| self.refuse())?;
        self.at += 1;
        Ok(word)
    }

    fn is(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|it| it.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Reply<Filter> {
        let mut left = self.and()?;
        while self.is("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Reply<Filter> {
        let mut left = self.one()?;
        while self.is("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Reply<Filter> {
        if self.at > 200 {
            return Err(self.refuse());
        }
        if self.is("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.is("(") {
            let inner = self.or()?;
            return if self.is(")") { Ok(inner) } else { Err(self.refuse()) };
        }
        let path = self.next()?;
        let operator = self.next()?.to_lowercase();
        let value = match operator.as_str() {
            "pr" => String::new(),
            "eq" | "ne" | "co" | "sw" | "ew" => self.next()?.trim_start_matches('"').to_owned(),
            _ => return Err(self.refuse()),
        };
        Ok(Filter::Is { path, operator, value })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_find_what_they_say() {
        let user = json!({ "userName": "Ann@x.org", "active": true, "emails": [{ "value": "a@x.org" }], "name": { "givenName": "Ann" } });
        for (filter, expected) in [
            ("userName eq \"ann@x.org\"", true),
            ("userName eq ann@x.org", true),
            ("username sw 'ann' and active eq true", true),
            ("userName co \"bob\" or name.givenName eq \"Ann\"", true),
            ("not (userName co \"ann\")", false),
            ("emails eq \"a@x.org\"", true),
            ("displayName pr", false),
            ("userName ne \"ann@x.org\"", false),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().matches(&user), expected, "{filter}");
        }
        for wrong in ["userName", "userName is \"a\"", "userName eq \"a", "(userName eq \"a\"", "a eq b c"] {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
    }
}
