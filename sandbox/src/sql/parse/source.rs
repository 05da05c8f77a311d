//! The text of a statement as tokens, and the way back from a token to what was written.
//!
//! Names in Spark SQL have no case, while the engine below compares them exactly. So every name is put into lower case
//! here, once, before anything is parsed; where a name is shown – a column of a result, a new table's column – the
//! original spelling is looked up by the token's place.

use std::collections::{HashMap, HashSet};

use datafusion::sql::sqlparser::ast::{Expr, Ident, Spanned};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{
    Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace, Word,
};

use super::dialect::Databricks;
use super::spell;
use crate::sql::error::SqlError;

/// A statement's text, its tokens and the original spelling of its names.
#[derive(Debug, Default)]
pub(crate) struct Source {
    text: String,
    tokens: Vec<TokenWithSpan>,
    spellings: HashMap<Location, String>,
    /// Where numbers with a type of their own stand, which the parser sees as casts.
    numbers: HashSet<Location>,
}

impl Source {
    /// Cuts a text into tokens. What follows a `;` at the end is a syntax error, as is an empty text.
    pub(crate) fn read(text: &str) -> Result<Self, SqlError> {
        let tokens = Tokenizer::new(&Databricks, text).tokenize_with_location();
        let tokens = tokens.map_err(|cause| SqlError::syntax(&cause.message, Some(cause.location), text))?;
        let mut source = Self { text: text.to_owned(), ..Self::default() };
        let mut ended = false;
        let mut run = vec![0_usize];
        for token in tokens {
            if too_long(&mut run, &token.token) {
                return Err(SqlError::syntax_near(&token, text));
            }
            match &token.token {
                Token::SemiColon => ended = true,
                Token::Whitespace(_) => source.tokens.push(token),
                _ if ended => return Err(SqlError::syntax_near(&token, text)),
                _ => source.push(token),
            }
            source.join_raw_string();
            source.join_bytes();
            source.complete_trim();
        }
        if source.tokens.iter().all(|token| matches!(token.token, Token::Whitespace(_))) {
            return Err(SqlError::syntax_at_end(text));
        }
        Ok(source)
    }

    /// `r'…'` is a string whose backslashes are no escapes; the tokenizer sees the letter apart from the string.
    fn join_raw_string(&mut self) {
        let [.., letter, string] = self.tokens.as_slice() else { return };
        let raw =
            matches!(&letter.token, Token::Word(word) if word.value == "r" && word.quote_style.is_none());
        let (start, end) = (string.span.start, string.span.end);
        if !raw
            || letter.span.end != start
            || !matches!(string.token, Token::SingleQuotedString(_) | Token::DoubleQuotedString(_))
        {
            return;
        }
        let written = self
            .text
            .get(self.offset(start) + 1..self.offset(end).saturating_sub(1))
            .unwrap_or_default()
            .to_owned();
        let span = Span::new(letter.span.start, end);
        self.tokens.truncate(self.tokens.len() - 2);
        self.tokens.push(TokenWithSpan { token: Token::SingleQuotedString(written), span });
    }

    /// `X 'FF'` is one literal of bytes, with the space or without; an odd number of digits has a 0 before it.
    fn join_bytes(&mut self) {
        let [.., letter, space, string] = self.tokens.as_slice() else { return };
        let bytes =
            matches!(&letter.token, Token::Word(word) if word.value == "x" && word.quote_style.is_none());
        let Token::SingleQuotedString(digits) = &string.token else { return };
        let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !bytes || !hex || !matches!(space.token, Token::Whitespace(_)) {
            return;
        }
        let digits = format!("{}{digits}", if digits.len() % 2 == 1 { "0" } else { "" });
        let span = Span::new(letter.span.start, string.span.end);
        self.tokens.truncate(self.tokens.len() - 3);
        self.tokens.push(TokenWithSpan { token: Token::HexStringLiteral(digits), span });
    }

    /// `trim(BOTH FROM x)` takes spaces off: the parser wants to be told.
    fn complete_trim(&mut self) {
        let mut words = self.tokens.iter().rev().filter(|it| !matches!(it.token, Token::Whitespace(_)));
        let is = |token: Option<&TokenWithSpan>, names: &[&str]| {
            token.is_some_and(|it| {
                matches!(&it.token, Token::Word(word) if word.quote_style.is_none() && names.contains(&word.value.as_str()))
            })
        };
        let (from, side, open, name) = (words.next(), words.next(), words.next(), words.next());
        let trim = is(from, &["from"])
            && is(side, &["both", "leading", "trailing"])
            && open.is_some_and(|it| it.token == Token::LParen)
            && is(name, &["trim"]);
        // only when FROM has just come: what follows it is none of this
        let last = self.tokens.last().is_some_and(|it| matches!(it.token, Token::Word(_)));
        if let Some(from) = from.filter(|_| trim && last).cloned() {
            let at = self.tokens.len() - 1;
            let token = Token::SingleQuotedString(" ".to_owned());
            self.tokens.insert(at, TokenWithSpan { token, span: from.span });
            let space = Token::Whitespace(Whitespace::Space);
            self.tokens.insert(at + 1, TokenWithSpan { token: space, span: from.span });
        }
    }

