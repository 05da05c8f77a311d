//! `.databrickscfg`: profiles of settings, one section each, as the official tools read it.
//!
//! The rules are few and their own (which `#` is a comment, a `DEFAULT` that other sections do not
//! inherit from, a reserved section for the tools' own settings), so the file is read here.

use std::path::Path;

use crate::error::ConfigError;

const SETTINGS: &str = "__settings__";
const DEFAULT: &str = "DEFAULT";

type Section = (String, Vec<(String, String)>);

/// A profile: its name and what it sets.
#[derive(Debug)]
pub(super) struct Profile {
    pub name: String,
    pub values: Vec<(String, String)>,
}

/// The profile to use of a file: the wanted one, else the one that the file names as its default,
/// else `DEFAULT`, which may be absent, as may the file where no profile is wanted.
pub(super) fn read(file: &Path, wanted: Option<&str>) -> Result<Option<Profile>, ConfigError> {
    let failed = |message: String| ConfigError::Profile { file: file.display().to_string(), message };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && wanted.is_none() => return Ok(None),
        Err(error) => return Err(failed(format!("cannot be read: {error}"))),
    };
    choose(&text, wanted).map_err(failed)
}

fn choose(text: &str, wanted: Option<&str>) -> Result<Option<Profile>, String> {
    let sections = parse(text)?;
    let values = |name: &str| {
        sections.iter().find(|(section, _)| section == name).map(|(_, values)| values.as_slice())
    };
    let named = wanted.or_else(|| {
        let settings = values(SETTINGS)?;
        settings.iter().find(|(key, _)| key == "default_profile").map(|(_, value)| value.as_str())
    });
    let named = named.filter(|name| !name.is_empty());
    let name = named.unwrap_or(DEFAULT);
    if name == SETTINGS {
        return Err(format!("`{SETTINGS}` is not a profile; it holds settings of the tools themselves"));
    }
    match (values(name), named) {
        (Some([]), None) | (None, None) => Ok(None),
        (Some(values), _) => Ok(Some(Profile { name: name.to_owned(), values: values.to_vec() })),
        (None, Some(name)) => {
            // DEFAULT is always there, if only as an empty section.
            let is_profile = |name: &str, is_empty| name != SETTINGS && !(name == DEFAULT && is_empty);
            let profiles = sections.iter().filter(|(name, values)| is_profile(name, values.is_empty()));
            let names: Vec<_> = profiles.map(|(name, _)| name.as_str()).collect();
            Err(format!("there is no profile `{name}`; there are: {}", names.join(", ")))
        }
    }
}

/// The sections in their order; the lines before the first one are of `DEFAULT`.
fn parse(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = vec![(DEFAULT.to_owned(), Vec::new())];
    let mut current = 0;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        // The line itself may hold a secret: only its number is told.
        let wrong = |what: &str| format!("line {} is {what}", number + 1);
        if let Some(rest) = line.strip_prefix('[') {
            let (name, _) = rest.split_once(']').ok_or_else(|| wrong("a section without `]`"))?;
            let name = name.trim();
            current = sections.iter().position(|(section, _)| section == name).unwrap_or_else(|| {
                sections.push((name.to_owned(), Vec::new()));
                sections.len() - 1
            });
            continue;
        }
        let (key, value) =
            line.split_once(['=', ':']).ok_or_else(|| wrong("neither a section nor `name = value`"))?;
        if let Some((_, values)) = sections.get_mut(current) {
            let (key, value) = (key.trim().to_ascii_lowercase(), plain(value));
            values.retain(|(known, _)| *known != key);
            values.push((key, value));
        }
    }
    Ok(sections)
}

/// A value without the comment after it and the quotes around it. A `#` or `;` is a comment only
/// after a blank: tokens and passwords may hold one.
fn plain(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inner, rest)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote))
            && (rest.is_empty() || rest.starts_with([' ', '\t']))
        {
            return inner.to_owned();
        }
    }
    let comment = value
        .char_indices()
        .zip(value.chars().skip(1))
        .find(|((_, before), sign)| before.is_whitespace() && matches!(sign, '#' | ';'));
    match comment {
        Some(((end, _), _)) => value.get(..end).unwrap_or(value).trim_end().to_owned(),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# a comment
[DEFAULT]
host = https://default.com

[one]
host=https://one.com   # the first
token = dapi#1;2
password = \"a # b\"
Scopes : a,b

[empty]
";

    fn pairs(profile: Profile) -> Vec<(String, String)> {
        profile.values
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn a_hash_is_a_comment_only_after_a_blank() {
        let expected = [
            pair("host", "https://one.com"),
            pair("token", "dapi#1;2"),
            pair("password", "a # b"),
            pair("scopes", "a,b"),
        ];
        assert_eq!(pairs(choose(FILE, Some("one")).unwrap().unwrap()), expected);
    }

    #[test]
    fn the_wanted_profile_then_the_files_default_then_default() {
        let name = |text: &str, wanted| choose(text, wanted).unwrap().map(|profile| profile.name);
        assert_eq!(name(FILE, None).as_deref(), Some("DEFAULT"));
        let named = format!("{FILE}[__settings__]\ndefault_profile = one\n");
        assert_eq!(name(&named, None).as_deref(), Some("one"));
        assert_eq!(name(&named, Some("DEFAULT")).as_deref(), Some("DEFAULT"));
        assert_eq!(name(&named, Some("empty")).as_deref(), Some("empty"));
        assert_eq!(name("[one]\nhost = x\n", None), None);
        assert_eq!(name("", None), None);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_text() {
        for (text, wanted, part) in [
            (FILE, Some("two"), "no profile `two`; there are: DEFAULT, one, empty"),
            ("[work]\nhost = x\n", Some("wrok"), "no profile `wrok`; there are: work"),
            (FILE, Some("__settings__"), "not a profile"),
            ("[__settings__]\ndefault_profile = gone\n", None, "no profile `gone`"),
            ("[one\n", None, "line 1 is a section without"),
            ("[one]\nsecret-thing\n", None, "line 2 is neither"),
        ] {
            let error = choose(text, wanted).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret-thing"), "{error}");
        }
    }
}
