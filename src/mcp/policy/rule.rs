//! Rules of a server's owner: which calls are made, asked about, or never made.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Judged;
use crate::mcp::Effect;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is made.
    Allow,
    /// A person is asked first.
    Ask,
    /// It is refused.
    Never,
}

/// A rule: it fits a call that fits each list which is not empty.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names of tools.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    tools: Vec<Pattern>,
    /// `operationId`s, of tools that are one operation and of `api_call`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    operations: Vec<Pattern>,
    /// Names of what a call touches: catalogs, tables, paths, ids, as its arguments and its SQL have them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    names: Vec<Pattern>,
    /// What a call does.
    #[serde(default)]
    effects: Vec<Effect>,
    /// What becomes of it.
    pub(super) then: Decision,
}

impl Rule {
    /// A rule that fits every call.
    pub fn new(then: Decision) -> Self {
        Self { tools: Vec::new(), operations: Vec::new(), names: Vec::new(), effects: Vec::new(), then }
    }

    /// Only for tools of these names.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn tools<'a>(mut self, patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        self.tools = patterns.into_iter().map(Pattern::new).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Only for these operations.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn operations<'a>(
        mut self,
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, PatternError> {
        self.operations = patterns.into_iter().map(Pattern::new).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Only for calls that touch something of these names.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn names<'a>(mut self, patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        self.names = patterns.into_iter().map(Pattern::new).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Only for calls that do one of these.
    #[must_use]
    pub fn effects(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects = effects.into_iter().collect();
        self
    }

    pub(super) fn fits(&self, call: &Judged) -> bool {
        let one = |patterns: &[Pattern], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(name))
        };
        // A rule that forbids needs one name to fit; one that allows speaks for the call only where it knows all.
        let mut names = call.names.iter().map(|name| one(&self.names, name));
        let named = match self.then {
            _ if self.names.is_empty() => true,
            Decision::Allow => !call.names.is_empty() && names.all(|fits| fits),
            Decision::Ask | Decision::Never => names.any(|fits| fits),
        };
        named
            && one(&self.tools, call.tool)
            && one(&self.operations, call.operation.as_deref().unwrap_or_default())
            && (self.effects.is_empty() || self.effects.contains(&call.effect))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |patterns: &[Pattern]| patterns.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
        let effects = self.effects.iter().map(|effect| effect.as_str().to_owned()).collect();
        let lists = [
            ("tools", words(&self.tools)),
            ("operations", words(&self.operations)),
            ("names", words(&self.names)),
            ("effects", effects),
        ];
        let lists = lists.iter().filter(|(_, words)| !words.is_empty());
        let lists: Vec<String> = lists.map(|(list, words)| format!("{list} {}", words.join(", "))).collect();
        let then = match self.then {
            Decision::Allow => "allow",
            Decision::Ask => "ask",
            Decision::Never => "never",
        };
        write!(f, "{}: {then}", if lists.is_empty() { "all calls".to_owned() } else { lists.join("; ") })
    }
}

/// A name in which `*` stands for any letters; capitals do not count, as in the catalog.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("the pattern `{text}` cannot be used: {source}")]
pub struct PatternError {
    text: String,
    source: globset::Error,
}

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// [`PatternError`] for what is no glob, such as an open `[`.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let glob = GlobBuilder::new(text).case_insensitive(true).backslash_escape(true).build();
        let glob = glob.map_err(|source| PatternError { text: text.to_owned(), source })?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    fn fits(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(&text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
