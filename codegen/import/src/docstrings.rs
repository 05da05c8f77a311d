//! What docstrings are asked for: the patterns of resource names, and nothing else. No sentence leaves this file.

use std::collections::BTreeMap;

use regex::Regex;

/// Finds the patterns of resource names.
pub(crate) struct Patterns {
    /// `projects/{project_id}/branches/{branch_id}`
    name: Regex,
    /// "Format: `resource-name`", for names without variables.
    constant: Regex,
    /// "ending with `/operations/*`": a suffix is no name.
    suffix: Regex,
}

impl Patterns {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Patterns {
            name: Regex::new(r#"[a-z][A-Za-z0-9_-]*/(?:\{[A-Za-z_]+\}|[a-z_-]+)[^\s`"',;)]*"#)?,
            constant: Regex::new(r#"Format:\s+[`"]*([a-z][a-z0-9]*(?:-[a-z0-9]+)+)[`"]*\s*(?:$|\.)"#)?,
            suffix: Regex::new(r"ending\s+with\s+`*[^\s`]+`*")?,
        })
    }

    /// The patterns of resource names in a docstring, in its order.
    pub(crate) fn names(&self, doc: &str) -> Vec<String> {
        let doc = self.suffix.replace_all(doc, "");
        let mut found: Vec<String> = Vec::new();
        let mut at = 0;
        while let Some(hit) = self.name.find_at(&doc, at) {
            if doc[..hit.start()].ends_with(continues) {
                at = hit.start() + 1; // a name begins with an ASCII letter
                continue;
            }
            at = hit.end();
            let name = hit.as_str().trim_end_matches(['.', ':']);
            let whole = name.contains('{') && name.matches('{').count() == name.matches('}').count();
            if whole && !name.contains("...") && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
        if found.is_empty() {
            found.extend(self.constant.captures(doc.trim()).map(|constant| constant[1].to_owned()));
        }
        found
    }
}

/// What stands before the rest of something longer, such as a URL.
fn continues(c: char) -> bool {
    c.is_alphanumeric() || "_/{}.$:-".contains(c)
}

/// The text under each `:param name:` of a method's docstring.
pub(crate) fn parameters(doc: &str) -> BTreeMap<String, String> {
    let mut docs = BTreeMap::new();
    let mut current: Option<&str> = None;
    for line in doc.split('\n') {
        if let Some((name, _)) = line.strip_prefix(":param ").and_then(|rest| rest.split_once(':')) {
            current = Some(name);
            docs.insert(name.to_owned(), String::new());
            continue;
        }
        if line.starts_with(":returns") {
            current = None;
        }
        if let Some(text) = current.and_then(|name| docs.get_mut(name)) {
            text.push_str(line.trim());
            text.push(' ');
        }
    }
    docs
}

/// Whether a docstring begins with, or holds, a mark of deprecation.
pub(crate) fn is_deprecated(doc: &str) -> bool {
    let start = doc.trim_start_matches([' ', '*', '[']);
    let marked = start.get(.."DEPRECATED".len()).is_some_and(|word| word.eq_ignore_ascii_case("DEPRECATED"));
    marked || doc.contains(".. deprecated")
}

#[cfg(test)]
mod tests {
    use super::{Patterns, is_deprecated, parameters};

    #[test]
    fn names_in_prose() {
        let patterns = Patterns::new().unwrap();
        for (doc, expected) in [
            ("Format: `shelves/{shelf_id}/books/{book_id}`.", &["shelves/{shelf_id}/books/{book_id}"][..]),
            ("accounts/{a}/shelves/{s}, or shelves/{s}:", &["accounts/{a}/shelves/{s}", "shelves/{s}"]),
            ("an address such as https://example.com/shelves/{s}", &[]),
            ("/api/2.0/shelves/{s}", &[]),
            ("a name ending with `operations/{id}`", &[]),
            ("either/or", &[]),
            ("Format: `shelf-settings`", &["shelf-settings"]),
            ("Format: shelf-settings. More of it", &["shelf-settings"]),
            ("shelves/{s}/.../books", &[]),
        ] {
            assert_eq!(patterns.names(doc), expected, "{doc}");
        }
    }

    #[test]
    fn text_under_parameters() {
        let docs = parameters(
            "Does it.\n\n:param name: str\n  Format:\n  shelves/{s}\n:param x: int\n:returns: It\n  no",
        );
        assert_eq!(docs["name"], "Format: shelves/{s} ");
        assert_eq!(docs["x"], "");
    }

    #[test]
    fn deprecation() {
        assert!(is_deprecated("**Deprecated**: use the other"));
        assert!(is_deprecated("Lists.\n\n.. deprecated:: 1"));
        assert!(!is_deprecated("Lists what is not deprecated"));
    }
}
