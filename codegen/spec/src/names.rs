//! How names of a document become names in Rust, and which name was probably meant.

use heck::{ToPascalCase, ToSnakeCase};

/// The name of a type: `aws_attributes` → `AwsAttributes`.
///
/// Naming a name again does not change it, as progenitor does exactly that: `s3_a` is `S3A` in
/// Pascal case, but that is `S3a`.
pub fn type_name(name: &str) -> String {
    let name = part_name(name);
    if OF_GENERATED_CODE.contains(&name.as_str()) { format!("{name}Type") } else { name }
}

/// A part of a type's name, or the name of a call's builder: what is in scope elsewhere is no matter.
pub(crate) fn part_name(name: &str) -> String {
    let mut name = words(name).to_pascal_case();
    loop {
        let again = name.to_pascal_case();
        if again == name {
            break;
        }
        name = again;
    }
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("X{name}") }
}

/// What progenitor calls the builder of a call.
#[cfg(feature = "generate")]
pub(crate) fn call_name(operation_id: &str) -> String {
    let name = words(&field_name(operation_id)).to_pascal_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The name of a field, parameter or method: `filter_by.is_pinned` → `filter_by_is_pinned`.
///
/// Keywords get a trailing underscore, as progenitor gives them.
pub fn field_name(name: &str) -> String {
    let snake = words(name).to_snake_case();
    match snake.chars().next() {
        None => "x".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{snake}"),
        Some(_) if KEYWORDS.contains(&snake.as_str()) => format!("{snake}_"),
        Some(_) => snake,
    }
}

/// The Cargo feature and the module of a document: its name, apart from `sandbox`, which is the
/// feature of the embedded workspace.
pub fn feature_name(document: &str) -> &str {
    if document == "sandbox" { "sandbox_api" } else { document }
}

/// The property as progenitor sees it: another one where it would take the field [`EXTRA`].
pub(crate) fn property_name(name: &str) -> &str {
    if field_name(name) == EXTRA { "extra_property" } else { name }
}

/// The field of every object that keeps what the document does not know.
pub(crate) const EXTRA: &str = "extra";

/// What of a name becomes letters, as progenitor takes it.
fn words(name: &str) -> String {
    name.replace('\'', "").replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// The names of an enum's variants, in the order of its values.
///
/// A value that is no identifier, or whose plain name is taken already, has its punctuation
/// spelled out (`!=` → `NotEqual`), so that a new value never renames an old one.
pub fn variant_names(values: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        let is_free = |name: &String| name != UNRECOGNIZED && !names.contains(name);
        let plain = Some(value.to_pascal_case()).filter(|name| !name.is_empty() && value.is_ascii());
        let name = plain.map(|name| identifier(&name)).filter(is_free).unwrap_or_else(|| {
            let mut name = identifier(&spelled_out(value));
            while !is_free(&name) {
                name.push('_');
            }
            name
        });
        names.push(name);
    }
    names
}

/// The variant that holds a value the document does not know.
pub const UNRECOGNIZED: &str = "Unrecognized";

/// A name in Pascal case as the language takes it.
fn identifier(name: &str) -> String {
    match name.chars().next() {
        None => "X".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("X{name}"),
        // A keyword, and the error of `FromStr` for an enum.
        Some(_) if name == "Self" || name == "Err" => format!("{name}_"),
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
    name
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

/// Types of this name would be taken for what generated code means by it.
const OF_GENERATED_CODE: [&str; 4] = ["Default", "Err", "Ok", "Self"];

const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
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
        assert_eq!(type_name("s3_a"), "S3a");
        assert_eq!(type_name("Default"), "DefaultType");
        assert_eq!(field_name("filter_by.is_pinned"), "filter_by_is_pinned");
        assert_eq!(field_name("clusterId"), "cluster_id");
        assert_eq!(field_name("type"), "type_");
    }

    #[test]
    fn every_variant_has_its_own_name() {
        assert_eq!(variant_names(&["a-b", "a_b"]), ["AB", "AUnderscoreB"]);
        assert_eq!(variant_names(&["!=", ">="]), ["NotEqual", "GreaterEqual"]);
        assert_eq!(variant_names(&["2X-Small", "SELF"]), ["X2xSmall", "Self_"]);
        assert_eq!(variant_names(&["UNRECOGNIZED", "", "é"]), ["Unrecognized_", "X", "U00E9"]);
    }

    #[test]
    fn the_likely_name_is_suggested() {
        assert_eq!(nearest("cluster_list", ["clusters_list", "jobs_list"]), ["clusters_list"]);
        assert!(nearest("zzz", ["clusters_list"]).is_empty());
    }
}
