//! `DECLARE`, `SET VAR` and `DROP TEMPORARY VARIABLE`.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, Parsed, Reader, VariableStatement};
use crate::sql::error::SqlError;

impl Reader<'_> {
    /// `DECLARE [OR REPLACE] [VARIABLE] name [type] [DEFAULT value]`
    pub(super) fn declare(&mut self) -> Parsed<Command> {
        self.expect(&["declare"])?;
        let replace = self.eat(&["or", "replace"]);
        let _ = self.eat(&["variable"]) || self.eat(&["var"]);
        let name = self.variable_name()?;
        let valued = |reader: &Self| {
            reader.parser.peek_token_ref().token == Token::Eq
                || reader.peek_word(0).as_deref() == Some("default")
        };
        let kind = if self.parser.peek_token_ref().token == Token::EOF || valued(self) {
            None
        } else {
            let parsed = self.parser.parse_data_type();
            Some(self.lift(parsed)?.to_string())
        };
        let default = if self.eat(&["default"]) || self.parser.consume_token(&Token::Eq) {
            Some(self.written_value()?)
        } else {
            None
        };
        if kind.is_none() && default.is_none() {
            return Err(self.unexpected());
        }
        Ok(Command::Variable(VariableStatement::Declare { name, replace, kind, default }))
    }

    /// What follows `SET VAR`.
    pub(super) fn set_variable(&mut self) -> Parsed<Command> {
        if self.parser.peek_token_ref().token == Token::LParen {
            return Err(SqlError::unsupported("SET VAR of several variables at once"));
        }
        let name = self.variable_name()?;
        self.expect_token(&Token::Eq)?;
        let value = if self.eat(&["default"]) { None } else { Some(self.written_value()?) };
        Ok(Command::Variable(VariableStatement::Set { name, value }))
    }

    /// What follows `DROP TEMPORARY VARIABLE`.
    pub(super) fn drop_variable(&mut self) -> Parsed<Command> {
        let if_exists = self.eat(&["if", "exists"]);
        Ok(Command::Variable(VariableStatement::Drop { name: self.variable_name()?, if_exists }))
    }

    /// `name`, `session.name` or `system.session.name`
    fn variable_name(&mut self) -> Parsed<String> {
        let token = self.parser.peek_token();
        let name = self.name()?;
        match name.as_slice() {
            [name] => Ok(name.value.clone()),
            [session, name] if session.value == "session" => Ok(name.value.clone()),
            [system, session, name] if system.value == "system" && session.value == "session" => {
                Ok(name.value.clone())
            }
            _ => Err(SqlError::syntax_near(&token, self.source.text())),
        }
    }

    /// An expression as it is written.
    fn written_value(&mut self) -> Parsed<String> {
        let start = self.here();
        self.expr()?;
        let end = if self.parser.peek_token_ref().token == Token::EOF { None } else { Some(self.here()) };
        Ok(self.source.between(start, end).to_owned())
    }
}
