//! `CREATE FUNCTION`.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, CreateFunction, Parsed, Reader};
use crate::sql::error::SqlError;
use crate::sql::outside::Parameter;

impl Reader<'_> {
    /// `CREATE [OR REPLACE] FUNCTION [IF NOT EXISTS] name(a INT, …) RETURNS type … RETURN expr`
    pub(super) fn create_function(&mut self, replace: bool) -> Parsed<Command> {
        let if_not_exists = self.eat(&["if", "not", "exists"]);
        let name = self.name()?;
        let parameters = if self.parser.peek_nth_token_ref(1).token == Token::RParen {
            self.expect_token(&Token::LParen)?;
            self.expect_token(&Token::RParen)?;
            Vec::new()
        } else {
            self.in_parentheses(Self::parameter)?
        };
        let (mut returns, mut table) = (None, None);
        if self.eat(&["returns", "table"]) {
            let listed = self.parser.peek_token_ref().token == Token::LParen;
            table = Some(if listed { self.in_parentheses(Self::parameter)? } else { Vec::new() });
        } else if self.eat(&["returns"]) {
            returns = Some(self.type_text()?);
        }
        let mut comment = None;
        loop {
            if self.eat(&["comment"]) {
                comment = Some(self.string()?);
            } else if self.eat(&["language"]) {
                let language = self.ident()?.value;
                if language != "sql" {
                    return Err(SqlError::unsupported(format!("functions in {}", language.to_uppercase())));
                }
            } else if !self.eat(&["deterministic"])
                && !self.eat(&["not", "deterministic"])
                && !self.eat(&["contains", "sql"])
                && !self.eat(&["reads", "sql", "data"])
                && !self.eat(&["sql", "security", "definer"])
            {
                break;
            }
        }
        self.expect(&["return"])?;
        let start = self.here();
        if matches!(self.peek_word(0).as_deref(), Some("select" | "with" | "values")) {
            self.query()?;
        } else {
            self.expr()?;
        }
        let body = self.source.between(start, None).to_owned();
        let create =
            CreateFunction { name, replace, if_not_exists, parameters, returns, table, comment, body };
        Ok(Command::CreateFunction(Box::new(create)))
    }

    /// `name INT DEFAULT 1 COMMENT '…'`
    fn parameter(&mut self) -> Parsed<Parameter> {
        let name = self.spelled()?;
        let kind = self.type_text()?;
        let (mut default, mut comment) = (None, None);
        loop {
            if self.eat(&["default"]) {
                default = Some(self.expr()?.to_string());
            } else if self.eat(&["comment"]) {
                comment = Some(self.string()?);
            } else {
                return Ok(Parameter { name, kind, comment, default });
            }
        }
    }
}
