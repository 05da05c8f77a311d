//! What people call an operation where neither its name nor its description does: see `said.tsv`.

use std::collections::HashMap;

/// Everyday words, a line for an operation, for some, or for all whose ids look like a pattern.
static LINES: &str = include_str!("said.tsv");

/// The words, by what they are of.
pub(super) struct Said {
    of_one: HashMap<&'static str, String>,
    /// By patterns such as `clusters_*` and `*_get_permissions`.
    of_some: Vec<(&'static str, &'static str)>,
}

impl Said {
    pub(super) fn read() -> Self {
        let mut said = Self { of_one: HashMap::new(), of_some: Vec::new() };
        for line in LINES.lines().filter(|line| !line.starts_with('#')) {
            let Some((ids, words)) = line.split_once('\t') else { continue };
            for id in ids.split(' ') {
                if id.contains('*') {
                    said.of_some.push((id, words));
                } else {
                    add(said.of_one.entry(id).or_default(), words);
                }
            }
        }
        said
    }

    /// What is said of an operation itself, and of its kind. A pattern that says more than how an id
    /// begins is nearly as good as an id.
    pub(super) fn of(&self, id: &str) -> (String, String) {
        let mut of_one = self.of_one.get(id).cloned().unwrap_or_default();
        let mut of_kind = String::new();
        for (pattern, words) in self.of_some.iter().filter(|(pattern, _)| fits(pattern, id)) {
            let is_kind = pattern.find('*') == Some(pattern.len() - 1);
            add(if is_kind { &mut of_kind } else { &mut of_one }, words);
        }
        (of_one, of_kind)
    }
}

fn add(so_far: &mut String, words: &str) {
    so_far.push(' ');
    so_far.push_str(words);
}

/// Whether an id has the parts of a pattern between its stars, in their order.
fn fits(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| id.strip_prefix(first)) else { return false };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || last.is_empty() || rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::super::operations::{self, Listed};
    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, id) in [
            ("jobs_*", "jobs_list"),
            ("*_get_permissions", "jobs_get_permissions"),
            ("database_*_role", "database_get_database_instance_role"),
            ("genie_*_comment*", "genie_list_message_comments"),
            ("a_*_role", "a_role_of_role"),
        ] {
            assert!(fits(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [("jobs_*", "my_jobs_list"), ("*_role", "a_roles"), ("a_*_b", "a_c")] {
            assert!(!fits(pattern, id), "{pattern} {id}");
        }
    }

    #[test]
    fn every_line_is_of_an_operation() {
        let ids: Vec<&str> = operations::all().unwrap().iter().map(Listed::id).collect();
        for line in LINES.lines().filter(|line| !line.starts_with('#')) {
            let (patterns, words) = line.split_once('\t').unwrap();
            assert!(!words.is_empty(), "{line}");
            for pattern in patterns.split(' ') {
                let fits = |id: &&str| if pattern.contains('*') { fits(pattern, id) } else { *id == pattern };
                assert!(ids.iter().any(fits), "`{pattern}` is no operation");
            }
        }
    }
}
