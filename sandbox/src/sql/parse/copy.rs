//! `COPY INTO`.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, Copy, Parsed, Reader};
use crate::sql::error::SqlError;

impl Reader<'_> {
    /// `COPY INTO t FROM { 'path' | (SELECT … FROM 'path') } FILEFORMAT = CSV [FILES = (…)] [FORMAT_OPTIONS (…)] [COPY_OPTIONS (…)]`
    pub(super) fn copy(&mut self) -> Parsed<Command> {
        self.expect(&["copy", "into"])?;
        let name = self.name()?;
        let _ = self.eat(&["by", "position"]);
        self.expect(&["from"])?;
        let (mut query, mut path) = (None, String::new());
        if self.parser.consume_token(&Token::LParen) {
            let start = self.here();
            // up to the path, which no query has in this place
            while !self.at_end() && !self.eat(&["from"]) {
                self.parser.next_token();
            }
            let list = self.source.between(start, Some(self.here())).to_owned();
            path = self.string()?;
            self.expect_token(&Token::RParen)?;
            query = Some(crate::sql::dml::template(&format!("{list} `files`"))?);
        } else {
            path.push_str(&self.string()?);
        }
        let mut copy = Copy {
            name,
            query,
            path,
            format: String::new(),
            files: Vec::new(),
            format_options: BTreeMap::new(),
            copy_options: BTreeMap::new(),
        };
        loop {
            if self.eat(&["fileformat"]) {
                self.expect_token(&Token::Eq)?;
                copy.format = self.ident()?.value;
            } else if self.eat(&["files"]) {
                self.expect_token(&Token::Eq)?;
                copy.files = self.in_parentheses(Self::string)?;
            } else if self.eat(&["format_options"]) {
                copy.format_options = self.lower_options()?;
            } else if self.eat(&["copy_options"]) {
                copy.copy_options = self.lower_options()?;
            } else if let Some(word @ ("pattern" | "validate" | "with" | "by")) = self.peek_word(0).as_deref()
            {
                return Err(SqlError::unsupported(format!("COPY INTO with {}", word.to_uppercase())));
            } else if copy.format.is_empty() {
                return Err(self.unexpected());
            } else {
                return Ok(Command::Copy(Box::new(copy)));
            }
        }
    }

    fn lower_options(&mut self) -> Parsed<BTreeMap<String, String>> {
        Ok(self.properties()?.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect())
    }
}
