//! How names of a document become names in Rust, and which name was probably meant.

use heck::{ToPascalCase, ToSnakeCase};

/// The name of a type: `aws_attributes` → `AwsAttributes`.
pub fn type_name(name: &str) -> String {
    name.to_pascal_case()
}

/// The name of a field, parameter or method: `filter_by.is_pinned` → `filter_by_is_pinned`.
///
/// Keywords get a trailing underscore, as progenitor gives them.
pub fn field_name(name: &str) -> String {
    let snake = name.replace('$', "_").to_snake_case();
    if KEYWORDS.contains(&snake.as_str()) { format!("{snake}_") } else { snake }
}

/// The names of an enum's variants, in the order of its values.
///
/// A value that is no identifier, or whose plain name is taken already, has its punctuation
/// spelled out (`!=` → `NotEqual`), so that a new value never renames an old one.
pub fn variant_names(values: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        let plain = identifier(&value.to_pascal_case());
        let name = if plain == "X" || plain == UNRECOGNIZED || names.contains(&plain) {
            identifier(&spelled_out(value))
        } else {
            plain
        };
        names.push(name);
    }
    names
}

/// The variant that holds a value the document does not know.
pub const UNRECOGNIZED: &str = "Unrecognized";

fn identifier(name: &str) -> String {
    match name.chars().next() {
        None => "X".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("X{name}"),
        Some(_) if name == "Self" => "Self_".to_owned(),
        Some(_) => name.to_owned(),
    }
}

fn spelled_out(value: &str) -> String {
    let mut name = String::new();
    let mut word = String::new();
    for c in value.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        name.push_str(&std::mem::take(&mut word).to_pascal_case());
        match PUNCTUATION.iter().find(|(sign, _)| *sign == c) {
            Some((_, spelled)) => name.push_str(spelled),
            None => name.push_str(&format!("U{:04X}", u32::from(c))),
        }
    }
    name.push_str(&word.to_pascal_case());
    if name == UNRECOGNIZED { format!("{name}Value") } else { name }
}

const PUNCTUATION: [(char, &str); 14] = [
    ('!', "Not"),
    ('=', "Equal"),
    ('<', "Less"),
    ('>', "Greater"),
    ('-', "Dash"),
    ('_', "Underscore"),
    ('.', "Dot"),
    ('/', "Slash"),
    (' ', "Space"),
    (':', "Colon"),
    ('+', "Plus"),
    ('*', "Star"),
    ('%', "Percent"),
    ('&', "And"),
];

const KEYWORDS: [&str; 39] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match",
    "mod", "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "try",
    "type", "use",
];

/// The names nearest to a mistaken one, best first: at most three, and only likely ones.
pub fn nearest<'a>(name: &str, existing: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = existing
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let mut score = strsim::jaro_winkler(&wanted, &lower);
            if lower.contains(&wanted) || wanted.contains(&lower) {
                score = score.max(0.85);
            }
            // Short names: one slip of the finger for every four letters.
            if strsim::osa_distance(&wanted, &lower) <= 1 + wanted.len() / 5 {
                score = score.max(0.9);
            }
            (score, candidate)
        })
        .filter(|(score, _)| *score >= 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust() {
        assert_eq!(type_name("aws_attributes"), "AwsAttributes");
        assert_eq!(field_name("filter_by.is_pinned"), "filter_by_is_pinned");
        assert_eq!(field_name("clusterId"), "cluster_id");
        assert_eq!(field_name("type"), "type_");
    }

    #[test]
    fn every_variant_has_its_own_name() {
        assert_eq!(variant_names(&["a-b", "a_b"]), ["AB", "AUnderscoreB"]);
        assert_eq!(variant_names(&["!=", ">="]), ["NotEqual", "GreaterEqual"]);
        assert_eq!(variant_names(&["2X-Small", "SELF"]), ["X2xSmall", "Self_"]);
        assert_eq!(variant_names(&["UNRECOGNIZED"]), ["UnrecognizedValue"]);
    }

    #[test]
    fn the_likely_name_is_suggested() {
        assert_eq!(nearest("cluster_list", ["clusters_list", "jobs_list"]), ["clusters_list"]);
        assert!(nearest("zzz", ["clusters_list"]).is_empty());
    }
}