    fn push(&mut self, token: TokenWithSpan) {
        let TokenWithSpan { token, span } = token;
        match token {
            Token::Word(word) if word.quote_style.is_none() && suffixed(&word.value).is_some() => {
                let (digits, kind) = suffixed(&word.value).unwrap_or_default();
                self.cast(digits, kind, span);
            }
            // sqlparser keeps the suffix of 1L as a flag that nobody reads
            Token::Number(digits, true) => self.cast(&digits, "BIGINT", span),
            Token::Number(digits, false) if digits.contains(['e', 'E']) => self.cast(&digits, "DOUBLE", span),
            Token::Word(word) => {
                let lower = word.value.to_lowercase();
                self.spellings.insert(span.start, word.value);
                self.tokens.push(TokenWithSpan { token: Token::Word(Word { value: lower, ..word }), span });
            }
            other => self.tokens.push(TokenWithSpan { token: other, span }),
        }
    }

    /// A number with a type of its own, as the parser knows such things: `CAST('1.5' AS DOUBLE)`.
    fn cast(&mut self, digits: &str, kind: &str, span: Span) {
        self.numbers.insert(span.start);
        let word =
            |text: &str, keyword| Token::Word(Word { value: text.to_owned(), quote_style: None, keyword });
        let decimal = if kind == "DECIMAL" { decimal_of(digits) } else { Vec::new() };
        let kind = Token::make_keyword(&kind.to_lowercase());
        let space = Token::Whitespace(Whitespace::Space);
        let head = [
            word("cast", Keyword::CAST),
            Token::LParen,
            Token::SingleQuotedString(digits.to_owned()),
            space.clone(),
        ];
        let tail = [word("as", Keyword::AS), space, kind];
        let all = head.into_iter().chain(tail).chain(decimal).chain([Token::RParen]);
        self.tokens.extend(all.map(|token| TokenWithSpan { token, span }));
    }

    /// Puts the name that `IDENTIFIER(…)` stands for in its place, wherever it is. What is in the parentheses is text,
    /// markers of parameters, and both joined by `||` or `concat`.
    pub(crate) fn identified(
        mut self,
        parameter: impl Fn(&str) -> Result<String, SqlError>,
    ) -> Result<Self, SqlError> {
        let mut rest = std::mem::take(&mut self.tokens).into_iter().peekable();
        while let Some(token) = rest.next() {
            let word = matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.value == "identifier");
            if !word || rest.peek().is_none_or(|next| next.token != Token::LParen) {
                self.tokens.push(token);
                continue;
            }
            let (mut depth, mut name) = (0_usize, String::new());
            for inner in rest.by_ref() {
                match &inner.token {
                    Token::LParen => depth += 1,
                    Token::RParen => depth -= 1,
                    Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => name += text,
                    Token::Placeholder(marker) => name += &parameter(marker)?,
                    Token::Word(word) if word.value == "concat" => {}
                    // `:name` is two tokens
                    Token::Word(word) => name += &parameter(&word.value)?,
                    Token::Whitespace(_) | Token::Colon | Token::StringConcat | Token::Comma => {}
                    _ => return Err(SqlError::syntax_near(&inner, &self.text)),
                }
                if depth == 0 {
                    break;
                }
            }
            if depth > 0 {
                return Err(SqlError::syntax_at_end(&self.text));
            }
            let invalid = || {
                SqlError::new(
                    "INVALID_IDENTIFIER",
                    format!("IDENTIFIER needs a name such as 'catalog.schema.table', not '{name}'"),
                )
            };
            let parts = Tokenizer::new(&Databricks, &name).tokenize().map_err(|_| invalid())?;
            if parts.is_empty() || !parts.iter().all(|part| matches!(part, Token::Word(_) | Token::Period)) {
                return Err(invalid());
            }
            // each part has a place of its own within the word, so that each keeps its spelling
            for (part, at) in parts.into_iter().zip(0..) {
                let mut span = token.span;
                span.start.column += at;
                self.push(TokenWithSpan { token: part, span });
            }
        }
        Ok(self)
    }

    /// The tokens, for a parser.
    pub(crate) fn tokens(&self) -> Vec<TokenWithSpan> {
        spell::out(self.tokens.clone())
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an expression is the text of a number with a type of its own.
    pub(crate) fn is_number(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Value(value) if self.numbers.contains(&value.span.start))
    }

    /// A name as it was written.
    pub(crate) fn spelling<'a>(&'a self, name: &'a Ident) -> &'a str {
        self.spellings.get(&name.span.start).map_or(name.value.as_str(), String::as_str)
    }

    /// Some spelling of a name that is known only in lower case: the first in the text.
    pub(crate) fn any_spelling(&self, name: &str) -> Option<&str> {
        self.spellings.get(&self.find(name)?).map(String::as_str)
    }

    /// Where a name that is known in lower case first stands in the text.
    pub(crate) fn find(&self, name: &str) -> Option<Location> {
        let matching = self.spellings.iter().filter(|(_, written)| written.to_lowercase() == name);
        matching.map(|(place, _)| *place).min_by_key(|place| (place.line, place.column))
    }

    /// The text from one place to another, or to the end.
    pub(crate) fn between(&self, from: Location, to: Option<Location>) -> &str {
        let end = to.map_or(self.text.len(), |to| self.offset(to));
        self.text.get(self.offset(from)..end).unwrap_or_default().trim().trim_end_matches(';').trim_end()
    }

    fn offset(&self, place: Location) -> usize {
        offset(&self.text, place)
    }
}

