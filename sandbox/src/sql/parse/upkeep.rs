//! Statements around tables rather than on their rows: grants, upkeep, settings, and SQL within SQL.

use datafusion::sql::sqlparser::ast::{Expr, Value};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, Name, Parsed, Reader, Securable, Setting, Show, Upkeep, Version};
use crate::sql::error::SqlError;
use crate::sql::types;

/// The kinds of securables by their words, and what REST calls them.
const SECURABLES: &[(&[&str], &str)] = &[
    (&["catalog"], "catalog"),
    (&["schema"], "schema"),
    (&["database"], "schema"),
    (&["table"], "table"),
    (&["view"], "table"),
    (&["materialized", "view"], "table"),
    (&["volume"], "volume"),
    (&["function"], "function"),
    (&["procedure"], "function"),
    (&["model"], "function"),
    (&["metastore"], "metastore"),
    (&["external", "location"], "external_location"),
    (&["storage", "credential"], "storage_credential"),
    (&["credential"], "credential"),
    (&["connection"], "connection"),
    (&["share"], "share"),
];

impl Reader<'_> {
    /// `GRANT … ON … TO …`, or with `revoke` `REVOKE … ON … FROM …`.
    pub(super) fn grant(&mut self, revoke: bool) -> Parsed<Command> {
        self.expect(&[if revoke { "revoke" } else { "grant" }])?;
        let mut privileges = Vec::new();
        loop {
            let mut words = Vec::new();
            while let Some(word) = self.peek_word(0).filter(|word| word != "on") {
                self.parser.next_token();
                words.push(word.to_uppercase());
            }
            if words.is_empty() {
                return Err(self.unexpected());
            }
            privileges.push(words.join("_"));
            if !self.parser.consume_token(&Token::Comma) {
                break;
            }
        }
        self.expect(&["on"])?;
        let on = self.securable()?;
        self.expect(&[if revoke { "from" } else { "to" }])?;
        let principal = self.principal()?;
        Ok(Command::Grant { privileges, on, principal, revoke })
    }

    /// A kind and a name; a name alone is a table's.
    fn securable(&mut self) -> Parsed<Securable> {
        let found = SECURABLES.iter().find(|(words, _)| self.eat(words)).map(|(_, kind)| *kind);
        let kind = found.unwrap_or("table");
        let name = if kind == "metastore" { Vec::new() } else { self.name()? };
        Ok(Securable { kind, name })
    }

    fn principal(&mut self) -> Parsed<String> {
        let quoted = matches!(
            self.parser.peek_token_ref().token,
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)
        );
        if quoted { self.string() } else { self.spelled() }
    }

    /// `SHOW GRANTS [principal] [ON securable]`; the words up to `GRANTS` are read already.
    pub(super) fn show_grants(&mut self) -> Parsed<Show> {
        let principal = if self.peek_word(0).as_deref() == Some("on") || self.at_end() {
            None
        } else {
            Some(self.principal()?)
        };
        let on = if self.eat(&["on"]) { Some(self.securable()?) } else { None };
        Ok(Show::Grants { principal, on })
    }

    pub(super) fn at_end(&self) -> bool {
        self.parser.peek_token_ref().token == Token::EOF
    }

    /// The statements that keep tables in shape; none of them changes what a table holds.
    /// `RESTORE [TABLE] name [TO] VERSION AS OF 3`
    pub(super) fn restore(&mut self) -> Parsed<Command> {
        self.expect(&["restore"])?;
        let _ = self.eat(&["table"]);
        let name = self.name()?;
        let _ = self.eat(&["to"]);
        match self.version()? {
            Some(to) => Ok(Command::Upkeep(Upkeep::Restore { name, to })),
            None => Err(self.unexpected()),
        }
    }

    /// `VERSION AS OF 3` or `TIMESTAMP AS OF '2024-01-01'`, if it comes next.
    pub(super) fn version(&mut self) -> Parsed<Option<Version>> {
        let time = self.eat(&["timestamp", "as", "of"]);
        if !time && !self.eat(&["version", "as", "of"]) {
            return Ok(None);
        }
        let token = self.parser.peek_token();
        let Expr::Value(value) = self.expr()? else {
            return Err(SqlError::syntax_near(&token, self.source.text()));
        };
        let text = match value.value {
            Value::Number(digits, _) => Some(digits),
            other => other.into_string(),
        };
        let version = text.and_then(|text| {
            if time {
                types::millis(&text).map(Version::Time)
            } else {
                text.parse().ok().map(Version::Number)
            }
        });
        version.map(Some).ok_or_else(|| SqlError::syntax_near(&token, self.source.text()))
    }

    /// `LIST '/Volumes/c/s/v' LIMIT 3`
    pub(super) fn list(&mut self) -> Parsed<Command> {
        self.expect(&["list"])?;
        let path = self.string()?;
        let mut limit = None;
        if self.eat(&["limit"]) {
            let token = self.parser.peek_token();
            let number = self.expr()?.to_string().parse();
            limit = Some(number.map_err(|_| SqlError::syntax_near(&token, self.source.text()))?);
        }
        Ok(Command::List { path, limit })
    }

    pub(super) fn upkeep(&mut self) -> Parsed<Command> {
        let upkeep = if self.eat(&["optimize"]) {
            let name = self.name()?;
            let _ = self.eat(&["full"]);
            if self.eat(&["where"]) {
                self.expr()?;
            }
            if self.eat(&["zorder", "by"]) {
                self.in_parentheses(Self::name)?;
            }
            Upkeep::Optimize(name)
        } else if self.eat(&["vacuum"]) {
            let name = self.name()?;
            let (mut dry_run, mut hours) = (false, None);
            loop {
                if self.eat(&["retain"]) {
                    hours = Some(self.expr()?.to_string());
                    self.expect(&["hours"])?;
                } else if self.eat(&["dry", "run"]) {
                    dry_run = true;
                } else if !self.eat(&["full"]) && !self.eat(&["lite"]) {
                    break;
                }
            }
            Upkeep::Vacuum { name, dry_run, hours }
        } else if self.eat(&["analyze", "table"]) {
            let name = self.name()?;
            self.expect(&["compute"])?;
            let _ = self.eat(&["delta"]);
            if !self.eat(&["storage", "metrics"]) {
                self.expect(&["statistics"])?;
            }
            if self.eat(&["for"]) {
                if !self.eat(&["all", "columns"]) {
                    self.expect(&["columns"])?;
                    self.listed_names()?;
                }
            } else {
                let _ = self.eat(&["noscan"]);
            }
            Upkeep::Touch(name)
        } else if self.eat(&["analyze", "tables"]) {
            if self.eat(&["in"]) || self.eat(&["from"]) {
                self.name()?;
            }
            self.expect(&["compute", "statistics"])?;
            let _ = self.eat(&["noscan"]);
            Upkeep::Nothing
        } else if self.eat(&["reorg", "table"]) {
            let name = self.name()?;
            if self.eat(&["where"]) {
                self.expr()?;
            }
            self.expect(&["apply"])?;
            self.in_parentheses(Self::spelled)?;
            Upkeep::Optimize(name)
        } else if self.eat(&["refresh"]) {
            let _ = self.eat(&["foreign"]) || self.eat(&["materialized"]);
            let _ = ["table", "streaming", "view"].iter().any(|word| self.eat(&[word]));
            let name = self.name()?;
            let _ = self.eat(&["full"]) || self.eat(&["sync"]) || self.eat(&["async"]);
            Upkeep::Touch(name)
        } else if self.eat(&["cache"]) {
            if self.peek_word(0).as_deref() == Some("select") {
                return Ok(Command::CacheQuery(self.query()?));
            }
            let _ = self.eat(&["lazy"]);
            self.expect(&["table"])?;
            Upkeep::Touch(self.name()?)
        } else if self.eat(&["uncache", "table"]) {
            let _ = self.eat(&["if", "exists"]);
            Upkeep::Touch(self.name()?)
        } else if self.eat(&["clear", "cache"]) {
            Upkeep::Nothing
        } else if self.eat(&["fsck", "repair", "table"]) {
            let name = self.name()?;
            let _ = self.eat(&["metadata", "only"]);
            let _ = self.eat(&["dry", "run"]);
            Upkeep::Fsck(name)
        } else if self.eat(&["msck", "repair", "table"]) || self.eat(&["repair", "table"]) {
            let name = self.name()?;
            let _ = ["add", "drop", "sync"].iter().any(|word| self.eat(&[word, "partitions"]))
                || self.eat(&["sync", "metadata"]);
            Upkeep::Touch(name)
        } else {
            return Err(self.unexpected());
        };
        Ok(Command::Upkeep(upkeep))
    }

    fn listed_names(&mut self) -> Parsed<Vec<Name>> {
        if self.parser.peek_token_ref().token == Token::LParen {
            return self.in_parentheses(Self::name);
        }
        let mut names = vec![self.name()?];
        while self.parser.consume_token(&Token::Comma) {
            names.push(self.name()?);
        }
        Ok(names)
    }

    /// `SET …` and `RESET …` of the session's configuration.
    pub(super) fn setting(&mut self) -> Parsed<Command> {
        if self.eat(&["reset"]) {
            let key = if self.at_end() { None } else { Some(self.property_key()?) };
            return Ok(Command::Set(Setting::Reset(key)));
        }
        self.expect(&["set"])?;
        if self.eat(&["time", "zone"]) || self.eat(&["timezone"]) {
            let _ = self.parser.consume_token(&Token::Eq);
            let zone = self.value_text()?;
            return Ok(Command::Set(Setting::Put("TIMEZONE".into(), zone)));
        }
        if self.at_end() || self.parser.consume_token(&Token::Minus) {
            let _ = self.eat(&["v"]);
            return Ok(Command::Set(Setting::All));
        }
        if self.eat(&["variable"]) || self.eat(&["var"]) {
            return self.set_variable();
        }
        if let Some(word @ ("session" | "recipient")) = self.peek_word(0).as_deref() {
            return Err(SqlError::unsupported(format!("SET {}", word.to_uppercase())));
        }
        let key = self.property_key()?;
        if !self.parser.consume_token(&Token::Eq) {
            return Ok(Command::Set(Setting::Get(key)));
        }
        Ok(Command::Set(Setting::Put(key, self.value_text()?)))
    }

    /// The rest of the statement, or the string that it is.
    fn value_text(&mut self) -> Parsed<String> {
        let start = self.here();
        let mut text = None;
        while !self.at_end() {
            let token = self.parser.next_token();
            text = match (token.token, text) {
                (Token::SingleQuotedString(text) | Token::DoubleQuotedString(text), None) => Some(text),
                _ => Some(String::new()),
            };
        }
        match text {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Ok(self.source.between(start, None).to_owned()),
            None => Err(self.unexpected()),
        }
    }

    /// `EXECUTE IMMEDIATE 'statement' [USING value [AS name], …]`
    pub(super) fn execute(&mut self) -> Parsed<Command> {
        self.expect(&["execute", "immediate"])?;
        let text = self.string()?;
        if self.eat(&["into"]) {
            return Err(SqlError::unsupported("EXECUTE IMMEDIATE … INTO a variable"));
        }
        let mut values = Vec::new();
        if self.eat(&["using"]) {
            let enclosed = self.parser.consume_token(&Token::LParen);
            loop {
                let value = self.expr()?.to_string();
                let name = if self.eat(&["as"]) { Some(self.ident()?.value) } else { None };
                values.push((name, value));
                if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            if enclosed {
                self.expect_token(&Token::RParen)?;
            }
        }
        Ok(Command::ExecuteImmediate { text, values })
    }
}
