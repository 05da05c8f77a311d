//! From the text of a statement to a [`Command`].

mod alter;
mod command;
mod copy;
mod ddl;
mod depth;
mod dialect;
mod dml;
mod function;
mod show;
mod source;
mod spell;
mod upkeep;
mod variable;

pub(crate) use command::*;
pub(crate) use source::{Source, offset, place, place_of};

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use super::error::SqlError;
pub(crate) use dialect::Databricks;

/// How deep parentheses and queries may nest.
const DEPTH: usize = 100;

/// Statements of the service that the sandbox has no use for, by their first word.
const UNSUPPORTED: &[&str] =
    &["begin", "call", "clone", "convert", "deny", "get", "load", "put", "remove", "sync", "undrop"];

/// Parses a statement.
pub(crate) fn parse(source: &Source) -> Result<Command, SqlError> {
    // a chain of operators is a tree as deep as it is long, and even dropping it takes a stack
    with_room(|| {
        let mut reader = Reader::new(source);
        let command = reader.command()?;
        match reader.parser.peek_token() {
            token if token.token == Token::EOF => depth::check(command),
            token => Err(SqlError::syntax_near(&token, source.text())),
        }
    })
}

/// Runs work that goes deep on a stack of its own. Its pages are only taken when they are touched.
pub(crate) fn with_room<R>(work: impl FnOnce() -> R) -> R {
    stacker::grow(256 << 20, work)
}

/// Parses a query, such as a view's.
pub(crate) fn parse_query(source: &Source) -> Result<Box<Query>, SqlError> {
    match parse(source)? {
        Command::Query(query) => Ok(query),
        _ => Err(SqlError::syntax("a query was expected", None, source.text())),
    }
}

/// sqlparser's parser with the few words that the commands need.
struct Reader<'a> {
    source: &'a Source,
    parser: Parser<'a>,
}

type Parsed<T> = Result<T, SqlError>;

impl<'a> Reader<'a> {
    fn new(source: &'a Source) -> Self {
        let parser =
            Parser::new(&Databricks).with_recursion_limit(DEPTH).with_tokens_with_locations(source.tokens());
        Self { source, parser }
    }

    fn command(&mut self) -> Parsed<Command> {
        let Some(first) = self.peek_word(0) else { return self.query().map(Command::Query) };
        match first.as_str() {
            "create" => self.create(),
            "drop" => self.drop(),
            "alter" => self.alter(),
            "comment" => self.comment(),
            "truncate" => self.truncate(),
            "insert" => self.insert(),
            "copy" => self.copy(),
            "update" => self.update(),
            "delete" => self.delete(),
            "merge" => self.merge(),
            "show" => self.show(),
            "describe" | "desc" => self.describe(),
            "explain" => self.explain(),
            "use" => self.use_(),
            "grant" => self.grant(false),
            "revoke" => self.grant(true),
            "set" | "reset" => self.setting(),
            "execute" => self.execute(),
            "declare" => self.declare(),
            "list" => self.list(),
            "restore" => self.restore(),
            "analyze" | "cache" | "clear" | "fsck" | "msck" | "optimize" | "refresh" | "reorg" | "repair"
            | "uncache" | "vacuum" => self.upkeep(),
            "select" | "with" | "values" | "from" | "table" => self.query().map(Command::Query),
            word if UNSUPPORTED.contains(&word) => {
                Err(SqlError::unsupported(format!("{} statements", word.to_uppercase())))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn query(&mut self) -> Parsed<Box<Query>> {
        let parsed = self.parser.parse_query();
        self.lift(parsed)
    }

    fn expr(&mut self) -> Parsed<Expr> {
        let parsed = self.parser.parse_expr();
        self.lift(parsed)
    }

    fn ident(&mut self) -> Parsed<Ident> {
        let parsed = self.parser.parse_identifier();
        self.lift(parsed)
    }

    /// `a`, `a.b` or `a.b.c`.
    fn name(&mut self) -> Parsed<Name> {
        let mut parts = vec![self.ident()?];
        while parts.len() < 3 && self.parser.consume_token(&Token::Period) {
            parts.push(self.ident()?);
        }
        Ok(parts)
    }

    fn string(&mut self) -> Parsed<String> {
        let token = self.parser.next_token();
        match token.token {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => Ok(text),
            _ => Err(SqlError::syntax_near(&token, self.source.text())),
        }
    }

    /// The word at a distance, if it is a word without quotes.
    fn peek_word(&self, distance: usize) -> Option<String> {
        match &self.parser.peek_nth_token_ref(distance).token {
            Token::Word(Word { value, quote_style: None, .. }) => Some(value.clone()),
            _ => None,
        }
    }

    /// Consumes these words if they come next, all or none.
    fn eat(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(at, word)| self.peek_word(at).as_deref() == Some(*word));
        if found {
            words.iter().for_each(|_| drop(self.parser.next_token()));
        }
        found
    }

    /// Consumes these words or fails at the first that is another.
    fn expect(&mut self, words: &[&str]) -> Parsed<()> {
        words.iter().try_for_each(|word| if self.eat(&[word]) { Ok(()) } else { Err(self.unexpected()) })
    }

    fn expect_token(&mut self, token: &Token) -> Parsed<()> {
        if self.parser.consume_token(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// `( item, item )`
    fn in_parentheses<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect_token(&Token::LParen)?;
        let mut items = vec![item(self)?];
        while self.parser.consume_token(&Token::Comma) {
            items.push(item(self)?);
        }
        self.expect_token(&Token::RParen)?;
        Ok(items)
    }

    fn unexpected(&self) -> SqlError {
        SqlError::syntax_near(&self.parser.peek_token(), self.source.text())
    }

    /// Where the next token starts.
    fn here(&self) -> Location {
        self.parser.peek_token_ref().span.start
    }

    /// sqlparser says where it stopped and what it expected; the service only says where.
    fn lift<T>(&self, parsed: Result<T, ParserError>) -> Parsed<T> {
        parsed.map_err(|error| {
            let text = self.source.text();
            match error {
                ParserError::RecursionLimitExceeded => {
                    SqlError::new("PARSE_SYNTAX_ERROR", "The statement is nested too deeply")
                }
                ParserError::ParserError(words) | ParserError::TokenizerError(words) => {
                    match place_in(&words) {
                        Some(place) => match self.token_at(place) {
                            Some(token) => SqlError::syntax_near(&token, text),
                            None => SqlError::syntax(&words, Some(place), text),
                        },
                        None if words.contains("found: EOF") => SqlError::syntax_at_end(text),
                        None => SqlError::syntax(&words, None, text),
                    }
                }
            }
        })
    }

    fn token_at(&self, place: Location) -> Option<TokenWithSpan> {
        self.source.tokens().into_iter().find(|token| token.span.start == place)
    }
}

/// The place in a message of sqlparser's: `… at Line: 1, Column: 9`.
fn place_in(words: &str) -> Option<Location> {
    let (_, place) = words.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let column: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some(Location { line: line.parse().ok()?, column: column.parse().ok()? })
}