/// The most tokens that may follow each other without a comma, parentheses around them counted in.
const LONGEST_RUN: usize = 20_000;

/// Counts the tokens since the last comma, per open parenthesis. A chain of operators becomes a tree as deep as it is long,
/// so what would need an endless stack is refused before it is parsed.
fn too_long(run: &mut Vec<usize>, token: &Token) -> bool {
    match token {
        Token::Whitespace(_) => return false,
        Token::LParen | Token::LBracket => run.push(0),
        Token::RParen | Token::RBracket if run.len() > 1 => drop(run.pop()),
        _ => {}
    }
    match (run.last_mut(), token) {
        (Some(last), Token::Comma) => *last = 0,
        (Some(last), _) => *last += 1,
        _ => {}
    }
    // only the innermost grows, so the sum need not be taken for each token of a short one
    run.last().is_some_and(|last| last % 64 == 0 || run.len() > 64) && run.iter().sum::<usize>() > LONGEST_RUN
}

/// The place of a name in the text, if the parser kept it.
pub(crate) fn place(name: &Ident) -> Option<Location> {
    known(name.span.start)
}

/// The place of an expression in the text, if the parser kept it.
pub(crate) fn place_of(expr: &Expr) -> Option<Location> {
    known(expr.span().start)
}

fn known(place: Location) -> Option<Location> {
    (place.line > 0).then_some(place)
}

/// The byte at which a line and column (counted in characters from 1) lie.
pub(crate) fn offset(text: &str, place: Location) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(place.line.saturating_sub(1)).unwrap_or(0))
        .map(str::len)
        .sum();
    let line = text.get(line_start..).unwrap_or_default();
    let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(0);
    line_start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

/// Splits a number from the letters that give its type: `1.5D`, `3S`.
fn suffixed(word: &str) -> Option<(&str, &'static str)> {
    const SUFFIXES: [(&str, &str); 6] = [
        ("BD", "DECIMAL"),
        ("D", "DOUBLE"),
        ("F", "FLOAT"),
        ("S", "SMALLINT"),
        ("Y", "TINYINT"),
        ("L", "BIGINT"),
    ];
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let upper = word.to_ascii_uppercase();
    let (suffix, kind) = SUFFIXES.into_iter().find(|(suffix, _)| upper.ends_with(suffix))?;
    let digits = &word[..word.len() - suffix.len()];
    digits.parse::<f64>().is_ok().then_some((digits, kind))
}

/// `(precision, scale)` of a decimal literal.
fn decimal_of(digits: &str) -> Vec<Token> {
    let scale = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let precision = digits.bytes().filter(u8::is_ascii_digit).count().max(1);
    let number = |n: usize| Token::Number(n.to_string(), false);
    vec![Token::LParen, number(precision), Token::Comma, number(scale), Token::RParen]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_case_and_keep_their_spelling() {
        let source = Source::read("SELECT `My Col`,\n Ünï FROM T;").unwrap();
        let words: Vec<String> = source
            .tokens()
            .into_iter()
            .filter_map(|t| match t.token {
                Token::Word(word) => Some(word.value),
                _ => None,
            })
            .collect();
        assert_eq!(words[..2], ["select", "my col"]);
        assert_eq!(source.any_spelling("my col"), Some("My Col"));
        assert_eq!(
            source.between(Location { line: 1, column: 8 }, Some(Location { line: 1, column: 16 })),
            "`My Col`"
        );
    }

    #[test]
    fn numbers_carry_their_types() {
        for (word, expected) in
            [("1.5D", Some(("1.5", "DOUBLE"))), ("7bd", Some(("7", "DECIMAL"))), ("2x", None), ("d", None)]
        {
            assert_eq!(suffixed(word), expected);
        }
    }

    #[test]
    fn a_second_statement_is_a_syntax_error_at_its_start() {
        let error = Source::read("SELECT 1; SELECT 2").unwrap_err();
        assert!(
            error.message().starts_with(
                "[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELECT'. SQLSTATE: 42601 (line 1, pos 10)"
            ),
            "{error}"
        );
        assert!(Source::read(" ; ").is_err());
    }
}
